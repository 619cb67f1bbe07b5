import { term } from "../js/explain.js";
import { MapOverlay } from "../js/map_overlay.js";
import { paint } from "../js/paint.js";
import { rowCells } from "../js/rows.js";
import { component, el, listener, painted, plain, record, unpack } from "../js/shared.js";
import { fixed, picture, Space, signed } from "../js/space.js";

// Draws the card beside the map: what the model decodes at the pointer and at the pin. It decodes at most once a frame
// (the newest pointer position only) and sends one message a gesture. The pin is read from the page's address.

const CLICK = 4; // pixels that a pointer may move and still click
const STEP = 0.1; // units of the space that an arrow key moves; with shift five times that

const MOST_CELLS = 16; // columns of a row that the card shows

class Card {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.now = picture("decoder", "decoded image");
    this.near = picture("real", "nearest image");
    this.pins = [
      picture("decoder", "decoded image"),
      picture("real", "nearest image"),
      picture("encoder", "its reconstruction"),
    ];
    this.badge = el("div", { class: "badge", hidden: "" });
    /** @type {Map<string, HTMLElement[]>} */
    this.rows = new Map();
    this.numbers = el("dl", { class: "numbers" });
    this.pinNumbers = el("dl", { class: "numbers" });
    this.unpin = el("button", { type: "button" }, "Unpin");
    this.note = el("p", { class: "note" });
    this.doubt = el("p", { class: "note", hidden: "" });
    this.help = el(
      "p",
      { class: "note", hidden: "" },
      "Arrow keys move the point by 0.1, or by 0.5 with Shift. Enter pins it, Escape unpins it, A selects all " +
        "points. " +
        "Scroll to zoom, drag to pan; lasso and box are in the bar above the map: with shift they add to what " +
        "is selected, " +
        "with alt they take away.",
    );
    this.units = el("table", { class: "units", hidden: "" });
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.pinBlock = el(
      "section",
      { hidden: "", "aria-label": "Pinned point" },
      el("hr"),
      el("div", { class: "head" }, el("strong", {}, "Pinned"), this.unpin),
      el("div", { class: "row pinned" }, ...this.pins.map((p) => p.figure)),
      this.pinNumbers,
    );
    this.node = el(
      "div",
      {
        class: "card",
        tabindex: "0",
        role: "application",
        "aria-label": "Decoded point. Arrow keys move, Enter pins.",
      },
      this.badge,
      el("div", { class: "row now" }, this.now.figure, this.near.figure),
      this.units,
      this.numbers,
      this.doubt,
      this.pinBlock,
      this.note,
      this.help,
      this.live,
    );
    root.append(this.node);
  }

  // `inside` makes it a verdict with its mark, `doubtful` greys it
  /**
   * @param {HTMLElement} list @param {string} name @param {string} value
   * @param {{inside?: boolean, doubtful?: boolean}} marks
   */
  number(list, name, value, { inside, doubtful = false } = {}) {
    const id = (list === this.numbers ? "now " : "pin ") + name;
    const row = this.rows.get(id) ?? [term(name), el("dd", doubtful ? { class: "doubtful" } : {})];
    if (!this.rows.has(id)) list.append(...row);
    this.rows.set(id, row);
    const cell = row[1];
    if (inside === undefined) {
      if (cell.textContent !== value) cell.textContent = value;
    } else {
      const mark = cell.firstElementChild ?? cell.appendChild(el("span"));
      mark.className = `verdict ${inside ? "inside" : "outside"}`;
      mark.textContent = value;
    }
  }

  // A row of a table in its own units: what is decoded here, beside the nearest one; `rows` are these two.
  /** @param {RowColumn[] | null | undefined} columns @param {(Float32Array | null)[]} rows @param {string[]} heads */
  inUnits(columns, rows, heads) {
    this.units.hidden = !columns;
    if (!columns) return;
    const found = rows.map((row) => (row ? rowCells(columns, row).slice(0, MOST_CELLS) : []));
    const names = found.find((row) => row.length) ?? [];
    const head = el("tr", {}, el("th", {}), ...heads.map((text) => el("th", {}, text)));
    const lines = names.map(([name], k) =>
      el("tr", {}, el("th", {}, name), ...found.map((row) => el("td", {}, row[k]?.[1] ?? "–"))),
    );
    this.units.replaceChildren(head, ...lines);
  }

  clearNumbers() {
    this.rows.clear();
    this.numbers.replaceChildren();
    this.pinNumbers.replaceChildren();
  }
}

class Explorer {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.parent = parent;
    this.card = new Card(parent.querySelector("div") ?? parent);
    this.stop = new AbortController();
    this.markers = { pin: this.marker("pin"), cursor: this.marker("cursor") };
    // on a phone the card lies below the map: while its picture is out of sight, the map's corner shows a small one
    this.preview = el("canvas", { "aria-hidden": "true", "data-latent-preview": "" });
    Object.assign(this.preview.style, {
      position: "absolute",
      left: "0",
      top: "0",
      width: "84px",
      height: "84px",
      boxSizing: "border-box",
      display: "none",
      border: "1px solid #e76300",
      imageRendering: "pixelated",
      pointerEvents: "none",
      zIndex: "5",
    });
    this.mapOverlay = new MapOverlay([...Object.values(this.markers), this.preview], {
      label: "Latent map. Arrow keys move the point that is decoded, Enter pins it.",
      key: (e) => this.key(e),
      follow: () => this.place(),
    });
    /** @param {IntersectionObserverEntry[]} entries */
    const onVisible = ([entry]) => {
      this.outOfSight = !entry.isIntersecting;
      this.requestDraw();
    };
    this.visibility = new IntersectionObserver(onVisible, { threshold: 0.5 });
    this.visibility.observe(this.card.now.canvas);
    this.drawRequested = false;
    this.outOfSight = false;
    /** @type {Space | null} */
    this.space = null;
    /** @type {ExplorerHeader | null} */
    this.header = null;
    this.mapKey = "";
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Uint8Array | null} */
    this.waiting = null; // bytes whose codes have not come yet
    /** @type {Answer} */
    this.send = () => {};
    /** @type {((z: number[], space: Space) => void) | null} */
    this.followed = null; // called with the point that was drawn
    // what is shown: the pin as z, its text in the address, and the cursor on the plane
    /** @type {number[] | null} */
    this.pin = null;
    /** @type {string | undefined} */
    this.address = undefined;
    this.cursor = [0, 0];
    this.keyboard = false; // whether keys move the cursor
    this.shownNearest = -1;
    // the pointer: when it moved, and where in pixels it was pressed
    /** @type {number | undefined} */
    this.pointerTime = undefined;
    /** @type {number[] | null} */
    this.pressed = null;
    this.announcement = "";
    this.announceTimer = 0;
    // what benchmarks and tests read: milliseconds from pointer event to painted frame, and how often what was done
    this.timing = window.__latent = {
      latencies: /** @type {number[]} */ ([]),
      frames: 0,
      decodes: 0,
      models: 0,
      simd: /** @type {boolean | null} */ (null),
    };
    const on = listener(this.stop.signal);
    on(document, "pointermove", (e) => this.pointer(e), { capture: true, passive: true });
    on(document, "pointerdown", (e) => this.press(e), { capture: true, passive: true });
    on(document, "pointerup", (e) => this.release(e), { capture: true, passive: true });
    on(window, "resize", () => this.requestDraw());
    for (const name of ["latent-geometry", "latent-values"])
      on(window, name, () => this.waiting && this.update(this.waiting, this.send));
    on(this.card.node, "keydown", (e) => this.key(e));
    on(this.card.unpin, "click", () => this.setPin(null, true));
    // the chart may appear later or be mounted again, and the address may change: neither has an event
    this.timer = setInterval(() => this.check(), 200);
  }

  destroy() {
    this.stop.abort();
    this.mapOverlay.detach();
    const chart = this.header?.chart ?? "";
    if (window.__latentSpaces?.get(chart)?.space === this.space) window.__latentSpaces?.delete(chart);
    this.visibility.disconnect();
    clearInterval(this.timer);
    clearTimeout(this.announceTimer);
    this.card.node.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes === this.bytes) return;
    const content = this.withGeometry(unpack(bytes));
    this.waiting = content ? null : bytes;
    if (!content) return;
    this.bytes = bytes;
    const { header } = content;
    this.header = header;
    const mapKey = JSON.stringify([header.plane, header.chart]);
    let { space } = this;
    if (header.content !== space?.header.content) {
      this.space = space = new Space(content, () => {
        this.shownNearest = -1;
        this.drawPin();
        this.requestDraw();
      });
      this.timing.models++;
      this.timing.simd = space.decoder?.simd ?? null;
    } else if (mapKey === this.mapKey) {
      return;
    }
    space.header = header; // another plane is no other model
    (window.__latentSpaces ??= new Map()).set(header.chart, { space, paint }); // for the map's layer
    this.mapKey = mapKey;
    const { d, n, calibration } = space;
    const { badge, note } = this.card;
    badge.textContent = header.atlas
      ? `nearest of ${header.atlas.side}×${header.atlas.side} decoded`
      : (header.plane.way ?? "");
    badge.hidden = !badge.textContent;
    note.textContent = "Click to pin a point. Arrow keys move it, Enter pins it. Press ? for help.";
    this.card.clearNumbers();
    this.card.doubt.hidden = calibration.trusted || !header.probabilistic;
    this.card.doubt.textContent =
      `The estimate of q(z) is unreliable: ${n.toLocaleString("en")} codes are too few for ${d} dimensions. ` +
      `${Math.round(100 * calibration.strays)} % of the codes would count as holes if each was left out of the ` +
      "estimate in turn, so the distance to the nearest code decides instead.";
    this.shownNearest = -1;
    this.address = undefined;
    this.pin = null;
    this.cursor = [0, 0];
    this.check();
    this.drawPin();
    this.requestDraw();
  }

  // Add what is sent apart from the rest (geometry.py), where it is; null where it has not come yet.
  /** @param {Packet<ExplorerHeader>} packet */
  withGeometry({ header, section }) {
    const parts = header.geometry.flatMap((id) => window.__latentGeometry?.get(id) ?? []);
    const kept = header.places ? window.__latentValues?.get(header.places)?.arrays : null;
    if (parts.length < header.geometry.length || kept === undefined) return null;
    /** @type {Record<string, ArrayBufferView<ArrayBuffer> | undefined>} */
    const apart = Object.assign({}, ...parts, kept && { places: kept.places });
    if (header.without) delete apart.scales;
    return {
      header,
      /** @type {Section} */
      section: (name) => {
        const array = apart[name];
        return array ? new Uint8Array(array.buffer) : section(name);
      },
    };
  }

  check() {
    if (!this.space || !this.header) return;
    this.mapOverlay.find(this.header.chart);
    const address = new URLSearchParams(location.search).get("z") ?? "";
    if (address !== this.address) {
      this.address = address;
      const z = address.split(",").map(Number);
      const valid = address !== "" && z.length === this.space.d && z.every(Number.isFinite);
      const same = valid && this.pin?.every((v, j) => Math.abs(v - z[j]) < 1e-3);
      if (!same) this.setPin(valid ? z : null, false);
    }
  }

  /** @param {string} kind */
  marker(kind) {
    const node = el("div", { "data-latent-marker": kind, "aria-hidden": "true" });
    const size = kind === "pin" ? 13 : 9;
    Object.assign(node.style, {
      position: "absolute",
      left: "0",
      top: "0",
      width: `${size}px`,
      height: `${size}px`,
      margin: `${-size / 2}px`,
      boxSizing: "border-box",
      borderRadius: "50%",
      pointerEvents: "none",
      display: "none",
      zIndex: "5",
      border: "2px solid #e76300",
      background: kind === "pin" ? "#e76300" : "transparent",
      boxShadow: "0 0 0 1.5px #fff, 0 0 0 2.5px #0006",
    });
    return node;
  }

  place() {
    const axes = this.mapOverlay.axes();
    /** @param {HTMLElement} node @param {number[] | null} u */
    const put = (node, u) => {
      node.style.display = "none";
      if (!axes || !u) return;
      const [px, py] = [axes.x.d2p(u[0]), axes.y.d2p(u[1])];
      const inside = px >= 0 && px <= axes.x._length && py >= 0 && py <= axes.y._length;
      node.style.display = inside ? "block" : "none";
      if (inside) node.style.transform = `translate(${axes.x._offset + px}px, ${axes.y._offset + py}px)`;
    };
    this.preview.style.display = axes && this.outOfSight ? "block" : "none";
    if (axes) this.preview.style.transform = `translate(${axes.x._offset + 4}px, ${axes.y._offset + 4}px)`;
    put(this.markers.pin, this.pin && this.space ? this.space.toPlane(this.pin) : null);
    put(this.markers.cursor, this.keyboard ? this.cursor : null);
  }

  /** @param {PointerEvent} event */
  pointer(event) {
    // a lasso that ends where it began is no click
    if (this.pressed && Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]) > CLICK)
      this.pressed = null;
    const u = this.space && this.mapOverlay.toPlaneInside(event);
    if (!u) return;
    this.keyboard = false;
    this.cursor = u;
    this.pointerTime = event.timeStamp;
    this.requestDraw();
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.pressed =
      event.button === 0 && event.isPrimary && this.space && this.mapOverlay.toPlaneInside(event)
        ? [event.clientX, event.clientY]
        : null;
  }

  /** @param {PointerEvent} event */
  release(event) {
    const clicked = this.pressed;
    this.pressed = null;
    if (!clicked || !this.space) return;
    const u = this.mapOverlay.toPlaneInside(event);
    if (!u) return;
    this.cursor = u;
    this.setPin(this.space.toLatent(u), true);
    this.requestDraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.space) return;
    const step = STEP * this.space.unit * (event.shiftKey ? 5 : 1);
    /** @type {Record<string, number[]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key in moves) {
      this.keyboard = true;
      this.cursor = this.cursor.map((v, k) => v + moves[event.key][k]);
      this.pointerTime = event.timeStamp;
      this.requestDraw();
    } else if (event.key === "Enter" && event.target !== this.card.unpin) {
      this.setPin(this.space.toLatent(this.cursor), true);
    } else if (event.key === "Escape") {
      this.setPin(null, true);
    } else if (event.key === "?") {
      this.card.help.hidden = !this.card.help.hidden;
    } else return;
    if (event.target !== this.card.unpin || event.key !== "Enter") event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number[] | null} z @param {boolean} report */
  setPin(z, report) {
    if (z === null && this.pin === null) return;
    this.pin = z?.map((v) => Math.round(v * 1000) / 1000) ?? null;
    if (this.pin && this.space && !report) this.cursor = this.space.toPlane(this.pin);
    this.drawPin();
    this.place();
    this.requestDraw();
    // one message a gesture; the server answers by changing the address
    if (report) this.send("pin", { z: this.pin });
  }

  requestDraw() {
    if (this.drawRequested || !this.space) return;
    this.drawRequested = true;
    requestAnimationFrame(() => this.frame());
  }

  frame() {
    this.drawRequested = false;
    if (this.stop.signal.aborted) return;
    const time = this.pointerTime;
    this.pointerTime = undefined;
    this.draw();
    this.place();
    this.timing.frames++;
    if (time === undefined) return;
    painted(time, (ms) => record(this.timing.latencies, ms));
  }

  draw() {
    const { space, card } = this;
    if (!space) return;
    const z = space.toLatent(this.cursor);
    const mean = space.decode(z);
    if (mean) paint(card.now.canvas, mean, space.header.shape, space.header.lines);
    if (mean && this.outOfSight) paint(this.preview, mean, space.header.shape, space.header.lines);
    const caption =
      mean || !space.tiles ? `decoded ${space.header.example ?? "image"}` : "No image was computed for this place";
    if (card.now.caption.textContent !== caption) card.now.caption.textContent = caption;
    this.timing.decodes++;
    const facts = space.evaluate(z);
    const axes = space.header.plane.titles.map(plain);
    const place = `(${this.cursor.map((v) => fixed(v)).join(", ")})`;
    card.number(card.numbers, axes.map((t) => t.replace(/ \(.*/, "")).join(", "), place);
    const verdict = space.verdict(facts);
    if (facts.logP === undefined || facts.logQ === undefined) {
      card.number(card.numbers, "log p(z)", space.header.without);
    } else {
      card.number(card.numbers, "log p(z)", `${fixed(facts.logP)} nats`);
      card.number(card.numbers, "log q(z) − log p(z)", `${signed(facts.logQ - facts.logP)} nats`, {
        doubtful: !space.trusted,
      });
    }
    if (!space.trusted) card.number(card.numbers, "nearest code", `${fixed(facts.distance)} away`);
    card.number(card.numbers, "this point", verdict.text, { inside: verdict.inside });
    const shown = space.pictured ? space.nearest(z, 1)[0] : facts.nearest;
    const { columns } = space.header;
    if (columns)
      card.inUnits(columns, [mean, space.real(shown) ?? space.reconstruction(shown)], ["decoded", "nearest"]);
    else card.units.hidden = true;
    if (shown !== this.shownNearest) {
      this.shownNearest = shown;
      this.drawNearest(space, card.near, shown);
    }
    this.followed?.(z, space);
    this.announce(
      `${axes[0]} ${fixed(this.cursor[0])}, ${axes[1]} ${fixed(this.cursor[1])}, ${verdict.text}, nearest ` +
        `${space.label(facts.nearest)}`,
    );
  }

  // Draw the real image i, or without the data its reconstruction; the caption says which.
  /** @param {Space} space @param {ReturnType<typeof picture>} shown @param {number} i @param {boolean} [brief] */
  drawNearest(space, { canvas, caption, figure }, i, brief = false) {
    const real = space.real(i);
    const pixels = real ?? space.reconstruction(i);
    if (pixels) paint(canvas, pixels, space.header.shape, space.header.lines);
    else canvas.width = canvas.height = 1; // nothing is better than another image's picture
    figure.className = real ? "real" : "encoder";
    const label = space.label(i);
    const what = `${space.header.split} #${i}${label && ` (${label})`}`;
    const reason = space.header.unsent || "the images of this data set are not on this machine";
    const example = space.header.example ?? "image";
    if (real) caption.textContent = `nearest real ${example}, ${what}`;
    else if (space.hasImages) caption.textContent = what;
    else if (!pixels) caption.textContent = `nearest ${example}, ${what}: ${reason}`;
    else
      caption.textContent = brief
        ? `reconstruction of ${what}`
        : `reconstruction of the nearest ${example}, ${what} (${reason})`;
    canvas.setAttribute("aria-label", caption.textContent);
    return real;
  }

  drawPin() {
    const { card, space, pin } = this;
    card.pinBlock.hidden = !pin;
    card.note.hidden = Boolean(pin);
    if (!pin || !space) return;
    const facts = space.evaluate(pin);
    const i = space.pictured ? space.nearest(pin, 1)[0] : facts.nearest;
    const [decoded, near, again] = card.pins;
    const mean = space.decode(pin);
    if (mean) paint(decoded.canvas, mean, space.header.shape, space.header.lines);
    decoded.canvas.setAttribute("aria-label", "decoded image at the pin");
    const real = this.drawNearest(space, near, i, true);
    // without the data the second picture is the reconstruction already
    again.figure.hidden = !real;
    const shown = [...pin.slice(0, 4).map((v) => fixed(v)), ...(pin.length <= 4 ? [] : ["…"])];
    card.number(card.pinNumbers, "z", `(${shown.join(", ")})`);
    if (facts.logP !== undefined) card.number(card.pinNumbers, "log p(z)", `${fixed(facts.logP)} nats`);
    if (facts.logP === undefined) card.number(card.pinNumbers, "log p(z)", space.header.without);
    const reconstruction = real && space.reconstruction(i);
    if (real && reconstruction) {
      paint(again.canvas, reconstruction, space.header.shape, space.header.lines);
      const error = real.reduce((sum, v, t) => sum + (v - reconstruction[t]) ** 2, 0) / real.length;
      const [name, range] = space.vectors
        ? ["squared error per value", ""]
        : ["squared error per pixel", " (0 is perfect, 1 is the largest)"];
      card.number(card.pinNumbers, name, `${error.toFixed(4)}${range}`);
    }
  }

  // at most twice a second, so that a screen reader can follow
  /** @param {string} text */
  announce(text) {
    this.announcement = text;
    if (this.announceTimer) return;
    this.announceTimer = setTimeout(() => {
      this.announceTimer = 0;
      this.card.live.textContent = `Decoded at ${this.announcement}`;
    }, 500);
  }
}

export { Explorer };
export default component(Explorer, "setTriggerValue");
