// Computes the film's position: between two frames, moving to a target or playing to the end.

const PLAY_SECONDS = 4; // a whole film at speed 1
const SLOWEST = 4; // frames a second at least, for a film of a few frames
const GLIDE = 0.14; // seconds to a frame that was asked for

class Playhead {
  constructor() {
    this.reduceMotion = false; // whether motion is unwanted: then it jumps
    this.speed = 1;
    /** @type {number} */
    this.count = 0;
    /** @type {number} */
    this.position = 0;
    /** @type {number} */
    this.target = 0;
    this.left = 0; // seconds to the target
    this.playing = false;
  }

  reset() {
    this.count = 0;
    this.position = this.target = 0;
    this.left = 0;
    this.playing = false;
  }

  get last() {
    return Math.max(0, this.count - 1);
  }

  // The position that is drawn.
  get shown() {
    return this.reduceMotion ? Math.round(this.position) : this.position;
  }

  // The frame whose images and numbers are shown.
  get nearest() {
    return Math.round(this.position);
  }

  get moving() {
    return this.playing || this.position !== this.target;
  }

  // Go to a frame within some seconds, and stop there.
  /** @param {number} frame @param {number} [seconds] */
  go(frame, seconds = GLIDE) {
    this.playing = false;
    this.target = Math.min(Math.max(frame, 0), this.last);
    this.left = seconds;
    if (this.reduceMotion) this.position = this.target;
  }

  /** @param {number} frame */
  jump(frame) {
    this.go(frame, 0);
    this.position = this.target;
  }

  play() {
    if (this.count < 2) return;
    if (this.nearest >= this.last) this.position = 0;
    this.playing = true;
    this.target = this.last;
  }

  pause() {
    if (this.playing) this.go(this.nearest);
  }

  /** @param {number} seconds */
  advance(seconds) {
    if (this.playing) {
      const pace = Math.max(this.last / PLAY_SECONDS, SLOWEST) * this.speed;
      this.position = Math.min(this.position + pace * seconds, this.last);
      this.target = this.last;
      if (this.position === this.last) this.playing = false;
    } else if (this.position !== this.target) {
      const share = this.left > seconds ? seconds / this.left : 1;
      this.left -= seconds;
      this.position = share === 1 ? this.target : this.position + (this.target - this.position) * share;
    }
  }
}

export { Playhead };
