import { cividis } from "./cividis.js";
import { say } from "./say.js";
import { el, minus } from "./shared.js";

// Draws what the codes' colours mean: a bar of colours with its unit, or a list of classes.

const STOPS = 9;

/** @param {number} x */
function short(x) {
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return minus(x.toExponential(1));
  return minus(
    x.toLocaleString("en", { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 3, useGrouping: true }),
  );
}

class Bar {
  constructor() {
    this.title = el("span", { class: "title" });
    this.low = el("span");
    this.high = el("span");
    this.ramp = el("i", { class: "ramp" });
    this.scale = el("span", { class: "scale" }, this.low, this.ramp, this.high);
    this.classes = el("span", { class: "classes" });
    this.node = el("div", { class: "bar", role: "img", hidden: "" }, this.title, this.scale, this.classes);
  }

  // `from` is where on the ramp the colours begin.
  /** @param {Colour | null} colour @param {number} from */
  show(colour, from) {
    this.node.hidden = !colour;
    if (!colour) return;
    const stops = Array.from(
      { length: STOPS },
      (_, k) => `rgb(${cividis(from + ((1 - from) * k) / (STOPS - 1)).map(Math.round)})`,
    );
    this.ramp.style.background = `linear-gradient(to right, ${stops})`;
    const { title, unit, low, high, below, above, classes } = colour;
    this.title.textContent = classes || !unit ? title : `${title}, ${unit}`;
    this.scale.hidden = Boolean(classes);
    this.classes.hidden = !classes;
    const ends = classes ? [] : [`${below ? "≤ " : ""}${short(low)}`, `${above ? "≥ " : ""}${short(high)}`];
    [this.low.textContent, this.high.textContent] = ends;
    const chips = (classes ?? []).map(({ name, hue }) => {
      const dot = el("i");
      dot.style.background = hue;
      return el("span", {}, dot, name);
    });
    this.classes.replaceChildren(...chips);
    const meaning = classes
      ? say("Codes coloured by {title}: one of {names}", { title, names: classes.map((c) => c.name).join(", ") })
      : say("Codes coloured by {title}: from {low} to {high} {unit}", { title, low: ends[0], high: ends[1], unit });
    this.node.setAttribute("aria-label", meaning);
  }
}

export { Bar };
