import { AskingAgain, LOST } from "../js/asking_again.js";
import { cividis } from "../js/cividis.js";
import { fresh, nats, themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { phrase, say } from "../js/say.js";
import { component, el, given, listener, minus, rgb, unpack } from "../js/shared.js";
import { fillNumbers } from "../js/sheet.js";

// A hole is painted into an image; the server says what the model expects there: the mean, some draws, the spread of
// each pixel, and p(z | visible pixels) on the map. One question at a time, the newest hole next.

const SHOWN = 8; // draws
const BRUSH = 12; // of the image's side, in brushes
const REACH = 3.4; // standard deviations of the codes that the map shows
/** @type {[string, (x: number, y: number) => boolean][]} */
const HOLES = [
  [phrase("Lower half"), (_, y) => y >= 0.5],
  [phrase("Right half"), (x) => x >= 0.5],
  [phrase("Middle"), (x, y) => Math.abs(x - 0.5) < 0.25 && Math.abs(y - 0.5) < 0.25],
  [phrase("Everything"), () => true],
];

class Missing {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @type {MissingHeader | null} */
    this.begun = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    this.hole = new Uint8Array(0);
    this.image = new Uint8Array(0);
    this.codes = new Float32Array(0);
    this.serial = 0;
    this.waiting = this.changed = this.painting = this.noisy = false;
    this.hiding = true;
    this.again = new AskingAgain((mark) => this.send("hole", { ...this.question, again: mark }));
    /** @type {Uint8Array | null} */
    this.lastAnswer = null;
    /** @type {Filled | null} */
    this.found = null;

    /** @param {string} name @param {() => void} pressed @param {Record<string, string>} [more] */
    const button = (name, pressed, more = {}) => {
      const node = el("button", { type: "button", ...more }, name);
      node.addEventListener("click", pressed);
      return node;
    };
    /** @param {string} label */
    const picture = (label) => el("canvas", { role: "img", "aria-label": label });
    this.pad = el("canvas", { class: "pad", role: "img", "aria-label": say("Image with a hole, to paint on") });
    this.title = el("figcaption", {});
    this.brush = button(say("Brush: hide"), () => {
      this.hiding = !this.hiding;
      this.brush.textContent = this.hiding ? say("Brush: hide") : say("Brush: show");
    });
    this.mean = picture(say("Mean of what the model expects"));
    this.spread = picture(say("Standard deviation of each pixel"));
    this.most = el("figcaption", {});
    this.draws = Array.from({ length: SHOWN }, (_, k) => picture(say("Draw {k}", { k: k + 1 })));
    this.map = el("canvas", { class: "map", role: "img", "aria-label": say("What the visible pixels say of z") });
    this.noise = el("input", { type: "checkbox" });
    this.numbers = el("dl", { class: "numbers" });
    this.state = el("p", { class: "hint", "aria-live": "polite" });
    this.node = el(
      "div",
      { class: "instrument missing" },
      el(
        "div",
        { class: "left" },
        el("figure", {}, this.pad, this.title),
        el(
          "div",
          { class: "tools" },
          button("‹", () => this.turn(-1), { "aria-label": say("Image before") }),
          button("›", () => this.turn(1), { "aria-label": say("Next image") }),
          this.brush,
          button(say("Clear"), () => this.fill(() => false)),
        ),
        el("div", { class: "tools" }, ...HOLES.map(([name, of]) => button(say(name), () => this.fill(of)))),
      ),
      el(
        "div",
        { class: "right" },
        el(
          "div",
          { class: "pair" },
          el("figure", { class: "p" }, this.mean, el("figcaption", {}, say("mean"))),
          el("figure", {}, this.spread, this.most),
          el("figure", { class: "wide" }, this.map, el("figcaption", {}, say("p(z | visible pixels) among the codes"))),
        ),
        el("div", { class: "head" }, say("Draws"), el("label", {}, this.noise, " ", say("with the noise of p(x|z)"))),
        el("div", { class: "draws" }, ...this.draws),
        this.numbers,
      ),
      this.state,
    ); // prettier-ignore
    this.frame = el("div", { class: "frame" }, this.node);
    (parent.querySelector("div") ?? parent).append(this.frame);
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.begun && this.draw());
    const on = listener(this.stop.signal);
    on(this.pad, "pointerdown", (e) => {
      if (e.button !== 0 || !e.isPrimary) return;
      e.preventDefault();
      this.pad.setPointerCapture(e.pointerId);
      this.painting = true;
      this.stroke(e);
    });
    on(this.pad, "pointermove", (e) => this.painting && this.stroke(e));
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"]))
      on(this.pad, type, () => {
        if (this.painting) this.ask();
        this.painting = false;
      });
    on(this.noise, "change", () => this.requestDraw());
    on(window, "latent-answers", (e) => this.handleAnswer(e.detail));
    new ResizeObserver(() => this.requestDraw()).observe(this.node);
    window.__latentMissing = this; // what tests read
  }

  destroy() {
    this.stop.abort();
    this.again.end();
    this.frame.remove();
  }

  get header() {
    return given(this.begun, "image");
  }

  get channel() {
    return `missing_${this.header.run}`;
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      const before = this.begun;
      /** @type {Packet<MissingHeader>} */
      const { header, section } = unpack(bytes);
      this.begun = header;
      this.image = given(section("image"), "image");
      this.codes = new Float32Array(given(section("codes"), "codes").buffer);
      const size = header.shape[1] * header.shape[2];
      this.title.textContent = header.title;
      if (before?.run !== header.run || this.hole.length !== size) {
        this.hole = new Uint8Array(size);
        this.fill(HOLES[0][1]);
      } else if (before.image !== header.image) {
        this.found = null;
        this.waiting = false;
        this.change();
        this.ask();
      }
    }
    this.handleAnswer(this.channel);
    this.requestDraw();
  }

  /** @param {number} by */
  turn(by) {
    const { image, count } = this.header;
    this.send("image", (Math.max(image, 0) + by + count) % count);
  }

  /** @param {(x: number, y: number) => boolean} of */
  fill(of) {
    const [, height, width] = this.header.shape;
    for (let y = 0, t = 0; y < height; y++)
      for (let x = 0; x < width; x++, t++) this.hole[t] = Number(of((x + 0.5) / width, (y + 0.5) / height));
    this.change();
    this.ask();
  }

  /** @param {PointerEvent} event */
  stroke(event) {
    const [, height, width] = this.header.shape;
    const box = this.pad.getBoundingClientRect();
    const [x, y] = [
      ((event.clientX - box.left) / box.width) * width,
      ((event.clientY - box.top) / box.height) * height,
    ];
    const reach = Math.max(0.75, Math.max(width, height) / BRUSH / 2);
    for (let r = Math.floor(y - reach); r <= y + reach; r++)
      for (let c = Math.floor(x - reach); c <= x + reach; c++)
        if (r >= 0 && r < height && c >= 0 && c < width && Math.hypot(c + 0.5 - x, r + 0.5 - y) <= reach)
          this.hole[r * width + c] = Number(this.hiding);
    this.change();
  }

  change() {
    this.changed = true;
    this.requestDraw();
  }

  ask() {
    if (!this.begun || !this.changed || this.waiting) return;
    this.changed = false;
    if (!this.hole.some(Boolean)) {
      this.found = null;
      this.requestDraw();
      return;
    }
    this.waiting = true;
    this.serial++;
    const bits = new Uint8Array(Math.ceil(this.hole.length / 8));
    this.hole.forEach((hidden, t) => {
      bits[t >> 3] |= hidden << (t & 7);
    });
    this.question = { bits: btoa(String.fromCharCode(...bits)), serial: this.serial, image: this.header.image };
    this.send("hole", this.question);
    this.again.after(LOST);
    this.requestDraw();
  }

  /** @param {string} channel */
  handleAnswer(channel) {
    const bytes = window.__latentAnswers?.get(channel);
    if (!this.begun || channel !== this.channel || !bytes || bytes === this.lastAnswer) return;
    /** @type {Packet<MissingAnswer>} */
    const { header, section } = unpack(bytes);
    if (header.serial !== this.serial || header.image !== this.begun.image) return;
    this.lastAnswer = bytes;
    this.again.end();
    if (header.waiting) {
      this.again.after(header.poll);
      return;
    }
    this.waiting = false;
    this.failed = header.failed ?? "";
    const array = (/** @type {string} */ name) => new Float32Array(section(name)?.buffer ?? []);
    this.found = header.failed
      ? null
      : {
          ...header,
          mean: array("mean"),
          spread: array("spread"),
          means: array("means"),
          samples: array("samples"),
          density: array("density"),
          hidden: this.hole.reduce((a, b) => a + b, 0),
        }; // prettier-ignore
    this.ask();
    this.requestDraw();
  }

  draw() {
    const { header, found } = this;
    const theme = themeOf(this.node);
    this.drawPad(theme);
    const empty = !this.hole.some(Boolean);
    this.state.textContent =
      this.failed ||
      (this.waiting ? say("Computing …") : empty ? say("Paint over the pixels that are to be missing.") : "");
    this.node.dataset.state = this.waiting ? "waiting" : found ? "there" : "empty";
    const size = header.shape.reduce((a, b) => a * b, 1);
    const plain = Float32Array.from(this.image, (v) => v / 255);
    paint(this.mean, found ? found.mean : plain, header.shape);
    this.drawSpread(found?.spread ?? new Float32Array(size));
    const of = found && (this.noise.checked ? found.samples : found.means);
    this.draws.forEach((canvas, k) => {
      canvas.hidden = !of;
      if (of) paint(canvas, of.subarray(k * size, (k + 1) * size), header.shape);
    });
    this.drawMap(theme);
    fillNumbers(this.numbers, found ? this.rows(found) : []);
  }

  /** @param {Filled} found */
  rows(found) {
    const { exact, expert } = this.header;
    const rows = expert
      ? [[exact ? phrase("log p(visible)") : phrase("log p(visible), at least"), `${nats(found.log_seen)} nats`]]
      : [];
    if (expert && found.log_hidden !== null) {
      const per = found.log_hidden / (found.hidden * this.header.shape[0]);
      const value = say("{total} nats, {each} a pixel", { total: nats(found.log_hidden), each: minus(per.toFixed(3)) });
      rows.push([phrase("log p(hidden | visible)"), value]);
    }
    if (found.r_hat !== null) {
      const agree = found.r_hat < 1.1;
      // a doubt is said to everybody
      if (expert || !agree)
        rows.push([
          phrase("chains agree (R̂ near 1)"),
          agree
            ? found.r_hat.toFixed(2)
            : say("{value}, too few steps: take mean and spread as rough", { value: found.r_hat.toFixed(2) }),
        ]);
    }
    return rows;
  }

  // The image, and the hole in the decoder's colour.
  /** @param {Theme} theme */
  drawPad(theme) {
    const [channels, height, width] = this.header.shape;
    const size = height * width;
    const hue = rgb(theme.decoder);
    const pixels = new Float32Array(3 * size);
    for (let c = 0; c < 3; c++)
      for (let t = 0; t < size; t++)
        pixels[c * size + t] = (this.hole[t] ? hue[c] : this.image[(channels === 3 ? c * size : 0) + t]) / 255;
    paint(this.pad, pixels, [3, height, width]);
  }

  /** @param {Float32Array} spread */
  drawSpread(spread) {
    const [channels, height, width] = this.header.shape;
    const size = height * width;
    const one = new Float32Array(size);
    for (let t = 0; t < size; t++) for (let c = 0; c < channels; c++) one[t] = Math.max(one[t], spread[c * size + t]);
    const most = one.reduce((a, b) => Math.max(a, b), 0);
    const colours = new Float32Array(3 * size);
    for (let t = 0; t < size; t++)
      cividis(most ? one[t] / most : 0).forEach((v, c) => {
        colours[c * size + t] = v / 255;
      });
    paint(this.spread, colours, [3, height, width]);
    this.most.textContent = say("spread of each pixel, 0 to {most}", { most: most.toFixed(2) });
  }

  // The codes, the density of z where it is exact, and the draws; of more than two latents, the two of the widest codes.
  /** @param {Theme} theme */
  drawMap(theme) {
    const { found, codes } = this;
    const { latent: d } = this.header;
    const { context, width, height } = fresh(this.map);
    const spread = Array.from({ length: d }, (_, j) => {
      let squares = 0;
      for (let i = j; i < codes.length; i += d) squares += codes[i] ** 2;
      return Math.sqrt((squares * d) / codes.length) || 1;
    });
    const order = Array.from({ length: d }, (_, j) => j).sort((a, b) => (d > 2 ? spread[b] - spread[a] : a - b));
    const [a, b] = [order[0], order[1] ?? -1];
    const half = REACH * Math.max(spread[a], spread[b] ?? 0);
    const unit = Math.min(width, height) / 2 / half;
    const X = (/** @type {number} */ x) => width / 2 + x * unit;
    const Y = (/** @type {number} */ y) => height / 2 - y * unit;
    context.fillStyle = theme.muted;
    context.globalAlpha = 0.45;
    for (let i = 0; i < codes.length; i += d) {
      if (b < 0) context.fillRect(X(codes[i + a]), height - 16, 1, 10);
      else context.fillRect(X(codes[i + a]) - 0.75, Y(codes[i + b]) - 0.75, 1.5, 1.5);
    }
    context.globalAlpha = 1;
    context.strokeStyle = theme.line;
    context.strokeRect(0.5, 0.5, width - 1, height - 1);
    if (!found) return;
    const { axes, density } = found;
    const top = density.reduce((m, v) => Math.max(m, v), -Infinity);
    if (axes.length === 2) {
      // z1 is the first axis of the array, and goes to the right; z2 goes upwards
      const [[x0, x1, n], [y0, y1, m]] = axes;
      const sheet = new ImageData(n, m);
      const [red, green, blue] = rgb(theme.decoder);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < m; j++)
          sheet.data.set([red, green, blue, 230 * Math.exp(density[i * m + j] - top)], 4 * ((m - 1 - j) * n + i));
      const held = document.createElement("canvas");
      [held.width, held.height] = [n, m];
      given(held.getContext("2d"), "context").putImageData(sheet, 0, 0);
      context.drawImage(held, X(x0), Y(y1), X(x1) - X(x0), Y(y0) - Y(y1));
    } else if (axes.length === 1) {
      const [[x0, x1, n]] = axes;
      context.beginPath();
      density.forEach((v, i) => {
        context.lineTo(X(x0 + ((x1 - x0) * i) / (n - 1)), height - 20 - (height - 40) * Math.exp(v - top));
      });
      context.strokeStyle = theme.decoder;
      context.lineWidth = 2;
      context.stroke();
    }
    context.fillStyle = theme.ink;
    for (const z of found.z) {
      context.beginPath();
      context.arc(X(z[a]), b < 0 ? height - 11 : Y(z[b]), 2.5, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

export default component(Missing, "setStateValue");
