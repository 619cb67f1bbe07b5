import { say } from "../js/say.js";
import { el } from "../js/shared.js";

// What the map says until it is moved over for the first time, with a line to the point that is decoded.

const [WIDE, TALL] = [206, 44]; // pixels of the words
const AWAY = [-150, -96]; // from the point to the words' middle
const EDGE = 12;
const RADIUS = 14; // of the ring at the point

class Invitation {
  constructor() {
    const touch = matchMedia("(pointer: coarse)").matches;
    this.words = el("div", {}, touch ? say("Touch the map") : say("Move over the map"));
    this.line = el("i");
    this.node = el("div", { "data-latent-invitation": "", "aria-hidden": "true" }, this.line, this.words);
    Object.assign(this.node.style, { position: "absolute", inset: "0", zIndex: "6", pointerEvents: "none" });
    Object.assign(this.words.style, {
      position: "absolute",
      boxSizing: "border-box",
      width: `${WIDE}px`,
      height: `${TALL}px`,
      lineHeight: `${TALL}px`,
      textAlign: "center",
      font: `600 18px/${TALL}px var(--st-font, sans-serif)`,
      borderRadius: "4px",
      color: "var(--st-background-color)",
      background: "var(--st-text-color)",
    });
    Object.assign(this.line.style, {
      position: "absolute",
      height: "2px",
      transformOrigin: "0 50%",
      background: "var(--st-text-color)",
    });
    this.done = Boolean(window.__latentInvited);
    this.node.hidden = this.done;
  }

  accept() {
    this.done = window.__latentInvited = true;
    this.node.hidden = true;
    this.node.style.display = "none";
  }

  // Put the words beside a point, in pixels of a map of that size.
  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  place(x, y, width, height) {
    if (this.done) return;
    /** @param {number} v @param {number} size @param {number} room */
    const within = (v, size, room) => Math.min(Math.max(v, size / 2 + EDGE), room - size / 2 - EDGE);
    const [cx, cy] = [within(x + AWAY[0], WIDE, width), within(y + AWAY[1], TALL, height - 40)];
    this.words.style.transform = `translate(${cx - WIDE / 2}px, ${cy - TALL / 2}px)`;
    const from = [Math.min(cx + WIDE / 4, x), cy + Math.sign(y - cy || 1) * (TALL / 2)];
    const [dx, dy] = [x - from[0], y - from[1]];
    const length = Math.max(0, Math.hypot(dx, dy) - RADIUS);
    this.line.style.width = `${length}px`;
    this.line.style.transform = `translate(${from[0]}px, ${from[1] - 1}px) rotate(${Math.atan2(dy, dx)}rad)`;
  }
}

export { Invitation };
