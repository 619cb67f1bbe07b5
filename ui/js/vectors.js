// Draws a vector as a picture: bars up and down from 0, or lines where it is a series. vae/page/vectors.py draws the same.

const VECTOR_WIDTH = 72;
const VECTOR_HEIGHT = 48;
const VECTOR_LEAST = 3; // the axis reaches so far up and down at least: three deviations of standardised data
const [VECTOR_PAPER, VECTOR_AXIS] = [250, 200];
const VECTOR_INKS = [40, 130, 180]; // of bars and of the first lines of a series

/** @param {ArrayLike<number>} values */
function vectorReach(values) {
  let most = 0;
  for (let k = 0; k < values.length; k++) most = Math.max(most, Math.abs(values[k]));
  let limit = VECTOR_LEAST;
  while (limit < most && limit < 1e30) limit *= 2;
  return limit;
}

// Greys of VECTOR_WIDTH x VECTOR_HEIGHT of a vector [D], or of a series of C lines with T steps each, lines = [C, T].
/** @param {ArrayLike<number>} values @param {number[] | null} [lines] @returns {Uint8Array} */
function vectorPicture(values, lines) {
  const picture = new Uint8Array(VECTOR_WIDTH * VECTOR_HEIGHT).fill(VECTOR_PAPER);
  const limit = vectorReach(values);
  /** @param {number} v */
  const row = (v) => Math.floor(((limit - v) / (2 * limit)) * (VECTOR_HEIGHT - 1) + 0.5);
  const zero = row(0);
  picture.fill(VECTOR_AXIS, zero * VECTOR_WIDTH, (zero + 1) * VECTOR_WIDTH);
  /** @param {number} x @param {number} a @param {number} b @param {number} ink */
  const column = (x, a, b, ink) => {
    for (let y = Math.min(a, b); y <= Math.max(a, b); y++) picture[y * VECTOR_WIDTH + x] = ink;
  };
  if (lines) {
    const [count, steps] = lines;
    for (let c = count - 1; c >= 0; c--) {
      let before = row(values[c * steps]);
      for (let x = 0; x < VECTOR_WIDTH; x++) {
        const t = (x / (VECTOR_WIDTH - 1)) * (steps - 1);
        const k = Math.min(Math.floor(t), Math.max(steps - 2, 0));
        const [a, b] = [values[c * steps + k], values[c * steps + Math.min(k + 1, steps - 1)]];
        const y = row(a + (b - a) * (t - k));
        column(x, before, y, VECTOR_INKS[c % VECTOR_INKS.length]);
        before = y;
      }
    }
    return picture;
  }
  const size = values.length;
  for (let x = 0; x < VECTOR_WIDTH; x++) {
    const first = Math.floor((x * size) / VECTOR_WIDTH);
    const end = Math.max(first + 1, Math.floor(((x + 1) * size) / VECTOR_WIDTH));
    // the column between two bars that are wide enough stays empty
    if (size <= VECTOR_WIDTH / 4 && x + 1 < VECTOR_WIDTH && Math.floor(((x + 1) * size) / VECTOR_WIDTH) > first)
      continue;
    let tall = values[first];
    for (let k = first + 1; k < end; k++) if (Math.abs(values[k]) > Math.abs(tall)) tall = values[k];
    column(x, zero, row(tall), VECTOR_INKS[0]);
  }
  return picture;
}

export { VECTOR_HEIGHT, VECTOR_WIDTH, vectorPicture };
