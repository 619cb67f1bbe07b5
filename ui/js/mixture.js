import { Grid } from "./grid.js";
import { TAU } from "./shared.js";

// Computes log q(z) for q(z) = mean_i N(z; mu_i, diag sigma_i^2) over the codes i, and the nearest code. It visits only
// the cells of codes that can matter: of a million codes, a few thousand.

const ERROR = 1e-7; // nats that log q(z) may lack against the sum over all codes
const NEGLIGIBLE = 36; // a term e^-36 of the greatest one is lost in the sum's last digits

// How far v is outside of an interval.
/** @param {number} v @param {number} low @param {number} high */
const distanceOutside = (v, low, high) => (v < low ? low - v : v > high ? v - high : 0);

class Mixture {
  // means [n, d]; scales [n, d], or null where there are no densities.
  /** @param {Float32Array} means @param {Float32Array | null} scales @param {number} d */
  constructor(means, scales, d) {
    const n = (this.n = means.length / d);
    this.d = d;
    this.axes = widest(means, n, d);
    const [across, up] = this.axes.map((j) => Float32Array.from({ length: n }, (_, i) => means[i * d + j]));
    this.grid = new Grid(across, up);
    this.means = this.grid.ordered(means, d);
    this.gaps = new Float64Array(this.grid.count);
    this.constants = this.heights = this.least = this.bounds = new Float64Array(0); // absent without scales
    this.found = { nearest: 0, least: Infinity, top: -Infinity, sum: 0, skip: -1 };
    /** @type {Float64Array | null} */
    this.inverse = null;
    if (!scales) return;
    const inverse = Float64Array.from(this.grid.ordered(scales, d), (s) => 1 / s);
    // log of each code's normalising constant, shifted by log N
    this.inverse = inverse;
    this.constants = new Float64Array(n).fill((-d / 2) * Math.log(TAU) - Math.log(n));
    for (let t = 0; t < n; t++) for (let j = 0; j < d; j++) this.constants[t] += Math.log(inverse[t * d + j]);
    this.prepareBounds(inverse);
  }

  // For each cell the logarithm of what its codes add to q at most where they lie, and the least 1/sigma on either
  // axis.
  /** @param {Float64Array} inverse */
  prepareBounds(inverse) {
    const { grid, axes, d, constants } = this;
    this.heights = new Float64Array(grid.count);
    this.least = new Float64Array(2 * grid.count).fill(Infinity);
    this.bounds = new Float64Array(grid.count);
    for (let c = 0; c < grid.count; c++) {
      let top = -Infinity;
      for (let t = grid.starts[c]; t < grid.starts[c + 1]; t++) {
        top = Math.max(top, constants[t]);
        axes.forEach((j, k) => {
          this.least[2 * c + k] = Math.min(this.least[2 * c + k], inverse[t * d + j]);
        });
      }
      this.heights[c] = top + Math.log(grid.starts[c + 1] - grid.starts[c]);
    }
  }

  // {nearest, distance, logQ} at z, over all codes but number `skip`. A cell is left out where it holds no nearer code
  // and where its bound on the sum is below ERROR / cells of what the sum has: all that is left out is then below ERROR
  // of it, and log q(z) misses less than log(1 + ERROR).
  /** @param {number[]} z @param {number} [skip] */
  evaluate(z, skip = -1) {
    const { grid, gaps, bounds, inverse } = this;
    const [near, high] = this.boundCells(z);
    const found = (this.found = { nearest: 0, least: Infinity, top: -Infinity, sum: 0, skip });
    this.addCell(z, near);
    if (inverse && high !== near) this.addCell(z, high);
    const slack = Math.log(ERROR / grid.count);
    let floor = inverse ? found.top + Math.log(found.sum) + slack : Infinity;
    for (let c = 0; c < grid.count; c++) {
      // before any code was found (the only one of the cells was left out) the floor is no number
      const matters = gaps[c] <= found.least || (inverse && !(bounds[c] <= floor));
      if (!matters || c === near || (inverse && c === high)) continue;
      this.addCell(z, c);
      if (inverse) floor = found.top + Math.log(found.sum) + slack;
    }
    /** @type {Evaluation} */
    const answer = { nearest: found.nearest, distance: Math.sqrt(found.least) };
    if (inverse) answer.logQ = found.top + Math.log(found.sum) + (skip < 0 ? 0 : Math.log(this.n / (this.n - 1)));
    return answer;
  }

  // [squared distance, number] of the codes within a radius of z, in no order.
  /** @param {number[]} z @param {number} radius */
  within(z, radius) {
    const { grid, d, means } = this;
    const { boxes, order, starts } = grid;
    const [x, y] = this.axes.map((j) => z[j]);
    const most = radius * radius;
    /** @type {number[][]} */
    const found = [];
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      const [gx, gy] = [distanceOutside(x, boxes[b], boxes[b + 1]), distanceOutside(y, boxes[b + 2], boxes[b + 3])];
      if (gx * gx > most || gy * gy > most) continue;
      for (let t = starts[c], s = t * d; t < starts[c + 1]; t++) {
        let square = 0;
        for (let j = 0; j < d; j++, s++) square += (z[j] - means[s]) * (z[j] - means[s]);
        if (square <= most) found.push([square, order[t]]);
      }
    }
    return found;
  }

  // Each cell's squared distance and its bound; returns the nearest cell and the one of the highest bound.
  /** @param {number[]} z */
  boundCells(z) {
    const { grid, gaps, bounds, heights, least, inverse } = this;
    const { boxes } = grid;
    const [x, y] = this.axes.map((j) => z[j]);
    let [near, high] = [0, 0];
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      const [gx, gy] = [distanceOutside(x, boxes[b], boxes[b + 1]), distanceOutside(y, boxes[b + 2], boxes[b + 3])];
      gaps[c] = gx * gx + (this.d > 1 ? gy * gy : 0);
      if (gaps[c] < gaps[near]) near = c;
      if (!inverse) continue;
      const [u, v] = [gx * least[2 * c], this.d > 1 ? gy * least[2 * c + 1] : 0];
      bounds[c] = heights[c] - (u * u + v * v) / 2;
      if (bounds[c] > bounds[high]) high = c;
    }
    return [near, high];
  }

  // Add the codes of a cell to what was found.
  /** @param {number[]} z @param {number} c */
  addCell(z, c) {
    const { grid, d, means, inverse, constants, found } = this;
    const { order, starts } = grid;
    let { nearest, least, top, sum } = found;
    for (let t = starts[c], s = t * d; t < starts[c + 1]; t++) {
      let [distance, exponent] = [0, 0];
      for (let j = 0; j < d; j++, s++) {
        const gap = z[j] - means[s];
        distance += gap * gap;
        if (inverse) exponent += (gap * inverse[s]) ** 2;
      }
      if (order[t] === found.skip) continue;
      if (distance < least || (distance === least && order[t] < nearest)) [least, nearest] = [distance, order[t]];
      if (!inverse) continue;
      exponent = constants[t] - exponent / 2;
      if (exponent > top) {
        sum = sum * Math.exp(top - exponent) + 1;
        top = exponent;
      } else if (exponent > top - NEGLIGIBLE) {
        sum += Math.exp(exponent - top);
      }
    }
    Object.assign(found, { nearest, least, top, sum });
  }
}

// The two axes along which codes vary most (the same one twice in one dimension): a grid of more would hold few codes a
// cell.
/** @param {Float32Array} means @param {number} n @param {number} d */
function widest(means, n, d) {
  const spread = Array.from({ length: d }, (_, j) => {
    let [sum, squares] = [0, 0];
    for (let i = j; i < n * d; i += d) [sum, squares] = [sum + means[i], squares + means[i] ** 2];
    return squares / n - (sum / n) ** 2;
  });
  const order = spread.map((_, j) => j).sort((a, b) => spread[b] - spread[a]);
  return [order[0], order[1] ?? order[0]];
}

export { Mixture };
