import { CIVIDIS, cividis } from "../js/cividis.js";
import { say } from "../js/say.js";
import { context2d, el } from "../js/shared.js";

// Draws on the map: the paths, the waypoints to be dragged, the decoded point, and the map's magnification.
// All of it is in the chart's document, where a component's style sheet does not reach: hence attributes.

const SVG = "http://www.w3.org/2000/svg";
const HANDLE = 8; // pixels of a waypoint's radius; what can be grabbed is twice as wide

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name @param {Record<string, string | number>} [attributes] @param {...(Node | string)} children
 */
function shape(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

class Overlay {
  // grab(event, k): dragging of a waypoint begins; focus(k): it is chosen by key
  /** @param {{grab: (event: PointerEvent, k: number) => void, focus: (k: number) => void}} handlers */
  constructor({ grab, focus }) {
    this.grab = grab;
    this.focus = focus;
    this.svg = shape("svg", { "data-latent-paths": "", overflow: "hidden" });
    Object.assign(this.svg.style, { position: "absolute", pointerEvents: "none", zIndex: "4", overflow: "hidden" });
    this.lines = shape("g", { fill: "none", "stroke-linejoin": "round", "stroke-linecap": "round" });
    this.cursor = shape("circle", { r: 4.5, "stroke-width": 2 });
    this.handles = shape("g");
    this.key = this.legend();
    this.svg.append(this.key.node, this.lines, this.cursor, this.handles);
    this.heat = el("div", { "aria-hidden": "true", "data-latent-heat": "" });
    Object.assign(this.heat.style, { position: "absolute", overflow: "hidden", pointerEvents: "none" });
    this.image = el("canvas", { width: 1, height: 1 });
    Object.assign(this.image.style, { position: "absolute", opacity: "0.85" });
    this.heat.append(this.image);
    /** @type {number[] | null} */
    this.window = null; // of the plane, that is coloured
  }

  // The colour bar of the magnification.
  legend() {
    const stops = CIVIDIS.map((hex, k) => shape("stop", { offset: k / (CIVIDIS.length - 1), "stop-color": `#${hex}` }));
    const ramp = shape("linearGradient", { id: "latent-magnification" }, ...stops);
    /** @param {number} x @param {string} anchor */
    const words = (x, anchor) =>
      shape("text", {
        x,
        y: 15,
        "font-size": 14,
        "text-anchor": anchor,
        "font-family": "sans-serif",
        "paint-order": "stroke",
        "stroke-width": 3,
      });
    const [low, high] = [words(8, "start"), words(188, "end")];
    const bar = shape("rect", { x: 8, y: 19, width: 180, height: 6, fill: "url(#latent-magnification)" });
    return { node: shape("g", { display: "none" }, shape("defs", {}, ramp), bar, low, high), low, high };
  }

  // Colours a grid of values, rows upwards, over a window (x0, x1, y0, y1) of the plane; null takes it away.
  /** @param {ArrayLike<number> | null} values @param {number[]} window */
  colour(values, window) {
    this.window = values && window;
    if (!values) return;
    const side = Math.round(Math.sqrt(values.length));
    [this.image.width, this.image.height] = [side, side];
    const context = context2d(this.image);
    const pixels = context.createImageData(side, side);
    // magnifications differ by orders of magnitude, so that their logarithms are shown, without the lowest twentieth
    const logs = Array.from(values, (v) => Math.log(Math.max(v, 1e-12)));
    const sorted = [...logs].sort((a, b) => a - b);
    const [low, high] = [sorted[Math.floor(0.05 * sorted.length)], sorted[sorted.length - 1]];
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const o = 4 * ((side - 1 - row) * side + column);
        const [r, g, b] = cividis((logs[row * side + column] - low) / (high - low || 1));
        pixels.data.set([r, g, b, 255], o);
      }
    }
    context.putImageData(pixels, 0, 0);
    /** @param {number} log */
    const format = (log) => Number(Math.exp(log).toPrecision(2)).toLocaleString("en", { maximumSignificantDigits: 2 });
    this.key.low.textContent = `√det JᵀJ ${format(low)}`;
    this.key.high.textContent = format(high);
  }

  // Put everything where the axes are. The heat belongs under the points.
  /** @param {HTMLElement} chart @param {MapAxes} axes */
  layout(chart, axes) {
    const box = {
      left: `${axes.x._offset}px`,
      top: `${axes.y._offset}px`,
      width: `${axes.x._length}px`,
      height: `${axes.y._length}px`,
    };
    Object.assign(this.svg.style, box);
    Object.assign(this.heat.style, box, { display: this.window ? "block" : "none" });
    set(this.key.node, { display: this.window ? "inline" : "none" });
    if (chart.firstElementChild !== this.heat) chart.prepend(this.heat);
    if (this.window) {
      const [x0, x1, y0, y1] = this.window;
      const [left, right, top, bottom] = [axes.x.d2p(x0), axes.x.d2p(x1), axes.y.d2p(y1), axes.y.d2p(y0)];
      Object.assign(this.image.style, {
        left: `${left}px`,
        top: `${top}px`,
        width: `${right - left}px`,
        height: `${bottom - top}px`,
      });
    }
  }

  // paths: [{points: [[x, y]...] in plane coordinates, hue, current, waiting}]; waypoints and cursor likewise.
  /** @param {MapAxes} axes @param {DrawnOverlay} drawn */
  draw(axes, { paths, waypoints, chosen, cursor, hue, theme }) {
    /** @param {number[]} place */
    const at = ([x, y]) => `${axes.x.d2p(x).toFixed(1)},${axes.y.d2p(y).toFixed(1)}`;
    for (const words of [this.key.low, this.key.high]) set(words, { fill: theme.ink, stroke: theme.paper });
    const wanted = 2 * paths.length;
    while (this.lines.children.length < wanted) this.lines.append(shape("polyline"));
    while (this.lines.children.length > wanted) this.lines.lastChild?.remove();
    paths.forEach(({ points, hue: colour, current, waiting }, k) => {
      const [rim, line] = [this.lines.children[2 * k], this.lines.children[2 * k + 1]];
      const places = points.map(at).join(" ");
      set(rim, { points: places, stroke: theme.paper, "stroke-width": current ? 6.5 : 5, "stroke-opacity": 0.8 });
      set(line, {
        points: places,
        stroke: colour,
        "stroke-width": current ? 3 : 2,
        "stroke-dasharray": waiting ? "2 6" : "none",
      });
    });
    while (this.handles.children.length < waypoints.length)
      this.handles.append(this.handle(this.handles.children.length));
    while (this.handles.children.length > waypoints.length) this.handles.lastChild?.remove();
    waypoints.forEach((u, k) => {
      const node = this.handles.children[k];
      set(node, {
        transform: `translate(${at(u)})`,
        "aria-label": say("Waypoint {k} of {n}", { k: k + 1, n: waypoints.length }),
      });
      const [, disc, number] = node.children;
      set(disc, { fill: k === chosen ? theme.ink : theme.paper, stroke: theme.ink, "stroke-width": 2 });
      set(number, { fill: k === chosen ? theme.paper : theme.ink });
      number.textContent = String(k + 1);
    });
    const [cx, cy] = at(cursor).split(",");
    set(this.cursor, { cx, cy, fill: hue, stroke: theme.paper });
  }

  /** @param {number} k */
  handle(k) {
    const node = shape(
      "g",
      { tabindex: 0, role: "button", cursor: "grab", "data-waypoint": k },
      shape("circle", { r: 2 * HANDLE, fill: "transparent" }),
      shape("circle", { r: HANDLE }),
      shape("text", {
        "text-anchor": "middle",
        dy: "0.36em",
        "font-size": 12,
        "font-weight": 600,
        "font-family": "sans-serif",
      }),
    );
    Object.assign(node.style, { pointerEvents: "all", touchAction: "none", outlineOffset: "2px", userSelect: "none" });
    node.addEventListener("pointerdown", (event) => this.grab(event, k));
    // the map would be moved with it
    for (const name of ["pointerdown", "dblclick"]) node.addEventListener(name, (e) => e.stopPropagation());
    node.addEventListener("focus", () => this.focus(k));
    return node;
  }
}

/** @param {Element} node @param {Record<string, string | number>} attributes */
function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (node.getAttribute(key) !== String(value)) node.setAttribute(key, String(value));
  }
}

export { Overlay };
