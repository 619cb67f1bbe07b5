import { contains, tidied } from "../js/polygon.js";
import { rgb } from "../js/shared.js";

// Plotly's chart as the map's layer uses it: places of the codes, hidden traces, lassos, and points in other colours,
// drawn in place of Plotly's own because a new figure would mount the chart again.

const REST = 600; // ms without a move after which what is seen goes into the address
const ALPHA = { shown: 153, muted: 46, faint: 56 }; // Plotly's points have 0.6 and 0.2

class PlotlyMap {
  /** @param {PlotlyChart} node @param {HTMLCanvasElement} points */
  constructor(node, points) {
    this.node = node;
    this.points = points;
    this.version = 0;
    /** @type {StyledMap["lassoed"]} */
    this.lassoed = null; // set by the layer: called with the codes of a lasso
    /** @type {StyledMap["cleared"]} */
    this.cleared = null;
    /** @type {StyledMap["moved"]} */
    this.moved = null; // called with x0, x1, y0, y1 of what is seen
    this.rest = 0;
    /** @type {Values | null} */
    this.kept = null;
    /** @type {Float32Array | null} */
    this.x = null;
    /** @type {Float32Array | null} */
    this.y = null;
    this.places = new Float32Array(0);
    this.trace = new Int32Array(0);
    /** @type {number[][]} */
    this.hues = [];
    this.size = 0;
    /** @type {MapStyle | null} */
    this.style = null;
    /** @type {string | null} */
    this.shown = null;
    /** @type {Uint8Array | null} */
    this.painted = null;
    // muted points show the selection; Plotly's own outlines can be moved and would then show another one
    this.styleSheet = document.createElement("style");
    this.styleSheet.textContent = ".st-key-map .selectionlayer, .st-key-map .outline-controllers { display: none; }";
    document.head.append(this.styleSheet);
    /** @param {PlotlySelection | undefined} event */
    this.selected = (event) => {
      const drawn = outline(event);
      const xaxis = this.node._fullLayout?.xaxis;
      if (!drawn || !xaxis?.p2d || !this.x || !this.y) return;
      const corners = tidied(drawn, Math.abs(xaxis.p2d(1) - xaxis.p2d(0)) / 2);
      const hidden = [...this.visible].flatMap((shown, k) => (shown === "0" ? [k] : []));
      this.lassoed?.(this.inside(corners, this.x, this.y), null, { corners, hidden });
    };
    // what the visitor has moved or zoomed to, once it rests; Plotly's own first layout is not theirs
    /** @param {object | undefined} event */
    this.relaid = (event) => {
      if (!Object.keys(event ?? {}).some((name) => /^[xy]axis\./.test(name))) return;
      clearTimeout(this.rest);
      this.rest = setTimeout(() => {
        const { xaxis, yaxis } = this.node._fullLayout ?? {};
        if (xaxis && yaxis) this.moved?.([...xaxis.range, ...yaxis.range]);
      }, REST);
    };
    this.deselected = () => this.cleared?.();
    node.on?.("plotly_selected", this.selected);
    node.on?.("plotly_deselect", this.deselected);
    node.on?.("plotly_relayout", this.relaid);
  }

  leave() {
    this.node.removeListener?.("plotly_selected", this.selected);
    this.node.removeListener?.("plotly_deselect", this.deselected);
    this.node.removeListener?.("plotly_relayout", this.relaid);
    clearTimeout(this.rest);
    this.styleSheet.remove();
    this.own(true);
  }

  // Take the codes' places and labels; false where they have not come yet.
  /** @param {LayerHeader} header @param {Values | undefined} kept */
  take(header, kept) {
    if (!kept) return false;
    if (kept === this.kept) return true;
    this.kept = kept;
    const { places, labels } = kept.arrays;
    const n = header.n;
    this.x = Float32Array.from({ length: n }, (_, i) => places[2 * i]);
    this.y = Float32Array.from({ length: n }, (_, i) => places[2 * i + 1]);
    this.places = places;
    this.trace = Int32Array.from(labels ?? new Float32Array(n)); // which of the chart's traces a code is in
    this.hues = header.hues.map(rgb);
    this.size = header.size;
    return true;
  }

  /** @param {number} i */
  rgb(i) {
    return this.hues[this.trace[i]] ?? this.hues[0];
  }

  // Which traces the legend has left, as a text that changes with them.
  get visible() {
    return (this.node._fullData ?? []).map((trace) => (trace.visible === true ? 1 : 0)).join("");
  }

  /** @param {number} i */
  isShown(i) {
    const mask = this.style?.mask;
    return this.shown?.[this.trace[i]] !== "0" && (!mask || mask[i] === 1);
  }

  /** @param {MapStyle} style */
  applyStyle(style) {
    this.style = style;
    this.painted = null;
  }

  get active() {
    return Boolean(this.style && (this.style.colouring || this.style.mask || this.style.faint));
  }

  /** @param {number[][]} polygon @param {Float32Array} x @param {Float32Array} y */
  inside(polygon, x, y) {
    const mask = new Uint8Array(x.length);
    const { visible } = this;
    for (let i = 0; i < mask.length; i++)
      if (visible[this.trace[i]] !== "0" && contains(polygon, x[i], y[i])) mask[i] = 1;
    return mask.includes(1) ? mask : null;
  }

  // Show Plotly's own points, or leave their place to ours.
  /** @param {boolean} shown */
  own(shown) {
    /** @type {HTMLElement | null} */
    const layer = this.node.querySelector(".gl-container");
    if (layer) layer.style.opacity = shown ? "" : "0";
    this.points.style.display = shown ? "none" : "block";
    const recoloured = !shown && this.style?.colouring;
    /** @type {NodeListOf<SVGElement>} */
    const symbols = this.node.querySelectorAll(".legend .legendpoints");
    for (const symbol of symbols) symbol.style.visibility = recoloured ? "hidden" : "";
  }

  /** @param {Record<string, string>} box @param {HTMLElement} sheet */
  layout(box, sheet) {
    Object.assign(this.points.style, box);
    this.own(!this.active || !this.x);
    const layer = this.node.querySelector(".gl-container");
    if (layer && layer.nextElementSibling !== this.points) layer.after(this.points, sheet); // below rings and glyphs
  }

  /** @param {import("../js/cloud.js").Cloud | null} cloud @param {MapAxes} axes */
  draw(cloud, axes) {
    if (!cloud || !this.x || !this.style) return;
    const { visible } = this;
    if (visible !== this.shown) {
      this.shown = visible;
      this.painted = null;
      this.version++; // other images fit
    }
    if (!this.active) return;
    if (!this.painted) {
      const painted = this.colours(this.x.length, this.style);
      this.painted = painted;
      cloud.between(this.places, this.places);
      cloud.paint(painted);
    }
    const { x, y } = axes;
    cloud.draw([x.p2d(0), x.p2d(x._length), y.p2d(y._length), y.p2d(0)], 1, this.size);
  }

  /** @param {number} n @param {MapStyle} style */
  colours(n, { colouring, faint }) {
    const made = new Uint8Array(4 * n);
    for (let i = 0; i < n; i++) {
      const [red, green, blue] = colouring ? colouring.rgb(i) : this.rgb(i);
      const gone = this.shown?.[this.trace[i]] === "0";
      const shown = this.isShown(i) && (!colouring || colouring.has(i));
      made[4 * i] = red;
      made[4 * i + 1] = green;
      made[4 * i + 2] = blue;
      made[4 * i + 3] = gone ? 0 : !shown ? ALPHA.muted : faint ? ALPHA.faint : ALPHA.shown;
    }
    return made;
  }
}

// The polygon that was drawn last, in plane coordinates; null for none.
/** @param {PlotlySelection | undefined} event */
function outline(event) {
  if (event?.lassoPoints) {
    const { x, y } = event.lassoPoints;
    return x.map((v, k) => [v, y[k]]);
  }
  if (!event?.range) return null;
  const {
    x: [x0, x1],
    y: [y0, y1],
  } = event.range;
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

export { PlotlyMap };
