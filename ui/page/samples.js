import { themeOf } from "../js/drawing.js";
import { say } from "../js/say.js";
import { el } from "../js/shared.js";
import { bytes, Sheet } from "../js/sheet.js";

// Draws images decoded at draws of the prior: drawn here where the prior is N(0, I), else those that came with the page.

const COUNT = 32;
const COLUMNS = 8;

// Normal numbers by a seed (mulberry32 and Box-Muller), so that a page can be compared with itself.
/** @param {number} seed */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

class Samples {
  // `draws` [K, d] are of a learned prior, null for N(0, I); `choose(z)` is called with a sample that is clicked.
  /**
   * @param {HTMLElement} place @param {Decode} decode @param {PageHeader["traverse"] & {latent: number}} about
   * @param {Float32Array | null} draws @param {(z: number[]) => void} choose
   */
  constructor(place, decode, about, draws, choose) {
    this.decode = decode;
    this.about = about;
    this.draws = draws;
    this.seed = 0;
    /** @type {number[][]} */
    this.z = [];
    this.sheet = new Sheet(say("Means of p(x|z) at draws of the prior"), { choose: (i) => choose(this.z[i]) });
    this.again = el("button", { type: "button" }, say("New samples"));
    this.again.addEventListener("click", () => this.draw(this.seed + 1));
    const hint = draws
      ? say("{n} draws of the learned prior are in this page. Click one to pin it on the map.", {
          n: draws.length / about.latent,
        })
      : say("z ~ N(0, I). Click one to pin it on the map.");
    this.hint = el("span", { class: "hint" }, hint);
    const tools = el("div", { class: "tools" }, this.again, this.hint);
    this.node = el("div", { class: "instrument samples" }, tools, this.sheet.node);
    place.append(this.node);
    this.sizes = new ResizeObserver(() => this.sheet.draw());
    this.sizes.observe(this.sheet.node);
    this.draw(0);
  }

  /** @param {number} seed */
  draw(seed) {
    const { draws, about } = this;
    const { latent, shape, vector, lines } = about;
    this.seed = seed;
    const normal = normals(seed);
    const kept = draws ? draws.length / latent : 0;
    this.z = Array.from({ length: COUNT }, (_, k) => {
      if (!draws) return Array.from({ length: latent }, normal);
      const row = (seed * COUNT + k) % kept;
      return Array.from(draws.subarray(row * latent, (row + 1) * latent));
    });
    const size = shape.reduce((a, b) => a * b, 1);
    const images = new Uint8ClampedArray(COUNT * size);
    this.z.forEach((z, k) => {
      const pixels = this.decode(z);
      if (pixels) images.set(bytes(pixels, vector, lines), k * size);
    });
    this.sheet.set(images, shape, COLUMNS, themeOf(this.node).decoder);
  }
}

export { normals, Samples };
