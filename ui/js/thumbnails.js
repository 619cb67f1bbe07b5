// Draws images at their codes without overlap: chooses those that fit into a view, and keeps their pictures.

const WIDE = 30; // pixels across an image, about
const GAP = 3; // pixels between two
const KEPT = 1500; // pictures
const BUDGET = 6; // ms a frame for making pictures
const GREAT = 40; // pixels across an image at most

// The numbers 0 to n - 1 in an order that is always the same and has no pattern.
/** @param {number} n */
function shuffled(n) {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let state = 12345;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// Of points at pixels px, py (functions of their number) those at least `side` apart, earlier ones preferred:
// a grid of that side holds at most one point a cell, and only the cells around it can hold one that is too near.
/**
 * @param {Iterable<number>} numbers @param {(i: number) => number} px @param {(i: number) => number} py
 * @param {number} side
 */
function thin(numbers, px, py, side) {
  /** @type {Map<number, number[]>} */
  const taken = new Map();
  const kept = [];
  for (const i of numbers) {
    const [x, y] = [px(i), py(i)];
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    let free = true;
    for (let c = column - 1; free && c <= column + 1; c++) {
      for (let r = row - 1; free && r <= row + 1; r++) {
        const other = taken.get(c * 1e6 + r);
        free = !other || Math.abs(other[0] - x) >= side || Math.abs(other[1] - y) >= side;
      }
    }
    if (!free) continue;
    taken.set(column * 1e6 + row, [x, y]);
    kept.push(i);
  }
  return kept;
}

class Thumbnails {
  constructor() {
    /** @type {Map<number, HTMLCanvasElement>} */
    this.made = new Map();
    /** @type {import("../js/space.js").Space | null} */
    this.space = null;
    /** @type {Uint8Array | Float32Array | null} */
    this.source = null;
  }

  // Pixels [width, height] of an image of that shape, enlarged by a whole number where it is small.
  /** @param {number[]} place */
  static size([, height, width]) {
    const longer = Math.max(width, height);
    const scale = longer > GREAT ? GREAT / longer : Math.max(1, Math.round(WIDE / longer));
    return [Math.round(width * scale), Math.round(height * scale)];
  }

  // The least distance between two images.
  /** @param {number[]} shape */
  static pitch(shape) {
    return Math.max(...Thumbnails.size(shape)) + GAP;
  }

  // `paint` draws pixels on a canvas; the card hands it over with its space.
  /** @param {number} i @param {KnownSpace} about @param {number} until */
  picture(i, { space, paint }, until) {
    if (space !== this.space || space.images !== this.source) {
      this.space = space;
      this.source = space.images;
      this.made.clear();
    }
    const known = this.made.get(i);
    if (known || performance.now() > until) return known;
    const pixels = space.real(i) ?? space.reconstruction(i);
    if (!pixels) return null;
    const canvas = document.createElement("canvas");
    paint(canvas, pixels, space.header.shape, space.header.lines);
    if (this.made.size >= KEPT) {
      const [oldest] = this.made.keys();
      this.made.delete(oldest);
    }
    this.made.set(i, canvas);
    return canvas;
  }

  // Draw codes at(i) -> [x, y] pixels, each in a frame of hue(i) -> CSS colour; returns how many are still to be made.
  /**
   * @param {CanvasRenderingContext2D} context @param {KnownSpace} known @param {Iterable<number>} numbers
   * @param {(i: number) => number[]} at @param {(i: number) => string} hue
   */
  draw(context, known, numbers, at, hue) {
    const { shape } = known.space.header;
    const [width, height] = Thumbnails.size(shape);
    const until = performance.now() + BUDGET;
    let waiting = 0;
    context.imageSmoothingEnabled = width < shape[2]; // enlarged: nearest neighbour
    for (const i of numbers) {
      const picture = this.picture(i, known, until);
      if (picture === undefined) waiting++;
      if (!picture) continue;
      const [x, y] = at(i);
      const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
      context.fillStyle = hue(i);
      context.fillRect(left - 1, top - 1, width + 2, height + 2);
      context.drawImage(picture, left, top, width, height);
    }
    return waiting;
  }
}

export { shuffled, Thumbnails, thin };
