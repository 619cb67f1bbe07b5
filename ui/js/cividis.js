// Computes colours of the map cividis from nine of its colours: it is perceptually even and readable to the
// colour-blind.

const CIVIDIS = ["00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55"];
const RAMP = CIVIDIS.map((hex) => [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16)));

// Red, green and blue of t in [0, 1].
/** @param {number} t */
function cividis(t) {
  const place = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1);
  const k = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[k].map((v, c) => v + (place - k) * (RAMP[k + 1][c] - v));
}

export { CIVIDIS, cividis };
