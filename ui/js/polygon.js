// Computes which points a lasso holds, and packs them as bits for the server.

// Whether a point lies within a polygon of points [x, y], by the number of its edges to the right.
/** @param {number[][]} polygon @param {number} x @param {number} y */
function contains(polygon, x, y) {
  let inside = false;
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [[xa, ya], [xb, yb]] = [polygon[a], polygon[b]];
    if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) inside = !inside;
  }
  return inside;
}

// Whether an edge of a polygon passes through a box x0, x1, y0, y1, or only may: then points have to be asked one by
// one.
/** @param {number[][]} polygon @param {number} x0 @param {number} x1 @param {number} y0 @param {number} y1 */
function crosses(polygon, x0, x1, y0, y1) {
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [[xa, ya], [xb, yb]] = [polygon[a], polygon[b]];
    if (Math.max(xa, xb) < x0 || Math.min(xa, xb) > x1 || Math.max(ya, yb) < y0 || Math.min(ya, yb) > y1) continue;
    // the box lies on one side of the edge's line if all of its corners do
    /** @param {number} x @param {number} y */
    const side = (x, y) => (xb - xa) * (y - ya) - (yb - ya) * (x - xa);
    const corners = [side(x0, y0), side(x1, y0), side(x0, y1), side(x1, y1)];
    if (!corners.every((s) => s > 0) && !corners.every((s) => s < 0)) return true;
  }
  return false;
}

// Bytes of 0 and 1 as base64 of bits, lowest first; see selection.from_bits.
/** @param {ArrayLike<number>} mask */
function toBits(mask) {
  const bits = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i]) bits[i >> 3] |= 1 << (i & 7);
  let text = "";
  for (let i = 0; i < bits.length; i += 8192) text += String.fromCharCode(...bits.subarray(i, i + 8192));
  return btoa(text);
}

// The inverse, n bytes of 0 and 1; null where none is 1.
/** @param {Uint8Array | null} bytes @param {number} n */
function fromBits(bytes, n) {
  if (!bytes?.length) return null;
  const mask = new Uint8Array(n);
  for (let i = 0; i < n; i++) mask[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return mask.includes(1) ? mask : null;
}

// The corners that a polygon drawn by hand keeps: none further than `slack` from it, each rounded to less than that, so
// that a link can hold them. What a lasso selects is what these hold.
/** @param {number[][]} polygon @param {number} slack @param {number} [most] */
function tidied(polygon, slack, most = 150) {
  let found = thinned(polygon, slack);
  for (let s = 1.5 * slack; found.length > most; s *= 1.5) found = thinned(polygon, s);
  const scale = 10 ** Math.min(Math.max(Math.ceil(-Math.log10(slack)), 0), 6);
  return found.map((corner) => corner.map((v) => Math.round(v * scale) / scale));
}

// Leave out what lies nearly on the line between its neighbours (Ramer, Douglas and Peucker).
/** @param {number[][]} line @param {number} slack @returns {number[][]} */
function thinned(line, slack) {
  if (line.length < 4) return line;
  const last = line.length - 1;
  const keep = new Uint8Array(line.length);
  // a lasso ends where it began: the corner that is farthest from there divides it
  const far = line.reduce((best, p, k) => (distance(p, line[0]) > distance(line[best], line[0]) ? k : best), 0);
  keep[0] = keep[far] = keep[last] = 1;
  const parts = [
    [0, far],
    [far, last],
  ];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let [most, at] = [slack, -1];
    for (let k = from + 1; k < to; k++) {
      const off = offset(line[k], line[from], line[to]);
      if (off > most) [most, at] = [off, k];
    }
    if (at < 0) continue;
    keep[at] = 1;
    parts.push([from, at], [at, to]);
  }
  const made = line.filter((_, k) => keep[k]);
  return made.length < 3 ? line.slice(0, 3) : made;
}

/** @param {number[]} a @param {number[]} b */
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

// How far a point lies from the segment between two others.
/** @param {number[]} p @param {number[]} a @param {number[]} b */
function offset(p, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const t = length ? Math.min(Math.max(((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length, 0), 1) : 0;
  return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}

export { contains, crosses, fromBits, tidied, toBits };
