import { Axes, fade } from "../js/axes.js";
import { Cloud, paints } from "../js/cloud.js";
import { fresh, themeOf, whole } from "../js/drawing.js";
import { term } from "../js/explain.js";
import { summarise } from "../js/film_frames.js";
import { fillLegend, makeLegend } from "../js/legend.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { contains, toBits } from "../js/polygon.js";
import { phrase, say } from "../js/say.js";
import { component, el, inflate, listener, painted, plain, record, unpack } from "../js/shared.js";
import { fixed, Space } from "../js/space.js";
import { MAP_TOOLS, ToolStrip } from "../js/tool_strip.js";

// Draws two to four maps that share one cursor and one lasso. The pointer in any of them chooses an image (the nearest
// code), or where the latent spaces are alike a point z, and each map shows what its own model makes of it. A lasso
// sends one message.

const SIZE = 4; // pixels across a point
const STEP = 0.1; // plane units an arrow key moves; with shift five times that
const ZOOM = 1.0015; // a notch of the wheel, to the power of its pixels
const KEY_FACTOR = 1.25; // of the keys + and −
const TICKS = 200; // positions of the training slider

// One model: its map, its cursor, and its picture.
class Panel {
  /** @param {Comparing} owner @param {Space} space @param {PanelHeader} header @param {PanelFilm} film */
  constructor(owner, space, header, film) {
    this.owner = owner;
    this.space = space;
    this.header = header;
    this.film = film;
    this.name = el("h2");
    this.facts = el("span", { class: "facts" });
    this.cloudCanvas = el("canvas", { class: "cloud", "aria-hidden": "true" });
    this.axesCanvas = el("canvas", { class: "axes", "aria-hidden": "true" });
    this.marks = el("canvas", { class: "axes", "aria-hidden": "true" });
    this.plane = el(
      "div",
      {
        class: "plane",
        tabindex: "0",
        role: "application",
        "aria-label": say("Map of {name}. Point at a code, or drag a lasso around some.", { name: header.name }),
      },
      this.cloudCanvas,
      this.axesCanvas,
      this.marks,
    );
    this.canvas = el("canvas", { role: "img", "aria-label": say("Its reconstruction"), width: 1, height: 1 });
    this.caption = el("figcaption");
    this.figure = el("figure", { class: "decoder" }, this.canvas);
    this.numbers = el("dl");
    this.node = el(
      "section",
      {},
      el("header", {}, this.name, this.facts),
      this.plane,
      el("div", { class: "found" }, this.figure, el("div", {}, this.caption, this.numbers)),
    );
    this.cloud = new Cloud(this.cloudCanvas, () => owner.requestDraw());
    this.axes = new Axes(this.axesCanvas);
    this.name.textContent = header.title;
    this.facts.textContent = header.headline;
    this.plane.setAttribute(
      "aria-label",
      say("Map of {name}. Arrow keys move the cursor, + and − zoom, 0 shows all.", { name: header.title }),
    );
    const places = new Float32Array(2 * space.n);
    for (let i = 0; i < space.n; i++) places.set(space.toPlane(space.code(i)), 2 * i);
    const titles = header.plane.titles.map(plain);
    /** @type {Moment} */
    this.final = { step: Infinity, codes: places, rings: header.rings, titles, view: [], medians: [] };
    summarise(this.final, space.labels, { latent: space.d, classes: header.classes });
    for (const frame of film.frames) summarise(frame, film.labels, { latent: space.d, classes: header.classes });
    this.at = [0, 0];
    /** @type {View | null} */
    this.zoomed = null;
  }

  get shown() {
    return this.owner.film === null ? this.final : this.frameAt(this.owner.film);
  }

  // The last frame that is not after a step.
  /** @param {number} step */
  frameAt(step) {
    const { frames } = this.film;
    return frames.findLast((f) => f.step <= step) ?? frames[0] ?? this.final;
  }

  get view() {
    return this.zoomed ?? this.shown.view;
  }

  // Plane coordinates under a pointer.
  /** @param {MouseEvent} event */
  invert(event) {
    const box = this.axesCanvas.getBoundingClientRect();
    return this.unplace([event.clientX - box.left, event.clientY - box.top]);
  }

  /** @param {number[]} place */
  unplace([px, py]) {
    const [a, b] = [this.axes.place(this.view, 0, 0), this.axes.place(this.view, 1, 1)];
    return [(px - a[0]) / (b[0] - a[0]), (py - a[1]) / (b[1] - a[1])];
  }

  /** @param {number[]} place */
  nearest([x, y]) {
    const { codes } = this.final;
    let [best, least] = [0, Infinity];
    for (let i = 0, t = 0; t < codes.length; i++, t += 2) {
      const distance = (codes[t] - x) ** 2 + (codes[t + 1] - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  // Which codes lie within a polygon of plane points, as bytes of 0 and 1.
  /** @param {number[][]} polygon */
  within(polygon) {
    const { codes } = this.final;
    const inside = new Uint8Array(codes.length / 2);
    for (let i = 0; i < inside.length; i++) inside[i] = contains(polygon, codes[2 * i], codes[2 * i + 1]) ? 1 : 0;
    return inside;
  }

  recolour() {
    const { owner, space, header, film } = this;
    const { solo, lasso } = owner;
    const filmed = owner.film !== null && film.frames.length > 0;
    const labels = filmed ? film.labels : space.labels;
    /** @param {number} label @param {number} i */
    const shows = (label, i) =>
      (solo === null || label === solo) && (filmed || !lasso || !header.linked || lasso[i] === 1);
    this.cloud.paint(paints(labels, owner.colours, themeOf(owner.node).dark, shows));
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { shown, view, owner, header, space } = this;
    this.cloud.between(shown.codes, shown.codes);
    this.cloud.draw(view, 1, SIZE);
    const glyphs = fade(
      header.classes.flatMap((text, k) => {
        const median = shown.medians[k];
        if (!median) return [];
        const [x, y] = median;
        return [{ text, x, y, k, at: this.axes.place(view, x, y) }];
      }),
      owner.solo,
    );
    const count =
      shown === this.final
        ? say("{n} {split} codes", { n: whole(space.n), split: header.split })
        : say("step {step}", { step: whole(shown.step) });
    this.axes.draw(
      view,
      { titles: shown.titles, count, rings: shown.rings, rows: null, glyphs: space.d === 1 ? [] : glyphs },
      theme,
    );
  }

  // The cursor and the lasso, on a canvas of their own: they move with the pointer.
  /** @param {Theme} theme @param {number[] | null} place @param {number[][]} polygon */
  drawMarks(theme, place, polygon) {
    const { context } = fresh(this.marks);
    if (place) {
      const [x, y] = this.axes.place(this.view, place[0], place[1]);
      for (const [width, colour] of /** @type {[number, string][]} */ ([
        [5, theme.paper],
        [2.5, theme.decoder],
      ])) {
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.beginPath();
        context.arc(x, y, 7, 0, 2 * Math.PI);
        context.stroke();
      }
    }
    if (polygon.length > 1) {
      context.beginPath();
      for (const u of polygon) context.lineTo(...this.axes.place(this.view, u[0], u[1]));
      context.closePath();
      context.setLineDash([4, 3]);
      context.lineWidth = 1.5;
      context.strokeStyle = theme.ink;
      context.stroke();
      context.setLineDash([]);
    }
  }

  // What this model makes of z, or of image i: `real` is that image.
  /** @param {number[]} z @param {number | null} i @param {Float32Array | null} real */
  showDecoded(z, i, real) {
    const { space, caption, figure } = this;
    const mean = space.decode(z);
    figure.className = i === null ? "decoder" : "encoder";
    if (mean) paint(this.canvas, mean, space.header.shape, space.header.lines);
    else this.canvas.width = this.canvas.height = 1;
    const text = i === null ? say("decoded image") : say("its reconstruction");
    if (caption.textContent !== text) caption.textContent = text;
    this.canvas.setAttribute("aria-label", text);
    this.node.classList.remove("away");
    const rows = [
      [
        "z",
        `(${z
          .slice(0, 3)
          .map((v) => fixed(v))
          .join(", ")}${z.length > 3 ? ", …" : ""})`,
      ],
    ];
    if (real && mean) {
      let sum = 0;
      for (let t = 0; t < real.length; t++) sum += (real[t] - mean[t]) ** 2;
      rows.push([phrase("squared error"), fixed(sum / real.length, 4)]);
    }
    this.numbers.replaceChildren(...rows.flatMap(([name, value]) => [term(name), el("dd", {}, value)]));
    this.node.dataset.z = z.map((v) => v.toFixed(4)).join(",");
  }

  /** @param {string} text */
  away(text) {
    this.node.classList.add("away");
    if (this.caption.textContent !== text) this.caption.textContent = text;
    this.numbers.replaceChildren();
    delete this.node.dataset.z;
  }

  destroy() {
    this.cloud.destroy();
  }
}

class Comparing {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stop = new AbortController();
    this.requestFrame = atNextFrame(this.stop.signal, () => this.drawNow());
    /** @type {CompareHeader | null} */
    this.header = null;
    /** @type {string[]} */
    this.colours = [];
    /** @type {Panel[]} */
    this.panels = [];
    /** @type {Answer} */
    this.send = () => {};
    /** @type {object | null} */
    this.loading = null; // the newest of the messages that are being read
    /** @type {number | null} */
    this.solo = null;
    /** @type {Uint8Array | null} */
    this.lasso = null;
    /** @type {Drawing | null} */
    this.drawing = null;
    // the film's step, null for the finished models, and its last step
    /** @type {number | null} */
    this.film = null;
    this.last = 0;
    // the cursor: whether it is an image or a z, which, and the panel that it is in
    this.mode = "image";
    this.index = 0;
    /** @type {number[]} */
    this.z = [];
    /** @type {Panel | null} */
    this.from = null;
    this.pointed = false; // whether it has moved
    this.changed = false; // whether the maps have
    /** @type {number | undefined} */
    this.time = undefined; // of the event that moved it
    /** @type {Theme | null} */
    this.theme = null;
    this.real = el("canvas", { role: "img", "aria-label": say("Image at the cursor"), width: 1, height: 1 });
    this.what = el("figcaption");
    this.original = el("figure", { class: "real" }, this.real, this.what);
    this.modes = ["image", "z"].map((mode) =>
      el("button", { type: "button", "data-mode": mode }, mode === "image" ? say("same image") : say("same z")),
    );
    this.legend = makeLegend();
    this.count = el("span", { class: "count", "aria-live": "polite" });
    this.tool = MAP_TOOLS[0];
    this.tools = new ToolStrip(MAP_TOOLS, (k) => {
      this.tool = MAP_TOOLS[k];
    });
    this.clear = this.tools.clear;
    /** @type {{panel: Panel, at: number[]} | null} */
    this.dragged = null; // the map that moves, and where the pointer was
    this.range = el("input", {
      type: "range",
      min: "0",
      max: String(TICKS),
      step: "1",
      value: String(TICKS),
      "aria-label": say("Training, step by step in all maps"),
    });
    this.stepWords = el("span", { class: "count" });
    this.strip = el("label", { class: "strip" }, say("training"), this.range, this.stepWords);
    this.maps = el("div", { class: "maps" });
    this.node = el(
      "div",
      { class: "instrument comparing" },
      el(
        "div",
        { class: "top" },
        this.original,
        el(
          "div",
          { class: "controls" },
          el(
            "div",
            { class: "row" },
            el("div", { class: "choice", role: "group", "aria-label": say("What the maps share") }, ...this.modes),
            this.count,
          ),
          this.legend,
        ),
      ),
      this.tools.node,
      this.maps,
      this.strip,
    );
    this.frame = el("div", { class: "frame" }, this.node);
    (parent.querySelector("div") ?? parent).append(this.frame);
    this.timing = window.__latentComparing = { latencies: /** @type {number[]} */ ([]), frames: 0 };
    const on = listener(this.stop.signal);
    for (const button of this.modes) on(button, "click", () => this.link(button.dataset.mode ?? ""));
    on(this.clear, "click", () => this.choose(null));
    on(this.tools.reset, "click", () => this.resetViews());
    on(this.range, "input", () => this.scrub());
    on(this.node, "keydown", (e) => e.key === "Escape" && this.lasso && this.choose(null));
    this.on = on;
    this.sizes = new ResizeObserver(() => this.requestDraw());
    this.sizes.observe(this.node);
  }

  destroy() {
    this.stop.abort();
    this.sizes.disconnect();
    this.panels.forEach((panel) => panel.destroy());
    this.frame.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  async update(bytes, send) {
    this.send = send;
    /** @type {Packet<CompareHeader>} */
    const { header, section } = unpack(bytes);
    if (header.content === this.header?.content) return this.requestDraw();
    const loading = (this.loading = {});
    const films = await Promise.all(
      header.panels.map(async (_, k) => {
        const [codes, labels] = [await inflate(section(`${k}.film`)), section(`${k}.film_labels`)];
        return { codes: codes && new Float32Array(codes.buffer), labels: labels && new Int32Array(labels.buffer) };
      }),
    );
    if (this.stop.signal.aborted || loading !== this.loading) return;
    const first = !this.header;
    this.header = header;
    this.colours = header.colours;
    this.panels.forEach((panel) => panel.destroy());
    this.panels = header.panels.map((head, k) => {
      const space = new Space(
        { header: head, section: (name) => (`${k}.${name}` in header.sections ? section(`${k}.${name}`) : null) },
        () => this.point(),
      );
      const { codes, labels } = films[k];
      const size = codes ? codes.length / head.steps.length : 0;
      const titles = head.plane.titles.map(plain);
      /** @type {Moment[]} */
      const frames = codes
        ? head.steps.map((step, f) => {
            const part = codes.subarray(f * size, (f + 1) * size);
            return { step, codes: part, rings: head.rings, titles, view: [], medians: [] };
          })
        : [];
      const marks = labels?.length ? labels : new Int32Array(size / 2).fill(-1);
      const panel = new Panel(this, space, head, { frames, labels: marks });
      this.listen(panel);
      return panel;
    });
    this.maps.replaceChildren(...this.panels.map((panel) => panel.node));
    this.maps.dataset.count = String(this.panels.length);
    this.solo = this.lasso = this.film = null;
    this.last = Math.max(0, ...this.panels.flatMap((panel) => panel.film.frames.map((f) => f.step)));
    this.strip.hidden = this.last === 0;
    this.range.value = String(TICKS);
    this.mode = this.mode === "z" && header.same_space ? "z" : "image";
    for (const button of this.modes) button.disabled = button.dataset.mode === "z" && !header.same_space;
    this.modes[1].title = header.same_space ? "" : say("These models have other priors or another number of latents");
    this.index = first || this.index >= this.panels[0].space.n ? 0 : this.index;
    this.from = this.panels[0];
    this.z = this.panels[0].space.code(this.index);
    fillLegend(
      this.legend,
      header.classes.map((name, k) => [k, name, header.colours[k]]),
      this,
    );
    this.link(this.mode);
    this.scrub();
    this.choose(null, false);
    // what tests and benchmarks ask: where on the page a point of a map is
    this.node.project = (k, x, y) => {
      const panel = this.panels[k];
      const box = panel.axesCanvas.getBoundingClientRect();
      const [px, py] = panel.axes.place(panel.view, x, y);
      return [box.left + px, box.top + py];
    };
    this.node.dataset.ready = header.panels.map((head) => head.name).join();
  }

  /** @param {Panel} panel */
  listen(panel) {
    const { on } = this;
    const { plane } = panel;
    on(plane, "pointermove", (e) => {
      if (this.dragged?.panel === panel) return this.drag(e);
      if (this.drawing?.panel === panel) return this.extend(e);
      this.move(panel, panel.invert(e), e.timeStamp);
    });
    on(plane, "pointerdown", (e) => {
      if (e.button !== 0) return;
      this.move(panel, panel.invert(e), e.timeStamp);
      // a finger scrolls the page; the pen and the mouse draw
      if (e.pointerType === "touch") return;
      plane.setPointerCapture(e.pointerId);
      if (this.tool.extend)
        this.drawing = { panel, polygon: [panel.invert(e)], at: [e.clientX, e.clientY], far: false };
      else this.dragged = { panel, at: panel.invert(e) };
    });
    on(plane, "pointerup", () => this.close());
    on(plane, "pointercancel", () => {
      this.drawing = this.dragged = null;
      this.requestDraw();
    });
    on(plane, "wheel", (e) => this.zoom(panel, e), { passive: false });
    on(plane, "dblclick", () => this.resetViews());
    on(plane, "keydown", (e) => this.key(panel, e));
  }

  /** @param {PointerEvent} event */
  extend(event) {
    const { drawing } = this;
    if (!drawing) return;
    drawing.far ||= Math.hypot(event.clientX - drawing.at[0], event.clientY - drawing.at[1]) > 6;
    const u = drawing.panel.invert(event);
    drawing.polygon = this.tool.extend?.(drawing.polygon, u) ?? drawing.polygon;
    this.requestDraw();
  }

  // Move a map with the pointer.
  /** @param {PointerEvent} event */
  drag(event) {
    const { dragged } = this;
    if (!dragged) return;
    const { panel, at } = dragged;
    const u = panel.invert(event);
    panel.zoomed = panel.view.map((v, k) => v + at[k >> 1] - u[k >> 1]);
    this.requestDraw();
  }

  resetViews() {
    for (const panel of this.panels) panel.zoomed = null;
    this.requestDraw();
  }

  close() {
    const { drawing } = this;
    this.drawing = this.dragged = null;
    if (drawing?.far && drawing.polygon.length > 2) {
      const inside = drawing.panel.within(drawing.polygon);
      // an image that is not in the first model's data has no meaning there
      if (drawing.panel.header.linked) this.choose(inside.some(Boolean) ? inside : null);
    }
    this.requestDraw();
  }

  /** @param {Panel} panel @param {WheelEvent} event */
  zoom(panel, event) {
    event.preventDefault();
    this.zoomAt(panel, panel.invert(event), ZOOM ** event.deltaY);
  }

  // Make what is seen of a map larger by a factor, around a place.
  /** @param {Panel} panel @param {number[]} place @param {number} factor */
  zoomAt(panel, [x, y], factor) {
    const [x0, x1, y0, y1] = panel.view;
    panel.zoomed = [x + (x0 - x) * factor, x + (x1 - x) * factor, y + (y0 - y) * factor, y + (y1 - y) * factor];
    this.requestDraw();
  }

  /** @param {Panel} panel @param {KeyboardEvent} event */
  key(panel, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 5 * STEP : STEP;
    /** @type {Record<string, number[]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const [x0, x1, y0, y1] = panel.view;
    const middle = [(x0 + x1) / 2, (y0 + y1) / 2];
    if (event.key === "+" || event.key === "=") this.zoomAt(panel, middle, 1 / KEY_FACTOR);
    else if (event.key === "-") this.zoomAt(panel, middle, KEY_FACTOR);
    else if (event.key === "0") this.resetViews();
    else if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(event.key in moves)) return;
    this.move(
      panel,
      panel.at.map((v, k) => v + moves[event.key][k]),
      event.timeStamp,
    );
  }

  // The cursor is at plane point u of a panel.
  /** @param {Panel} panel @param {number[]} u @param {number} time */
  move(panel, u, time) {
    panel.at = u;
    this.from = panel;
    this.z = panel.space.toLatent(u);
    if (this.mode === "image") this.index = panel.nearest(u);
    this.time ??= time;
    this.point();
  }

  /** @param {string} mode */
  link(mode) {
    this.mode = mode;
    for (const button of this.modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    if (mode === "z" && this.from) this.z = this.from.space.code(this.index);
    this.point();
  }

  /** @param {Uint8Array | null} mask @param {boolean} [report] */
  choose(mask, report = true) {
    this.lasso = mask;
    const n = mask ? mask.reduce((a, b) => a + b, 0) : 0;
    this.count.textContent = mask
      ? say("{n} of {all} images", { n: whole(n), all: whole(mask.length) })
      : say("select some with Lasso or Box");
    this.clear.hidden = !mask;
    this.node.dataset.chosen = String(n);
    if (this.header) this.recolour();
    if (!report) return;
    this.send("lasso", { n: mask?.length ?? 0, bits: mask ? toBits(mask) : "" }); // one message a gesture
  }

  // The slider's steps are dense where models are born; its right end is the codes of the finished models.
  scrub() {
    const at = Number(this.range.value);
    this.film = at === TICKS ? null : Math.round(this.last * (at / TICKS) ** 2);
    this.stepWords.textContent =
      this.film === null
        ? say("finished")
        : say("step {step} of {all}", { step: whole(this.film), all: whole(this.last) });
    this.range.setAttribute("aria-valuetext", this.stepWords.textContent);
    this.recolour();
  }

  recolour() {
    this.panels.forEach((panel) => panel.recolour());
    this.requestDraw();
  }

  // The cursor has moved; the maps below it stay as they are.
  point() {
    this.pointed = true;
    this.requestFrame();
  }

  // The maps have changed, and are drawn again whatever else the frame brings.
  requestDraw() {
    this.changed = true;
    this.requestFrame();
  }

  drawNow() {
    if (!this.panels.length) return;
    const theme = themeOf(this.node);
    const other = theme.key !== this.theme?.key;
    const redraw = this.changed || other;
    if (other) for (const panel of this.panels) panel.recolour();
    this.theme = theme;
    if (this.pointed) this.showPointed();
    for (const panel of this.panels) {
      if (redraw) panel.draw(theme);
      panel.drawMarks(theme, this.place(panel), this.drawing?.panel === panel ? this.drawing.polygon : []);
    }
    this.pointed = this.changed = false;
    this.timing.frames++;
    const { time } = this;
    this.time = undefined;
    if (time === undefined) return;
    painted(time, (ms) => record(this.timing.latencies, ms));
  }

  // Whether a panel shows the cursor's image or point.
  /** @param {Panel} panel */
  follows(panel) {
    if (this.film !== null) return false;
    return this.mode === "z" || panel === this.from || (panel.header.linked && Boolean(this.from?.header.linked));
  }

  /** @param {Panel} panel */
  latent(panel) {
    return this.mode === "z" ? this.z : panel.space.code(this.index);
  }

  /** @param {Panel} panel */
  place(panel) {
    return this.follows(panel) ? panel.space.toPlane(this.latent(panel)) : null;
  }

  showPointed() {
    const { index, mode, from } = this;
    if (!from) return;
    const source = this.panels[0].space;
    const real = mode === "image" && from.header.linked ? source.real(index) : null;
    const label = mode === "image" ? from.space.label(index) : "";
    const what =
      mode === "z"
        ? say("one z in every map")
        : `${from.header.split} #${source.number(index)}${label && ` (${label})`}`;
    if (this.what.textContent !== what) this.what.textContent = what;
    this.original.classList.toggle("absent", !real);
    if (real) paint(this.real, real, source.header.shape, source.header.lines);
    this.real.setAttribute("aria-label", what);
    for (const panel of this.panels) {
      if (this.follows(panel)) panel.showDecoded(this.latent(panel), mode === "image" ? index : null, real);
      else
        panel.away(
          this.film !== null ? say("the recording contains only codes") : say("this model was trained on other images"),
        );
    }
    this.node.dataset.index = mode === "image" ? String(index) : "";
  }
}

export default component(Comparing, "setTriggerValue");

// for types
export { Panel };
