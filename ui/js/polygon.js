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

export { contains, crosses, fromBits, toBits };
