import { Axes } from "../js/axes.js";
import { Cloud } from "../js/cloud.js";
import { fresh } from "../js/drawing.js";
import { el, plain, rgb, seen } from "../js/shared.js";

// Draws a small map: the codes as a faint cloud, marks of samples, and a box that is drawn by hand.

const FAINT = 110;
const LEAST = 6; // pixels that a box measures at least: less is a click
const SPREAD = 0.004; // share of the codes beyond the view

class CodesMap {
  // `onBox([x0, x1, y0, y1])` is called with a drawn box.
  /** @param {(box: number[]) => void} onBox */
  constructor(onBox) {
    this.cloudCanvas = el("canvas", { class: "cloud", "aria-hidden": "true" });
    this.axesCanvas = el("canvas", { class: "axes", "aria-hidden": "true" });
    this.overlay = el("canvas", { class: "axes", "aria-hidden": "true" });
    this.node = el("div", { class: "ground", role: "img" }, this.cloudCanvas, this.axesCanvas, this.overlay);
    this.cloud = new Cloud(this.cloudCanvas, () => this.draw());
    this.axes = new Axes(this.axesCanvas);
    this.onBox = onBox;
    /** @type {SharedModel | null} */
    this.model = this.painted = null;
    /** @type {View} */
    this.view = [-1, 1, -1, 1];
    // what was drawn last
    /** @type {Theme | null} */
    this.theme = null;
    /** @type {CodeMark[]} */
    this.marks = [];
    /** @type {number[] | null} */
    this.box = null;
    // a box that is drawn: where it begins, on the plane and in pixels, and where it ends
    /** @type {number[] | null} */
    this.corner = null;
    /** @type {number[] | null} */
    this.end = null;
    this.from = [0, 0];
    this.node.addEventListener("pointerdown", (e) => this.press(e));
    this.node.addEventListener("pointermove", (e) => this.drag(e));
    this.node.addEventListener("pointerup", () => this.release());
    this.node.addEventListener("pointercancel", () => {
      this.corner = null;
      this.draw();
    });
    // tests ask where on the page a point of the plane is
    this.node.project = (x, y) => {
      const box = this.axesCanvas.getBoundingClientRect();
      const [px, py] = this.axes.place(this.view, x, y);
      return [box.left + px, box.top + py];
    };
  }

  destroy() {
    this.cloud.destroy();
  }

  /** @param {FlatPlane} plane @param {number[]} z */
  toPlane({ origin, basis }, z) {
    return basis.map((axis) => axis.reduce((sum, a, j) => sum + a * (z[j] - origin[j]), 0));
  }

  // Take the codes of a model (shared_model.js).
  /** @param {SharedModel} model */
  set(model) {
    this.model = model;
    const { header, means } = model;
    const d = header.latent;
    const n = means.length / d;
    const places = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      places.set(this.toPlane(header.plane, Array.from(means.subarray(i * d, (i + 1) * d))), 2 * i);
    }
    this.cloud.between(places, places);
    const spans = [0, 1].map((k) => {
      const values = Array.from({ length: n }, (_, i) => places[2 * i + k]).sort((a, b) => a - b);
      /** @param {number} q */
      const at = (q) => values[Math.min(n - 1, Math.max(0, Math.round(q * (n - 1))))];
      return header.rings ? [Math.min(at(SPREAD), -3.2), Math.max(at(1 - SPREAD), 3.2)] : [at(SPREAD), at(1 - SPREAD)];
    });
    // equal units on both axes, as on the map
    const half = 0.52 * Math.max(...spans.map(([a, b]) => b - a), 1e-6);
    this.view = spans.flatMap(([a, b]) => [(a + b) / 2 - half, (a + b) / 2 + half]);
  }

  /** @param {Theme} theme */
  paint({ dark }) {
    const { model } = this;
    this.painted = model;
    if (!model) return;
    const { header, labels } = model;
    const colours = new Uint8Array(4 * labels.length);
    labels.forEach((k, i) => colours.set([...rgb(seen(header.colours[k] ?? header.plain, dark)), FAINT], 4 * i));
    this.cloud.paint(colours);
  }

  /** @param {Theme | null} theme @param {CodeMark[]} marks @param {number[] | null} box */
  draw(theme = this.theme, marks = this.marks, box = this.box) {
    if (theme && (theme.key !== this.theme?.key || this.model !== this.painted)) this.paint(theme);
    this.theme = theme;
    this.marks = marks;
    this.box = box;
    if (!this.model || !theme || !this.node.clientWidth) return;
    const { header } = this.model;
    const { view } = this;
    this.cloud.draw(view, 1, 2.6);
    const rings = header.rings ? this.toPlane(header.plane, new Array(header.latent).fill(0)) : null;
    this.axes.draw(
      view,
      {
        titles: header.plane.titles.map((t) => plain(t).replace(/ \(.*/, "")),
        count: "",
        rings,
        rows: null,
        glyphs: [],
      },
      theme,
    );
    const { context } = fresh(this.overlay);
    for (const { z, hue, shape, strong } of marks) {
      const u = this.toPlane(header.plane, z);
      if (u[0] < view[0] || u[0] > view[1] || u[1] < view[2] || u[1] > view[3]) continue;
      const [x, y] = this.axes.place(view, u[0], u[1]);
      const r = strong ? 6.5 : 3.5;
      context.beginPath();
      if (shape === "square") context.rect(x - r, y - r, 2 * r, 2 * r);
      else context.arc(x, y, r, 0, 2 * Math.PI);
      context.lineWidth = strong ? 5 : 3.5;
      context.strokeStyle = theme.paper;
      context.stroke();
      context.lineWidth = strong ? 3 : 1.75;
      context.strokeStyle = strong ? theme.ink : hue;
      context.stroke();
    }
    const now = this.drawn ?? box;
    if (!now) return;
    const [x0, y0] = this.axes.place(view, now[0], now[3]);
    const [x1, y1] = this.axes.place(view, now[1], now[2]);
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    context.strokeStyle = theme.ink;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }

  /** @param {PointerEvent} event */
  under(event) {
    const box = this.axesCanvas.getBoundingClientRect();
    const [left, top] = this.axes.place(this.view, this.view[0], this.view[3]);
    const [right, bottom] = this.axes.place(this.view, this.view[1], this.view[2]);
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    /** @param {number} v @param {number} a @param {number} b */
    const share = (v, a, b) => Math.min(Math.max((v - a) / (b - a), 0), 1);
    const [fx, fy] = [share(x, left, right), share(y, top, bottom)];
    return [this.view[0] + fx * (this.view[1] - this.view[0]), this.view[3] - fy * (this.view[3] - this.view[2])];
  }

  // The box that is being drawn; null while it is none.
  get drawn() {
    if (!this.corner || !this.end) return null;
    const [[x0, y0], [x1, y1]] = [this.corner, this.end];
    return [Math.min(x0, x1), Math.max(x0, x1), Math.min(y0, y1), Math.max(y0, y1)];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || !event.isPrimary || !this.model) return;
    this.node.setPointerCapture(event.pointerId);
    this.corner = this.under(event);
    this.from = [event.clientX, event.clientY];
    this.end = null;
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (!this.corner) return;
    if (Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) >= LEAST) this.end = this.under(event);
    this.draw();
  }

  release() {
    if (!this.corner) return;
    const box = this.drawn;
    this.corner = null;
    if (box && box[0] < box[1] && box[2] < box[3]) this.onBox(box);
    else this.draw();
  }
}

export { CodesMap };
