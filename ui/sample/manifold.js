import { fresh, nats, themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { strip, tiles } from "../js/pictures.js";
import { phrase, say } from "../js/say.js";
import { component, el, given, minus, painted, plain, seen, unpack } from "../js/shared.js";
import { bytes, fillNumbers, Sheet } from "../js/sheet.js";

// Draws the manifold: decoded means in cells that lie as on the map, and the point under the pointer, decoded in the
// browser. Between the cells' centres the point moves as the spacing does, so at a centre it is the cell's own z.

const FADED = 0.68; // of the paper over a cell in a hole
/** @param {number} x */
const signed = (x) => (x > 0 ? "+" : "") + nats(x);

// The value at place t, in cells from the first centre, between and beyond ascending values.
/** @param {ArrayLike<number>} values @param {number} t */
function between(values, t) {
  if (values.length < 2) return values[0];
  const i = Math.min(Math.max(Math.floor(t), 0), values.length - 2);
  return values[i] + (t - i) * (values[i + 1] - values[i]);
}

// The inverse of `between`: the place of a value.
/** @param {ArrayLike<number>} values @param {number} v */
function placed(values, v) {
  if (values.length < 2) return 0;
  let i = 0;
  while (i < values.length - 2 && v > values[i + 1]) i++;
  const gap = values[i + 1] - values[i];
  return gap > 0 ? i + (v - values[i]) / gap : i;
}

class Manifold {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @type {ManifoldHeader | null} */
    this.header = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    /** @type {Uint8Array} */
    this.images = new Uint8Array(0); // of the cells
    /** @type {number[] | null} */
    this.at = null; // the place that is decoded
    this.extent = [0, 0]; // of the sheet in pixels
    /** @type {number | undefined} */
    this.pointerTime = undefined;
    this.paper = "#fff";
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.drawNow());
    this.spacing = el("select", { "aria-label": say("Spacing of the grid") });
    this.size = el("select", { "aria-label": say("Cells of the grid") });
    this.dim = el("button", { type: "button", "aria-pressed": "false" }, say("fade holes"));
    this.points = el("button", { type: "button", "aria-pressed": "false" }, say("codes"));
    this.sheet = new Sheet(say("Manifold of decoded means"), {});
    this.cursor = el("div", { class: "cursor", "aria-hidden": "true", hidden: "" });
    this.sheet.node.append(this.cursor);
    this.axes = [el("span", { class: "across" }), el("span", { class: "up" })];
    this.state = el("p", { class: "state" }, say("Decoding …"));
    this.big = el("canvas", { role: "img", "aria-label": say("decoded image at the pointer") });
    this.caption = el("figcaption", {});
    this.numbers = el("dl", { class: "numbers" });
    this.badge = el("p", { class: "badge", hidden: "" }, say("Computed on the server: the cell under the pointer"));
    this.note = el("p", { class: "note", hidden: "" });
    this.node = el(
      "div",
      { class: "instrument manifold" },
      el(
        "div",
        { class: "left" },
        el("div", { class: "tools" }, this.spacing, this.size, this.dim, this.points),
        el("div", { class: "stack" }, this.axes[1], this.sheet.node, this.state),
        this.axes[0],
      ),
      el(
        "section",
        { class: "card", "aria-label": say("The point under the pointer") },
        this.badge,
        el("figure", { class: "decoder" }, el("div", { class: "big" }, this.big), this.caption),
        this.numbers,
        this.note,
      ),
    );
    this.frame = el("div", { class: "frame" }, this.node);
    (parent.querySelector("div") ?? parent).append(this.frame);
    this.spacing.addEventListener("change", () => this.send("ask", { spacing: this.spacing.value }));
    this.size.addEventListener("change", () => this.send("ask", { side: this.size.value }));
    this.fading = false;
    this.pointing = false;
    for (const [button, name] of /** @type {[HTMLElement, "fading" | "pointing"][]} */ ([
      [this.dim, "fading"],
      [this.points, "pointing"],
    ])) {
      button.addEventListener("click", () => {
        this[name] = !this[name];
        button.setAttribute("aria-pressed", String(this[name]));
        this.draw();
      });
    }
    this.sheet.node.addEventListener("pointermove", (e) => this.move(e));
    this.sheet.hover = (i) => {
      if (i !== null) this.cell(i);
    };
    this.onSharedModel = () => this.draw();
    window.addEventListener("latent-shared-model", this.onSharedModel);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.node);
    this.timing = window.__latentManifold = {
      latencies: /** @type {number[]} */ ([]),
      decodes: 0,
      pixels: /** @type {ArrayLike<number> | null} */ (null),
    };
  }

  destroy() {
    window.removeEventListener("latent-shared-model", this.onSharedModel);
    this.sizes.disconnect();
    this.frame.remove();
    this.stop.abort();
  }

  get model() {
    const found = window.__latentSharedModel;
    return found && found.header.run === this.header?.run ? found : null;
  }

  /** @param {Uint8Array} data @param {Answer} send */
  update(data, send) {
    this.send = send;
    this.paper = themeOf(this.node).paper;
    if (data !== this.bytes) {
      this.bytes = data;
      /** @type {Packet<ManifoldHeader>} */
      const { header, section } = unpack(data);
      this.header = header;
      /** @param {[string | number, string][]} entries */
      const options = (entries) => entries.map(([value, text]) => el("option", { value }, text));
      this.spacing.replaceChildren(...options(Object.entries(header.spacings)));
      this.spacing.value = header.spacing;
      // what a link asks for is shown all the same
      this.spacing.hidden = !header.expert && header.spacing === Object.keys(header.spacings)[0];
      this.size.replaceChildren(...options(header.sides.map((n) => [n, `${n} × ${n}`])));
      this.size.value = String(header.side);
      this.node.dataset.state = header.there ? "there" : "waiting";
      this.node.dataset.spacing = header.spacing;
      this.node.dataset.side = String(header.side);
      this.state.hidden = header.there;
      this.sheet.node.classList.toggle("stale", !header.there);
      this.dim.hidden = !header.inside;
      const notes = [
        header.note && `${header.note[0].toUpperCase()}${header.note.slice(1)}.`,
        header.expert && header.without && say("No log q(z) − log p(z): {why}.", { why: header.without }),
      ].filter(Boolean);
      this.note.textContent = notes.join(" ");
      this.note.hidden = !notes.length;
      if (header.there) {
        this.images = given(section("images"), "cells");
        this.sheet.set(this.images, header.shape, header.side, themeOf(this.node).decoder);
        const middle = header.side >> 1;
        const at = this.at ?? [middle, header.side - 1 - middle];
        this.at = at.map((v) => Math.min(v, header.side - 1));
      }
    }
    this.draw();
  }

  // Places are counted in cells from the centre of the lower left one.
  /** @param {PointerEvent} event */
  move(event) {
    if (!this.header?.there) return;
    const box = this.sheet.canvas.getBoundingClientRect();
    const { side } = this.header;
    this.at = [
      ((event.clientX - box.left) / box.width) * side - 0.5,
      (1 - (event.clientY - box.top) / box.height) * side - 0.5,
    ];
    this.pointerTime = event.timeStamp;
    this.requestDraw();
  }

  /** @param {number} i */
  cell(i) {
    this.sheet.at = i;
    if (this.pointerTime !== undefined) return; // the pointer is more precise
    if (!this.header) return;
    const { side } = this.header;
    this.at = [i % side, side - 1 - Math.floor(i / side)];
    this.requestDraw();
  }

  drawNow() {
    const time = this.pointerTime;
    this.pointerTime = undefined;
    this.show();
    this.point();
    if (time !== undefined) painted(time, (ms) => this.timing.latencies.push(ms));
  }

  draw() {
    const { header } = this;
    if (!header) return;
    this.sheet.draw();
    const titles = header.titles.map(plain);
    this.axes[0].textContent = `${titles[0]} →`;
    this.axes[1].textContent = `${titles[1]} →`;
    this.drawMarks(header);
    if (!header.there) return;
    this.point();
    this.show();
  }

  /** @param {ManifoldHeader} header */
  drawMarks(header) {
    const { sheet, model } = this;
    const [width, height] = [sheet.canvas.clientWidth, sheet.canvas.clientHeight];
    Object.assign(sheet.marks.style, { width: `${width}px`, height: `${height}px` });
    const { context } = fresh(sheet.marks, width, height);
    this.extent = [width, height];
    this.cursor.hidden = !header.there;
    if (!header.there) return;
    const { side } = header;
    const [w, h] = [width / side, height / side];
    if (this.fading) {
      context.fillStyle = this.paper;
      context.globalAlpha = FADED;
      header.inside.forEach((inside, i) => {
        if (!inside) context.fillRect((i % side) * w, Math.floor(i / side) * h, w, h);
      });
      context.globalAlpha = 1;
    }
    if (this.pointing && model) this.codes(context, model, header, width, height);
  }

  // The mark of the point that is decoded.
  point() {
    const { header, at } = this;
    if (!header || !at) return;
    const { side } = header;
    const [width, height] = this.extent;
    const [x, y] = [((at[0] + 0.5) / side) * width, height - ((at[1] + 0.5) / side) * height];
    this.cursor.style.transform = `translate(${x}px, ${y}px)`;
  }

  // The codes where their z lies on this grid: the proof that it lies as the map does.
  /**
   * @param {CanvasRenderingContext2D} context @param {SharedModel} model @param {ManifoldThere} header
   * @param {number} width @param {number} height
   */
  codes(context, { header: shared, means, labels }, { across, up, side }, width, height) {
    const { origin, basis } = shared.plane;
    const d = shared.latent;
    for (let i = 0; i < labels.length; i++) {
      const u = basis.map((axis) => axis.reduce((sum, a, j) => sum + a * (means[i * d + j] - origin[j]), 0));
      const [x, y] = [(placed(across, u[0]) + 0.5) / side, (placed(up, u[1]) + 0.5) / side];
      if (x < 0 || x > 1 || y < 0 || y > 1) continue;
      context.fillStyle = seen(shared.colours[labels[i]] ?? shared.plain, themeOf(this.node).dark);
      context.fillRect(x * width - 1.25, (1 - y) * height - 1.25, 2.5, 2.5);
    }
  }

  show() {
    const { header, at, model } = this;
    if (!header?.there || !at) return;
    const { side } = header;
    const u = [between(header.across, at[0]), between(header.up, at[1])];
    const [column, level] = at.map((v) => Math.min(Math.max(Math.round(v), 0), side - 1));
    const i = (side - 1 - level) * side + column;
    const decoder = model?.decoder;
    const size = header.shape.reduce((a, b) => a * b, 1);
    /** @type {Uint8Array | Uint8ClampedArray} */
    let pixels = this.images.subarray(i * size, (i + 1) * size);
    if (decoder) {
      const { origin, basis } = model.header.plane;
      const z = origin.map((o, j) => o + u[0] * basis[0][j] + u[1] * basis[1][j]);
      pixels = bytes(decoder.decode(z), header.vector, header.lines);
      this.timing.decodes++;
    }
    this.timing.pixels = pixels;
    this.badge.hidden = !model || Boolean(decoder);
    tiles(this.big, [{ ...strip(pixels, header.shape), frame: themeOf(this.node).decoder }], 1);
    const caption = decoder ? say("decoded image at the pointer") : say("decoded image of the cell");
    if (this.caption.textContent !== caption) this.caption.textContent = caption;
    const titles = header.titles.map((t) => plain(t).replace(/ \(.*/, ""));
    const rows = titles.map((t, k) => [t, minus(u[k].toFixed(2))]);
    if (header.expert && header.log_p) rows.push([phrase("log p(z) of the cell"), `${nats(header.log_p[i])} nats`]);
    if (header.expert && header.log_p && header.log_q)
      rows.push([
        phrase("log q(z) − log p(z)"),
        `${signed(header.log_q[i] - header.log_p[i])} nats`,
        header.trusted ? "" : "doubtful",
      ]);
    const words = header.trusted
      ? [say("in a hole"), say("near the codes of real images")]
      : [say("far from every code"), say("near a code")];
    rows.push([
      phrase("the cell is"),
      words[Number(header.inside[i])],
      header.inside[i] ? "mark inside" : "mark outside",
    ]);
    fillNumbers(this.numbers, rows);
  }
}

export default component(Manifold, "setTriggerValue");
