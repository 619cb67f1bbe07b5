// Computes the Theory page's sums as vae.evaluation does: bounds from weights, masses of a density, small matrices.

/** @param {ArrayLike<number>} values @param {number} [from] @param {number} [to] */
function logSum(values, from = 0, to = values.length) {
  let top = -Infinity;
  for (let i = from; i < to; i++) if (values[i] > top) top = values[i];
  if (top === -Infinity) return top;
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.exp(values[i] - top);
  return top + Math.log(sum);
}

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** @param {number[]} values */
function spread(values) {
  if (values.length < 2) return NaN;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (values.length - 1));
}

// log of the mean of exp over each disjoint group of k; what is left over is dropped.
/** @param {ArrayLike<number>} logs @param {number} k */
function groups(logs, k) {
  const found = [];
  for (let i = 0; i + k <= logs.length; i += k) found.push(logSum(logs, i, i + k) - Math.log(k));
  return found;
}

// L_K, its standard error over the groups, and the mean effective sample size.
/** @param {Floats} logW @param {number} k */
function rung(logW, k) {
  const values = groups(logW, k);
  const ess = values.map((_, g) => essOf(logW, g * k, (g + 1) * k));
  return { k, value: mean(values), se: spread(values) / Math.sqrt(values.length), ess: mean(ess), values };
}

// L_K of an image whose ELBO is known better than its samples tell (in part or wholly in closed form): the ELBO and what
// K samples add to it. The gain is never negative, by Jensen's inequality in each group; where log p(x) is known, it is
// the limit. So every place of the page prints ELBO <= L_K <= log p(x), and at K = 1 one number for both.
/**
 * @param {{log_w: Floats, numbers: {elbo: number, elbo_se?: number, elbo_error?: number, log_px?: number}}} now
 * @param {number} k
 */
function bound({ log_w: logW, numbers }, k) {
  const { values, ess } = rung(logW, k);
  const { elbo, log_px: truth } = numbers;
  if (k === 1) return { k, value: elbo, se: numbers.elbo_se ?? 0, error: numbers.elbo_error ?? 0, ess, values };
  const gains = values.map((value, g) => value - mean(Array.from(logW.subarray(g * k, (g + 1) * k))));
  // of a single group the spread is unknown: its error by the delta method, from the weights themselves
  const own = gains.length > 1 ? spread(gains) / Math.sqrt(gains.length) : Math.sqrt(Math.max(1 / ess - 1 / k, 0));
  const se = Math.hypot(own, numbers.elbo_se ?? 0);
  return { k, value: Math.min(elbo + mean(gains), truth ?? Infinity), se, error: 0, ess, values };
}

/** @param {Floats} logW @param {number} [from] @param {number} [to] */
function essOf(logW, from = 0, to = logW.length) {
  const twice = Float64Array.from(logW.subarray(from, to), (v) => 2 * v);
  return Math.exp(2 * logSum(logW, from, to) - logSum(twice));
}

// Densities above which the given masses lie, for log-density values on cells of equal size (their sum taken as 1).
/** @param {Float64Array} logDensity @param {number[]} masses */
function levels(logDensity, masses) {
  const sorted = Float64Array.from(logDensity).sort().reverse();
  const total = logSum(sorted);
  const found = [];
  let [sum, i] = [0, 0];
  for (const mass of masses) {
    while (i < sorted.length && sum < mass) sum += Math.exp(sorted[i++] - total);
    found.push(sorted[Math.max(i - 1, 0)]);
  }
  return found;
}

// Eigenvalues and the first eigenvector's angle of a symmetric 2 x 2 matrix [a, b, c].
/** @param {number[]} place */
function principal([a, b, c]) {
  const [middle, half] = [(a + c) / 2, Math.hypot((a - c) / 2, b)];
  return { big: middle + half, small: Math.max(middle - half, 0), angle: 0.5 * Math.atan2(2 * b, a - c) };
}

// The part [a, b, c] of a d x d matrix that belongs to two dimensions.
/** @param {ArrayLike<number>} matrix @param {number} d @param {number} i @param {number} j */
const part = (matrix, d, i, j) => [matrix[i * d + i], matrix[i * d + j], matrix[j * d + j]];

// Mean and covariance [a, b, c] of points [n, d] in two dimensions, under weights that sum up to one.
/**
 * @param {ArrayLike<number>} points @param {number} d @param {number[]} dims @param {Float64Array} w
 * @returns {Gaussian2}
 */
function moments(points, d, [i, j], w) {
  const n = points.length / d;
  let [x, y] = [0, 0];
  for (let s = 0; s < n; s++) [x, y] = [x + w[s] * points[s * d + i], y + w[s] * points[s * d + j]];
  let [a, b, c] = [0, 0, 0];
  for (let s = 0; s < n; s++) {
    const [u, v] = [points[s * d + i] - x, points[s * d + j] - y];
    [a, b, c] = [a + w[s] * u * u, b + w[s] * u * v, c + w[s] * v * v];
  }
  return { at: [x, y], matrix: [a, b, c] };
}

/** @param {ArrayLike<number>} logW */
function shares(logW) {
  const total = logSum(logW);
  return Float64Array.from(logW, (v) => Math.exp(v - total));
}

export { bound, essOf, groups, levels, logSum, mean, moments, part, principal, rung, shares, spread };
