import { given, inflate, plain, unpack } from "./shared.js";

// Reads the film that Python sent into typed arrays, and computes each frame's view and class medians.

const OUTSIDE = 0.005; // the share of points at either end of an axis that its range may leave out
const RINGS = 3.2; // standard deviations of the prior that stay in view

// Return {header, frames, labels, originals, history}, all arrays typed; the inverse of film._packed.
/** @param {Uint8Array} bytes @returns {Promise<FilmContent>} */
async function readFilm(bytes) {
  /** @type {Packet<FilmHeader>} */
  const { header, section } = unpack(bytes);
  const deflated = ["codes", "reconstructions", "samples", "originals"];
  const [codes, reconstructions, samples, originals] = await Promise.all(
    deflated.map((name) => inflate(section(name))),
  );
  const rates = section("rates");
  const [places, numbers] = [codes && new Float32Array(codes.buffer), rates && new Float32Array(rates.buffer)];
  /** @template {Float32Array | Uint8Array} Kind @param {Kind | null} array @param {number} k */
  const part = (array, k) => {
    const size = (array?.length ?? 0) / header.steps.length;
    return /** @type {Kind | undefined} */ (array?.subarray(k * size, (k + 1) * size));
  };
  const frames = header.steps.map((step, k) => ({
    step,
    titles: header.titles.map(plain),
    rings: header.rings,
    codes: given(part(places, k), "codes"),
    rate: part(numbers, k),
    reconstructions: part(reconstructions, k),
    samples: part(samples, k),
    view: [],
    medians: [],
  }));
  /** @param {string} name */
  const buffer = (name) => given(section(name), name).buffer;
  const history = {
    step: new Int32Array(buffer("history_step")),
    distortion: new Float32Array(buffer("history_distortion")),
    rate: new Float32Array(buffer("history_rate")),
    valid_step: new Int32Array(buffer("history_valid_step")),
    valid_distortion: new Float32Array(buffer("history_valid_distortion")),
    valid_rate: new Float32Array(buffer("history_valid_rate")),
  };
  return { header, frames, history, labels: new Int32Array(buffer("labels")), originals };
}

/** @param {Float32Array} sorted */
const middle = (sorted) => sorted[sorted.length >> 1];

// What follows from a frame's codes, once: the view that holds them, and each class's median.
/** @param {Moment} frame @param {ArrayLike<number>} labels @param {{latent: number, classes: string[]}} about */
function summarise(frame, labels, { latent, classes }) {
  if (frame.view.length) return;
  const count = frame.codes.length / 2;
  /** @param {number} axis @param {number[] | null} [chosen] */
  const along = (axis, chosen = null) => {
    const values = new Float32Array(chosen ? chosen.length : count);
    for (let i = 0; i < values.length; i++) values[i] = frame.codes[2 * (chosen ? chosen[i] : i) + axis];
    return values.sort();
  };
  const bounds = [0, 1].flatMap((axis) => {
    const sorted = along(axis);
    const cut = Math.floor(OUTSIDE * count);
    const [low, high] = [sorted[cut], sorted[count - 1 - cut]];
    const ring = frame.rings ? [frame.rings[axis] - RINGS, frame.rings[axis] + RINGS] : [Infinity, -Infinity];
    return [Math.min(low, ring[0]), Math.max(high, ring[1])];
  });
  const [x0, x1, y0, y1] = bounds;
  const half = latent === 1 ? [0.52 * (x1 - x0), 1.02] : Array(2).fill(0.52 * Math.max(x1 - x0, y1 - y0, 1e-6));
  const [cx, cy] = [(x0 + x1) / 2, latent === 1 ? 0 : (y0 + y1) / 2];
  frame.view = [cx - half[0], cx + half[0], cy - half[1], cy + half[1]];
  frame.medians = classes.map((_, k) => {
    /** @type {number[]} */
    const members = [];
    for (let i = 0; i < count; i++) if (labels[i] === k) members.push(i);
    return members.length ? [0, 1].map((axis) => middle(along(axis, members))) : null;
  });
}

export { RINGS, readFilm, summarise };
