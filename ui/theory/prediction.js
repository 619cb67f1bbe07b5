import { say } from "../js/say.js";
import { el } from "../js/shared.js";

// A question before a surprise: the reader chooses an answer, and only then sees what is right and why. No marks.

const UNSURE = -1; // the choice "Not sure: show me"

class Prediction {
  /**
   * @param {PredictionText} text @param {(name: string) => string | undefined} number the chapter's numbers as they are
   * shown @param {Map<number, number>} chosen by chapter, kept while models change
   */
  constructor(text, number, chosen) {
    this.text = text;
    this.number = number;
    this.chosen = chosen;
    this.ask = el("p", { class: "ask" }, text.ask);
    this.answers = el("div", { class: "answers" });
    this.reveal = el("div", { class: "reveal", "aria-live": "polite" });
    this.measured = el("p", { class: "measured" });
    this.node = el("div", { class: "prediction", role: "group", "aria-label": say("Before you look") }, this.ask);
    this.node.append(this.answers, this.reveal);
    this.show();
  }

  /** @param {number | undefined} choice */
  choose(choice) {
    if (choice === undefined) this.chosen.delete(this.text.chapter);
    else this.chosen.set(this.text.chapter, choice);
    this.show();
    // the pressed button is gone: whoever came with the keyboard goes on from here
    this.answers.querySelector("button")?.focus({ preventScroll: true });
  }

  show() {
    const { choices } = this.text;
    const chosen = this.chosen.get(this.text.chapter);
    this.node.classList.toggle("revealed", chosen !== undefined);
    if (chosen === undefined) {
      this.answers.replaceChildren(
        ...choices.map(({ text }, k) => this.button(text, k, letter(k))),
        this.button(say("Not sure: show me"), UNSURE),
      );
      this.reveal.replaceChildren();
      return;
    }
    this.answers.replaceChildren(this.button(say("Choose again"), undefined));
    const right = choices.findIndex((choice) => choice.right);
    const lines = [el("p", {}, el("b", { class: "letter known" }, `✓ ${letter(right)}`), ` ${choices[right].text}`)];
    const { misconception } = choices[chosen] ?? {};
    if (misconception)
      lines.push(
        el(
          "p",
          {},
          say("You chose {letter}. The idea behind it: {idea}", { letter: letter(chosen), idea: misconception }),
        ),
      );
    this.reveal.replaceChildren(...lines, el("p", {}, this.text.reveal), this.measured);
    this.refresh();
  }

  /** @param {string} label @param {number | undefined} choice @param {string} [mark] */
  button(label, choice, mark) {
    const button = el("button", { type: "button" }, ...(mark ? [el("b", { class: "letter" }, mark)] : []), label);
    button.addEventListener("click", () => this.choose(choice));
    return button;
  }

  // Write the numbers of the image that is shown.
  refresh() {
    let known = Boolean(this.text.measured);
    this.measured.textContent = this.text.measured.replace(/\{(\w+)\}/g, (_, name) => {
      const found = this.number(name);
      if (!found || found.startsWith("–")) known = false;
      return found ?? "";
    });
    this.measured.hidden = !known;
  }
}

/** @param {number} k */
const letter = (k) => "ABCDEFGH"[k];

export { Prediction };
