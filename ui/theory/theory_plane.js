import { levels, principal } from "./theory_sums.js";

// Computes and draws contours of a density and ellipses on the latent plane.

const MASSES = [0.3935, 0.8647, 0.9889]; // within one, two and three standard deviations of a Normal in two dimensions

// Lines of equal value on a grid [n, m] (the last axis fastest), each piece [x0, y0, x1, y1] in units of the grid.
/** @param {ArrayLike<number>} values @param {number} n @param {number} m @param {number} level */
function isolines(values, n, m, level) {
  const found = [];
  /** @param {number} i @param {number} j */
  const at = (i, j) => values[i * m + j] - level;
  for (let i = 0; i + 1 < n; i++) {
    for (let j = 0; j + 1 < m; j++) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ];
      const high = corners.map(([a, b]) => at(a, b));
      const crossed = [];
      for (let k = 0; k < 4; k++) {
        const [p, q] = [high[k], high[(k + 1) % 4]];
        if (p > 0 === q > 0) continue;
        // densities fall like exp: far below the level, the value itself would bend the line
        const t = p / (p - q);
        const [[a, b], [c, d]] = [corners[k], corners[(k + 1) % 4]];
        crossed.push([a + t * (c - a), b + t * (d - b)]);
      }
      for (let k = 0; k + 1 < crossed.length; k += 2) found.push([...crossed[k], ...crossed[k + 1]]);
    }
  }
  return found;
}

// A density on a grid: z = corner + i basis_1 + j basis_2.
class Field {
  /**
   * @param {Floats} values @param {number[]} shape @param {ArrayLike<number>} corner
   * @param {ArrayLike<number>} basis
   */
  constructor(values, [n, m], corner, basis) {
    this.values = values;
    this.n = n;
    this.m = m;
    this.corner = corner;
    this.basis = basis;
    const floor = Math.max(...values) - 30;
    const cut = Float64Array.from(values, (v) => Math.max(v, floor));
    this.lines = levels(cut, MASSES).map((level) => isolines(cut, n, m, level));
  }

  /** @param {number} i @param {number} j */
  place(i, j) {
    const { corner, basis } = this;
    return [corner[0] + i * basis[0] + j * basis[2], corner[1] + i * basis[1] + j * basis[3]];
  }

  // The box around what the outermost line encloses.
  box() {
    const ends = this.lines[this.lines.length - 1].flatMap(([a, b, c, d]) => [this.place(a, b), this.place(c, d)]);
    const all = ends.length ? ends : [this.place(0, 0), this.place(this.n - 1, this.m - 1)];
    return [0, 1].map((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
  }

  // How much of the density the lines' inner levels hold: what a test asks for.
  /**
   * @param {{context: CanvasRenderingContext2D, X: (value: number) => number, Y: (value: number) => number}} about
   * @param {string} colour @param {number} [alpha]
   */
  draw({ context, X, Y }, colour, alpha = 1) {
    context.save();
    context.strokeStyle = colour;
    this.lines.forEach((pieces, k) => {
      context.globalAlpha = alpha * [1, 0.7, 0.4][k];
      context.lineWidth = [1.6, 1.2, 1][k];
      context.beginPath();
      for (const [a, b, c, d] of pieces) {
        const [p, q] = [this.place(a, b), this.place(c, d)];
        context.moveTo(X(p[0]), Y(p[1]));
        context.lineTo(X(q[0]), Y(q[1]));
      }
      context.stroke();
    });
    context.restore();
  }
}

// The true posterior of an image by quadrature; null where the latent space has more than two dimensions.
/** @param {ImageNumbers} now */
const quadrature = ({ density, corner, basis, shapes }) =>
  density && corner && basis ? new Field(density, shapes.density.slice(1), corner, basis) : null;

// The points of an ellipse of `sigmas` standard deviations of a covariance [a, b, c] around `at`.
/** @param {number[]} at @param {number[]} matrix @param {number} [sigmas] @param {number} [count] */
function ellipsePoints(at, matrix, sigmas = 1, count = 72) {
  const { big, small, angle } = principal(matrix);
  const [u, v] = [Math.sqrt(big) * sigmas, Math.sqrt(small) * sigmas];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return Array.from({ length: count + 1 }, (_, k) => {
    const t = (2 * Math.PI * k) / count;
    const [x, y] = [u * Math.cos(t), v * Math.sin(t)];
    return [at[0] + x * cos - y * sin, at[1] + x * sin + y * cos];
  });
}

/**
 * @param {{context: CanvasRenderingContext2D, X: (value: number) => number, Y: (value: number) => number}} about
 * @param {number[]} at @param {number[]} matrix
 * @param {{colour: string, sigmas?: number[], width?: number, alpha?: number, fill?: boolean, dash?: number[]}} about
 */
function ellipse(
  { context, X, Y },
  at,
  matrix,
  { colour, sigmas = [1], width = 2, alpha = 1, fill = false, dash = [] },
) {
  context.save();
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  for (const s of sigmas) {
    context.beginPath();
    for (const [x, y] of ellipsePoints(at, matrix, s)) context.lineTo(X(x), Y(y));
    context.closePath();
    if (fill) {
      context.globalAlpha = 0.14 * alpha;
      context.fill();
    }
    context.globalAlpha = alpha / s;
    context.stroke();
  }
  context.restore();
}

// The box around some ellipses of three standard deviations and some points.
/** @param {Gaussian2[]} ellipses @param {number[][]} [points] @param {number} [sigmas] */
function around(ellipses, points = [], sigmas = 3) {
  const all = [...ellipses.flatMap(({ at, matrix }) => ellipsePoints(at, matrix, sigmas, 24)), ...points];
  return [0, 1].map((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
}

/** @param {number[][][]} boxes */
const union = (boxes) =>
  [0, 1].map((k) => [Math.min(...boxes.map((b) => b[k][0])), Math.max(...boxes.map((b) => b[k][1]))]);

export { around, ellipse, ellipsePoints, Field, isolines, MASSES, quadrature, union };
