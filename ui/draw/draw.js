import { makeDecoder } from "../decode/decoder.js";
import { AskingAgain, LOST } from "../js/asking_again.js";
import { fresh, themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { phrase, say } from "../js/say.js";
import { component, el, given, listener, minus, rgb, unpack } from "../js/shared.js";
import { Plane, window_ } from "../theory/machine_plane.js";
import { drawnImage } from "./placing.js";

// The dialog's sheet: what is drawn is placed as the data were, sent to be encoded while it is drawn (one question at a
// time, the newest strokes next), and its cloud moves on a small map; what the decoder makes of its mean stands beside.

const KEPT_POINTS = 0.004; // of the sheet's side: a pointer that has moved less adds no point
const HINT = phrase("Draw with mouse, finger or pen. It is centred and scaled as the model's data were.");

class Drawing {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @type {DrawingHeader | null} */
    this.begun = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    /** @type {number[][][]} */
    this.strokes = [];
    /** @type {number[][] | null} */
    this.stroke = null;
    this.serial = 0;
    this.waiting = false;
    this.changed = false; // since the last question
    this.again = new AskingAgain((mark) =>
      this.send("drawn", { pixels: this.pixels, serial: this.serial, again: mark }),
    );
    /** @type {{mean: number[], scale: number[] | null} | null} */
    this.code = null;
    /** @type {Uint8Array | null} */
    this.lastAnswer = null;
    this.codes = new Float32Array(0);
    this.spread = [1];

    this.pad = el("canvas", { class: "pad", role: "img", "aria-label": say("Sheet to draw on"), tabindex: 0 });
    this.colour = el("input", { type: "color", value: "#ffffff", "aria-label": say("Colour of the pen"), hidden: "" });
    /** @param {string} name @param {() => void} pressed */
    const button = (name, pressed) => {
      const node = el("button", { type: "button" }, name);
      node.addEventListener("click", pressed);
      return node;
    };
    this.sheet = el(
      "div",
      { class: "sheet" },
      this.pad,
      el(
        "div",
        { class: "tools" },
        button(say("Undo"), () => this.change(() => this.strokes.pop())),
        button(say("Clear"), () => this.change(() => this.strokes.splice(0))),
        this.colour,
      ),
    );
    this.own = el("canvas", { role: "img", "aria-label": say("As the model gets it") });
    this.made = el("canvas", { role: "img", "aria-label": say("Decoded from the mean of its code") });
    this.madeFigure = el("figure", { class: "made" }, this.made, el("figcaption", { class: "p" }, say("decoded")));
    this.ownFigure = el("figure", {}, this.own, el("figcaption", {}, say("as the model gets it")));
    this.plane = new Plane(() => {});
    this.plane.canvas.tabIndex = -1;
    this.plane.canvas.setAttribute("role", "img");
    this.numbers = el("p", { class: "numbers-line" });
    this.state = el("p", { class: "hint", "aria-live": "polite" }, say(HINT));
    this.node = el(
      "div",
      { class: "drawing instrument" },
      this.sheet,
      el(
        "div",
        { class: "side" },
        el("div", { class: "seen" }, this.ownFigure, this.madeFigure),
        el("figure", {}, this.plane.canvas, el("figcaption", { class: "q" }, say("its cloud among the codes"))),
        this.numbers,
      ),
      this.state,
    );
    (parent.querySelector("div") ?? parent).append(this.node);
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.begun && this.draw());
    const on = listener(this.stop.signal);
    on(this.pad, "pointerdown", (e) => this.begin(e));
    on(this.pad, "pointermove", (e) => this.move(e));
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) on(this.pad, type, () => this.end());
    on(this.pad, "keydown", (e) => {
      if (e.key !== "Backspace" && e.key !== "Delete") return;
      e.preventDefault();
      this.change(() => this.strokes.pop());
    });
    on(this.colour, "input", () => this.change(() => {}));
    on(window, "latent-answers", (e) => this.handleAnswer(e.detail));
    new ResizeObserver(() => this.requestDraw()).observe(this.node);
    window.__latentDrawing = this; // what tests read
  }

  destroy() {
    this.stop.abort();
    this.again.end();
    this.node.remove();
  }

  get header() {
    return given(this.begun, "model");
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      /** @type {Packet<DrawingHeader>} */
      const { header, section } = unpack(bytes);
      this.begun = header;
      this.codes = new Float32Array(given(section("codes"), "codes").buffer);
      const weights = section("weights");
      this.decoder = weights && header.decoder ? makeDecoder(header.decoder, new Float32Array(weights.buffer)) : null;
      const d = header.latent;
      this.spread = Array.from({ length: d }, (_, j) => {
        let squares = 0;
        for (let i = j; i < this.codes.length; i += d) squares += this.codes[i] ** 2;
        return Math.sqrt((squares * d) / this.codes.length) || 1;
      });
      this.plane.one = d === 1;
      this.sheet.hidden = this.ownFigure.hidden = !header.canvas;
      this.colour.hidden = header.shape[0] !== 3;
      this.madeFigure.hidden = !this.decoder;
      this.state.textContent = header.canvas ? say(HINT) : say("Its code follows what you type.");
    }
    this.handleAnswer(`drawing_${this.header.name}`);
    this.requestDraw();
  }

  /** @param {PointerEvent} event */
  place(event) {
    const { left, top, width, height } = this.pad.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.pad.setPointerCapture(event.pointerId);
    this.stroke = [this.place(event)];
    this.change(() => this.strokes.push(given(this.stroke, "stroke")));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { stroke } = this;
    if (!stroke) return;
    const at = this.place(event);
    const before = stroke[stroke.length - 1];
    if (Math.hypot(at[0] - before[0], at[1] - before[1]) < KEPT_POINTS) return;
    this.change(() => stroke.push(at));
  }

  end() {
    this.stroke = null;
    this.ask();
  }

  /** @param {() => unknown} how */
  change(how) {
    how();
    this.changed = true;
    this.ask();
    this.requestDraw();
  }

  get image() {
    const { placement, shape } = this.header;
    const colour = rgb(this.colour.value).map((v) => v / 255);
    return drawnImage(this.strokes, given(placement, "placement"), shape, colour);
  }

  // Send the drawing to be encoded, if no answer is awaited; the newest strokes are sent when it comes.
  ask() {
    if (!this.begun || !this.changed || this.waiting) return;
    this.changed = false;
    if (!this.strokes.length) {
      this.code = null;
      this.send("drawn", null);
      return;
    }
    this.waiting = true;
    this.serial++;
    const pixels = Uint8Array.from(this.image, (v) => Math.round(255 * v));
    this.pixels = btoa(String.fromCharCode(...pixels));
    this.send("drawn", { pixels: this.pixels, serial: this.serial });
    this.again.after(LOST);
  }

  /** @param {string} channel */
  handleAnswer(channel) {
    const bytes = window.__latentAnswers?.get(channel);
    if (!this.begun || channel !== `drawing_${this.begun.name}` || !bytes || bytes === this.lastAnswer) return;
    /** @type {Packet<DrawnAnswer>} */
    const { header } = unpack(bytes);
    // an answer of another dialog, before this one: nothing was asked here yet
    if (this.begun.canvas && header.serial !== this.serial) return;
    this.lastAnswer = bytes;
    this.again.end();
    if (header.waiting) {
      this.again.after(header.poll);
      return;
    }
    this.waiting = false;
    if (header.failed) this.state.textContent = header.failed;
    else this.code = { mean: header.mean, scale: header.scale };
    this.ask();
    this.requestDraw();
  }

  draw() {
    const { header, code } = this;
    const theme = themeOf(this.node);
    // a dialog stands outside of the element that tells Streamlit's theme to light-dark() in style sheets
    this.node.style.colorScheme = theme.dark ? "dark" : "light";
    if (header.canvas) {
      this.drawPad(given(header.placement, "placement"));
      paint(this.own, this.image, header.shape);
    }
    const d = header.latent;
    const order = Array.from({ length: d }, (_, j) => j);
    if (d > 2) order.sort((a, b) => (code?.scale ? code.scale[a] - code.scale[b] : this.spread[b] - this.spread[a]));
    const dims = order.slice(0, Math.min(d, 2)).sort((a, b) => a - b);
    const of = (/** @type {ArrayLike<number>} */ values) => dims.map((j) => values[j]);
    const { plane } = this;
    plane.home = code ? of(code.mean) : dims.map(() => 0);
    plane.z = plane.home;
    plane.seen = window_(plane.home, [0], of(this.spread), true);
    plane.dots = new Float32Array((2 * this.codes.length) / d);
    for (let i = 0, t = 0; i < this.codes.length; i += d, t += 2) {
      plane.dots[t] = this.codes[i + dims[0]];
      plane.dots[t + 1] = this.codes[i + (dims[1] ?? dims[0])];
    }
    const scale = code?.scale ? of(code.scale) : null;
    /** @param {string} kind */
    const colour = (kind) => getComputedStyle(given(this.node.querySelector(kind), kind)).color;
    plane.draw(
      {
        covariance: scale ? [scale[0] ** 2, 0, (scale[1] ?? scale[0]) ** 2] : null,
        colours: { q: colour("figcaption.q"), p: colour("figcaption.p") },
        label: code ? say("here") : "",
      },
      theme,
    );
    if (code && this.decoder) paint(this.made, this.decoder.decode(code.mean), header.shape, header.lines);
    /** @param {number[]} values */
    const tuple = (values) =>
      values
        .slice(0, 4)
        .map((v) => minus(v.toFixed(2)))
        .join(", ") + (d > 4 ? ", …" : "");
    this.numbers.textContent = code
      ? `μ = (${tuple(code.mean)})${code.scale ? `, σ = (${tuple(code.scale)})` : ""}`
      : "";
    this.node.dataset.coded = code && !this.waiting ? code.mean.join(",") : "";
    plane.canvas.setAttribute("aria-label", say("Map of the codes. {code}", { code: this.numbers.textContent }));
  }

  /** @param {DataPlacement} placement */
  drawPad(placement) {
    const { context, width, height } = fresh(this.pad);
    const grey = (/** @type {number} */ v) => `rgb(${[v, v, v].map((c) => Math.round(255 * c)).join(" ")})`;
    context.fillStyle = grey(placement.paper);
    context.fillRect(0, 0, width, height);
    context.strokeStyle = context.fillStyle = this.colour.hidden ? grey(placement.ink) : this.colour.value;
    context.lineCap = context.lineJoin = "round";
    // about as wide as it will be, for a drawing of two thirds of the sheet
    context.lineWidth = Math.max(3, ((0.66 * placement.pen) / placement.box) * width);
    for (const stroke of this.strokes) {
      context.beginPath();
      for (const [x, y] of stroke) context.lineTo(x * width, y * height);
      if (stroke.length === 1) context.lineTo(stroke[0][0] * width + 0.1, stroke[0][1] * height);
      context.stroke();
    }
  }
}

export default component(Drawing, "setStateValue");
