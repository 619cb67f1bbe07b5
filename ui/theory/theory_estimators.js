import { logSum, mean } from "./theory_sums.js";

// Computes the gradient of a bound in q's mean and log sigma by each estimator, from one set of samples: the same sums
// as vae/evaluation/gradients.py, where they are explained and compared with autograd.

// What one sample contributes, as three lists of 2 d numbers: through z, the score, and through z without the score.
/** @param {ImageNumbers} now @param {number} d @returns {Pieces} */
function pieces({ noise, slope, slope_px: slopePx, scale }, d) {
  const n = noise.length / d;
  const make = () => new Float64Array(n * 2 * d);
  const [total, score, landed, closed] = [make(), make(), make(), make()];
  for (let s = 0; s < n; s++) {
    for (let j = 0; j < d; j++) {
      const [e, sigma, g] = [noise[s * d + j], scale[j], slope[s * d + j]];
      const [a, b] = [2 * d * s + j, 2 * d * s + d + j];
      total[a] = g;
      total[b] = g * sigma * e + 1;
      score[a] = e / sigma;
      score[b] = e * e - 1;
      landed[a] = g + e / sigma;
      landed[b] = (g + e / sigma) * sigma * e;
      closed[a] = slopePx[s * d + j];
      closed[b] = slopePx[s * d + j] * sigma * e;
    }
  }
  return { total, score, landed, closed };
}

// What each sample of a group counts for: estimate = sum over the group of weight x piece.
/** @type {Record<string, EstimatorRule>} */
const ELBO = {
  reparametrised: (w) => ({ piece: "total", weights: w.map(() => 1 / w.length) }),
  closed: (w) => ({ piece: "closed", weights: w.map(() => 1 / w.length) }),
  landing: (w) => ({ piece: "landed", weights: w.map(() => 1 / w.length) }),
  score: (w) => ({ piece: "score", weights: w.map((v) => v / w.length) }),
  baseline: (w) => {
    const middle = mean(w);
    return { piece: "score", weights: w.map((v) => (v - middle) / (w.length - 1)) };
  },
};

/** @param {number[]} w */
const sharesOf = (w) => {
  const total = logSum(w);
  return w.map((v) => Math.exp(v - total));
};

/** @type {Record<string, EstimatorRule>} */
const WEIGHTED = {
  reparametrised: (w) => ({ piece: "total", weights: sharesOf(w) }),
  landing: (w) => ({ piece: "landed", weights: sharesOf(w).map((v) => v * v) }),
  score: (w) => {
    const value = logSum(w) - Math.log(w.length);
    return { piece: "score", weights: sharesOf(w).map((v) => value - v) };
  },
  baseline: (w) => {
    const [sum, whole] = [w.reduce((a, b) => a + b, 0), logSum(w)];
    const share = sharesOf(w);
    // L less its value with the k-th weight replaced by the geometric mean of the others
    return {
      piece: "score",
      weights: w.map((v, k) => {
        const replaced = w.slice();
        replaced[k] = (sum - v) / (w.length - 1);
        return whole - logSum(replaced) - share[k];
      }),
    };
  },
};

// Estimates [G][2 d] by disjoint groups of k samples; null where this estimator does not exist.
/**
 * @param {ImageNumbers} now @param {Pieces} parts @param {number} d @param {string} bound @param {string} name
 * @param {number} k
 */
function cloud(now, parts, d, bound, name, k) {
  const rule = (bound === "elbo" ? ELBO : WEIGHTED)[name];
  const closed = name === "closed" ? now.rate_slope : null;
  if (!rule || (name === "baseline" && k < 2) || closed === undefined) return null;
  const logW = now.twin_log_w ?? now.log_w;
  const found = [];
  for (let from = 0; from + k <= logW.length; from += k) {
    const { piece, weights } = rule(Array.from(logW.subarray(from, from + k)));
    const estimate = new Float64Array(2 * d);
    for (let s = 0; s < k; s++)
      for (let c = 0; c < 2 * d; c++) estimate[c] += weights[s] * parts[piece][(from + s) * 2 * d + c];
    if (closed) for (let c = 0; c < 2 * d; c++) estimate[c] -= closed[c];
    found.push(estimate);
  }
  return found;
}

// The sum of the components' variances; NaN for one estimate.
/** @param {Float64Array[] | null} estimates */
function variance(estimates) {
  if (!estimates || estimates.length < 2) return NaN;
  const size = estimates[0].length;
  let sum = 0;
  for (let c = 0; c < size; c++) {
    const middle = mean(estimates.map((g) => g[c]));
    sum += estimates.reduce((a, g) => a + (g[c] - middle) ** 2, 0) / (estimates.length - 1);
  }
  return sum;
}

export { cloud, pieces, variance };
