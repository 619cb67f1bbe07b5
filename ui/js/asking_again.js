export const LOST = 2000; // ms without an answer after which a question is sent again: a page drawn anew drops one

// Sends a question again until it is answered. `send` takes a mark that makes it another message.
export class AskingAgain {
  /** @param {(mark: number) => void} send */
  constructor(send) {
    this.send = send;
    this.timer = 0;
  }

  /** @param {number} milliseconds */
  after(milliseconds) {
    this.end();
    this.timer = setTimeout(() => {
      this.send(performance.now());
      this.after(LOST);
    }, milliseconds);
  }

  end() {
    clearTimeout(this.timer);
  }
}
