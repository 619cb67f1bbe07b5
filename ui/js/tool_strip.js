import { phrase, say } from "./say.js";
import { el } from "./shared.js";

// The top edge of every map: what dragging does, the first view again, and what a page adds.

const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, string>} paths of a 24 x 24 square, drawn as lines */
const ICONS = {
  pan: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  lasso:
    "M8 15.2C5.600 14.300 4 12.600 4 10.500 4 7.500 7.600 5 12 5s8 2.500 8 5.500-3.600 5.500-8 5.500c-.7 0-1.400-.1-2-.2M7 15a2 2 0 1 0 2 2c0 2-1 3-3 3.500",
  box: "M4 8V4h4M12 4h0M16 4h4v4M20 12h0M20 16v4h-4M12 20h0M8 20H4v-4M4 12h0",
  reset: "M5 5v5h5M5.500 10A7.500 7.500 0 1 1 4.700 14",
  clear: "M6 6l12 12M18 6L6 18",
  present: "M4 5h16v11H4zM12 16v4M8 20h8",
};

// What dragging does on a map: `extend` is the polygon drawn so far with one more place, null where the map itself moves.
/** @type {MapTool[]} */
const MAP_TOOLS = [
  { name: phrase("Pan"), icon: "pan", title: phrase("Drag moves the map, the wheel zooms"), extend: null },
  {
    name: phrase("Lasso"),
    icon: "lasso",
    title: phrase("Drag around codes to select them"),
    extend: (polygon, u) => [...polygon, u],
  },
  {
    name: phrase("Box"),
    icon: "box",
    title: phrase("Drag a box over codes to select them"),
    extend: ([a], b) => [a, [b[0], a[1]], b, [a[0], b[1]]],
  },
];

/** @param {string} name */
function toolIcon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", width: "18", height: "18", "aria-hidden": "true", fill: "none" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("stroke", "currentColor");
  path.setAttribute("stroke-width", "1.75");
  path.setAttribute("stroke-linecap", "round");
  path.setAttribute("stroke-linejoin", "round");
  svg.append(path);
  return svg;
}

/** @param {Tool} tool */
const button = ({ name, icon: sign, title }) =>
  el(
    "button",
    { type: "button", title: say(title), "aria-label": say(name) },
    toolIcon(sign),
    el("span", {}, say(name)),
  );

class ToolStrip {
  // `choose` is called with the number of the mode that was pressed.
  /** @param {Tool[]} modes @param {(k: number) => void} choose */
  constructor(modes, choose) {
    this.modes = modes.map((mode, k) => {
      const made = button(mode);
      made.setAttribute("aria-pressed", String(!k));
      made.addEventListener("click", () => {
        for (const other of this.modes) other.setAttribute("aria-pressed", String(other === made));
        choose(k);
      });
      return made;
    });
    const zoom = phrase("The first view again (double click, or 0 on the map; + and − zoom)");
    this.reset = button({ name: phrase("Reset"), icon: "reset", title: zoom });
    this.clear = button({ name: phrase("Clear"), icon: "clear", title: phrase("Forget the selection") });
    this.clear.hidden = true;
    this.node = el(
      "div",
      { class: "tool-strip", role: "toolbar", "aria-label": say("Tools of the map") },
      el("div", { class: "modes", role: "group", "aria-label": say("What dragging does") }, ...this.modes),
      el("i", { class: "rule", "aria-hidden": "true" }),
      this.reset,
      this.clear,
    );
  }

  // Add a button at the end of the strip, or after its tools.
  /** @param {Tool} tool @param {() => void} press @param {boolean} [end] */
  add(tool, press, end = false) {
    const made = button(tool);
    if (end) made.classList.add("end");
    made.addEventListener("click", press);
    this.node.append(made);
    return made;
  }
}

export { MAP_TOOLS, ToolStrip };
