import { themeOf } from "../js/drawing.js";
import { MapOverlay } from "../js/map_overlay.js";
import { atNextFrame } from "../js/next_frame.js";
import { paint } from "../js/paint.js";
import { say } from "../js/say.js";
import { component, given, listener, minus, painted, record, seen, unpack } from "../js/shared.js";
import { fixed, Space } from "../js/space.js";
import { PathCurves } from "./path_curves.js";
import { Overlay } from "./path_overlay.js";
import { PathPoint } from "./path_point.js";
import { PathStage } from "./path_stage.js";
import { at, carried, lerp, slerp, through } from "./route.js";

// Draws paths on the map and decodes them. The browser makes straight and spherical paths itself; until the server
// answers, geodesics and ways through the data are bent to the moved waypoints. One message a gesture: the waypoints,
// the current kind, and the kinds that are shown.

const FRAMES = 12;
const SLICE = { held: 1.5, free: 8 }; // ms of an animation frame for strips, while a waypoint is dragged and else
const STEPS = 24; // from waypoint to waypoint, of the paths made here
const CLICK = 4; // pixels that a pointer may move and still click
const NEAR = 28; // pixels from a path within which a new waypoint goes between its neighbours
const KEYSTEP = 0.1; // plane units an arrow key moves; with shift five times that
const PLAY = 4; // seconds from end to end
const PAUSE = 600; // ms after the last key before the server gets the change
/** @type {Record<string, Piece>} */
const BROWSER_KINDS = { line: lerp, slerp };

/** @param {number[][]} waypoints */
const format = (waypoints) => waypoints.map((z) => z.map((v) => v.toFixed(3)).join(",")).join(";");
/** @param {number[]} z */
const round = (z) => z.map((v) => Math.round(v * 1000) / 1000);

/** @param {number[]} a @param {number[]} b */
const same = (a, b) => a.length === b.length && a.every((v, t) => v === b[t]);

// How far two pictures (Float32Array, of one size) are from one another.
/** @param {Float32Array} a @param {Float32Array} b */
function pixelLength(a, b) {
  let sum = 0;
  for (let t = 0; t < a.length; t++) sum += (a[t] - b[t]) * (a[t] - b[t]);
  return Math.sqrt(sum);
}

class Paths {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stage = new PathStage(parent.querySelector("div") ?? parent, FRAMES);
    this.curves = new PathCurves(this.stage.curves, FRAMES);
    this.point = new PathPoint(this.stage);
    this.overlay = new Overlay({ grab: (e, k) => this.grab(e, k), focus: (k) => this.choose(k) });
    this.mapOverlay = new MapOverlay([this.overlay.svg, this.overlay.heat], {
      label: say(
        "Latent map with a path. Click adds a waypoint; arrow keys move the chosen one, N and P choose, Delete " +
          "removes.",
      ),
      key: (e) => this.key(e),
      follow: () => this.requestDraw(),
    });
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, (now) => this.frame(now));
    /** @type {Space | null} */
    this.space = null;
    this.chart = "";
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {Answer} */
    this.send = () => {};
    // the path: its waypoints, the chosen one, its kind, and the kinds that are shown
    /** @type {number[][]} */
    this.waypoints = [];
    this.chosen = 0;
    this.kind = "";
    /** @type {Set<string>} */
    this.shown = new Set();
    this.most = 0; // waypoints at most
    // what the server has answered
    /** @type {Uint8Array | null} */
    this.lastAnswer = null;
    /** @type {PathKind[]} */
    this.kinds = [];
    /** @type {Map<string, PathRow>} */
    this.rows = new Map();
    /** @type {Map<string, PathAnswer>} */
    this.answers = new Map();
    this.serial = -1;
    this.radius = -1;
    this.usual = false; // whether the radius is the server's
    /** @type {Record<string, string>} */
    this.failed = {};
    /** @type {Record<string, PanelNote>} */
    this.without = {};
    /** @type {Attribute | null} */
    this.attribute = null;
    this.waiting = 0; // ms until it is asked again
    this.lastAsked = -Infinity;
    // the place on the path, whether it moves, and when it was drawn
    this.t = 0;
    this.playing = false;
    /** @type {number | undefined} */
    this.before = undefined;
    // a gesture: where the pointer was pressed, the waypoint that it holds, and when it moved
    /** @type {number[] | null} */
    this.pressed = null;
    /** @type {{k: number, offset: number[], moved: boolean} | undefined} */
    this.grabbed = undefined;
    /** @type {number | undefined} */
    this.pointerTime = undefined;
    /** @type {Theme | null} */
    this.theme = null;
    this.sendTimer = 0;
    this.announcement = "";
    /** @type {number | null} */
    this.announceTimer = null;
    this.reduceMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // what benchmarks and tests read
    this.timing = window.__latentPaths = {
      latencies: /** @type {number[]} */ ([]),
      frames: 0,
      decodes: 0,
      sent: 0,
      t: 0,
    };
    const { stage } = this;
    const on = listener(this.stop.signal);
    on(document, "pointerdown", (e) => this.press(e), { capture: true, passive: true });
    on(document, "pointerup", (e) => this.release(e), { capture: true, passive: true });
    on(document, "pointermove", (e) => this.drag(e), { capture: true, passive: true });
    on(document, "pointercancel", () => this.drop(), { capture: true });
    on(window, "resize", () => this.requestDraw());
    on(window, "latent-answers", (e) => this.handleAnswer(e.detail));
    on(stage.node, "keydown", (e) => this.key(e));
    on(stage.play, "click", () => this.play());
    on(stage.reverse, "click", () => this.reverse());
    on(stage.remove, "click", () => this.remove());
    on(stage.range, "input", () => this.scrub(Number(stage.range.value)));
    for (const type of /** @type {("pointerdown" | "pointermove")[]} */ (["pointerdown", "pointermove"])) {
      on(stage.curves, type, (e) => {
        if (type === "pointerdown" || e.buttons) this.scrub(this.curves.share(e.offsetX, stage.curves.clientWidth), e);
      });
    }
    on(stage.radius, "input", () => {
      this.point.radius = Number(stage.radius.value);
      this.usual = false;
      this.requestDraw();
    });
    for (const node of [stage.attribute.strength, stage.attribute.image]) on(node, "input", () => this.requestDraw());
    this.timer = setInterval(() => this.check(), 200);
  }

  destroy() {
    this.stop.abort();
    this.mapOverlay.detach();
    clearInterval(this.timer);
    clearTimeout(this.sendTimer);
    clearTimeout(this.announceTimer ?? undefined);
    this.stage.node.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      /** @type {Packet<PathsHeader>} */
      const content = unpack(bytes);
      let { space } = this;
      if (content.header.content !== space?.header.content) {
        this.space = space = new Space(content, () => this.requestDraw());
        this.answers.clear();
        this.serial = -1;
        this.waypoints = [];
        this.lastAnswer = null; // the answer is to be read again for this model
      }
      space.header = content.header;
      this.chart = content.header.chart;
      this.handleAnswer(content.header.chart);
    }
    this.check();
    this.requestDraw();
  }

  // The server's answer: which kinds there are, the waypoints where it has changed them, and the paths it has
  // computed.
  /** @param {string} channel */
  handleAnswer(channel) {
    const bytes = window.__latentAnswers?.get(channel);
    if (!bytes || !this.space || channel !== this.chart || bytes === this.lastAnswer) return;
    /** @type {Packet<PathAnswersHeader>} */
    const { header, section } = unpack(bytes);
    if (header.latent !== this.space.d || header.model !== this.space.header.name) return;
    this.lastAnswer = bytes;
    /** @param {string} name */
    const floats = (name) => {
      const part = section(name);
      return part && Array.from(new Float64Array(part.buffer));
    };
    if (JSON.stringify(header.kinds) !== JSON.stringify(this.kinds)) {
      this.kinds = header.kinds;
      this.rows = this.stage.offer(this.kinds, {
        toggle: (name, on) => this.toggle(name, on),
        choose: (name, event) => this.select(name, event),
      });
    }
    if (header.serial !== this.serial) {
      this.serial = header.serial;
      this.waypoints = header.waypoints;
      this.chosen = Math.min(this.chosen, this.waypoints.length - 1);
      [this.kind, this.shown] = [header.kind, new Set(header.shown)];
    }
    if (header.radius !== this.radius) {
      this.radius = header.radius;
      this.stage.radius.max = String(4 * header.radius);
      this.stage.radius.value = String(header.radius);
      this.point.radius = header.radius;
      this.usual = true;
    }
    this.answers.clear();
    const { d } = this.space;
    for (const [name, facts] of Object.entries(header.paths)) {
      const flat = given(floats(`${name}.points`), "points");
      const points = Array.from({ length: flat.length / d }, (_, i) => flat.slice(i * d, (i + 1) * d));
      /** @param {string} what */
      const part = (what) => floats(`${name}.${what}`);
      this.answers.set(name, {
        ...facts,
        waypoints: header.waypoints,
        text: format(header.waypoints),
        points,
        share: given(part("share"), "shares"),
        logP: part("log_p"),
        logQ: part("log_q"),
        elbo: part("elbo"),
        elboSe: part("elbo_se"),
        way: given(part("way"), "lengths"),
        neighbours: given(part("neighbours"), "neighbours"),
      });
    }
    this.most = header.most;
    this.waiting = header.waiting ? 1000 * header.poll : 0;
    this.failed = header.failed;
    this.without = header.without;
    this.point.showDensities(header.expert);
    this.stage.describeCurves(header.expert);
    this.attribute = header.attribute;
    const heat = section("magnification");
    this.overlay.colour(heat && new Float32Array(heat.buffer), header.window);
    this.requestDraw();
  }

  check() {
    if (!this.space) return;
    this.mapOverlay.find(this.chart);
    // the server cannot call: while something is being computed, it is asked again
    if (this.waiting && !(performance.now() - this.lastAsked < this.waiting)) {
      this.lastAsked = performance.now();
      this.send("ask", this.lastAsked);
    }
    const { color } = getComputedStyle(this.stage.node);
    if (color !== this.theme?.ink) this.requestDraw();
  }

  restyle() {
    const theme = themeOf(this.stage.node);
    this.theme = { ...theme, grid: `color-mix(in srgb, ${theme.ink} 12%, transparent)` };
    return this.theme;
  }

  /** @param {string} name */
  hue(name) {
    return seen(this.kinds.find((k) => k.name === name)?.hue || (this.theme?.ink ?? ""), Boolean(this.theme?.dark));
  }

  // The path of a kind through the waypoints as they are now; null where there is none.
  /** @param {string} name @returns {CurrentPath | null} */
  path(name) {
    const answer = this.answers.get(name);
    const text = format(this.waypoints);
    if (answer && answer.text === text) return { points: answer.points, share: answer.share, answer };
    if (name in BROWSER_KINDS) return through(this.waypoints, BROWSER_KINDS[name], STEPS);
    const bent = answer && carried(answer, answer.waypoints, this.waypoints);
    return { ...(bent ?? given(through(this.waypoints, lerp, STEPS), "linear path")), waiting: true };
  }

  // Waypoints

  /** @param {Space} space @param {number[]} u @param {number[] | null} before */
  coordinates(space, u, before) {
    const flat = space.toLatent(u);
    if (space.d <= 2) return round(flat);
    // off the plane a point keeps what it had, or takes it from the code that is nearest on the plane
    const source = before ?? space.code(this.nearestOn(space, u));
    const own = space.toLatent(space.toPlane(source));
    return round(flat.map((v, j) => v + source[j] - own[j]));
  }

  /** @param {Space} space @param {number[]} u */
  nearestOn(space, u) {
    let [best, least] = [0, Infinity];
    for (let i = 0; i < space.n; i++) {
      const v = space.toPlane(space.code(i));
      const distance = (v[0] - u[0]) ** 2 + (v[1] - u[1]) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.pressed = null;
    if (event.button !== 0 || !event.isPrimary || !this.space || this.grabbed !== undefined) return;
    if (event.target instanceof Element && event.target.closest("[data-waypoint]")) return;
    if (this.mapOverlay.toPlaneInside(event)) this.pressed = [event.clientX, event.clientY];
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (this.grabbed !== undefined) {
      this.drop();
      return;
    }
    const start = this.pressed;
    this.pressed = null;
    if (!start || Math.hypot(event.clientX - start[0], event.clientY - start[1]) > CLICK) return;
    const u = this.mapOverlay.toPlaneInside(event);
    if (u) this.add(u);
  }

  /** @param {PointerEvent} event @param {number} k */
  grab(event, k) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.stopPropagation();
    event.preventDefault();
    const node = /** @type {SVGElement} */ (event.currentTarget);
    node.setPointerCapture?.(event.pointerId);
    node.focus({ preventScroll: true });
    const u = this.mapOverlay.toPlane(event);
    if (!u || !this.space) return;
    const own = this.space.toPlane(this.waypoints[k]);
    this.grabbed = { k, offset: [own[0] - u[0], own[1] - u[1]], moved: false };
    this.choose(k);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.pressed && Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]) > CLICK)
      this.pressed = null;
    if (this.grabbed === undefined) return;
    const { k, offset } = this.grabbed;
    const u = this.mapOverlay.toPlane(event);
    if (!u) return;
    this.grabbed.moved = true;
    this.move(k, [u[0] + offset[0], u[1] + offset[1]]);
    this.pointerTime = event.timeStamp;
  }

  drop() {
    const moved = this.grabbed?.moved;
    this.grabbed = undefined;
    if (moved) this.commit();
  }

  /** @param {number} k @param {number[]} u */
  move(k, u) {
    const { space } = this;
    if (!space) return;
    this.waypoints = this.waypoints.map((z, i) => (i === k ? this.coordinates(space, u, z) : z));
    this.requestDraw();
  }

  /** @param {number} k */
  choose(k) {
    this.chosen = k;
    this.requestDraw();
  }

  // A click near the path puts a waypoint between two, anywhere else at the end.
  /** @param {number[]} u */
  add(u) {
    const { space } = this;
    const axes = this.mapOverlay.axes();
    if (!space || !axes || this.waypoints.length >= this.most) return;
    const { x, y } = axes;
    /** @param {number[]} v */
    const pixel = (v) => [x.d2p(v[0]), y.d2p(v[1])];
    const here = pixel(u);
    const corners = this.waypoints.map((z) => pixel(space.toPlane(z)));
    let [place, least] = [corners.length, NEAR];
    for (let k = 1; k < corners.length; k++) {
      const [a, b] = [corners[k - 1], corners[k]];
      const along = [b[0] - a[0], b[1] - a[1]];
      const length = along[0] ** 2 + along[1] ** 2 || 1;
      const t = Math.min(Math.max(((here[0] - a[0]) * along[0] + (here[1] - a[1]) * along[1]) / length, 0), 1);
      const distance = Math.hypot(here[0] - a[0] - t * along[0], here[1] - a[1] - t * along[1]);
      if (distance < least && t > 0 && t < 1) [place, least] = [k, distance];
    }
    this.waypoints = [
      ...this.waypoints.slice(0, place),
      this.coordinates(space, u, null),
      ...this.waypoints.slice(place),
    ];
    this.choose(place);
    this.commit();
  }

  remove() {
    if (this.waypoints.length <= 2) {
      this.announce(say("A path needs two waypoints"));
      return;
    }
    this.waypoints = this.waypoints.filter((_, k) => k !== this.chosen);
    this.choose(Math.max(0, Math.min(this.chosen, this.waypoints.length - 1)));
    this.commit();
  }

  reverse() {
    this.waypoints = [...this.waypoints].reverse();
    this.chosen = this.waypoints.length - 1 - this.chosen;
    this.t = 1 - this.t;
    this.commit();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.space || !this.waypoints.length) return;
    const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
    if (typing) return;
    const step = KEYSTEP * (event.shiftKey ? 5 : 1);
    /** @type {Record<string, number[]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const turn = name === "n" ? 1 : name === "p" ? -1 : 0;
    if (name in moves) {
      const u = this.space.toPlane(this.waypoints[this.chosen]);
      this.move(this.chosen, [u[0] + moves[name][0], u[1] + moves[name][1]]);
      this.commit(PAUSE);
    } else if (turn) {
      this.choose((this.chosen + turn + this.waypoints.length) % this.waypoints.length);
      this.announce(say("Waypoint {k} of {n}", { k: this.chosen + 1, n: this.waypoints.length }));
    } else if (name === "Delete" || name === "Backspace") {
      this.remove();
    } else if (name === "r") {
      this.reverse();
    } else if (name === " " && !(event.target instanceof HTMLButtonElement)) {
      this.play();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} name @param {boolean} on */
  toggle(name, on) {
    if (on) this.shown.add(name);
    else this.shown.delete(name);
    if (!this.shown.size) this.shown.add(name);
    if (on || !this.shown.has(this.kind)) this.kind = on ? name : [...this.shown][0];
    this.commit();
  }

  /** @param {string} name @param {Event | null} event */
  select(name, event) {
    if (event instanceof MouseEvent && event.target instanceof HTMLCanvasElement) {
      const box = this.stage.curves.getBoundingClientRect(); // as wide as the strip and its gutter
      this.t = this.curves.share(event.clientX - box.left, box.width);
    }
    if (name !== this.kind) {
      this.kind = name;
      this.commit();
    }
    this.requestDraw();
  }

  // Send the path to the server, once for a gesture.
  commit(wait = 0) {
    this.requestDraw();
    clearTimeout(this.sendTimer);
    this.sendTimer = setTimeout(() => {
      this.timing.sent++;
      this.send("paths", { path: format(this.waypoints), kind: this.kind, shown: [...this.shown] });
    }, wait);
  }

  // The place on the path

  /** @param {number} t @param {PointerEvent} [event] */
  scrub(t, event = undefined) {
    this.playing = false;
    this.t = t;
    this.pointerTime = event?.timeStamp;
    this.requestDraw();
  }

  play() {
    this.playing = !this.playing;
    if (this.playing && this.t >= 1) this.t = 0;
    this.before = undefined;
    this.requestDraw();
  }

  /** @param {number} now */
  advance(now) {
    if (!this.playing) return;
    const seconds = this.before === undefined ? 0 : (now - this.before) / 1000;
    this.before = now;
    this.t = Math.min(this.t + seconds / PLAY, 1);
    if (this.t >= 1) this.playing = false;
  }

  // Drawing

  /** @param {number} now */
  frame(now) {
    if (!this.space || !this.kinds.length || !this.waypoints.length) return;
    const time = this.pointerTime;
    this.pointerTime = undefined;
    this.advance(now);
    this.draw(this.space, this.restyle());
    this.timing.frames++;
    if (this.playing) this.requestDraw();
    if (time === undefined) return;
    painted(time, (ms) => record(this.timing.latencies, ms));
  }

  // The place that is decoded: without motion, frame by frame.
  get place() {
    return this.reduceMotion && this.playing ? Math.round(this.t * (FRAMES - 1)) / (FRAMES - 1) : this.t;
  }

  // Canvases first: an element that has changed before them would have the whole page's style computed in between.
  /** @param {Space} space @param {Theme} theme */
  draw(space, theme) {
    const { stage } = this;
    const routes = this.kinds.flatMap(({ name }) => {
      const path = this.shown.has(name) ? this.path(name) : null;
      const row = this.rows.get(name);
      return path && row ? [{ name, path, row }] : [];
    });
    this.decode(space, routes);
    /** @type {Map<string, FramedPath>} */
    const paths = new Map(routes.map(({ name, path, row }) => [name, { ...path, ...this.strip(row) }]));
    const [first] = paths.values();
    const current = paths.get(this.kind) ?? first;
    if (current) this.drawCurves(space, theme, paths);
    for (const { name } of this.kinds) {
      const path = paths.get(name);
      const on = this.shown.has(name);
      const { box, row, facts } = given(this.rows.get(name), "row of this kind");
      [box.checked, row.hidden] = [on, !on];
      row.classList.toggle("current", name === this.kind);
      row.classList.toggle("waiting", Boolean(path?.waiting));
      row.setAttribute("aria-pressed", String(name === this.kind));
      if (!on) continue;
      const words = path
        ? this.facts(name, path, this.failed[name])
        : say("there is no unique great circle between opposite waypoints; move one of them");
      if (facts.textContent !== words) facts.textContent = words;
    }
    if (!current) return;
    const z = at(current, this.place);
    const axes = this.mapOverlay.axes();
    const { chart } = this.mapOverlay;
    if (axes && chart) {
      this.overlay.layout(chart, axes);
      const lines = [...paths].map(([name, { points, waiting }]) => ({
        points: points.map((p) => space.toPlane(p)),
        waiting,
        hue: this.hue(name),
        current: name === this.kind,
      }));
      lines.sort((a, b) => Number(a.current) - Number(b.current));
      const waypoints = this.waypoints.map((w) => space.toPlane(w));
      this.overlay.draw(axes, {
        paths: lines,
        waypoints,
        chosen: this.chosen,
        cursor: space.toPlane(z),
        hue: this.hue(this.kind),
        theme,
      });
    }
    stage.icon(this.playing);
    stage.range.value = String(this.t);
    stage.range.setAttribute(
      "aria-valuetext",
      say("frame {k} of {n}", { k: fixed(1 + this.t * (FRAMES - 1), 1), n: FRAMES }),
    );
    stage.remove.disabled = this.waypoints.length <= 2;
    this.timing.t = this.t;
    this.announce(this.point.draw(space, z, current, this.place));
    this.point.apply(space, z, this.attribute);
  }

  /** @param {string} name @param {CurrentPath} path @param {string | undefined} why */
  facts(name, path, why) {
    if (why) return why;
    const { answer, waiting } = path;
    if (!answer) return waiting ? say("settling …") : "";
    const change = Math.round(100 * (answer.energy / answer.line_energy - 1));
    const values = {
      length: fixed(answer.way.at(-1), 1),
      energy: fixed(answer.energy, 0),
      change: (change > 0 ? "+" : "") + minus(String(change)),
    };
    return name === "line"
      ? say("length {length} · energy {energy}", values)
      : say("length {length} · energy {energy}, {change} % of the line's", values);
  }

  // A kind's frames, and how far each is from the one before as they are drawn: {frames: z, pixels: lengths}.
  /** @param {PathRow} row */
  strip({ frames, drawn }) {
    const means = drawn.map((d) => d.mean);
    return {
      frames,
      pixels: means.slice(1).flatMap((mean, k) => {
        const before = means[k];
        return mean && before ? [pixelLength(mean, before)] : [];
      }),
    };
  }

  // Decode what the strips shall show and do not yet: of each the frame nearest to the chosen waypoint, then those
  // drawn longest ago, until the slice is over; the others come in the next animation frames.
  /** @param {Space} space @param {{path: Route, row: PathRow}[]} routes */
  decode(space, routes) {
    const hand = this.waypoints[this.chosen];
    /** @type {{row: PathRow, k: number, since: number}[]} */
    const changed = [];
    for (const { path, row } of routes) {
      if (row.space !== space)
        [row.space, row.drawn] = [space, row.canvases.map(() => ({ z: [], mean: null, when: 0 }))];
      row.frames = row.canvases.map((_, k) => at(path, k / (FRAMES - 1)));
      const away = row.frames.map((z) => Math.hypot(...z.map((v, j) => v - hand[j])));
      const nearest = away.indexOf(Math.min(...away));
      row.frames.forEach((z, k) => {
        if (!same(z, row.drawn[k].z)) changed.push({ row, k, since: k === nearest ? -1 : row.drawn[k].when });
      });
    }
    changed.sort((a, b) => a.since - b.since);
    const until = performance.now() + SLICE[this.grabbed ? "held" : "free"];
    for (const { row, k, since } of changed) {
      if (since >= 0 && performance.now() >= until) return this.requestDraw();
      this.develop(space, row, k);
    }
  }

  /** @param {Space} space @param {PathRow} row @param {number} k */
  develop(space, row, k) {
    const mean = space.decode(row.frames[k]);
    if (!mean) return;
    this.timing.decodes++;
    paint(row.canvases[k], mean, space.header.shape, space.header.lines);
    row.drawn[k] = { z: row.frames[k], mean: Float32Array.from(mean), when: performance.now() };
  }

  /** @param {Space} space @param {Theme} theme @param {Map<string, FramedPath>} paths */
  drawCurves(space, theme, paths) {
    const even = Array.from({ length: FRAMES }, (_, k) => k / (FRAMES - 1));
    const kinds = [...paths].map(([name, path]) => {
      const current = name === this.kind;
      const { answer } = path;
      /** @type {PathLines["lines"]} */
      const lines = { density: [], elbo: [], step: [], near: [] };
      if (answer) {
        if (answer.logQ) lines.density.push({ t: path.share, y: answer.logQ });
        if (answer.logP && current) lines.density.push({ t: path.share, y: answer.logP, dotted: true });
        if (answer.elbo) lines.elbo.push({ t: even, y: answer.elbo, se: answer.elboSe });
      } else if (current && space.inverse) {
        // until the server answers, the densities at the frames
        const facts = path.frames.map((z) => space.evaluate(z));
        lines.density.push(
          { t: even, y: facts.map(({ logQ = NaN }) => logQ) },
          { t: even, y: facts.map(({ logP = NaN }) => logP), dotted: true },
        );
      }
      if (path.pixels.length === FRAMES - 1) {
        // a step's length stands between its frames
        const t = path.pixels.flatMap((_, k) => [even[k], even[k + 1]]);
        lines.step.push({ t, y: path.pixels.flatMap((v) => [v, v]) });
      }
      if (answer && this.usual) lines.near.push({ t: path.share, y: answer.neighbours });
      else if (current)
        lines.near.push({ t: even, y: path.frames.map((z) => space.mixture.within(z, this.point.radius).length) });
      return { hue: this.hue(name), current, lines };
    });
    const notes = { ...this.without };
    if (space.inverse && !space.trusted) {
      notes.density = {
        more: say("; few codes in {d} dimensions, so the estimate of q(z) is unreliable", { d: space.d }),
      };
    }
    this.curves.draw(kinds, this.place, notes, theme);
  }

  // at most twice a second, so that a screen reader can follow
  /** @param {string} words */
  announce(words) {
    this.announcement = words;
    this.announceTimer ??= setTimeout(() => {
      this.announceTimer = null;
      this.stage.live.textContent = this.announcement;
    }, 500);
  }
}

export default component(Paths, "setStateValue");

// for tests
export { Paths };
