import { explain } from "./explain.js";
import { strip, tiles } from "./pictures.js";
import { say } from "./say.js";
import { el } from "./shared.js";
import { vectorPicture } from "./vectors.js";

// Draws a sheet of images. The pointer and the arrow keys point at an image, a click or Enter chooses it.

/** @param {Float32Array} pixels @param {boolean} vector @param {number[] | null} [lines] */
const bytes = (pixels, vector, lines) =>
  vector ? vectorPicture(pixels, lines) : Uint8ClampedArray.from(pixels, (v) => 255 * v);

// Fill a list of numbers [[name, value, class]] in place: new elements at each move of the pointer would cost a layout
// each.
/** @param {HTMLElement} list @param {string[][]} rows */
function fillNumbers(list, rows) {
  while (list.children.length > 2 * rows.length) list.lastChild?.remove();
  rows.forEach(([name, value, kind], k) => {
    if (2 * k >= list.children.length) list.append(el("dt"), el("dd"));
    const [term, cell] = [list.children[2 * k], list.children[2 * k + 1]];
    const shown = say(name);
    if (term.textContent !== shown) {
      term.textContent = shown;
      explain(term, name);
    }
    if (cell.textContent !== value) cell.textContent = value;
    if (cell.className !== (kind ?? "")) cell.className = kind ?? "";
  });
}

class Sheet {
  // `hover(i)` is called with the image that is pointed at, null for none; `choose(i)` with one that is clicked.
  /**
   * @param {string} label
   * @param {{hover?: (i: number | null) => void, choose?: (i: number) => void}} handlers
   */
  constructor(label, { hover = () => {}, choose = () => {} } = {}) {
    this.canvas = el("canvas", { role: "img", "aria-label": label });
    this.marks = el("canvas", { class: "marks", "aria-hidden": "true" });
    this.node = el(
      "div",
      {
        class: "sheet",
        tabindex: "0",
        role: "application",
        "aria-label": say("{label}. Arrow keys look, Enter pins.", { label }),
      },
      this.canvas,
      this.marks,
    );
    this.columns = 1;
    /** @type {number | null} */
    this.at = null;
    /** @type {FramedStrip | null} */
    this.strip = null;
    /** @param {number | null} i */
    this.hover = (i) => {
      if (i === this.at) return;
      this.at = i;
      hover(i);
    };
    this.node.addEventListener("pointermove", (e) => this.hover(this.under(e)));
    this.node.addEventListener("pointerleave", () => this.hover(null));
    this.node.addEventListener("click", (e) => {
      const i = this.under(e);
      if (i !== null) choose(i);
    });
    this.node.addEventListener("keydown", (e) => {
      /** @type {Record<string, number>} */
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
      if (e.ctrlKey || e.metaKey || e.altKey || !this.count) return;
      if (e.key in moves) this.hover(Math.min(Math.max((this.at ?? 0) + moves[e.key], 0), this.count - 1));
      else if (e.key === "Enter" && this.at !== null) choose(this.at);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
  }

  get count() {
    return this.strip?.count ?? 0;
  }

  // Images uint8 [N, C, H, W].
  /** @param {ArrayLike<number>} images @param {number[]} shape @param {number} columns @param {string} frame */
  set(images, shape, columns, frame) {
    this.strip = { ...strip(images, shape), frame };
    this.columns = columns;
    this.draw();
  }

  draw() {
    if (this.strip && this.node.clientWidth) tiles(this.canvas, [this.strip], this.columns);
  }

  // Left, top and side of tile i in CSS pixels; the sheet has a frame of one pixel of the screen.
  /** @param {number} i */
  place(i) {
    const pitch = this.canvas.clientWidth / this.columns;
    const tall = this.canvas.clientHeight / Math.ceil(this.count / this.columns);
    return [(i % this.columns) * pitch, Math.floor(i / this.columns) * tall, pitch, tall];
  }

  /** @param {MouseEvent} event */
  under(event) {
    if (!this.count) return null;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return null;
    const i = Math.floor(y * Math.ceil(this.count / this.columns)) * this.columns + Math.floor(x * this.columns);
    return i < this.count ? i : null;
  }
}

export { bytes, fillNumbers, Sheet };
