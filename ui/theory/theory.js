import { makeDecoder } from "../decode/decoder.js";
import { themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { say } from "../js/say.js";
import { component, el, given, listener, painted, record, unpack } from "../js/shared.js";
import { Contents } from "./contents.js";
import { Machine } from "./machine.js";
import { Choices } from "./theory_choices.js";
import { Compression } from "./theory_compression.js";
import { Formulas } from "./theory_formula.js";
import { Jensen } from "./theory_jensen.js";
import { Latent } from "./theory_latent.js";
import { Slopes } from "./theory_slopes.js";
import { Tight } from "./theory_tight.js";

// Draws the Theory page: six chapters about one image. An image's numbers come in one answer, and all pictures keep
// their place; what a slider changes is computed here from arrays that were sent already.

const CHAPTERS = [Compression, Latent, Jensen, Tight, Slopes, Choices];
/** @type {Record<string, Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor>} */
const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array };
const MOST_KEPT = 32; // the strip's, and some others
const REST = 40; // ms
const AHEAD = ["ahead0", "ahead1"]; // of images that are computed ahead, at a time
const MACHINE = ["encoding", "decoding"]; // what the first picture waits for
const QUICK = 1500; // ms that such images may take; if they take more, less likely ones are not computed ahead

class Theory {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = /** @type {Document | ShadowRoot} */ (parent.getRootNode());
    /** @type {TheoryHeader | null} */
    this.begun = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    this.serial = 0; // of what was sent
    /** @type {import("./theory_chapter.js").Chapter[]} */
    this.chapters = [];
    /** @type {Formulas | null} */
    this.formulas = null;
    /** @type {ReturnType<typeof makeDecoder> | null} */
    this.decoder = null;
    /** @type {Map<number, Float32Array>} */
    this.small = new Map(); // the strip's pixels by image
    this.dims = [0, 1]; // that are drawn
    // what has arrived
    /** @type {ImageNumbers | null} */
    this.now = null;
    /** @type {Walk | null} */
    this.walk = null;
    /** @type {Lesson | null} */
    this.lesson = null;
    /** @type {TheoryConstants | null} */
    this.constants = null;
    // images: the picked one, the one behind Random, the one that will probably be picked, those computed ahead
    this.image = 0;
    /** @type {Map<number, number>} */
    this.predicted = new Map(); // what the reader chose before a chapter's surprise
    /** @type {string | undefined} */
    this.followed = undefined; // what the address said last of the chapters
    this.gesture = false; // whether its next change is this browser's own
    this.openAt = 0; // the chapter that the address names, 0 once it was opened
    this.refined = false; // whether q is to be refined
    /** @type {number | undefined} */
    this.randomImage = undefined;
    /** @type {number | undefined} */
    this.expected = undefined;
    /** @type {number[]} */
    this.awaited = [];
    this.slow = false; // whether fewer are computed ahead
    /** @type {number | undefined} */
    this.unconfirmed = undefined; // the picked one until its numbers come
    /** @type {number | undefined} */
    this.requestedAt = undefined;
    /** @type {number | undefined} */
    this.measuring = undefined;
    this.polling = this.resting = 0;
    this.real = el("canvas", { role: "img", "aria-label": say("Picked image"), width: 1, height: 1 });
    this.made = el("canvas", { role: "img", "aria-label": say("Its reconstruction"), width: 1, height: 1 });
    this.what = el("figcaption");
    this.madeWords = el("figcaption");
    this.strip = el("div", { class: "strip", role: "group", "aria-label": say("Another image") });
    this.state = el("span", { class: "state", hidden: "" });
    /** @param {string} text @param {string} label @param {() => number} step */
    const button = (text, label, step) => {
      const node = el("button", { type: "button", "aria-label": label, title: label }, text);
      node.addEventListener("click", (e) => this.go(step(), e));
      return node;
    };
    /** @param {number} by */
    const beside = (by) => (this.at + by + 2 * this.header.count) % this.header.count;
    this.madeFigure = el("figure", { class: "recon" }, this.made, this.madeWords);
    this.picked = el(
      "div",
      { class: "picked" },
      el("figure", { class: "x" }, this.real, this.what),
      this.madeFigure,
      el(
        "div",
        { class: "controls" },
        button("←", say("Previous image"), () => beside(-1)),
        button("→", say("Next image"), () => beside(1)),
        button(say("Random"), say("Random image"), () => this.random),
      ),
      this.strip,
      this.state,
    );
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.reduceMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.machine = new Machine(this);
    this.contents = new Contents(this);
    this.main = el("div", { class: "main" }, this.machine.node);
    const beneath = el("div", { class: "beneath" }, this.contents.node, this.main);
    this.body = el("div", { class: "theory instrument" }, this.picked, beneath, this.live);
    this.frame = el("div", { class: "frame" }, this.body);
    (parent.querySelector("div") ?? parent).append(this.frame);
    /** @type {string | null} */
    this.highlighted = null;
    /** @type {Map<string, Uint8Array>} */
    this.lastAnswers = new Map();
    this.seed = 0; // of the samples of q
    /** @type {Map<number, ImageNumbers>} */
    this.kept = new Map(); // the numbers of images that were shown, or that may be next
    /** @type {Set<string>} */
    this.pending = new Set();
    this.since = 0; // when images were asked for ahead
    // what benchmarks and tests read
    this.timing = window.__latentTheory = {
      images: /** @type {number[]} */ ([]),
      walks: /** @type {number[]} */ ([]),
      page: this,
    };
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.begun && this.draw());
    const on = listener(this.stop.signal);
    on(window, "latent-answers", (e) => this.handleAnswer(e.detail));
    on(window, "resize", () => this.requestDraw());
    new ResizeObserver(() => this.requestDraw()).observe(this.body);
    // only what is in view is drawn: the last chapter decodes more than a thousand images for its picture
    /** @type {Set<Element>} */
    this.visible = new Set();
    this.visibility = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.visible[isIntersecting ? "add" : "delete"](target);
        this.requestDraw();
      },
      { rootMargin: "100px" },
    );
  }

  destroy() {
    this.stop.abort();
    this.visibility.disconnect();
    clearTimeout(this.polling);
    clearTimeout(this.resting);
    this.formulas?.destroy();
    this.machine.destroy();
    this.contents.destroy();
    this.frame.remove();
  }

  get header() {
    return given(this.begun, "model");
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      /** @type {Packet<TheoryHeader>} */
      const { header, section } = unpack(bytes);
      if (header.content !== this.begun?.content) this.begin(header, section);
    }
    for (const channel of [
      "numbers",
      "encoding",
      "decoding",
      "decoder",
      "constants",
      "lesson",
      "walk",
      "place",
      ...AHEAD,
    ])
      this.handleAnswer(`theory_${this.header.name}_${channel}`);
    this.requestDraw();
  }

  /** @param {TheoryHeader} header @param {Section} section */
  begin(header, section) {
    this.begun = header;
    this.now = this.walk = null;
    this.kept.clear();
    // numbers of another model's images mean nothing here
    this.randomImage = this.expected = this.requestedAt = this.unconfirmed = undefined;
    this.awaited = [];
    this.slow = Boolean(navigator.connection?.saveData);
    this.dims = header.latent === 1 ? [0, 0] : [0, 1];
    const weights = section("weights");
    this.decoder = weights && header.decoder ? makeDecoder(header.decoder, new Float32Array(weights.buffer)) : null;
    this.formulas?.destroy();
    this.formulas = new Formulas(this.root, header.latex, header.terms, (name) => this.highlight(name));
    for (const chapter of this.chapters) chapter.node.remove();
    this.chapters = CHAPTERS.map((Kind) => new Kind(this));
    for (const text of header.predictions) this.chapters[text.chapter - 1].predict(text);
    this.main.append(...this.chapters.map((c) => c.node));
    this.machine.begin(header, section);
    this.contents.begin([
      { node: this.machine.node, number: 0, title: say("The machine") },
      ...this.chapters.map(({ node, place, title }) => ({ node, number: place, title })),
    ]);
    this.visibility.disconnect();
    this.visible.clear();
    for (const chapter of this.chapters) this.visibility.observe(chapter.node);
    this.opened();
    const pixels = given(section("choices"), "images of the strip");
    this.small.clear();
    const size = header.shape.reduce((a, b) => a * b, 1);
    this.strip.replaceChildren(
      ...header.choices.map((i, k) => {
        const canvas = el("canvas", { "aria-hidden": "true" });
        const own = this.example(pixels, k, size);
        paint(canvas, own, header.shape, header.lines);
        this.small.set(i, own);
        const label = header.choice_labels.length
          ? ` (${header.classes[header.choice_labels[k]] ?? header.choice_labels[k]})`
          : "";
        const node = el(
          "button",
          { type: "button", "aria-label": say("Image {i}", { i }) + label, title: `#${i}${label}`, "data-image": i },
          canvas,
        );
        node.addEventListener("click", (e) => this.go(i, e));
        for (const type of ["pointerenter", "focus"]) node.addEventListener(type, () => this.expect(i));
        return node;
      }),
    );
  }

  // Where the picked image is among the data's: before the first, if it was made by hand.
  get at() {
    return Math.max(this.image, -1);
  }

  get random() {
    return (this.randomImage ??= Math.floor(Math.random() * this.header.count));
  }

  // The images that will probably be chosen next: their numbers are computed ahead.
  get ahead() {
    const { count, choices } = this.header;
    const likely = [this.expected ?? (this.at + 1) % count, this.random];
    const others = this.slow ? [] : [...choices, (this.at + 2 * count - 1) % count];
    return [...new Set([...likely, ...others])]
      .filter((i) => i !== this.image && !this.kept.has(i))
      .slice(0, AHEAD.length);
  }

  // A pointer that rests on an image will probably press it.
  /** @param {number} image */
  expect(image) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.kept.has(image) || image === this.image) return;
      this.expected = image;
      this.sendState();
    }, REST);
  }

  // Pick an image; its numbers may arrive later.
  /** @param {number} image @param {MouseEvent} [event] */
  go(image, event) {
    clearTimeout(this.resting);
    this.image = image;
    this.randomImage = this.expected = undefined;
    this.requestedAt = event?.timeStamp ?? performance.now();
    this.unconfirmed = image;
    this.markImage();
    const found = this.kept.get(image);
    if (found)
      this.show(found); // the server gets the state once it is painted
    else this.sendState();
    this.requestDraw();
  }

  // Other samples of q: every estimate from them changes, the truth does not.
  /** @param {MouseEvent} event */
  sample(event) {
    this.seed = (this.seed + 1) % 10_000;
    this.kept.clear();
    this.go(this.image, event);
  }

  // Send the whole state each time: of two events in a moment the server may get the last one only.
  /** @param {TheoryEvent} event */
  sendState(event = {}) {
    this.serial++;
    const settled = this.requestedAt === undefined && this.now !== null;
    const ahead = settled ? this.ahead : [];
    if (ahead.join() !== this.awaited.join()) [this.awaited, this.since] = [ahead, performance.now()];
    // a place that nothing is asked for in gets no answer either
    for (const place of AHEAD.slice(ahead.length)) this.pending.delete(place);
    this.send("ask", {
      walk: this.tight?.wants ?? this.walk?.image ?? null,
      image: this.unconfirmed ?? null,
      settled,
      ahead,
      seed: this.seed,
      z: this.machine.asked,
      serial: this.serial,
      ...event,
    });
  }

  // The picked image itself is there before its numbers, where the strip has it.
  markImage() {
    for (const node of this.strip.querySelectorAll("button"))
      node.setAttribute("aria-pressed", String(Number(node.dataset.image) === this.image));
    const own = this.image === this.now?.image ? undefined : this.small.get(this.image);
    if (own) paint(this.real, own, this.header.shape, this.header.lines);
  }

  /** @param {string} channel */
  handleAnswer(channel) {
    const prefix = `theory_${this.begun?.name}_`;
    const bytes = window.__latentAnswers?.get(channel);
    if (!bytes || !channel.startsWith(prefix) || this.lastAnswers.get(channel) === bytes) return;
    this.lastAnswers.set(channel, bytes);
    /** @type {Packet<TheoryAnswerHeader>} */
    const { header, section } = unpack(bytes);
    const what = channel.slice(prefix.length);
    if (what === "decoder") return this.machine.takeDecoder();
    if (what === "place") return this.follow(header.place ?? "");
    this.pending[header.waiting ? "add" : "delete"](what);
    if (header.waiting) {
      if (what === "numbers") {
        if (!this.now) this.image = header.question[0];
        this.markImage();
        this.showState(say("Computing this image’s numbers …"));
      }
      this.poll(header.poll);
      return;
    }
    if (header.failed) {
      if (!AHEAD.includes(what)) this.showState(header.failed);
      return;
    }
    /** @type {Record<string, unknown>} */
    const arrays = {
      numbers: header.numbers,
      shapes: header.shapes,
      label: header.label,
      image: header.question[0],
      seed: header.question[1],
    };
    for (const [name, [type]] of Object.entries(header.shapes))
      arrays[name] = new TYPES[type](given(section(name), name).buffer);
    /** @type {unknown} */
    const answer = arrays;
    const found = /** @type {ImageNumbers} */ (answer);
    if (AHEAD.includes(what)) {
      if (found.seed === this.seed) this.keepAhead(found);
    } else if (what === "numbers") {
      // an older question's answer, where this page has asked another since
      if (this.unconfirmed !== undefined && (found.image !== this.unconfirmed || found.seed !== this.seed)) return;
      this.unconfirmed = undefined;
      this.seed = found.seed;
      if (found.image !== this.now?.image || found.seed !== this.now.seed) this.show(this.keep(found));
    } else if (what === "walk") this.walked(/** @type {Walk} */ (answer));
    else if (MACHINE.includes(what)) this.machine.arrived(what, /** @type {never} */ (answer));
    else {
      if (what === "lesson") this.lesson = /** @type {Lesson} */ (answer);
      else this.constants = /** @type {TheoryConstants} */ (answer);
      for (const chapter of this.chapters) chapter.arrived(what);
    }
    this.requestDraw();
  }

  // Once all that was asked for ahead is there, the next images can be.
  /** @param {ImageNumbers} found */
  keepAhead(found) {
    this.keep(found);
    if (!this.awaited.includes(found.image) || !this.awaited.every((i) => this.kept.has(i))) return;
    this.awaited = [];
    this.slow ||= performance.now() - this.since > QUICK;
    if (this.requestedAt === undefined && this.ahead.length) this.sendState();
  }

  /** @param {ImageNumbers} found */
  keep(found) {
    this.kept.delete(found.image);
    this.kept.set(found.image, found);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT) this.kept.delete(oldest);
    return found;
  }

  // An answer that is still the same "not yet" sends no new bytes, so it is asked for until nothing is awaited.
  /** @param {number} pause */
  poll(pause) {
    clearTimeout(this.polling);
    this.polling = setTimeout(() => {
      if (!this.pending.size || this.stop.signal.aborted) return;
      this.sendState({ poll: true });
      this.poll(pause);
    }, pause);
  }

  get tight() {
    return this.chapters.find((c) => c instanceof Tight);
  }

  /** @param {Walk} found */
  walked(found) {
    if (found.image !== this.now?.image) return;
    this.walk = found;
    this.tight?.walked(found);
  }

  /** @param {string} text */
  showState(text) {
    this.state.hidden = !text;
    this.state.textContent = text;
    this.body.classList.toggle("waiting", Boolean(text) && !this.now);
  }

  // Set what the address says of chapters: the sliders at once, the refined q and the place as soon as there are numbers.
  opened() {
    const asked = new URLSearchParams(location.search);
    for (const [, chapter, slider, value] of (asked.get("sliders") ?? "").matchAll(/(\d)\.(\d):(-?[\d.]+)/g)) {
      const input = this.chapters[Number(chapter) - 1]?.sliders[Number(slider) - 1];
      if (!input) continue;
      input.value = value;
      input.dispatchEvent(new Event("input"));
    }
    this.refined = asked.get("refined") === "1";
    this.openAt = Number(asked.get("chapter"));
  }

  // Go where the address has moved without a gesture here: this browser follows another one.
  /** @param {string} place */
  follow(place) {
    const elsewhere = this.followed !== undefined && place !== this.followed && !this.gesture;
    this.gesture &&= place === this.followed;
    this.followed = place;
    if (!elsewhere) return;
    this.opened();
    if (this.now) this.open();
  }

  // Tell Python, which writes it into the address, what was moved or refined in a chapter.
  /** @param {{place: number}} chapter @param {boolean} [refined] */
  moved(chapter, refined = false) {
    this.gesture = true;
    const sliders = this.chapters.flatMap((one) =>
      one.sliders.flatMap((input, k) =>
        input.value === input.defaultValue ? [] : [`${one.place}.${k + 1}:${input.value}`],
      ),
    );
    this.send?.("view", { chapter: String(chapter.place), sliders: sliders.join(","), refined: refined ? "1" : "" });
  }

  /** @param {ImageNumbers} found */
  show(found) {
    const { header } = this;
    this.now = found;
    this.image = found.image;
    this.showState("");
    const d = header.latent;
    if (d > 2) {
      // the dimensions that q knows best
      const order = Array.from({ length: d }, (_, j) => j).sort((a, b) => found.scale[a] - found.scale[b]);
      this.dims = [order[0], order[1]].sort((a, b) => a - b);
    }
    paint(this.real, found.x, header.shape, header.lines);
    const handmade = found.image < 0;
    const numbered = `${splitName(header.split)} #${found.image}${found.label ? ` (${found.label})` : ""}`;
    const image = header.shape.length === 3;
    const which = handmade ? (image ? say("your drawing") : say("your row")) : numbered;
    this.what.textContent =
      header.here || handmade
        ? which
        : say("{which}: {data} is not on this machine, so this is its reconstruction", { which, data: header.data });
    if (header.binary && image) this.what.textContent += say(", binarised");
    this.real.setAttribute("aria-label", `x: ${this.what.textContent}`);
    if (this.decoder)
      paint(this.made, this.decoder.decode(Array.from(found.code ?? found.mean)), header.shape, header.lines);
    this.madeWords.textContent = this.decoder ? say("decoded image at the mean of q") : "";
    if (this.decoder && found.code) this.madeWords.textContent = say("decoded image at the code");
    this.madeFigure.hidden = !this.decoder;
    this.markImage();
    for (const part of [this.machine, ...this.chapters]) part.update(found);
    for (const { prediction } of this.chapters) prediction?.refresh();
    this.live.textContent = `${which}: ELBO ${found.numbers.elbo.toFixed(2)} nats`;
    const { requestedAt } = this;
    this.requestedAt = undefined;
    this.measuring = requestedAt;
    if (requestedAt === undefined && !this.body.dataset.ready) this.sendState();
    this.body.dataset.image = String(found.image);
    this.body.dataset.ready = header.name;
    this.open();
  }

  // Go to the chapter of the address, and refine q there if it says so; once.
  open() {
    const { openAt, refined } = this;
    this.openAt = 0;
    this.refined = false;
    this.chapters[openAt - 1]?.node.scrollIntoView({ block: "start" });
    if (refined) this.chapters.find((chapter) => chapter instanceof Tight)?.startWalk();
  }

  // Example k of the strip: an image in [0, 1], or a vector.
  /** @param {Uint8Array} bytes @param {number} k @param {number} size */
  example(bytes, k, size) {
    if (this.header.shape.length !== 3) return new Float32Array(bytes.slice(4 * k * size, 4 * (k + 1) * size).buffer);
    return Float32Array.from(bytes.subarray(k * size, (k + 1) * size), (v) => v / 255);
  }

  /** @param {HTMLCanvasElement} canvas @param {Floats} pixels @param {number[]} [shape] */
  paint(canvas, pixels, shape = this.header.shape) {
    paint(canvas, pixels, shape, this.header.lines);
  }

  /** @param {string | null} name */
  highlight(name) {
    if (name === this.highlighted) return;
    this.highlighted = name;
    this.formulas?.highlight(name);
    /** @type {NodeListOf<HTMLElement>} */
    const marked = this.body.querySelectorAll("dt[data-term], dd[data-term]");
    for (const node of marked) node.classList.toggle("on", node.dataset.term === name);
    this.requestDraw();
  }

  draw() {
    const theme = themeOf(this.body);
    this.machine.draw(theme);
    for (const chapter of this.chapters) if (this.visible.has(chapter.node)) chapter.draw(theme);
    const since = this.measuring;
    this.measuring = undefined;
    if (since !== undefined) {
      painted(since, (ms) => {
        record(this.timing.images, ms);
        this.sendState();
      });
    }
  }
}

/** @param {string} split */
const splitName = (split) => ({ train: say("train"), valid: say("valid"), test: say("test") })[split] ?? split;

export default component(Theory, "setTriggerValue");

// for types
export { Theory };
