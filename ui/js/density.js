import { context2d, given } from "./shared.js";

// Counts the points of each colour in each bin of a view, and draws the counts: all points, whatever their number. It
// is counted again for each view: on a processor a million points take as long as ten thousand drawn by WebGL without a
// graphics card, so there is no pyramid of resolutions to keep, and no picture is coarser than the screen.

const FULL = 65535; // a bin counts no further, which only its shade would show
const SHADES = [130, 255]; // opacities of one point in a bin, and of the fullest bin; between them by the logarithm
const MUTED = 34;
const GREY = [134, 139, 147];

class Density {
  // `grid` is made of the coordinates x and y; `kinds` are the numbers of the points' colours, in the grid's order.
  /** @param {import("./grid.js").Grid} grid @param {Float32Array} x @param {Float32Array} y */
  constructor(grid, x, y) {
    this.grid = grid;
    this.x = grid.ordered(x);
    this.y = grid.ordered(y);
    this.kinds = new Uint8Array(x.length);
    /** @type {Float32Array | null} */
    this.values = null; // a number of each point, likewise, where `means` is drawn
    this.canvas = document.createElement("canvas");
  }

  // How many points a view holds.
  /** @param {number[]} view */
  within([x0, x1, y0, y1]) {
    const { grid, x, y } = this;
    const { boxes, starts } = grid;
    let total = 0;
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      if (boxes[b] > x1 || boxes[b + 1] < x0 || boxes[b + 2] > y1 || boxes[b + 3] < y0) continue;
      if (boxes[b] >= x0 && boxes[b + 1] <= x1 && boxes[b + 2] >= y0 && boxes[b + 3] <= y1)
        total += starts[c + 1] - starts[c];
      else
        for (let t = starts[c]; t < starts[c + 1]; t++)
          if (x[t] >= x0 && x[t] <= x1 && y[t] >= y0 && y[t] <= y1) total++;
    }
    return total;
  }

  // The places in the grid's order of the points that a view holds.
  /** @param {number[]} view */
  members([x0, x1, y0, y1]) {
    const { grid, x, y } = this;
    const found = [];
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      if (grid.boxes[b] > x1 || grid.boxes[b + 1] < x0 || grid.boxes[b + 2] > y1 || grid.boxes[b + 3] < y0) continue;
      for (let t = grid.starts[c]; t < grid.starts[c + 1]; t++)
        if (x[t] >= x0 && x[t] <= x1 && y[t] >= y0 && y[t] <= y1) found.push(t);
    }
    return found;
  }

  // Counts [lines, columns, kinds] of a view, its first line on top.
  /** @param {number[]} view @param {number} columns @param {number} lines @param {number} kinds */
  histogram([x0, x1, y0, y1], columns, lines, kinds) {
    const { grid, x, y } = this;
    const { boxes, starts } = grid;
    const counts = new Uint16Array(columns * lines * kinds);
    const [across, up] = [columns / (x1 - x0), lines / (y1 - y0)];
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      if (boxes[b] > x1 || boxes[b + 1] < x0 || boxes[b + 2] > y1 || boxes[b + 3] < y0) continue;
      for (let t = starts[c]; t < starts[c + 1]; t++) {
        const [column, line] = [Math.floor((x[t] - x0) * across), Math.floor((y1 - y[t]) * up)];
        if (column < 0 || line < 0 || column >= columns || line >= lines) continue;
        const at = (line * columns + column) * kinds + this.kinds[t];
        if (counts[at] < FULL) counts[at]++;
      }
    }
    return counts;
  }

  // Draw a view on this.canvas, a pixel a bin: each bin in the colour of most of its points, the darker the more there
  // are. `palette` are [red, green, blue]; a kind beyond it is that colour muted, and seen only where nothing else is.
  /**
   * @param {number[]} view @param {number} columns @param {number} lines @param {number[][]} palette
   * @param {boolean} muted
   */
  paint(view, columns, lines, palette, muted) {
    const hues = palette.length;
    const kinds = muted ? 2 * hues : hues;
    const counts = this.histogram(view, columns, lines, kinds);
    const bins = columns * lines;
    const [sums, best] = [new Uint32Array(bins), new Uint8Array(bins)];
    let peak = 1;
    for (let bin = 0, at = 0; bin < bins; bin++, at += kinds) {
      let [sum, most, hue] = [0, 0, 0];
      for (let k = 0; k < hues; k++) {
        const count = counts[at + k];
        sum += count;
        if (count > most) [most, hue] = [count, k];
      }
      if (!sum) for (let k = hues; k < kinds; k++) if (counts[at + k] > most) [most, hue] = [counts[at + k], k];
      sums[bin] = sum;
      best[bin] = most ? hue + 1 : 0;
      if (sum > peak) peak = sum;
    }
    const { canvas } = this;
    [canvas.width, canvas.height] = [columns, lines];
    const context = context2d(canvas);
    const image = context.createImageData(columns, lines);
    const [least, most] = SHADES;
    const rise = peak > 1 ? (most - least) / Math.log(peak) : 0;
    for (let bin = 0, o = 0; bin < bins; bin++, o += 4) {
      if (!best[bin]) continue;
      const [red, green, blue] = palette[(best[bin] - 1) % hues];
      image.data[o] = red;
      image.data[o + 1] = green;
      image.data[o + 2] = blue;
      image.data[o + 3] = sums[bin] ? least + rise * Math.log(sums[bin]) : MUTED;
    }
    context.putImageData(image, 0, 0);
  }

  // Draw a view by the mean of its points' values in each bin, from `low` to `high` on a ramp t -> [red, green, blue];
  // points of a kind beyond the `hues` first are muted: grey, and seen only where nothing else is.
  /**
   * @param {number[]} view @param {number} columns @param {number} lines
   * @param {{low: number, high: number, ramp: (t: number) => number[]}} scale @param {number} hues
   */
  means([x0, x1, y0, y1], columns, lines, { low, high, ramp }, hues) {
    const { grid, x, y, kinds } = this;
    const values = given(this.values, "values");
    const { boxes, starts } = grid;
    const bins = columns * lines;
    const [counts, sums, rest] = [new Uint32Array(bins), new Float32Array(bins), new Uint8Array(bins)];
    const [across, up] = [columns / (x1 - x0), lines / (y1 - y0)];
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      if (boxes[b] > x1 || boxes[b + 1] < x0 || boxes[b + 2] > y1 || boxes[b + 3] < y0) continue;
      for (let t = starts[c]; t < starts[c + 1]; t++) {
        const [column, line] = [Math.floor((x[t] - x0) * across), Math.floor((y1 - y[t]) * up)];
        if (column < 0 || line < 0 || column >= columns || line >= lines) continue;
        const bin = line * columns + column;
        if (kinds[t] >= hues) rest[bin] = 1;
        else {
          counts[bin]++;
          sums[bin] += values[t];
        }
      }
    }
    const { canvas } = this;
    [canvas.width, canvas.height] = [columns, lines];
    const context = context2d(canvas);
    const image = context.createImageData(columns, lines);
    const peak = counts.reduce((a, b) => Math.max(a, b), 1);
    const [least, most] = SHADES;
    const rise = peak > 1 ? (most - least) / Math.log(peak) : 0;
    const span = high - low || 1;
    for (let bin = 0, o = 0; bin < bins; bin++, o += 4) {
      if (!counts[bin] && !rest[bin]) continue;
      const [red, green, blue] = counts[bin] ? ramp((sums[bin] / counts[bin] - low) / span) : GREY;
      image.data[o] = red;
      image.data[o + 1] = green;
      image.data[o + 2] = blue;
      image.data[o + 3] = counts[bin] ? least + rise * Math.log(counts[bin]) : MUTED;
    }
    context.putImageData(image, 0, 0);
  }
}

export { Density };
