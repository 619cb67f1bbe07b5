import { term } from "./explain.js";
import { makeLegend } from "./legend.js";
import { phrase, say } from "./say.js";
import { el } from "./shared.js";

function icon() {
  /** @param {string} name @param {Record<string, string>} attributes */
  const make = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const path = make("path", { fill: "currentColor" });
  const svg = make("svg", { viewBox: "0 0 16 16", width: "14", height: "14", "aria-hidden": "true" });
  svg.append(path);
  return { svg, path };
}

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 2.5h3v11H4zM9.5 2.5h3v11h-3z";

// The elements of a film; film.js fills them.
class Stage {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @param {string} label */
    const canvas = (label) => el("canvas", { role: "img", "aria-label": label });
    /** @param {string} name @param {string} caption */
    const picture = (name, caption) => {
      const node = canvas(caption);
      const words = el("figcaption", {}, caption);
      return { canvas: node, caption: words, figure: el("figure", { class: name }, el("div", {}, node), words) };
    };
    this.legend = makeLegend();
    this.cloud = el("canvas", { class: "cloud", "aria-hidden": "true" });
    this.axes = el("canvas", { class: "axes", "aria-hidden": "true" });
    this.empty = el("p", { class: "empty" });
    this.plane = el(
      "div",
      {
        class: "plane",
        tabindex: "0",
        role: "application",
        "aria-label": say(
          "Recording of the codes. Space plays or pauses, left and right arrows step, Home and End jump.",
        ),
      },
      this.cloud,
      this.axes,
      this.empty,
    );
    this.icon = icon();
    this.play = el("button", { type: "button", class: "play", "aria-label": say("Play the recording") }, this.icon.svg);
    this.range = el("input", { type: "range", min: "0", step: "1", "aria-label": say("Frame of the recording") });
    this.count = el("span", { class: "count" });
    this.speed = el(
      "select",
      { "aria-label": say("Speed of the recording") },
      ...[0.25, 0.5, 1, 2].map((s) => el("option", { value: s, ...(s === 1 && { selected: "" }) }, `${s}×`)),
    );
    this.newest = el("button", { type: "button", hidden: "" }, say("Newest"));
    this.strip = el("div", { class: "strip" }, this.play, this.range, this.count, this.newest, this.speed);
    /** @type {Record<string, Record<"row" | "train" | "valid", HTMLElement>>} */
    this.values = {};
    this.readout = el("dl", { class: "readout" });
    for (const [name, label] of [
      ["elbo", phrase("−ELBO")],
      ["distortion", phrase("distortion")],
      ["rate", phrase("rate")],
    ]) {
      const [train, valid] = [el("span", { class: "train" }, "–"), el("span", { class: "valid" })];
      const row = el("div", { class: name }, term(label), el("dd", {}, train, " ", valid));
      this.values[name] = { row, train, valid };
      this.readout.append(row);
    }
    this.log = el("button", { type: "button", "aria-pressed": "false", title: say("Logarithmic steps") }, "log");
    this.curves = canvas(say("Distortion, rate and their sum against the step. Drag to move through the recording."));
    this.pairs = picture("pairs", "");
    this.samples = picture("samples", say("decoded images of 16 fixed z from the prior"));
    this.bars = picture("bars", "");
    this.note = el("p", { class: "note" });
    this.lower = el("div", { class: "lower" }, this.pairs.figure, this.samples.figure, this.bars.figure, this.note);
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.node = el(
      "div",
      { class: "film" },
      el("div", { class: "left" }, this.legend, this.plane, this.strip),
      el(
        "div",
        { class: "right" },
        el("div", { class: "head" }, this.readout, this.log),
        el("div", { class: "curves" }, this.curves),
        this.lower,
      ),
      this.live,
    );
    this.frame = el("div", { class: "frame" }, this.node);
    parent.append(this.frame);
  }
}

export { PAUSE, PLAY, Stage };
