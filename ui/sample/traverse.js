import { nats, themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { strip, tiles } from "../js/pictures.js";
import { say, sayN } from "../js/say.js";
import { component, el, given, minus, painted, plain, unpack } from "../js/shared.js";
import { bytes } from "../js/sheet.js";

// Draws traversals: for each dimension a row of decoded frames, and under it a slider that the image follows: one
// decode a frame, of the newest place only. The point at which a slider is released becomes the start of all rows.

const BUDGET = 8; // milliseconds of decoding rows in one frame

class Row {
  /** @param {Dimension} dimension @param {Traverse} owner */
  constructor(dimension, owner) {
    const { index, kl, variance, low, high, dead } = dimension;
    this.dimension = dimension;
    const name = plain(`z<sub>${index + 1}</sub>`);
    this.bar = el("i", { class: "bar" });
    const measure = kl === null ? say("variance {value}", { value: variance.toPrecision(2) }) : `${nats(kl)} nats`;
    this.canvas = el("canvas", { role: "img", "aria-label": say("Decoded images along {name}", { name }) });
    this.range = el("input", {
      type: "range",
      min: low,
      max: high,
      step: (high - low) / 600,
      "aria-label": dead ? say("{name}, {measure}, inactive", { name, measure }) : `${name}, ${measure}`,
    });
    this.value = el("output", { class: "value" });
    this.node = el(
      "div",
      { class: dead ? "row dead" : "row", "data-dimension": index },
      el("div", { class: "name" }, el("strong", {}, name), el("span", {}, measure), this.bar),
      el("div", { class: "track" }, el("div", { class: "frames" }, this.canvas), this.range),
      this.value,
      ...(dead ? [el("p", { class: "why" }, say("inactive: {why}", { why: dead }))] : []),
    );
    this.range.addEventListener("input", (e) => owner.slide(this, Number(this.range.value), e.timeStamp));
    this.range.addEventListener("change", () => owner.commit());
  }
}

class Traverse {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @type {TraverseHeader | null} */
    this.header = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    /** @type {number[]} */
    this.z = [];
    /** @type {Row[]} */
    this.list = [];
    /** @type {[number, number][]} */
    this.queue = []; // rows and frames that are still to be decoded
    /** @type {(Uint8Array | Uint8Array | Uint8ClampedArray | null)[]} */
    this.images = []; // of the rows
    /** @type {Uint8Array | Uint8Array | Uint8ClampedArray | null} */
    this.current = null; // the image that the sliders make
    /** @type {Uint8Array | null} */
    this.served = null; // what the server decoded
    /** @type {Uint8Array | null} */
    this.originalPixels = null;
    /** @type {number | undefined} */
    this.sliderTime = undefined; // when a slider was moved
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.draw());
    /** @param {string} role @param {string} label */
    const picture = (role, label) => {
      const canvas = el("canvas", { role: "img", "aria-label": label });
      const caption = el("figcaption", {});
      return { canvas, caption, figure: el("figure", { class: role }, el("div", { class: "big" }, canvas), caption) };
    };
    this.now = picture("decoder", say("Decoded image"));
    this.original = picture("real", say("Original image"));
    this.badge = el("p", { class: "badge", hidden: "" }, say("Decoded on the server after you release the slider"));
    this.number = el("input", {
      type: "number",
      min: "0",
      step: "1",
      "aria-label": say("Number of the image to start from"),
    });
    this.any = el("button", { type: "button" }, say("any image"));
    this.zero = el("button", { type: "button" }, "z = 0");
    this.summary = el("p", { class: "note" });
    this.rows = el("div", { class: "rows" });
    this.node = el(
      "div",
      { class: "instrument traverse" },
      el(
        "section",
        { class: "card", "aria-label": say("The image that the sliders make") },
        this.badge,
        el("div", { class: "pair" }, this.now.figure, this.original.figure),
        el(
          "div",
          { class: "tools" },
          el("span", { class: "hint" }, say("start from")),
          this.number,
          this.any,
          this.zero,
        ),
        this.summary,
      ),
      this.rows,
    );
    this.frame = el("div", { class: "frame" }, this.node);
    (parent.querySelector("div") ?? parent).append(this.frame);
    this.number.addEventListener("change", () => {
      const at = Number(this.number.value);
      if (Number.isInteger(at) && at >= 0 && at < (this.header?.count ?? 0)) this.send("ask", { start: at });
    });
    this.any.addEventListener("click", () =>
      this.send("ask", { start: Math.floor(Math.random() * (this.header?.count ?? 1)) }),
    );
    this.zero.addEventListener("click", () => this.send("ask", { pin: this.z.map(() => 0).join(",") }));
    this.onSharedModel = () => this.start();
    window.addEventListener("latent-shared-model", this.onSharedModel);
    this.sizes = new ResizeObserver(() => this.layout());
    this.sizes.observe(this.node);
    // what tests and benchmarks read: milliseconds from a slider's event to its image
    this.timing = window.__latentTraverse = {
      latencies: /** @type {number[]} */ ([]),
      decodes: 0,
      sent: 0,
      pixels: /** @type {Uint8Array | Uint8ClampedArray | null} */ (null),
    };
  }

  destroy() {
    window.removeEventListener("latent-shared-model", this.onSharedModel);
    this.sizes.disconnect();
    this.frame.remove();
    this.stop.abort();
  }

  get decoder() {
    const found = window.__latentSharedModel;
    return found && found.header.run === this.header?.run ? found.decoder : null;
  }

  /** @param {Uint8Array} data @param {Answer} send */
  update(data, send) {
    this.send = send;
    if (data === this.bytes) return;
    this.bytes = data;
    /** @type {Packet<TraverseHeader>} */
    const { header, section } = unpack(data);
    const same =
      JSON.stringify([header.run, header.dimensions]) === JSON.stringify([this.header?.run, this.header?.dimensions]);
    this.header = header;
    this.served = section("images");
    if (!same) {
      const most = Math.max(...header.dimensions.map((d) => d.kl ?? d.variance), 1e-9);
      this.list = header.dimensions.map((d) => new Row(d, this));
      for (const { bar, dimension } of this.list) {
        bar.style.width = `${Math.max(2, (100 * (dimension.kl ?? dimension.variance)) / most)}%`;
        bar.style.background = dimension.dead ? "var(--prior)" : "var(--rate)";
      }
      this.rows.replaceChildren(...this.list.map((row) => row.node));
      this.node.style.setProperty("--frames", String(header.frames));
    }
    this.z = [...header.z];
    this.badge.hidden = !header.served;
    const dead = header.dimensions.length - header.active;
    const count = header.dimensions.length;
    this.summary.textContent = dead
      ? sayN(
          "{n} dimension in the order of {order}; {dead} inactive, grey. Each row changes one dimension; the others " +
            "keep their slider values.",
          "{n} dimensions in the order of {order}; {dead} inactive, grey. Each row changes one dimension; the others " +
            "keep their slider values.",
          count,
          { order: header.order, dead },
        )
      : sayN(
          "{n} dimension in the order of {order}. Each row changes one dimension; the others keep their slider values.",
          "{n} dimensions in the order of {order}. Each row changes one dimension; the others keep their slider values.",
          count,
          { order: header.order },
        );
    this.original.figure.hidden = !header.sections.original;
    this.originalPixels = section("original");
    this.original.caption.textContent =
      header.whose === null ? "" : `${header.split} #${header.whose}${header.label && ` (${header.label})`}`;
    this.number.max = String(header.count - 1);
    this.number.value = String(header.whose ?? "");
    this.start();
  }

  // Decode everything again from z.
  start() {
    if (!this.header) return;
    const { header } = this;
    this.images = this.list.map(() => null);
    this.queue = [];
    this.list.forEach((row, k) => {
      row.range.value = String(this.z[row.dimension.index]);
      row.value.textContent = minus(this.z[row.dimension.index].toFixed(2));
      for (let i = 0; i < header.frames; i++) this.queue.push([k, i]);
    });
    if (!this.decoder && this.served) this.takeServed(header, this.served);
    this.layout();
    this.requestDraw();
  }

  // What the server decoded: the point itself, then the frames of the first rows.
  /** @param {TraverseHeader} header @param {Uint8Array} decoded */
  takeServed({ frames, shape, served }, decoded) {
    const size = shape.reduce((a, b) => a * b, 1);
    this.current = decoded.subarray(0, size);
    for (let k = 0; k < Math.min(served, this.list.length); k++) {
      this.images[k] = decoded.subarray((1 + k * frames) * size, (1 + (k + 1) * frames) * size);
    }
    this.queue = [];
  }

  /** @param {Row} row @param {number} value @param {number} time */
  slide(row, value, time) {
    this.z[row.dimension.index] = value;
    row.value.textContent = minus(value.toFixed(2));
    this.sliderTime = time;
    this.requestDraw();
  }

  commit() {
    this.timing.sent++;
    this.send("ask", { pin: this.z.map((v) => v.toFixed(3)).join(",") });
  }

  draw() {
    if (!this.header) return;
    const { header, decoder } = this;
    if (decoder) {
      const pixels = bytes(decoder.decode(this.z), header.vector, header.lines);
      this.current = pixels;
      this.timing.decodes++;
      this.timing.pixels = pixels;
    }
    if (this.current)
      tiles(this.now.canvas, [{ ...strip(this.current, header.shape), frame: themeOf(this.node).decoder }], 1);
    this.now.caption.textContent = say("decoded image");
    this.now.canvas.setAttribute(
      "aria-label",
      say("decoded image at z = {z}", {
        z: this.z
          .slice(0, 4)
          .map((v) => v.toFixed(2))
          .join(", "),
      }),
    );
    if (this.sliderTime !== undefined) {
      painted(this.sliderTime, (ms) => this.timing.latencies.push(ms));
      this.sliderTime = undefined;
    }
    if (decoder && this.queue.length) this.decodeSome(header, decoder);
  }

  // Decode a few frames of the rows in each animation frame, so that sliders stay smooth.
  /** @param {TraverseHeader} header @param {NonNullable<SharedModel["decoder"]>} decoder */
  decodeSome(header, decoder) {
    const size = header.shape.reduce((a, b) => a * b, 1);
    const until = performance.now() + BUDGET;
    /** @type {Set<number>} */
    const touched = new Set();
    while (this.queue.length && performance.now() < until) {
      const [k, i] = given(this.queue.shift(), "frame");
      const { index, low, high } = this.list[k].dimension;
      const z = [...header.z];
      z[index] = low + ((high - low) * i) / (header.frames - 1);
      const images = (this.images[k] ??= new Uint8ClampedArray(size * header.frames));
      images.set(bytes(decoder.decode(z), header.vector, header.lines), i * size);
      touched.add(k);
    }
    for (const k of touched) this.picture(k, header);
    if (this.queue.length) this.requestDraw();
    else this.node.dataset.rows = "there";
  }

  /** @param {number} k @param {TraverseHeader} header */
  picture(k, { shape, frames }) {
    const theme = themeOf(this.node);
    const [row, images] = [this.list[k], this.images[k]];
    const frame = row.dimension.dead ? theme.prior : theme.decoder;
    if (images) tiles(row.canvas, [{ ...strip(images, shape), frame }], frames);
  }

  layout() {
    const { header } = this;
    if (!header) return;
    const { prior, decoder } = themeOf(this.node);
    this.list.forEach((_, k) => this.picture(k, header));
    if (this.originalPixels)
      tiles(this.original.canvas, [{ ...strip(this.originalPixels, header.shape), frame: prior }], 1);
    if (this.current) tiles(this.now.canvas, [{ ...strip(this.current, header.shape), frame: decoder }], 1);
  }
}

export { Traverse };
export default component(Traverse, "setTriggerValue");
