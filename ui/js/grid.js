// Orders points on a plane by the cells of a uniform grid: the points of a cell lie together in memory, and a bound on
// a cell's box holds for all of its points.

const PER_CELL = 64; // points that a cell holds on average
const SIDE = 160; // cells along an axis at most: beyond, looking at the cells costs more than at their points
const SAMPLE = 2000; // points from which the extent of the grid is estimated
const TAIL = 0.005; // share of them beyond either of its edges, which go to the outermost cells

class Grid {
  // x and y are arrays of n coordinates; `order` holds the points' numbers cell by cell, `starts` where each cell
  // begins in it, `boxes` the four edges x0, x1, y0, y1 of what a cell really holds. There are no empty cells.
  /** @param {Float32Array} x @param {Float32Array} y */
  constructor(x, y) {
    const n = x.length;
    const side = Math.min(Math.max(Math.ceil(Math.sqrt(n / PER_CELL)), 1), SIDE);
    const cell = new Uint16Array(n);
    for (const [values, stride] of /** @type {[Float32Array, number][]} */ ([
      [x, 1],
      [y, side],
    ])) {
      const [low, width] = extent(values);
      const scale = side / width;
      for (let i = 0; i < n; i++)
        cell[i] += stride * Math.min(Math.max(Math.floor((values[i] - low) * scale), 0), side - 1);
    }
    const sizes = new Int32Array(side * side + 1);
    for (let i = 0; i < n; i++) sizes[cell[i] + 1]++;
    for (let c = 0; c < side * side; c++) sizes[c + 1] += sizes[c];
    const next = sizes.slice();
    this.order = new Int32Array(n);
    for (let i = 0; i < n; i++) this.order[next[cell[i]]++] = i;
    this.starts = Int32Array.from([...new Set(sizes)]);
    this.count = this.starts.length - 1;
    this.boxes = new Float64Array(4 * this.count);
    for (let c = 0; c < this.count; c++) {
      let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
      for (let t = this.starts[c]; t < this.starts[c + 1]; t++) {
        const i = this.order[t];
        if (x[i] < x0) x0 = x[i];
        if (x[i] > x1) x1 = x[i];
        if (y[i] < y0) y0 = y[i];
        if (y[i] > y1) y1 = y[i];
      }
      this.boxes.set([x0, x1, y0, y1], 4 * c);
    }
  }

  // Values [n, width] in the order of the cells.
  /** @param {Float32Array} values @param {number} [width] */
  ordered(values, width = 1) {
    const { order } = this;
    const made = values.slice();
    for (let t = 0; t < order.length; t++)
      for (let j = 0; j < width; j++) made[width * t + j] = values[width * order[t] + j];
    return made;
  }
}

// Where nearly all of the values lie: [low, width].
/** @param {Float32Array} values */
function extent(values) {
  const count = Math.min(SAMPLE, values.length);
  const some = Float64Array.from({ length: count }, (_, k) => values[Math.floor((k * values.length) / count)]).sort();
  const cut = Math.floor(TAIL * count);
  const low = some[cut] ?? 0;
  return [low, (some[count - 1 - cut] ?? 0) - low || 1];
}

export { Grid };
