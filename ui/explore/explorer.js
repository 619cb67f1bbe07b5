import { term } from "../js/explain.js";
import { MapOverlay } from "../js/map_overlay.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { PRESENT, presenting } from "../js/present.js";
import { rowCells } from "../js/rows.js";
import { phrase, say } from "../js/say.js";
import { component, el, listener, painted, plain, record, unpack } from "../js/shared.js";
import { fixed, picture, Space, signed } from "../js/space.js";
import { Invitation } from "./invitation.js";
import { Neighbours } from "./neighbours.js";

// Draws the card beside the map: what the model decodes at the pointer and at the pin. It decodes at most once a frame
// (the newest pointer position only) and sends one message a gesture. The pin is read from the page's address.

const CLICK = 4; // pixels that a pointer may move and still click
const STEP = 0.1; // units of the space that an arrow key moves; with shift five times that

const VERDICTS = {
  dense: [
    phrase("Among the data"),
    phrase("In a hole: hardly any image is stored near here, so the model has to guess."),
  ],
  sparse: [
    phrase("Near the data"),
    phrase("Far from the data: no image is stored near here, so the model has to guess."),
  ],
};
const MOST_CELLS = 16; // columns of a row that the card shows

class Card {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.now = picture("decoder", say("Decoded image"));
    this.near = picture("real", say("Nearest real image"));
    this.pins = [
      picture("decoder", say("Decoded image")),
      picture("real", say("nearest image")),
      picture("encoder", say("its reconstruction")),
    ];
    this.badge = el("div", { class: "badge", hidden: "" });
    this.verdict = el("p", { class: "verdict" });
    this.neighbours = new Neighbours();
    /** @type {Map<string, HTMLElement[]>} */
    this.rows = new Map();
    this.numbers = el("dl", { class: "numbers expert" });
    this.pinNumbers = el("dl", { class: "numbers expert" });
    this.unpin = el("button", { type: "button" }, say("Unpin"));
    this.note = el("p", { class: "note" }, say("Click to pin."));
    this.helper = el("button", { type: "button", class: "help" }, el("kbd", {}, "?"), " ", say("for help"));
    this.doubt = el("p", { class: "note expert", hidden: "" });
    this.help = el(
      "p",
      { class: "note", hidden: "" },
      say(
        "Click or Enter pins a point, Escape unpins it. Arrow keys move by 0.1, with shift by 0.5. The wheel, + and − " +
          "zoom, 0 shows all. With Lasso or Box, shift adds to what is selected and alt takes away; A selects all points.",
      ),
    );
    this.units = el("table", { class: "units", hidden: "" });
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.pinBlock = el(
      "section",
      { hidden: "", "aria-label": say("Pinned point") },
      el("hr"),
      el("div", { class: "head" }, el("strong", {}, say("Pinned")), this.unpin),
      el("div", { class: "row pinned" }, ...this.pins.map((p) => p.figure)),
      this.pinNumbers,
    );
    this.node = el(
      "div",
      { class: "card", tabindex: "0", role: "group", "aria-label": say("Decoded point. Arrow keys move, Enter pins.") },
      this.badge,
      el("div", { class: "row now" }, this.now.figure, this.near.figure),
      this.verdict,
      this.neighbours.node,
      this.units,
      this.numbers,
      this.doubt,
      this.pinBlock,
      el("div", { class: "foot" }, this.note, this.helper),
      this.help,
      this.live,
    );
    root.append(el("div", { class: "holder" }, this.node));
  }

  // `doubtful` greys the value
  /** @param {HTMLElement} list @param {string} name @param {string} value @param {boolean} [doubtful] */
  number(list, name, value, doubtful = false) {
    const id = (list === this.numbers ? "now " : "pin ") + name;
    const row = this.rows.get(id) ?? [term(name), el("dd", doubtful ? { class: "doubtful" } : {})];
    if (!this.rows.has(id)) list.append(...row);
    this.rows.set(id, row);
    if (row[1].textContent !== value) row[1].textContent = value;
  }

  // Whether the point is among the data, by the density where that can be trusted, else by the distance.
  /** @param {boolean} inside @param {boolean} trusted */
  judge(inside, trusted) {
    const text = say(VERDICTS[trusted ? "dense" : "sparse"][inside ? 0 : 1]);
    if (this.verdict.textContent === text) return;
    this.verdict.textContent = text;
    this.verdict.className = `verdict ${inside ? "inside" : "outside"}`;
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
    this.invitation = new Invitation();
    this.expert = false; // whether every number is shown, whatever the address says
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, () => this.space && this.frame());
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
      border: "1px solid var(--decoder)",
      imageRendering: "pixelated",
      pointerEvents: "none",
      zIndex: "5",
    });
    this.mapOverlay = new MapOverlay([...Object.values(this.markers), this.preview, this.invitation.node], {
      label: say("Latent map. Arrow keys move the point that is decoded, Enter pins it."),
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
    on(window, PRESENT, () => this.grow());
    on(this.card.unpin, "click", () => this.setPin(null, true));
    on(this.card.helper, "click", () => this.toggleHelp());
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
    const { badge } = this.card;
    badge.textContent = header.atlas
      ? say("nearest of {side}×{side} decoded", { side: header.atlas.side })
      : (header.plane.way ?? "");
    badge.hidden = !badge.textContent;
    this.card.clearNumbers();
    this.card.doubt.hidden = calibration.trusted || !header.probabilistic;
    this.card.doubt.textContent = say(
      "The estimate of q(z) is unreliable: {n} codes are too few for {d} dimensions. {share} % of the codes would " +
        "count as holes if each was left out of the estimate in turn, so the distance to the nearest code decides " +
        "instead.",
      { n: n.toLocaleString("en"), d, share: Math.round(100 * calibration.strays) },
    );
    this.shownNearest = -1;
    this.address = undefined;
    this.pin = null;
    this.cursor = space.toPlane(space.code(header.start < n ? header.start : 0));
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
    const query = new URLSearchParams(location.search);
    const address = query.get("z") ?? "";
    this.card.node.classList.toggle("simple", !this.expert && query.get("mode") !== "expert");
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
    const size = kind === "pin" ? 14 : 28;
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
      border: "3px solid var(--decoder)",
      background: kind === "pin" ? "var(--decoder)" : "radial-gradient(circle, var(--decoder) 3px, transparent 3.75px)",
      boxShadow: "0 0 0 2px var(--st-background-color), inset 0 0 0 1px var(--st-background-color)",
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
    this.preview.style.display = axes && this.outOfSight && this.invitation.done ? "block" : "none";
    if (axes) this.preview.style.transform = `translate(${axes.x._offset + 4}px, ${axes.y._offset + 4}px)`;
    put(this.markers.pin, this.pin && this.space ? this.space.toPlane(this.pin) : null);
    put(this.markers.cursor, this.space ? this.cursor : null);
    if (axes && this.space) {
      const [x, y] = [axes.x.d2p(this.cursor[0]), axes.y.d2p(this.cursor[1])];
      this.invitation.place(axes.x._offset + x, axes.y._offset + y, axes.x._length, axes.y._length);
    }
  }

  /** @param {PointerEvent} event */
  pointer(event) {
    // a lasso that ends where it began is no click
    if (this.pressed && Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]) > CLICK)
      this.pressed = null;
    const u = this.space && this.mapOverlay.toPlaneInside(event);
    if (!u) return;
    this.invitation.accept();
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
    this.invitation.accept(); // a finger taps without having moved
    this.cursor = u;
    this.setPin(this.space.toLatent(u), true);
    this.requestDraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const within = event.target instanceof Element && event.target.closest("button");
    if (event.ctrlKey || event.metaKey || event.altKey || !this.space || (within && event.key === "Enter")) return;
    const step = STEP * this.space.unit * (event.shiftKey ? 5 : 1);
    /** @type {Record<string, number[]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key in moves) {
      this.invitation.accept();
      this.cursor = this.cursor.map((v, k) => v + moves[event.key][k]);
      this.pointerTime = event.timeStamp;
      this.requestDraw();
    } else if (event.key === "Enter") {
      this.setPin(this.space.toLatent(this.cursor), true);
    } else if (event.key === "Escape") {
      this.setPin(null, true);
    } else if (event.key === "?") {
      this.toggleHelp();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Larger for a projector, or as it was.
  grow() {
    const large = presenting();
    this.card.node.classList.toggle("presenting", large);
    const side = large ? `${Math.round(0.068 * window.innerHeight)}px` : "28px";
    Object.assign(this.markers.cursor.style, { width: side, height: side, margin: `calc(${side} / -2)` });
    this.markers.cursor.style.borderWidth = large ? "5px" : "3px";
    this.invitation.accept();
    this.requestDraw();
  }

  toggleHelp() {
    const { help, helper } = this.card;
    help.hidden = !help.hidden;
    helper.setAttribute("aria-expanded", String(!help.hidden));
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

  frame() {
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
    const outside = !mean && Boolean(space.tiles);
    caption(
      card.now.caption,
      say("Decoded {example}", { example: space.header.example ?? say("image") }),
      outside ? say("no image was computed for this place") : say("what the model draws at this place"),
    );
    this.timing.decodes++;
    const facts = space.evaluate(z);
    const axes = space.header.plane.titles.map(plain);
    const place = `(${this.cursor.map((v) => fixed(v)).join(", ")})`;
    card.number(card.numbers, axes.map((t) => t.replace(/ \(.*/, "")).join(", "), place);
    const verdict = space.verdict(facts);
    card.judge(verdict.inside, space.trusted);
    card.neighbours.show(space, z, space.header.colours);
    if (facts.logP === undefined || facts.logQ === undefined) {
      card.number(card.numbers, phrase("log p(z)"), space.header.without);
    } else {
      card.number(card.numbers, "log p(z)", `${fixed(facts.logP)} nats`);
      card.number(
        card.numbers,
        phrase("log q(z) − log p(z)"),
        `${signed(facts.logQ - facts.logP)} nats`,
        !space.trusted,
      );
    }
    if (!space.trusted)
      card.number(card.numbers, phrase("nearest code"), say("{distance} away", { distance: fixed(facts.distance) }));
    const shown = space.pictured ? space.nearest(z, 1)[0] : facts.nearest;
    const { columns } = space.header;
    if (columns)
      card.inUnits(columns, [mean, space.real(shown) ?? space.reconstruction(shown)], [say("decoded"), say("nearest")]);
    else card.units.hidden = true;
    if (shown !== this.shownNearest) {
      this.shownNearest = shown;
      this.drawNearest(space, card.near, shown);
    }
    this.followed?.(z, space);
    this.announce(
      say("Decoded at {across} {x}, {up} {y}, {verdict}, nearest {label}", {
        across: axes[0],
        x: fixed(this.cursor[0]),
        up: axes[1],
        y: fixed(this.cursor[1]),
        verdict: verdict.text,
        label: space.label(facts.nearest),
      }),
    );
  }

  // Draw the real image i, or without the data its reconstruction; the caption says which.
  /** @param {Space} space @param {ReturnType<typeof picture>} shown @param {number} i @param {boolean} [brief] */
  drawNearest(space, { canvas, caption: words, figure }, i, brief = false) {
    const real = space.real(i);
    const pixels = real ?? space.reconstruction(i);
    if (pixels) paint(canvas, pixels, space.header.shape, space.header.lines);
    else canvas.width = canvas.height = 1; // nothing is better than another image's picture
    figure.className = real ? "real" : "encoder";
    const label = space.label(i);
    const what = `${space.header.split} #${space.number(i).toLocaleString("en")}${label && ` (${label})`}`;
    const reason = space.header.unsent || say("the images of this data set are not on this machine");
    const example = space.header.example ?? say("image");
    if (space.hasImages) caption(words, brief ? "" : say("Nearest real {example}", { example }), what);
    else if (!pixels) caption(words, say("Nearest {example}", { example }), `${what}: ${reason}`);
    else if (brief) caption(words, "", say("reconstruction of {what}", { what }));
    else caption(words, say("Nearest {example}, reconstructed", { example }), what);
    words.title = space.hasImages ? "" : reason;
    canvas.setAttribute("aria-label", words.textContent ?? "");
    return real;
  }

  drawPin() {
    const { card, space, pin } = this;
    card.pinBlock.hidden = !pin;
    card.note.textContent = pin ? "" : say("Click to pin.");
    if (!pin || !space) return;
    const facts = space.evaluate(pin);
    const i = space.pictured ? space.nearest(pin, 1)[0] : facts.nearest;
    const [decoded, near, again] = card.pins;
    const mean = space.decode(pin);
    if (mean) paint(decoded.canvas, mean, space.header.shape, space.header.lines);
    decoded.canvas.setAttribute("aria-label", say("Decoded image at the pin"));
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
      const [name, value] = space.vectors
        ? [phrase("squared error per value"), error.toFixed(4)]
        : [
            phrase("squared error per pixel"),
            say("{error} (0 is perfect, 1 is the largest)", { error: error.toFixed(4) }),
          ];
      card.number(card.pinNumbers, name, value);
    }
  }

  // at most twice a second, so that a screen reader can follow
  /** @param {string} text */
  announce(text) {
    this.announcement = text;
    if (this.announceTimer) return;
    this.announceTimer = setTimeout(() => {
      this.announceTimer = 0;
      this.card.live.textContent = this.announcement;
    }, 500);
  }
}

// A caption: a name in bold, and what it is.
/** @param {HTMLElement} node @param {string} name @param {string} what */
function caption(node, name, what) {
  const text = name ? `${name}${what && `: ${what}`}` : what;
  if (node.dataset.text === text) return;
  node.dataset.text = text;
  node.replaceChildren(...(name ? [el("strong", {}, name), what && ": "] : []), what);
}

export { Explorer };
export default component(Explorer, "setTriggerValue");
