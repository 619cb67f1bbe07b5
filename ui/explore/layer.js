import { cividis } from "../js/cividis.js";
import { Bar } from "../js/colour_bar.js";
import { fresh, themeOf, whole } from "../js/drawing.js";
import { MapOverlay } from "../js/map_overlay.js";
import { atNextFrame } from "../js/next_frame.js";
import { fromBits, toBits } from "../js/polygon.js";
import { phrase, say } from "../js/say.js";
import { component, el, listener, painted, record, rgb, seen, unpack } from "../js/shared.js";
import { shuffled, Thumbnails, thin } from "../js/thumbnails.js";

// Draws over the map, which stays mounted: other colours of the codes, the selection, images, and density contours. It
// also holds the selection: a lasso on either map comes here, is joined with the selection before it, and goes to the
// server as one message. See layer.py.

const MODES = [
  { name: phrase("New"), title: phrase("Select the points inside the lasso") },
  { name: phrase("Add"), title: phrase("Add the points inside the lasso to the selection (or hold Shift)") },
  { name: phrase("Subtract"), title: phrase("Remove the points inside the lasso from the selection (or hold Alt)") },
];
// What is drawn at the codes: images, or reconstructions, as the images are too many, or are not here.
const DRAWN_IMAGES = [
  phrase("{n} images at their codes, without overlap. Zoom in for more."),
  phrase("{n} reconstructions at their codes, without overlap (the images are too many to send). Zoom in for more."),
  phrase("{n} reconstructions at their codes, without overlap (the data are not on this machine). Zoom in for more."),
];
const SAMPLE = 20_000; // codes among which images are looked for
const WIDTHS = [2.25, 1.5, 1]; // of the lines that hold half, four fifths, nearly all
const NONE = [134, 139, 147]; // a code without a number
const DARKEST = 0.2; // where colours begin on dark paper, on which cividis' first would not be seen
const SIDES = [
  [0, 1],
  [1, 0],
  [0, -1],
]; // where each line has its number: below, right, above

// The colour of each code but its class's: `rgb(i)`, and `has(i)` where it has one at all. A ramp begins at `from`.
/** @param {Colour} colour @param {Float32Array} values @param {number} from @param {boolean} dark @returns {Colouring} */
function makeColouring(colour, values, from, dark) {
  const { low, high, classes } = colour;
  /** @param {number} i */
  const has = (i) => Number.isFinite(values[i]);
  if (!classes) {
    const span = high - low || 1;
    /** @param {number} t */
    const ramp = (t) => cividis(from + (1 - from) * Math.min(Math.max(t, 0), 1));
    return { values, low, high, has, ramp, rgb: (i) => (has(i) ? ramp((values[i] - low) / span) : NONE) };
  }
  const palette = classes.map(({ hue }) => rgb(seen(hue, dark)));
  return {
    kinds: Int32Array.from(values, (v) => (v >= 0 ? v : -1)),
    palette,
    has,
    rgb: (i) => palette[values[i]] ?? NONE,
  };
}

// The selection after a lasso: bytes of 0 and 1, null for none.
/** @param {Uint8Array | null} before @param {Uint8Array | null} mask @param {string} mode */
function joined(before, mask, mode) {
  if (!before) return mode === "Subtract" ? null : mask;
  if (mode === "New") return mask;
  const sign = mode === "Add" ? 1 : 0;
  const made = before.slice();
  if (mask) for (let i = 0; i < made.length; i++) if (mask[i]) made[i] = sign;
  return made.includes(1) ? made : null;
}

// No two gestures have the same.
const mark = () => String(performance.timeOrigin + performance.now());

class Layer {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.frame());
    this.buttons = MODES.map(({ name, title }, k) =>
      el("button", { type: "button", title: say(title), "aria-pressed": String(!k) }, say(name)),
    );
    this.mode = MODES[0].name;
    this.bar = new Bar();
    this.note = el("span", { class: "note" });
    this.choice = el(
      "div",
      { class: "choice", role: "group", hidden: "", "aria-label": say("What the next lasso does with the selection") },
      ...this.buttons,
    );
    this.node = el("div", { class: "instrument layer" }, this.choice, this.bar.node, this.note);
    (parent.querySelector("div") ?? parent).append(this.node);
    /** @param {string} name */
    const canvas = (name) => el("canvas", { "aria-hidden": "true", [`data-latent-${name}`]: "" });
    this.sheet = canvas("sheet");
    Object.assign(this.sheet.style, { position: "absolute", pointerEvents: "none" });
    this.mapOverlay = new MapOverlay([this.sheet], { follow: () => this.frame() });
    this.thumbnails = new Thumbnails();
    /** @type {LayerHeader | null} */
    this.header = null;
    /** @type {Chosen} */
    this.chosen = { run: "", serial: 0, mask: null };
    /** @type {StyledMap | null} */
    this.map = null;
    /** @type {HTMLElement | null} */
    this.chart = null;
    /** @type {KnownSpace | undefined} */
    this.known = undefined;
    /** @type {Colouring | null} */
    this.colouring = null;
    /** @type {Record<string, Float32Array> | null} */
    this.lines = null;
    this.order = new Int32Array(0);
    /** @type {{key: string, numbers: number[]} | null} */
    this.thinned = null;
    /** @type {string | null} */
    this.held = null; // what a key that is held makes of the lasso
    this.theme = "";
    /** @type {number | undefined} */
    this.requestedAt = undefined;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    // what benchmarks and tests read
    this.timing = window.__latentLayer = {
      recolours: /** @type {number[]} */ ([]),
      frames: /** @type {number[]} */ ([]),
      images: 0,
      waiting: 0,
      selected: 0,
      painted: /** @type {number | null} */ (null),
    };
    this.listen();
  }

  listen() {
    const on = listener(this.stop.signal);
    this.buttons.forEach((button, k) => on(button, "click", () => this.press(k)));
    /** @param {PointerEvent} event */
    const held = (event) => {
      this.held = event.shiftKey ? "Add" : event.altKey ? "Subtract" : null;
    };
    on(window, "pointerup", held, { capture: true });
    on(window, "latent-values", () => this.updateStyle());
    on(window, "resize", () => this.requestDraw());
    // no event says that a chart was mounted again, or that the theme changed
    this.timer = setInterval(() => this.check(), 200);
  }

  /** @param {number} k */
  press(k) {
    this.mode = MODES[k].name;
    this.buttons.forEach((button, j) => button.setAttribute("aria-pressed", String(j === k)));
  }

  destroy() {
    this.stop.abort();
    clearInterval(this.timer);
    this.leave();
    this.mapOverlay.detach();
    this.node.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    /** @type {Packet<LayerHeader>} */
    const { header, section } = unpack(bytes);
    this.header = header;
    const kept = (window.__latentChosen ??= new Map());
    if (this.chosen.run !== header.run)
      this.chosen = kept.get(header.run) ?? { run: header.run, serial: 0, mask: null };
    if (this.chosen.mask && this.chosen.mask.length !== header.n) this.chosen.mask = null;
    if (header.serial !== this.chosen.serial)
      Object.assign(this.chosen, { serial: header.serial, mask: fromBits(section("bits"), header.n) });
    kept.set(header.run, this.chosen);
    this.requestedAt = performance.now();
    this.check();
    this.updateStyle();
  }

  check() {
    if (!this.header) return;
    this.mapOverlay.find(this.header.chart);
    const own = window.__latentMaps?.get(this.header.chart); // another plane is another one
    if (this.chart !== this.mapOverlay.chart || (own && this.chart === own.node && own !== this.map)) {
      this.leave();
      this.chart = this.mapOverlay.chart;
      this.map = own && own.node === this.chart ? own : null;
      if (this.map) {
        this.map.lassoed = (mask, event, step) => this.lassoed(mask, event, step);
        this.map.cleared = () => this.choose(null, null);
        this.map.moved = (box) => this.send("seen", { id: mark(), box });
      }
      this.updateStyle();
    }
    const [theme, known] = [themeOf(this.node).key, window.__latentSpaces?.get(this.header.chart)];
    if (theme !== this.theme) {
      this.theme = theme;
      this.updateStyle();
    }
    if (known !== this.known) {
      this.known = known;
      this.requestDraw();
    }
  }

  leave() {
    this.map?.applyStyle({ colouring: null, mask: null, faint: false });
    if (this.map) this.map.lassoed = this.map.cleared = this.map.moved = null;
    this.map = null;
  }

  /** @param {Uint8Array | null} mask @param {PointerEvent | null} event @param {LassoStep} step */
  lassoed(mask, event, step) {
    const held = event ? (event.shiftKey ? "Add" : event.altKey ? "Subtract" : null) : this.held;
    const how = held ?? this.mode;
    this.choose(joined(this.chosen.mask, mask, how), { how, ...step });
  }

  /** @param {Uint8Array | null} mask @param {(LassoStep & {how: string}) | null} step */
  choose(mask, step) {
    if (!this.header) return;
    this.chosen.mask = mask;
    this.send("lasso", { id: mark(), n: this.header.n, bits: mask ? toBits(mask) : "", step });
    this.updateStyle();
  }

  // Give colours and selection to the map.
  updateStyle() {
    const { header, map } = this;
    if (!header || !map) return;
    const store = window.__latentValues;
    const values = header.colour && store?.get(header.colour.id)?.arrays.values;
    const { dark } = themeOf(this.node);
    const from = dark ? DARKEST : 0;
    this.colouring = header.colour && values ? makeColouring(header.colour, values, from, dark) : null;
    this.lines = (header.contours && store?.get(header.contours)?.arrays) || null;
    this.bar.show(this.colouring ? header.colour : null, from);
    if (!this.chosen.mask) this.press(0); // with nothing selected, all three do the same
    this.choice.hidden = !this.chosen.mask;
    map.applyStyle({ colouring: this.colouring, mask: this.chosen.mask, faint: header.marks });
    this.timing.selected = this.chosen.mask ? this.chosen.mask.reduce((a, b) => a + b, 0) : 0;
    this.node.dataset.ready = [
      header.colour?.id ?? "class",
      this.colouring ? "recoloured" : "",
      this.lines ? "lines" : "",
    ].join(" ");
    this.thinned = null;
    this.requestDraw();
  }

  frame() {
    const { map, header, stop } = this;
    const axes = this.mapOverlay.axes();
    if (stop.signal.aborted || !map || !header || !axes || axes.x._length <= 0) return;
    const began = performance.now();
    const box = {
      left: `${axes.x._offset}px`,
      top: `${axes.y._offset}px`,
      width: `${axes.x._length}px`,
      height: `${axes.y._length}px`,
    };
    Object.assign(this.sheet.style, box);
    map.layout(this.sheet);
    const { context, width, height } = fresh(this.sheet, axes.x._length, axes.y._length);
    const images = header.marks ? this.drawImages(context, axes, width, height) : null;
    if (this.lines) this.drawLines(this.lines, header.shares, context, axes, width, height);
    this.describeImages(header, images);
    record(this.timing.frames, performance.now() - began);
    // without a colouring the numbers have not arrived
    if (this.requestedAt === undefined || (header.colour && !this.colouring)) return;
    const { requestedAt } = this;
    this.requestedAt = undefined;
    painted(requestedAt, (ms) => {
      record(this.timing.recolours, ms);
      this.timing.painted = performance.now();
    });
  }

  // Returns what was drawn: {shown, of, real}, null where there is nothing to draw images of.
  /** @param {CanvasRenderingContext2D} context @param {MapAxes} axes @param {number} width @param {number} height */
  drawImages(context, axes, width, height) {
    const { known, map, header } = this;
    if (!known || !header || !map?.x || !map.y || known.space.header.shape.length !== 3) return null;
    const { x: across, y: up } = map;
    const pitch = Thumbnails.pitch(known.space.header.shape);
    const unit = axes.x.p2d(1) - axes.x.p2d(0);
    const view = [axes.x.p2d(0), axes.x.p2d(width), axes.y.p2d(height), axes.y.p2d(0)];
    const { n } = header;
    if (this.order.length !== Math.min(n, SAMPLE)) this.order = shuffled(Math.min(n, SAMPLE));
    const found = map.sample(view, this.order);
    const key = `${found.key} ${unit.toPrecision(6)} ${map.version}`;
    if (key !== this.thinned?.key) {
      const numbers = [...found.numbers].filter((i) => map.isShown(i));
      this.thinned = {
        key,
        numbers: thin(
          numbers,
          (i) => across[i] / unit,
          (i) => up[i] / unit,
          pitch,
        ),
      };
    }
    const half = pitch / 2;
    /** @param {number} i */
    const at = (i) => [axes.x.d2p(across[i]), axes.y.d2p(up[i])];
    const here = this.thinned.numbers.filter((i) => {
      const [x, y] = at(i);
      return x > -half && y > -half && x < width + half && y < height + half;
    });
    /** @param {number} i */
    const hue = (i) => `rgb(${(this.colouring?.rgb(i) ?? map.rgb(i)).map(Math.round)})`;
    this.timing.waiting = this.thumbnails.draw(context, known, here, at, hue);
    this.timing.images = here.length;
    if (this.timing.waiting) this.requestDraw();
    return { shown: here.length, real: known.space.hasImages, unsent: known.space.header.unsent };
  }

  /**
   * @param {Record<string, Float32Array>} lines @param {number[]} shares @param {CanvasRenderingContext2D} context
   * @param {MapAxes} axes @param {number} width @param {number} height
   */
  drawLines(lines, shares, context, axes, width, height) {
    const theme = themeOf(this.node);
    shares.forEach((share, k) => {
      const segments = lines[`line${k}`];
      if (!segments) return;
      context.beginPath();
      const [right, down] = SIDES[k];
      let far = -Infinity;
      /** @type {number[] | null} */
      let place = null;
      for (let s = 0; s < segments.length; s += 4) {
        const [xa, ya, xb, yb] = [
          axes.x.d2p(segments[s]),
          axes.y.d2p(segments[s + 1]),
          axes.x.d2p(segments[s + 2]),
          axes.y.d2p(segments[s + 3]),
        ];
        context.moveTo(xa, ya);
        context.lineTo(xb, yb);
        const reach = right * xa + down * ya;
        if (reach > far && xa > 16 && ya > 16 && xa < width - 16 && ya < height - 16) [far, place] = [reach, [xa, ya]];
      }
      for (const [colour, more] of /** @type {[string, number][]} */ ([
        [theme.paper, 2],
        [theme.ink, 0],
      ])) {
        Object.assign(context, { strokeStyle: colour, lineWidth: WIDTHS[k] + more, globalAlpha: more ? 0.6 : 0.9 });
        context.stroke();
      }
      context.globalAlpha = 1;
      if (!place) return;
      Object.assign(context, {
        font: `14px ${theme.font}`,
        lineWidth: 3,
        strokeStyle: theme.paper,
        fillStyle: theme.ink,
        textAlign: "center",
      });
      const text = `${Math.round(100 * share)} %`;
      const [x, y] = [place[0] + 16 * right, place[1] + 4 + 9 * down];
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    });
  }

  /** @param {LayerHeader} header @param {{shown: number, real: boolean, unsent: string} | null} images */
  describeImages(header, images) {
    const parts = [];
    if (this.colouring && header.colour?.note) parts.push(header.colour.note);
    if (images) {
      const kind = images.real ? 0 : images.unsent ? 1 : 2;
      parts.push(say(DRAWN_IMAGES[kind], { n: whole(images.shown) }));
    } else if (header.marks && this.known && this.known.space.header.shape.length !== 3)
      parts.push(say("These data are not images, so there is nothing to show."));
    if (this.lines) parts.push(say("The lines enclose 50, 80 and 95 % of the codes."));
    const text = parts.join(" ");
    if (this.note.textContent !== text) this.note.textContent = text;
  }
}

export default component(Layer, "setStateValue");
