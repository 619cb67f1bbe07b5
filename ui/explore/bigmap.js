import { Axes, spread } from "../js/axes.js";
import { Cloud, paints, tinted } from "../js/cloud.js";
import { Density } from "../js/density.js";
import { themeOf, whole } from "../js/drawing.js";
import { Grid } from "../js/grid.js";
import { fillLegend, makeLegend } from "../js/legend.js";
import { atNextFrame } from "../js/next_frame.js";
import { contains, crosses, tidied, toBits } from "../js/polygon.js";
import { leaveByKey, PRESENT, present, presenting } from "../js/present.js";
import { phrase, say } from "../js/say.js";
import { component, context2d, el, given, listener, plain, rgb, seen, unpack } from "../js/shared.js";
import { MAP_TOOLS, ToolStrip } from "../js/tool_strip.js";

// Draws the map of the codes: points (WebGL) where few codes are in view, else the density of all codes in view. A lasso
// goes to the map's layer (layer.js), which in turn gives this map its style: other colours, and the codes that are not
// muted; on a page without a layer it goes to the server.

// points in view up to which each is drawn by itself: without a graphics card these take 10 to 40 ms
const DRAWN = 10_000;
const SIZE = { few: 5.5, many: 4 }; // pixels across a point
const MANY = 3000; // codes from which points are smaller
const FILLED = 0.5; // points that a bin of the density holds on average, if that makes it no smaller than a pixel
const BIN = [1, 4]; // pixels across a bin
const AROUND = 0.5; // of the view's width that points are drawn beyond it, so that a drag shows them at once
// a moving density is counted again after this many times what counting takes; until then its picture moves
const REST = 3;
const WHEEL = 1.0015; // a notch of the wheel, to the power of its pixels
const KEY_ZOOM = 1.25;
const CLOSEST = 1e-6; // plane units a pixel at the closest
const STILL = 600; // ms without a move after which what is seen goes into the address
const FARTHEST = 50; // times the first view at the farthest
const DRAG = 4; // pixels that a pointer may move and still click
// What a density shows: how many codes there are, also what most of them are, or also the mean of their numbers.
const DENSITIES = [
  phrase("Drawn: the density of all {count} codes in view; zoom in: up to {most} are drawn one by one."),
  phrase(
    "Drawn: the density of all {count} codes in view, each pixel in the colour of most of its codes; zoom in: up to " +
      "{most} are drawn one by one.",
  ),
  phrase(
    "Drawn: the density of all {count} codes in view, each pixel in the colour of their mean; zoom in: up to {most} " +
      "are drawn one by one.",
  ),
];

class BigMap {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.frame());
    this.tools = new ToolStrip(MAP_TOOLS, (k) => {
      this.mode = MAP_TOOLS[k];
    });
    this.caption = el("span", { class: "count" });
    this.legend = makeLegend();
    /** @param {string} name */
    const canvas = (name) => el("canvas", { class: name, "aria-hidden": "true" });
    this.densityCanvas = canvas("cloud");
    this.cloudCanvas = canvas("cloud");
    this.axesCanvas = canvas("axes");
    this.marks = canvas("axes");
    this.titles = [el("span", { class: "axis across" }), el("span", { class: "axis up" })];
    this.plane = el("div", { class: "plane" }, this.densityCanvas, this.cloudCanvas, this.axesCanvas, this.marks);
    this.sentence = el("p", { class: "sentence" });
    this.node = el(
      "div",
      { class: "instrument bigmap" },
      this.sentence,
      this.tools.node,
      el("div", { class: "stage" }, this.plane, ...this.titles, this.legend),
      this.caption,
      el("p", { class: "leave" }, el("kbd", {}, say("Esc")), " ", say("leaves")),
    );
    this.presentButton = this.tools.add(
      { name: phrase("Present"), icon: "present", title: phrase("Fill the screen, for a projector (Esc leaves)") },
      () => present(true),
      true,
    );
    (parent.querySelector("div") ?? parent).append(this.node);
    this.cloud = new Cloud(this.cloudCanvas, () => this.requestDraw());
    this.axes = new Axes(this.axesCanvas, true);
    /** @type {BigMapHeader | null} */
    this.header = null;
    /** @type {Density | null} */
    this.density = null;
    this.n = 0;
    this.labels = this.some = new Int32Array(0); // some of all codes, to draw images of
    this.x = this.y = new Float32Array(0);
    /** @type {number[][]} */
    this.palette = [];
    /** @type {(OverlaidMap & StyledMap) | null} */
    this.host = null; // what the layer and the card know of this map
    /** @type {Set<() => void>} */
    this.followers = new Set();
    this.mode = MAP_TOOLS[0];
    /** @type {Answer} */
    this.send = () => {};
    /** @type {Theme | null} */
    this.theme = null;
    /** @type {number | null} */
    this.solo = null;
    /** @type {Uint8Array | null} */
    this.mask = null;
    /** @type {Colouring | null} */
    this.colouring = null;
    // the view, and plane units a pixel now and at most
    /** @type {number[] | null} */
    this.centre = null;
    this.unit = this.widest = 1;
    // a gesture: where fingers are, where it began, whether it is no click any more, and what it draws
    /** @type {Map<number, number[]>} */
    this.pointers = new Map();
    this.start = [0, 0];
    this.far = false;
    /** @type {number[][] | null} */
    this.polygon = null;
    this.marked = false;
    // what is drawn: the density, and the view that points were drawn for
    /** @type {{view: View, done: number, took: number} | null} */
    this.layer = null;
    /** @type {View | null} */
    this.drawn = null;
    this.later = this.rest = 0;
    this.whole = false; // whether the first view is of all codes, whatever the address says
    // until the visitor has moved, another size of the map shows the same codes
    this.touched = false;
    this.sizes = new ResizeObserver(() => {
      if (!this.touched) this.centre = null;
      this.requestDraw();
    });
    // what benchmarks and tests read
    this.timing = window.__latentMap = {
      painted: /** @type {number | null} */ (null),
      frames: 0,
      counted: /** @type {number[]} */ ([]),
    };
    this.listen();
  }

  listen() {
    const on = listener(this.stop.signal);
    on(this.tools.reset, "click", () => this.resetView());
    on(window, PRESENT, () => this.grow());
    leaveByKey(on);
    on(this.tools.clear, "click", () => this.forget());
    on(this.plane, "pointerdown", (e) => this.press(e));
    on(this.plane, "pointermove", (e) => this.move(e));
    on(this.plane, "pointerup", (e) => this.release(e));
    on(this.plane, "pointercancel", (e) => {
      this.pointers.delete(e.pointerId);
      this.polygon = null;
      this.requestDraw();
    });
    on(
      this.plane,
      "wheel",
      (e) => {
        e.preventDefault();
        this.zoom(this.pixels(e), WHEEL ** e.deltaY);
      },
      { passive: false },
    );
    on(this.plane, "dblclick", () => this.resetView());
    on(this.plane, "keydown", (e) => this.key(e));
    for (const name of ["latent-geometry", "latent-values"]) on(window, name, () => this.takeCodes());
    this.sizes.observe(this.plane);
  }

  destroy() {
    this.stop.abort();
    clearTimeout(this.later);
    clearTimeout(this.rest);
    this.sizes.disconnect();
    const chart = this.header?.chart ?? "";
    if (window.__latentMaps?.get(chart) === this.host) window.__latentMaps?.delete(chart);
    this.cloud.destroy();
    this.node.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    /** @type {Packet<BigMapHeader>} */
    const { header } = unpack(bytes);
    if (header.content !== this.header?.content) {
      const other = header.geometry !== this.header?.geometry;
      if (header.around) this.node.style.setProperty("--around", `${header.around}px`);
      this.presentButton.hidden = !header.presents;
      this.header = header;
      this.density = null;
      this.centre = null; // the first view, once there is a size
      this.touched = false;
      this.whole = false; // whether that is of all codes, whatever the address says
      this.solo = null;
      if (other) this.mask = this.colouring = null;
      fillLegend(
        this.legend,
        header.classes.map(([k, text]) => [k, text, header.colours[k]]),
        this,
      );
      this.takeCodes();
    }
    this.restyle();
  }

  // Streamlit renders anew when its theme changes.
  restyle() {
    const theme = themeOf(this.node);
    if (theme.key !== this.theme?.key) {
      this.theme = theme;
      this.palette = (this.header?.palette ?? []).map((hue) => rgb(seen(hue, theme.dark)));
      this.recolour();
    }
    this.requestDraw();
  }

  // Take the codes, once they are in the window, to the plane.
  takeCodes() {
    if (!this.header || this.density) return;
    const { latent, places } = this.header;
    const geometry = window.__latentGeometry?.get(this.header.geometry);
    const kept = places ? window.__latentValues?.get(places)?.arrays : null; // of a bent map
    if (!geometry || kept === undefined) return;
    const [means, labels] = [given(geometry.means, "codes"), given(geometry.labels, "labels")];
    this.n = labels.length;
    this.labels = labels;
    this.some = new Int32Array(0);
    /** @param {FlatPlane} plane @param {number} k */
    const along = ({ origin, basis }, k) => {
      const axis = basis[k];
      const values = new Float32Array(this.n);
      const shift = axis.reduce((sum, a, j) => sum + a * origin[j], 0);
      for (let i = 0, s = 0; i < this.n; i++, s += latent) {
        let sum = -shift;
        for (let j = 0; j < latent; j++) sum += axis[j] * means[s + j];
        values[i] = sum;
      }
      return values;
    };
    const plane = /** @type {FlatPlane} */ (this.header.plane); // unless it is bent
    const [x, y] = [0, 1].map((k) =>
      kept ? Float32Array.from({ length: this.n }, (_, i) => kept.places[2 * i + k]) : along(plane, k),
    );
    [this.x, this.y] = [x, y];
    this.density = new Density(new Grid(this.x, this.y), this.x, this.y);
    this.theme = null;
    this.restyle();
    /** @param {() => void} follow */
    const listen = (follow) => {
      this.followers.add(follow);
      return () => this.followers.delete(follow);
    };
    /** @type {OverlaidMap & StyledMap} */
    const host = {
      node: this.plane,
      axes: () => this.mapAxes(),
      listen,
      x: this.x,
      y: this.y,
      version: 0,
      lassoed: null,
      cleared: null,
      moved: null,
      applyStyle: (style) => this.applyStyle(style),
      isShown: (i) => this.isShown(i),
      rgb: (i) => this.palette[Math.max(this.labels[i], 0) % this.palette.length],
      sample: (view, order) => this.sample(view, order),
      layout: (sheet) => {
        if (this.axesCanvas.previousElementSibling !== sheet) this.axesCanvas.before(sheet);
      },
    };
    this.host = host;
    (window.__latentMaps ??= new Map()).set(this.header.chart, host);
    // tests and benchmarks ask where on the page a point of the plane is, and which view is seen
    this.plane.project = (x, y) => this.project(x, y);
    this.plane.seen = () => this.view;
    this.frame(); // before the card, which follows, begins its own work
  }

  // Colours

  // The layer's style: other colours than the classes', a selection, and faint points behind images.
  /** @param {MapStyle} style */
  applyStyle({ colouring, mask, faint }) {
    this.colouring = colouring;
    this.mask = mask;
    this.tools.clear.hidden = !mask;
    this.node.classList.toggle("faint", faint);
    this.node.classList.toggle("coated", Boolean(colouring));
    this.recolour();
  }

  // Codes to draw images of: those in view, or where they are too many some of all, always the same.
  /** @param {View} view @param {Int32Array} order */
  sample(view, order) {
    const { density } = this;
    if (!density) return { numbers: [], key: "none" }; // other codes are on their way
    if (density.within(view) > order.length) {
      const step = this.n / order.length;
      if (!this.some.length) this.some = order.map((k) => density.grid.order[Math.floor(k * step)]);
      return { numbers: this.some, key: "some" };
    }
    return {
      numbers: density
        .members(view)
        .map((t) => density.grid.order[t])
        .sort((a, b) => scrambled(a) - scrambled(b)),
      key: view.join(),
    };
  }

  /** @param {number} i */
  isShown(i) {
    return (this.solo === null || this.labels[i] === this.solo) && (!this.mask || this.mask[i] === 1);
  }

  recolour() {
    if (!this.density) return;
    const { density, colouring } = this;
    const { order } = density.grid;
    const labels = colouring?.kinds ?? this.labels;
    const hues = this.hues.length;
    density.values = colouring?.values ? density.grid.ordered(colouring.values) : null;
    for (let t = 0; t < order.length; t++) {
      const i = order[t];
      const shown = this.isShown(i) && (!colouring || colouring.has(i));
      density.kinds[t] = (Math.max(labels[i], 0) % hues) + (shown ? 0 : hues);
    }
    this.layer = this.drawn = null;
    if (this.host) this.host.version++; // other images fit
    this.requestDraw();
  }

  // The colours that the density counts by.
  get hues() {
    return this.colouring?.palette ?? this.palette;
  }

  // The view

  get area() {
    return this.axes.area();
  }

  get view() {
    const { width, height } = this.area;
    const [x, y] = this.centre ?? [0, 0];
    const [half, tall] = [(width * this.unit) / 2, (height * this.unit) / 2];
    return [x - half, x + half, y - tall, y + tall];
  }

  // Larger for a projector, or as it was.
  grow() {
    const large = presenting();
    this.node.classList.toggle("presenting", large);
    this.sentence.textContent = large ? (document.querySelector("h1")?.textContent ?? "") : "";
    this.axes.bare = large;
    if (large) this.plane.focus({ preventScroll: true });
    this.requestDraw();
  }

  forget() {
    if (this.host?.cleared) return this.host.cleared();
    this.mask = null;
    this.tools.clear.hidden = true;
    this.recolour();
    this.send("lasso", { n: this.n, bits: "" });
  }

  resetView() {
    this.centre = null;
    this.moved(true);
    this.requestDraw();
  }

  // One unit is as long upwards as across, and all of the first frame is in view.
  /** @param {BigMapHeader} header */
  setFirstView({ frame, seen }) {
    const { width, height } = this.area;
    /** @param {View} view */
    const fit = ([x0, x1, y0, y1]) => {
      this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
      this.unit = Math.max((x1 - x0) / width, (y1 - y0) / height, CLOSEST);
    };
    fit(frame);
    this.widest = this.unit * FARTHEST;
    if (seen && !this.whole) fit(seen);
  }

  /** @param {MouseEvent} event */
  pixels(event) {
    const box = this.axesCanvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {number[]} pixel */
  invert([px, py]) {
    const { left, top, width, height } = this.area;
    const [x, y] = this.centre ?? [0, 0];
    return [x + (px - left - width / 2) * this.unit, y - (py - top - height / 2) * this.unit];
  }

  /** @param {number} x @param {number} y */
  project(x, y) {
    const box = this.axesCanvas.getBoundingClientRect();
    const [px, py] = this.axes.place(this.view, x, y);
    return [box.left + px, box.top + py];
  }

  // Pixels of the plot area to plane coordinates, and back.
  /** @returns {MapAxes | null} */
  mapAxes() {
    if (!this.centre) return null;
    const { left, top, width, height } = this.area;
    const {
      unit,
      centre: [x, y],
    } = this;
    return {
      x: {
        p2d: (p) => x + (p - width / 2) * unit,
        d2p: (v) => width / 2 + (v - x) / unit,
        _offset: left,
        _length: width,
      },
      y: {
        p2d: (p) => y - (p - height / 2) * unit,
        d2p: (v) => height / 2 - (v - y) / unit,
        _offset: top,
        _length: height,
      },
    };
  }

  // Make a pixel longer or shorter, and leave what is under `at` where it is.
  /** @param {number[]} at @param {number} factor */
  zoom(at, factor) {
    if (!this.centre) return;
    const before = this.invert(at);
    this.unit = Math.min(Math.max(this.unit * factor, CLOSEST), this.widest);
    const after = this.invert(at);
    this.centre = this.centre.map((v, k) => v + before[k] - after[k]);
    this.moved();
    this.requestDraw();
  }

  // The visitor has moved or zoomed: what is seen goes into the address once it rests; null is the first view.
  moved(whole = false) {
    this.whole = whole;
    this.touched = !whole;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.host?.moved?.(whole ? null : this.view), STILL);
  }

  // Gestures

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || !this.centre) return;
    this.plane.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.pixels(event));
    this.start = this.pixels(event);
    this.far = false;
    this.polygon = this.mode.extend && this.pointers.size === 1 ? [this.invert(this.start)] : null;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.centre) return;
    const now = this.pixels(event);
    this.pointers.set(event.pointerId, now);
    if (Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) > DRAG) this.far = true;
    if (this.pointers.size === 2) {
      const [[, other]] = [...this.pointers].filter(([id]) => id !== event.pointerId);
      const [wide, wider] = [before, now].map((p) => Math.hypot(p[0] - other[0], p[1] - other[1]));
      if (wide > 0 && wider > 0) this.zoom(other, wide / wider);
    } else if (this.polygon && this.mode.extend) {
      this.polygon = this.mode.extend(this.polygon, this.invert(now));
    } else if (this.far) {
      this.centre = [
        this.centre[0] - (now[0] - before[0]) * this.unit,
        this.centre[1] + (now[1] - before[1]) * this.unit,
      ];
    }
    this.requestDraw();
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { polygon } = this;
    this.polygon = null;
    if (polygon && polygon.length > 2 && this.far) this.lassoed(tidied(polygon, this.unit / 2), event);
    else if (this.far) this.moved();
    this.requestDraw();
  }

  /** @param {number[][]} corners @param {PointerEvent} event */
  lassoed(corners, event) {
    const { host, header } = this;
    if (!host || !header) return;
    const mask = this.inside(corners);
    const hidden = header.classes.flatMap(([k], at) => (this.solo === null || k === this.solo ? [] : [at]));
    if (host.lassoed) host.lassoed(mask, event, { corners, hidden });
    else {
      // without a layer the page hears of it, and the map keeps it
      this.mask = mask;
      this.tools.clear.hidden = !mask;
      this.recolour();
      this.send("lasso", { n: this.n, bits: mask ? toBits(mask) : "" });
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.centre) return;
    const { left, top, width, height } = this.area;
    const middle = [left + width / 2, top + height / 2];
    if (event.key === "+" || event.key === "=") this.zoom(middle, 1 / KEY_ZOOM);
    else if (event.key === "-") this.zoom(middle, KEY_ZOOM);
    else if (event.key === "0") this.resetView();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Which codes lie within a polygon, as bytes of 0 and 1. A cell of codes that no edge passes is within or without as
  // a whole.
  /** @param {number[][]} polygon */
  inside(polygon) {
    if (!this.density) return null;
    const { grid, x, y } = this.density;
    const { boxes, order, starts } = grid;
    const mask = new Uint8Array(this.n);
    for (let c = 0, b = 0; c < grid.count; c++, b += 4) {
      const mixed = crosses(polygon, boxes[b], boxes[b + 1], boxes[b + 2], boxes[b + 3]);
      if (!mixed && !contains(polygon, boxes[b], boxes[b + 2])) continue;
      for (let t = starts[c]; t < starts[c + 1]; t++) {
        const i = order[t];
        const shown = this.solo === null || this.labels[i] === this.solo;
        mask[i] = shown && (!mixed || contains(polygon, x[t], y[t])) ? 1 : 0;
      }
    }
    return mask.includes(1) ? mask : null;
  }

  // Drawing

  frame() {
    const { density, header } = this;
    if (!density || !header || this.area.width <= 0) return;
    if (!this.centre) this.setFirstView(header);
    const { view } = this;
    const theme = (this.theme ??= themeOf(this.node));
    const count = density.within(view);
    const points = count <= DRAWN;
    this.densityCanvas.hidden = points;
    this.cloudCanvas.hidden = !points;
    if (points) this.drawPoints(view, density, header.colours, theme);
    else this.drawDensity(view, density, count);
    this.drawAxes(view, header, theme);
    this.drawMarks(view, theme);
    this.describeDrawn(count, points, header.classes.length > 0);
    for (const follow of this.followers) follow();
    this.timing.frames++;
    this.timing.painted ??= performance.now();
    this.node.dataset.ready = `${header.content} ${points ? "points" : "density"}`;
  }

  /** @param {View} view @param {Density} density @param {string[]} colours @param {Theme} theme */
  drawPoints(view, density, colours, { dark }) {
    const { drawn } = this;
    const held = drawn && drawn[0] <= view[0] && drawn[1] >= view[1] && drawn[2] <= view[2] && drawn[3] >= view[3];
    if (!held) {
      const [x0, x1, y0, y1] = view;
      const margin = AROUND * (x1 - x0);
      const wide = [x0 - margin, x1 + margin, y0 - margin, y1 + margin];
      // around a view of few there may be very many
      this.drawn = density.within(wide) <= 2 * DRAWN ? wide : view;
      // in an order without a pattern: cell by cell, the last class of a cell would cover the others
      const found = density
        .members(this.drawn)
        .sort((a, b) => scrambled(density.grid.order[a]) - scrambled(density.grid.order[b]));
      const places = new Float32Array(2 * found.length);
      found.forEach((t, k) => places.set([density.x[t], density.y[t]], 2 * k));
      const numbers = Int32Array.from(found, (t) => density.grid.order[t]);
      this.cloud.between(places, places);
      const { colouring } = this;
      this.cloud.paint(
        colouring
          ? tinted(
              numbers,
              (i) => colouring.rgb(i),
              (i) => this.isShown(i) && colouring.has(i),
            )
          : paints(
              numbers.map((i) => this.labels[i]),
              colours,
              dark,
              (_, k) => this.isShown(numbers[k]),
            ),
      );
    }
    this.cloud.draw(view, 1, this.n > MANY ? SIZE.many : SIZE.few);
  }

  /** @param {View} view @param {Density} density @param {number} count */
  drawDensity(view, density, count) {
    const { area, colouring } = this;
    let layer = this.layer;
    const stale = !layer || view.some((v, k) => v !== layer?.view[k]);
    const waited = performance.now() - (layer?.done ?? -Infinity);
    clearTimeout(this.later);
    if (!layer || (stale && waited >= REST * layer.took)) {
      const began = performance.now();
      const side = Math.min(
        Math.max(Math.round(Math.sqrt((FILLED * area.width * area.height) / count)), BIN[0]),
        BIN[1],
      );
      const [columns, lines] = [area.width, area.height].map((pixels) => Math.max(Math.round(pixels / side), 1));
      const muted = this.solo !== null || this.mask !== null || colouring !== null;
      if (colouring && "ramp" in colouring) density.means(view, columns, lines, colouring, this.hues.length);
      else density.paint(view, columns, lines, this.hues, muted);
      const done = performance.now();
      this.layer = layer = { view, done, took: done - began };
      this.timing.counted.push(done - began);
    } else if (stale) {
      this.later = setTimeout(() => this.requestDraw(), REST * layer.took - waited + 1);
    }
    this.place(view, density.canvas, layer.view);
  }

  // Put the density's picture where its view lies in the present one.
  /** @param {View} view @param {HTMLCanvasElement} picture @param {View} pictured */
  place(view, picture, [a0, a1, b0, b1]) {
    const canvas = this.densityCanvas;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = context2d(canvas);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    const [x0, x1, y0, y1] = view;
    const [across, up] = [width / (x1 - x0), height / (y1 - y0)];
    context.drawImage(picture, (a0 - x0) * across, (y1 - b1) * up, (a1 - a0) * across, (b1 - b0) * up);
  }

  /** @param {View} view @param {BigMapHeader} header @param {Theme} theme */
  drawAxes(view, header, theme) {
    const glyphs = spread(
      header.glyphs.map(([k, text, x, y]) => ({ text, x, y, k, at: this.axes.place(view, x, y) })),
      this.solo,
    );
    header.plane.titles.forEach((title, k) => {
      const text = k ? `↑ ${plain(title)}` : `${plain(title)} →`;
      if (this.titles[k].textContent !== text) this.titles[k].textContent = text;
    });
    this.axes.sigmas = new URLSearchParams(location.search).get("mode") === "expert";
    this.axes.draw(view, { titles: ["", ""], count: "", rings: header.rings, rows: null, glyphs }, theme);
  }

  /** @param {number[]} view @param {Theme} theme */
  drawMarks(view, theme) {
    const context = context2d(this.marks);
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(this.marks.clientWidth * ratio), Math.round(this.marks.clientHeight * ratio)];
    if (this.marks.width !== w || this.marks.height !== h) [this.marks.width, this.marks.height] = [w, h];
    else if (!this.polygon && !this.marked) return;
    this.marked = Boolean(this.polygon);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.marks.clientWidth, this.marks.clientHeight);
    if (!this.polygon) return;
    context.beginPath();
    for (const u of this.polygon) context.lineTo(...this.axes.place(view, u[0], u[1]));
    context.closePath();
    context.setLineDash([4, 3]);
    context.lineWidth = 1.5;
    context.strokeStyle = theme.ink;
    context.stroke();
  }

  /** @param {number} count @param {boolean} points @param {boolean} classes */
  describeDrawn(count, points, classes) {
    const all = points && this.n <= DRAWN;
    this.caption.hidden = all;
    const density = this.colouring?.values ? 2 : Number(classes || Boolean(this.colouring));
    const text = points
      ? say("Drawn: each of the {count} codes in view, of {all}.", { count: whole(count), all: whole(this.n) })
      : say(DENSITIES[density], { count: whole(count), most: whole(DRAWN) });
    if (this.caption.textContent !== text) this.caption.textContent = text;
  }
}

// A number's place in an order without a pattern.
/** @param {number} i */
function scrambled(i) {
  return Math.imul(i ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
}

export { BigMap };
export default component(BigMap, "setStateValue");
