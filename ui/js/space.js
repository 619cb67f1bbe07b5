import { makeDecoder } from "../decode/decoder.js";
import { Mixture } from "./mixture.js";
import { say } from "./say.js";
import { el, given, inflate, minus, TAU } from "./shared.js";

const QUICK = 1e5; // codes up to which evaluating a place is quick
const NEAREST = 8; // codes that a place of a bent map is among

/** @param {number | undefined} x @param {number} [digits] */
const fixed = (x, digits = 2) => (x !== undefined && Number.isFinite(x) ? minus(x.toFixed(digits)) : "–");
/** @param {number} x */
const signed = (x) => (x > 0 ? "+" : "") + fixed(x);

// What the model knows: the decoder, the codes, and the densities p(z) and q(z). `header.limits` are those of
// vae/density/holes.py: what counts as a hole, and when q(z) is to be trusted.
class Space {
  /** @param {{header: SpaceHeader, section: Section}} about @param {() => void} changed */
  constructor({ header, section }, changed) {
    this.header = header;
    const d = (this.d = header.latent);
    this.pixels = header.shape.reduce((a, b) => a * b, 1);
    /** @param {string} name */
    const floats = (name) => {
      const bytes = section(name);
      return bytes && new Float32Array(bytes.buffer);
    };
    this.means = given(floats("means"), "codes");
    this.n = this.means.length / d;
    this.every = header.every ?? 1; // of how many images each has its code here
    this.labels = new Int32Array(given(section("labels"), "labels").buffer);
    const scales = floats("scales");
    this.mixture = new Mixture(this.means, scales, d);
    this.inverse = this.mixture.inverse; // absent without densities
    // a bent map: the codes' places, and perhaps z on a grid over them
    this.places = floats("places");
    this.inverseGrid = floats("inverse");
    /** @type {Uint8Array | null} */
    this.tiles = null;
    /** @type {ReturnType<typeof makeDecoder> | null} */
    this.decoder = null;
    if (header.atlas) {
      inflate(section("tiles")).then((tiles) => {
        this.tiles = tiles;
        changed();
      });
    } else {
      this.decoder = makeDecoder(header, given(floats("weights"), "weights"));
    }
    /** @type {Uint8Array | Float32Array | null} */
    this.images = null;
    this.vectors = header.shape.length !== 3;
    const images = section("images");
    this.hasImages = images !== null;
    if (images)
      inflate(images).then((pixels) => {
        this.images = this.vectors && pixels ? new Float32Array(pixels.buffer, pixels.byteOffset) : pixels;
        changed();
      });
    // where only some codes have their image: which ones, in order
    const pictured = section("pictured");
    this.pictured = pictured && new Int32Array(pictured.buffer);
    this.imageOf = this.pictured && new Map(Array.from(this.pictured, (i, k) => [i, k]));
    this.blended = new Float32Array(this.pixels);
    /** @type {number | null} */
    this._unit = null;
    /** @type {{strays: number, trusted: boolean} | null} */
    this._calibration = null;
  }

  // Of a map whose codes have no places of their own.
  get flat() {
    return /** @type {FlatPlane} */ (this.header.plane);
  }

  /** @param {number[]} u */
  toLatent(u) {
    if (this.places) return this.gridded(u) ?? this.amongNearest(u, this.places);
    const { origin, basis } = this.flat;
    return origin.map((o, j) => o + u[0] * basis[0][j] + u[1] * basis[1][j]);
  }

  /** @param {number[]} z */
  toPlane(z) {
    if (this.places) {
      const { nearest } = this.mixture.evaluate(z);
      return Array.from(this.places.subarray(2 * nearest, 2 * nearest + 2));
    }
    const { origin, basis } = this.flat;
    return basis.map((axis) => axis.reduce((sum, a, j) => sum + a * (z[j] - origin[j]), 0));
  }

  // The unit of keyboard steps: 1 in latent units; on a nonlinear map, whose units differ, a thirtieth of its extent.
  get unit() {
    if (!this.places) return 1;
    if (!this._unit) {
      const [low, high] = this.places.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      this._unit = (high - low) / 30;
    }
    return this._unit;
  }

  // z of the tabulated inverse at a place, between its grid points; null where there is none.
  /** @param {number[]} u */
  gridded(u) {
    const { extent, side } = /** @type {BentPlane} */ (this.header.plane);
    const { inverseGrid } = this;
    if (!inverseGrid || !extent) return null;
    const at = [0, 1].map((k) => ((u[k] - extent[2 * k]) / (extent[2 * k + 1] - extent[2 * k])) * (side - 1));
    if (at.some((t) => t < 0 || t > side - 1)) return null;
    const [x, y] = at.map((t) => Math.min(Math.floor(t), side - 2));
    const [fx, fy] = [at[0] - x, at[1] - y];
    /** @param {number} row @param {number} column @param {number} j */
    const grid = (row, column, j) => inverseGrid[(row * side + column) * this.d + j];
    return Array.from({ length: this.d }, (_, j) => {
      const low = grid(y, x, j) * (1 - fx) + grid(y, x + 1, j) * fx;
      return low * (1 - fy) + (grid(y + 1, x, j) * (1 - fx) + grid(y + 1, x + 1, j) * fx) * fy;
    });
  }

  // The mean of the codes of the nearest places, weighted by 1 / distance^2: on a code it is that code.
  /** @param {number[]} u @param {Float32Array} places */
  amongNearest(u, places) {
    /** @type {{i: number, gap: number}[]} */
    const found = [];
    for (let i = 0; i < this.n; i++) {
      const gap = (u[0] - places[2 * i]) ** 2 + (u[1] - places[2 * i + 1]) ** 2;
      if (found.length < NEAREST || gap < found[found.length - 1].gap) {
        const place = found.findIndex((other) => other.gap > gap);
        found.splice(place < 0 ? found.length : place, 0, { i, gap });
        if (found.length > NEAREST) found.pop();
      }
    }
    const z = Array.from({ length: this.d }, () => 0);
    let total = 0;
    for (const { i, gap } of found) {
      const weight = 1 / (gap + 1e-12);
      total += weight;
      for (let j = 0; j < this.d; j++) z[j] += weight * this.means[i * this.d + j];
    }
    return z.map((v) => v / total);
  }

  /** @param {number} i */
  code(i) {
    return Array.from(this.means.subarray(i * this.d, (i + 1) * this.d));
  }

  // The mean of p(x|z), Float32Array, valid until the next call; null where an atlas has nothing (yet).
  /** @param {number[]} z */
  decode(z) {
    return this.decoder ? this.decoder.decode(z) : this.blend(this.toPlane(z));
  }

  // Bilinear interpolation of the pre-decoded tiles around plane point u; null outside of them.
  /** @param {number[]} u */
  blend(u) {
    const { tiles } = this;
    const { side, extent } = given(this.header.atlas, "atlas");
    const [x0, x1, y0, y1] = extent;
    const slack = 1e-4 * (x1 - x0 + y1 - y0); // the outermost codes lie on the edge itself
    const outside = u[0] < x0 - slack || u[0] > x1 + slack || u[1] < y0 - slack || u[1] > y1 + slack;
    if (!tiles || outside) return null;
    const at = [0, 1].map((k) => {
      const t = ((u[k] - extent[2 * k]) / (extent[2 * k + 1] - extent[2 * k])) * (side - 1);
      return Math.min(Math.max(t, 0), side - 1);
    });
    const [x, y] = at.map((t) => Math.min(Math.floor(t), side - 2));
    const [fx, fy] = [at[0] - x, at[1] - y];
    /** @param {number} row @param {number} column */
    const corner = (row, column) => (row * side + column) * this.pixels;
    const [a, b, c, e] = [corner(y, x), corner(y, x + 1), corner(y + 1, x), corner(y + 1, x + 1)];
    for (let t = 0; t < this.pixels; t++) {
      const low = tiles[a + t] * (1 - fx) + tiles[b + t] * fx;
      const high = tiles[c + t] * (1 - fx) + tiles[e + t] * fx;
      this.blended[t] = (low * (1 - fy) + high * fy) / 255;
    }
    return this.blended;
  }

  // {nearest, distance, logP, logQ}: the nearest code, and both log-densities in nats (absent for an autoencoder), over
  // all codes but number `skip`.
  /** @param {number[]} z @param {number} [skip] */
  evaluate(z, skip = -1) {
    const found = this.mixture.evaluate(z, skip);
    if (this.inverse) found.logP = (-this.d / 2) * Math.log(TAU) - z.reduce((s, v) => s + v * v, 0) / 2;
    return found;
  }

  // How codes look that are left out of q(z), over a spread of 200 (fewer where that takes long): the share that would
  // count as holes. Few codes in many dimensions leave most of them alone, and q(z) worthless.
  get calibration() {
    if (!this._calibration) {
      const count = Math.min(200, this.n, Math.max(50, Math.round((200 * QUICK) / this.n)));
      const left = Array.from({ length: count }, (_, k) => {
        const i = Math.floor((k * this.n) / count);
        return this.evaluate(this.code(i), i);
      });
      const strays = left.filter((s) => difference(s) < this.header.limits.hole).length / count;
      this._calibration = {
        strays,
        trusted: Boolean(this.inverse) && strays <= this.header.limits.strays,
      };
    }
    return this._calibration;
  }

  // Whether q(z) separates data from holes here; never for an autoencoder, which has none.
  get trusted() {
    return this.calibration.trusted;
  }

  /** @param {Evaluation} found */
  verdict(found) {
    if (this.trusted) {
      const inside = difference(found) >= this.header.limits.hole;
      return { inside, text: inside ? say("near the codes of real images") : say("in a hole") };
    }
    const inside = found.distance <= this.header.limits.far;
    return { inside, text: inside ? say("near a code") : say("far from every code") };
  }

  // What the model makes of example i; null where an atlas of another place is all there is.
  /** @param {number} i */
  reconstruction(i) {
    return this.decoder || this.d <= 2 ? this.decode(this.code(i)) : null;
  }

  // The real image i in [0, 1] or the real vector i, or null.
  /** @param {number} i */
  real(i) {
    const at = this.imageOf ? this.imageOf.get(i) : i;
    if (!this.images || at === undefined) return null;
    const own = this.images.subarray(at * this.pixels, (at + 1) * this.pixels);
    return Float32Array.from(own, this.vectors ? (v) => v : (v) => v / 255);
  }

  // The codes nearest to z among those that have their image, nearest first; all of them where none has.
  /** @param {number[]} z @param {number} count */
  nearest(z, count) {
    const { d, means, pictured, n } = this;
    /** @type {{i: number, gap: number}[]} */
    const found = [];
    for (let k = 0, end = pictured?.length ?? n; k < end; k++) {
      const i = pictured ? pictured[k] : k;
      let gap = 0;
      for (let j = 0, s = i * d; j < d; j++, s++) gap += (z[j] - means[s]) ** 2;
      if (found.length === count && gap >= found[count - 1].gap) continue;
      const place = found.findIndex((other) => other.gap > gap);
      found.splice(place < 0 ? found.length : place, 0, { i, gap });
      if (found.length > count) found.pop();
    }
    return found.map(({ i }) => i);
  }

  // Which image of the data code i is of.
  /** @param {number} i */
  number(i) {
    return i * this.every;
  }

  /** @param {number} i */
  label(i) {
    const k = this.labels[i];
    return k < 0 ? "" : (this.header.classes[k] ?? String(k));
  }
}

// log q(z) - log p(z) in nats; not a number without densities.
/** @param {Evaluation} found */
const difference = ({ logP = NaN, logQ = NaN }) => logQ - logP;

/** @param {string} role @param {string} label */
function picture(role, label) {
  const canvas = el("canvas", { role: "img", "aria-label": label, width: 1, height: 1 });
  const caption = el("figcaption", {}, label);
  return { canvas, caption, figure: el("figure", { class: role }, canvas, caption) };
}

export { fixed, picture, Space, signed };
