import { makeDecoder } from "../decode/decoder.js";
import { paint } from "../js/paint.js";
import { say } from "../js/say.js";
import { el, given, unpack } from "../js/shared.js";
import { Network } from "./machine_network.js";
import { Plane, window_ } from "./machine_plane.js";
import {
  costWords,
  exampleName,
  exampleSize,
  gist,
  oneExample,
  outputSize,
  short,
  stageSizes,
  subscript,
  tuple,
  two,
} from "./machine_words.js";

// The machine that opens the page: x, the encoder, q(z|x), z, the decoder, p(x|z). All of it is the loaded model and the
// picked image: the layers with their sizes, what they compute, and what is decoded from the point z that is dragged.

const GLIDE = 350; // ms in which z moves to another sample
const EVERY = 1400; // ms between two samples while they are drawn by themselves

class Machine {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    this.page = page;
    /** @type {ImageNumbers | null} */
    this.now = null;
    /** @type {ReturnType<typeof makeDecoder> | null} */
    this.decoder = null;
    /** @type {Uint8Array | null} */
    this.decoderBytes = null;
    /** @type {{image: number, values: Floats[], shapes: number[][]} | null} */
    this.encoded = null;
    /** @type {{mean: Floats, layers: (Floats | null)[], shapes: number[][]} | null} */
    this.decoded = null;
    /** @type {number[]} */
    this.z = []; // the point that is decoded, all of its numbers
    /** @type {number[] | null} */
    this.asked = null; // what the pool decodes, where the browser cannot
    this.whole = false;
    this.sampled = 0; // which of the samples of q is next
    this.playing = 0;
    this.gliding = 0;
    /** @type {Float32Array} */
    this.codes = new Float32Array(0);
    /** @type {number[]} */
    this.spread = [1];

    /** @param {string} kind @param {string} name */
    const canvas = (kind, name) => el("canvas", { class: kind, role: "img", "aria-label": name });
    this.x = canvas("image x", "x");
    this.made = canvas("image made", "p(x|z)");
    this.hint = el("p", { class: "hint", "data-usual": "" });
    const [encoder, decoder] = [canvas("network", "encoder"), canvas("network", "decoder")];
    this.networkOf = {
      encoder: new Network(encoder, this.hint, false),
      decoder: new Network(decoder, this.hint, true),
    };
    this.plane = new Plane((z, how) => this.drag(z, how));
    this.sizes = {
      x: el("figcaption"),
      encoder: el("figcaption"),
      q: el("figcaption"),
      decoder: el("figcaption"),
      made: el("figcaption"),
    };
    this.qWords = el("span");
    let k = 0;
    /** @param {string} kind @param {(Node | string)[]} head @param {HTMLElement} drawing @param {HTMLElement} words */
    const part = (kind, head, drawing, words) =>
      el(
        "figure",
        { class: `part ${kind}`, style: `--k:${k++}` },
        el("div", { class: "name" }, ...head),
        drawing,
        words,
      );
    const arrow = () => el("span", { class: "arrow", "aria-hidden": "true", style: `--k:${k - 0.5}` });
    /** @param {string} text */
    const formula = (text) => el("i", {}, text);
    this.what = el("span", {}, say("one image"));
    this.flow = el(
      "div",
      { class: "flow" },
      part("x", [formula("x"), " ", this.what], this.x, this.sizes.x),
      arrow(),
      part("encoder", [say("encoder")], encoder, this.sizes.encoder),
      arrow(),
      part("q", [formula("q(z|x)"), " ", this.qWords], this.plane.canvas, this.sizes.q),
      arrow(),
      part("decoder", [say("decoder")], decoder, this.sizes.decoder),
      arrow(),
      part("made", [formula("p(x|z)")], this.made, this.sizes.made),
    );
    this.numbers = el("p", { class: "values" });
    this.cost = el("p", { class: "cost" });
    this.bound = el("p", { class: "bound" });
    this.gist = el("p", { class: "gist" });
    this.live = el("div", { class: "live", "aria-live": "polite" });
    /** @param {string} text @param {() => void} pressed */
    const button = (text, pressed) => {
      const node = el("button", { type: "button" }, text);
      node.addEventListener("click", pressed);
      return node;
    };
    this.another = button(say("Draw another z"), () => this.sample());
    this.play = button(say("Keep drawing z"), () => this.togglePlay());
    this.back = button(say("Back to the mean"), () => this.glide(this.mean));
    this.near = button(say("Show the whole map"), () => {
      this.whole = !this.whole;
      this.page.requestDraw();
    });
    this.play.setAttribute("aria-pressed", "false");
    this.near.setAttribute("aria-pressed", "false");
    this.controls = el("div", { class: "controls" }, this.another, this.play, this.back, this.near);
    this.node = el(
      "section",
      { class: "machine", "data-chapter": 0, "aria-label": say("The machine") },
      this.flow,
      this.numbers,
      this.cost,
      this.bound,
      this.controls,
      this.hint,
      this.gist,
      this.live,
    );
  }

  destroy() {
    clearInterval(this.playing);
    cancelAnimationFrame(this.gliding);
  }

  get header() {
    return this.page.header;
  }

  /** @param {TheoryHeader} header @param {Section} section */
  begin(header, section) {
    this.destroy();
    this.playing = 0;
    this.play.setAttribute("aria-pressed", "false");
    this.now = this.encoded = this.decoded = this.asked = null;
    this.decoder = this.page.decoder;
    this.decoderBytes = null;
    this.codes = new Float32Array(given(section("codes"), "codes").buffer);
    const d = header.latent;
    this.spread = Array.from({ length: d }, (_, j) => {
      let [sum, squares, n] = [0, 0, this.codes.length / d];
      for (let i = j; i < this.codes.length; i += d)
        [sum, squares] = [sum + this.codes[i], squares + this.codes[i] ** 2];
      return Math.sqrt(squares / n) || 1;
    });
    const names = { encoder: say("encoder"), decoder: say("decoder") };
    for (const part of /** @type {const} */ (["encoder", "decoder"])) {
      const sizes = stageSizes(header.machine[part]);
      this.sizes[part].textContent = sizes;
      this.networkOf[part].canvas.setAttribute("aria-label", `${names[part]}: ${sizes}`);
    }
    this.sizes.x.textContent = exampleSize(header);
    this.sizes.made.textContent = outputSize(header);
    this.what.textContent = oneExample(header.example);
    this.qWords.textContent = header.probabilistic ? say("a small cloud, not a point") : say("a point: no cloud");
    this.another.hidden = this.play.hidden = !header.probabilistic;
    this.plane.one = d === 1;
    this.gist.replaceChildren(...gist(header));
    this.hint.dataset.usual = this.hint.textContent = say(
      "Each cell is a number that a layer computes: the fuller its colour, the larger it is.",
    );
  }

  get dims() {
    const [a, b] = this.page.dims;
    return this.plane.one ? [a] : [a, b];
  }

  get mean() {
    return Array.from(given(this.now, "image").code ?? given(this.now, "image").mean);
  }

  // Another image: its numbers, and the point z at its mean again. What passes through the machine is seen to pass.
  /** @param {ImageNumbers} now */
  update(now) {
    const another = now.image !== this.now?.image;
    this.now = now;
    this.picture(this.x, now.x);
    if (another) {
      this.flow.classList.remove("run");
      void this.flow.offsetWidth; // what restarts the animation
      this.flow.classList.add("run");
      this.sampled = 0;
    }
    this.x.setAttribute("aria-label", `x: ${exampleName(this.header.example)} ${now.image}`);
    const [price, bound] = costWords(this.header, now.numbers);
    this.cost.replaceChildren(...price);
    this.bound.replaceChildren(...bound);
    if (another || this.z.length !== this.header.latent) this.moveTo(this.mean);
    else this.moveTo(this.z);
  }

  // An answer of the pool: what the encoder's layers make of an image, or what it decoded at z.
  /** @param {string} what @param {Record<string, unknown> & {image: number, shapes: Record<string, number[]>}} answer */
  arrived(what, answer) {
    const names = Object.keys(answer.shapes).filter((name) => name.startsWith("layer"));
    const values = names.map((name) => /** @type {Floats} */ (answer[name]));
    const shapes = names.map((name) => answer.shapes[name].slice(1));
    if (what === "encoding") this.encoded = { image: answer.image, values, shapes };
    else {
      this.decoded = { mean: /** @type {Floats} */ (answer.mean), layers: values, shapes };
      const [before, z] = [this.asked, this.z];
      this.asked = null;
      this.showMade();
      if (before?.join() !== z.join()) this.ask();
    }
    this.page.requestDraw();
  }

  // The decoder under the image's label, which is sent apart from the model, of a conditional one.
  takeDecoder() {
    const bytes = window.__latentAnswers?.get(`theory_${this.header.name}_decoder`);
    if (!bytes || bytes === this.decoderBytes) return;
    this.decoderBytes = bytes;
    /** @type {Packet<{decoder: DecoderHeader}>} */
    const { header, section } = unpack(bytes);
    this.decoder = makeDecoder(header.decoder, new Float32Array(given(section("weights"), "weights").buffer));
    if (this.now) this.moveTo(this.z);
  }

  /** @param {number[]} z */
  moveTo(z) {
    this.z = z;
    const { header, decoder } = this;
    if (decoder) {
      const { hidden } = header.machine.decoder;
      /** @type {(Float32Array | null)[]} */
      const layers = hidden.map(() => null);
      const mean = decoder.decode(z, (i, output) => {
        const k = hidden.findIndex((stage) => stage.last === i);
        if (k >= 0) layers[k] = Float32Array.from(output);
      });
      this.decoded = { mean: Float32Array.from(mean), layers, shapes: hidden.map((stage) => stage.shape) };
      this.showMade();
    } else this.ask();
    this.page.requestDraw();
  }

  // One question at a time; the newest z is asked next.
  ask() {
    if (this.asked || this.decoder || this.header.machine.sent) return;
    this.asked = this.z;
    this.page.sendState();
  }

  showMade() {
    const { now, decoded } = this;
    if (!now || !decoded) return;
    this.picture(this.made, decoded.mean);
    let sum = 0;
    for (let i = 0; i < now.x.length; i++) sum += (now.x[i] - decoded.mean[i]) ** 2;
    const error = `${(sum / now.x.length).toFixed(4)}`;
    const { dims, z } = this;
    const place = tuple(
      dims.map((j) => z[j]),
      two,
    );
    this.made.setAttribute("aria-label", say("Mean of p(x|z) at z = {place}", { place }));
    this.made.dataset.z = z.map((v) => v.toFixed(4)).join(",");
    const names = dims.map((j) => `z${subscript(j + 1)}`).join(", ");
    const difference =
      this.header.latent > 2
        ? say("in {names}; mean squared difference from x: {error}", { names, error })
        : say("mean squared difference from x: {error}", { error });
    const of = (/** @type {ArrayLike<number>} */ values) => dims.map((j) => values[j]);
    const parts = [
      [this.header.probabilistic ? "μ" : say("code"), tuple(of(this.mean), two)],
      ...(this.header.probabilistic ? [["σ", tuple(of(now.scale), short)]] : []),
      ["z", place],
    ];
    this.numbers.replaceChildren(
      ...parts.flatMap(([name, text]) => [el("span", {}, el("i", {}, name), ` = ${text}`), " "]),
      el("span", { class: "soft" }, difference),
    );
  }

  /** @param {number[]} at in the drawn dimensions @param {{from: "drag" | "key", done: boolean}} how */
  drag(at, { from, done }) {
    if (!this.now) return;
    cancelAnimationFrame(this.gliding);
    if (this.playing) this.togglePlay();
    const z = [...this.z];
    this.dims.forEach((j, k) => {
      z[j] = at[k];
    });
    this.moveTo(z);
    if (done || from === "key")
      this.live.textContent = `z = ${tuple(
        this.dims.map((j) => z[j]),
        two,
      )}`;
  }

  // Move z to another point, within a moment; at once where motion is unwelcome.
  /** @param {number[]} goal */
  glide(goal) {
    cancelAnimationFrame(this.gliding);
    this.live.textContent = `z = ${tuple(
      this.dims.map((j) => goal[j]),
      two,
    )}`;
    if (this.page.reduceMotion || !this.decoder) return this.moveTo(goal);
    const [from, began] = [[...this.z], performance.now()];
    const step = () => {
      const t = Math.min(1, (performance.now() - began) / GLIDE);
      const share = t * t * (3 - 2 * t);
      this.moveTo(goal.map((v, j) => from[j] + share * (v - from[j])));
      if (t < 1 && this.node.isConnected) this.gliding = requestAnimationFrame(step);
    };
    step();
  }

  // Another of q's own samples.
  sample() {
    if (!this.now) return;
    const d = this.header.latent;
    const count = this.now.z.length / d;
    const k = this.sampled++ % count;
    this.glide(Array.from(this.now.z.subarray(k * d, (k + 1) * d)));
  }

  togglePlay() {
    clearInterval(this.playing);
    const on = !this.playing;
    this.playing = on ? setInterval(() => this.sample(), EVERY) : 0;
    this.play.textContent = on ? say("Stop drawing z") : say("Keep drawing z");
    this.play.setAttribute("aria-pressed", String(on));
    if (on) this.sample();
  }

  /** @param {HTMLCanvasElement} canvas @param {Floats} values */
  picture(canvas, values) {
    paint(canvas, values, this.header.shape, this.header.lines);
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { now, header } = this;
    this.near.textContent = this.whole ? say("Show the cloud") : say("Show the whole map");
    this.near.setAttribute("aria-pressed", String(this.whole));
    if (!now) return;
    const colours = {
      q: getComputedStyle(this.sizes.encoder).outlineColor,
      p: getComputedStyle(this.sizes.decoder).outlineColor,
    };
    const { encoder, decoder } = header.machine;
    const own = this.encoded?.image === now.image ? this.encoded : null;
    this.networkOf.encoder.draw(encoder, own?.values ?? [], own?.shapes ?? [], colours.q, theme);
    this.networkOf.decoder.draw(decoder, this.decoded?.layers ?? [], this.decoded?.shapes ?? [], colours.p, theme);
    const { dims, plane } = this;
    const d = header.latent;
    const of = (/** @type {ArrayLike<number>} */ values) => dims.map((j) => values[j]);
    plane.home = of(this.mean);
    plane.z = of(this.z);
    plane.seen = window_(plane.home, header.probabilistic ? of(now.scale) : [0], of(this.spread), this.whole);
    plane.dots = new Float32Array((2 * this.codes.length) / d);
    for (let i = 0, t = 0; i < this.codes.length; i += d, t += 2) {
      plane.dots[t] = this.codes[i + dims[0]];
      plane.dots[t + 1] = this.codes[i + (dims[1] ?? dims[0])];
    }
    const [a, b] = [dims[0], dims[1] ?? dims[0]];
    const covariance = [now.covariance[a * d + a], now.covariance[a * d + b], now.covariance[b * d + b]];
    const names = dims.map((j) => `z${subscript(j + 1)}`);
    plane.draw({ covariance: header.probabilistic ? covariance : null, colours, label: say("drag z") }, theme);
    plane.canvas.setAttribute(
      "aria-label",
      say("Latent plane. Arrow keys move z, Home brings it back. z = {z}", { z: tuple(plane.z, two) }),
    );
    this.sizes.q.textContent =
      d > 2
        ? say("{a} and {b} of {d}; the others stay", { a: names[0], b: names[1], d })
        : d === 1
          ? say("one dimension")
          : say("two dimensions");
  }
}

export { Machine };
