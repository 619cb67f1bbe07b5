// Computes curves through waypoints, as vae/geometry/curves.py does: points [M][d] and the share of the way before
// each.

const OPPOSITE = 1e-9; // relative to a half turn: nearer to it, only rounding errors would choose the direction

/** @param {number[]} a */
const norm = (a) => Math.hypot(...a);
/** @param {number[]} a @param {number[]} b @param {number} t */
const lerp = (a, b, t) => a.map((v, j) => (1 - t) * v + t * b[j]);

// The great circle about 0, its norm going evenly from one to the other; null between opposite directions.
/** @param {number[]} a @param {number[]} b @param {number} t */
function slerp(a, b, t) {
  const [ra, rb] = [norm(a), norm(b)];
  if (ra === 0 || rb === 0) return lerp(a, b, t);
  const [u, v] = [a.map((x) => x / ra), b.map((x) => x / rb)];
  const angle = 2 * Math.atan2(norm(u.map((x, j) => x - v[j])), norm(u.map((x, j) => x + v[j])));
  if (Math.PI - angle < OPPOSITE) return null;
  if (angle < Number.EPSILON) return lerp(a, b, t);
  const radius = ((1 - t) * ra + t * rb) / Math.sin(angle);
  return u.map((x, j) => radius * (Math.sin((1 - t) * angle) * x + Math.sin(t * angle) * v[j]));
}

// The share of the length before each point; even shares for a curve without length.
/** @param {number[][]} points */
function shares(points) {
  const way = [0];
  for (let i = 1; i < points.length; i++) way.push(way[i - 1] + norm(points[i].map((v, j) => v - points[i - 1][j])));
  const whole = way[way.length - 1];
  return way.map((v, i) => (whole > 0 ? v / whole : i / (way.length - 1)));
}

// {points, share} from each waypoint to the next in so many steps; null where `piece` returns null.
/** @param {number[][]} waypoints @param {Piece} piece @param {number} steps @returns {Route | null} */
function through(waypoints, piece, steps) {
  const points = [waypoints[0]];
  for (let k = 1; k < waypoints.length; k++) {
    for (let s = 1; s <= steps; s++) {
      const z = piece(waypoints[k - 1], waypoints[k], s / steps);
      if (!z) return null;
      points.push(z);
    }
  }
  return { points, share: shares(points) };
}

// The point at share t, interpolated.
/** @param {Route} route @param {number} t */
function at({ points, share }, t) {
  let [low, high] = [0, share.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (share[middle] <= t) low = middle;
    else high = middle;
  }
  const span = share[high] - share[low];
  return lerp(points[low], points[high], span > 0 ? Math.min(Math.max((t - share[low]) / span, 0), 1) : 0);
}

// A curve bent to moved waypoints, each piece by its ends: it is shown while dragging, until the answer arrives.
/** @param {Route} route @param {number[][]} before @param {number[][]} now @returns {Route | null} */
function carried({ points, share }, before, now) {
  if (before.length !== now.length) return null;
  const steps = (points.length - 1) / (before.length - 1);
  const shift = before.map((z, k) => z.map((v, j) => now[k][j] - v));
  const bent = points.map((z, i) => {
    const k = Math.min(Math.floor(i / steps), before.length - 2);
    const push = lerp(shift[k], shift[k + 1], i / steps - k);
    return z.map((v, j) => v + push[j]);
  });
  return { points: bent, share };
}

export { at, carried, lerp, shares, slerp, through };
