import { MapOverlay } from "../js/map_overlay.js";
import { paint } from "../js/paint.js";
import { component, minus, painted, record, unpack } from "../js/shared.js";
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
const BROWSER_KINDS = { line: lerp, slerp };

/** @param {number[][]} waypoints */
const format = (waypoints) => waypoints.map((z) => z.map((v) => v.toFixed(3)).join(",")).join(";");
/** @param {number[]} z */
const round = (z) => z.map((v) => Math.round(v * 1000) / 1000);

/** @param {any} a @param {any} b */
const same = (a, b) => a.length === b.length && a.every((v, t) => v === b[t]);

// How far two pictures (Float32Array, of one size) are from one another.
/** @param {any} a @param {number} b */
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
      label:
        "Latent map with a path. Click adds a waypoint; arrow keys move the chosen one, N and P choose, Delete " +
        "removes.",
      key: (e) => this.key(e),
      follow: () => this.requestDraw(),
    });
    this.stop = new AbortController();
    this.waypoints = [];
    this.chosen = 0;
    this.t = 0;
    this.answers = new Map();
    this.shown = new Set();
    this.serial = -1;
    this.reduceMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // what benchmarks and tests read
    this.timing = window.__latentPaths = { latencies: [], frames: 0, decodes: 0, sent: 0, t: 0 };
    const { stage } = this;
    const on = (target, type, handler, options = {}) =>
      target.addEventListener(type, handler, { signal: this.stop.signal, ...options });
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
    for (const type of ["pointerdown", "pointermove"]) {
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
    clearTimeout(this.announceTimer);
    this.stage.node.remove();
  }

  /** @param {Uint8Array} bytes @param {any} send */
  update(bytes, send) {
    this.send = send;
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      const content = unpack(bytes);
      if (content.header.content !== this.space?.header.content) {
        this.space = new Space(content, () => this.requestDraw());
        this.answers.clear();
        this.serial = -1;
        this.waypoints = [];
        this.lastAnswer = null; // the answer is to be read anew for this model
      }
      this.space.header = content.header;
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
    if (!bytes || !this.space || channel !== this.space.header.chart || bytes === this.lastAnswer) return;
    const { header, section } = unpack(bytes);
    if (header.latent !== this.space.d || header.model !== this.space.header.name) return;
    this.lastAnswer = bytes;
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
    for (const [name, facts] of Object.entries(header.paths)) {
      const flat = floats(`${name}.points`);
      const d = this.space.d;
      const points = Array.from({ length: flat.length / d }, (_, i) => flat.slice(i * d, (i + 1) * d));
      const part = (what) => floats(`${name}.${what}`);
      this.answers.set(name, {
        ...facts,
        waypoints: header.waypoints,
        text: format(header.waypoints),
        points,
        share: part("share"),
        logP: part("log_p"),
        logQ: part("log_q"),
        elbo: part("elbo"),
        elboSe: part("elbo_se"),
        way: part("way"),
        neighbours: part("neighbours"),
      });
    }
    this.most = header.most;
    this.waiting = header.waiting ? 1000 * header.poll : 0;
    this.failed = header.failed;
    this.without = header.without;
    this.attribute = header.attribute;
    const heat = section("magnification");
    this.overlay.colour(heat && new Float32Array(heat.buffer), header.window);
    this.requestDraw();
  }

  check() {
    if (!this.space) return;
    this.mapOverlay.find(this.space.header.chart);
    // the server cannot call: while something is being computed, it is asked again
    if (this.waiting && !(performance.now() - this.lastAsked < this.waiting)) {
      this.lastAsked = performance.now();
      this.send("ask", this.lastAsked);
    }
    const { color } = getComputedStyle(this.stage.node);
    if (color !== this.theme?.ink) this.requestDraw();
  }

  restyle() {
    const style = getComputedStyle(this.stage.node);
    const mixed = (share) => `color-mix(in srgb, ${style.color} ${share}%, transparent)`;
    const paper = style.getPropertyValue("--st-background-color") || "#fff";
    this.theme = { ink: style.color, paper, font: style.fontFamily, muted: mixed(64), grid: mixed(12) };
  }

  /** @param {string} name */
  hue(name) {
    return this.kinds.find((k) => k.name === name)?.hue || this.theme.ink;
  }

  // The path of a kind through the waypoints as they are now: {points, share, answer}; `answer` where the server's
  // holds.
  /** @param {string} name */
  path(name) {
    const answer = this.answers.get(name);
    const text = format(this.waypoints);
    if (answer && answer.text === text) return { ...answer, answer };
    if (name in BROWSER_KINDS) return through(this.waypoints, BROWSER_KINDS[name], STEPS);
    const bent = answer && carried(answer, answer.waypoints, this.waypoints);
    return { ...(bent ?? through(this.waypoints, lerp, STEPS)), waiting: true };
  }

  // Waypoints

  /** @param {number[]} u @param {any} before */
  coordinates(u, before) {
    const { space } = this;
    const flat = space.toLatent(u);
    if (space.d <= 2) return round(flat);
    // off the plane a point keeps what it had, or takes it from the code that is nearest on the plane
    const source = before ?? space.code(this.nearestOn(u));
    const own = space.toLatent(space.toPlane(source));
    return round(flat.map((v, j) => v + source[j] - own[j]));
  }

  /** @param {number[]} u */
  nearestOn(u) {
    const { space } = this;
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

  /** @param {any} event @param {number} k */
  grab(event, k) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.stopPropagation();
    event.preventDefault();
    const node = event.currentTarget;
    node.setPointerCapture?.(event.pointerId);
    node.focus({ preventScroll: true });
    const u = this.mapOverlay.toPlane(event);
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
    this.waypoints = this.waypoints.map((z, i) => (i === k ? this.coordinates(u, z) : z));
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
    if (this.waypoints.length >= this.most) return;
    const { x, y } = this.mapOverlay.axes();
    const pixel = (v) => [x.d2p(v[0]), y.d2p(v[1])];
    const here = pixel(u);
    const corners = this.waypoints.map((z) => pixel(this.space.toPlane(z)));
    let [place, least] = [corners.length, NEAR];
    for (let k = 1; k < corners.length; k++) {
      const [a, b] = [corners[k - 1], corners[k]];
      const along = [b[0] - a[0], b[1] - a[1]];
      const length = along[0] ** 2 + along[1] ** 2 || 1;
      const t = Math.min(Math.max(((here[0] - a[0]) * along[0] + (here[1] - a[1]) * along[1]) / length, 0), 1);
      const distance = Math.hypot(here[0] - a[0] - t * along[0], here[1] - a[1] - t * along[1]);
      if (distance < least && t > 0 && t < 1) [place, least] = [k, distance];
    }
    this.waypoints = [...this.waypoints.slice(0, place), this.coordinates(u, null), ...this.waypoints.slice(place)];
    this.choose(place);
    this.commit();
  }

  remove() {
    if (this.waypoints.length <= 2) {
      this.announce("A path needs two waypoints");
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
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const turn = { n: 1, p: -1 }[name];
    if (name in moves) {
      const u = this.space.toPlane(this.waypoints[this.chosen]);
      this.move(this.chosen, [u[0] + moves[name][0], u[1] + moves[name][1]]);
      this.commit(PAUSE);
    } else if (turn) {
      this.choose((this.chosen + turn + this.waypoints.length) % this.waypoints.length);
      this.announce(`Waypoint ${this.chosen + 1} of ${this.waypoints.length}`);
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

  /** @param {string} name @param {any} on */
  toggle(name, on) {
    if (on) this.shown.add(name);
    else this.shown.delete(name);
    if (!this.shown.size) this.shown.add(name);
    if (on || !this.shown.has(this.kind)) this.kind = on ? name : [...this.shown][0];
    this.commit();
  }

  /** @param {string} name @param {PointerEvent} event */
  select(name, event) {
    if (event && event.target instanceof HTMLCanvasElement) {
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

  /** @param {any} now */
  advance(now) {
    if (!this.playing) return;
    const seconds = this.before === undefined ? 0 : (now - this.before) / 1000;
    this.before = now;
    this.t = Math.min(this.t + seconds / PLAY, 1);
    if (this.t >= 1) this.playing = false;
  }

  // Drawing

  requestDraw() {
    if (this.drawRequested || !this.space) return;
    this.drawRequested = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  /** @param {any} now */
  frame(now) {
    this.drawRequested = false;
    if (this.stop.signal.aborted || !this.kinds || !this.waypoints.length) return;
    const time = this.pointerTime;
    this.pointerTime = undefined;
    this.advance(now);
    this.restyle();
    this.draw();
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
  draw() {
    const { space, stage, theme } = this;
    const paths = new Map();
    for (const { name } of this.kinds) {
      const path = this.shown.has(name) ? this.path(name) : null;
      if (path) paths.set(name, path);
    }
    this.decode(paths);
    for (const [name, path] of paths) paths.set(name, { ...path, ...this.strip(name) });
    const current = paths.get(this.kind) ?? paths.values().next().value;
    if (current) this.drawCurves(paths);
    for (const { name } of this.kinds) {
      const path = paths.get(name);
      const on = this.shown.has(name);
      const { box, row, facts } = this.rows.get(name);
      [box.checked, row.hidden] = [on, !on];
      row.classList.toggle("current", name === this.kind);
      row.classList.toggle("waiting", Boolean(path?.waiting));
      row.setAttribute("aria-pressed", String(name === this.kind));
      if (!on) continue;
      const words = path
        ? this.facts(name, path, this.failed?.[name])
        : "no great circle between opposite waypoints: move one";
      if (facts.textContent !== words) facts.textContent = words;
    }
    if (!current) return;
    const z = at(current, this.place);
    const axes = this.mapOverlay.axes();
    if (axes) {
      this.overlay.layout(this.mapOverlay.chart, axes);
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
    stage.range.setAttribute("aria-valuetext", `frame ${fixed(1 + this.t * (FRAMES - 1), 1)} of ${FRAMES}`);
    stage.remove.disabled = this.waypoints.length <= 2;
    this.timing.t = this.t;
    this.announce(this.point.draw(space, z, current, this.place));
    this.point.apply(space, z, this.attribute);
  }

  /** @param {string} name @param {any} path @param {string} why */
  facts(name, path, why) {
    if (why) return why;
    if (!path.answer) return path.waiting ? "settling …" : "";
    const change = Math.round(100 * (path.energy / path.line_energy - 1));
    const compared = name === "line" ? "" : `, ${change > 0 ? "+" : ""}${minus(String(change))} % of the line's`;
    return `length ${fixed(path.way.at(-1), 1)} · energy ${fixed(path.energy, 0)}${compared}`;
  }

  // A kind's frames, and how far each is from the one before as they are drawn: {frames: z, pixels: lengths}.
  /** @param {string} name */
  strip(name) {
    const { frames, drawn } = /** @type {any} */ (this.rows.get(name));
    const means = drawn.map((d) => d.mean);
    return {
      frames,
      pixels: means.slice(1).flatMap((mean, k) => (mean && means[k] ? [pixelLength(mean, means[k])] : [])),
    };
  }

  // Decode what the strips shall show and do not yet: of each the frame nearest to the chosen waypoint, then those
  // drawn longest ago, until the slice is over; the others come in the next animation frames.
  /** @param {any} paths */
  decode(paths) {
    const { space } = this;
    const hand = this.waypoints[this.chosen];
    const changed = [];
    for (const [name, path] of paths) {
      const row = /** @type {any} */ (this.rows.get(name));
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
    while (changed.length && (changed[0].since < 0 || performance.now() < until)) this.develop(changed.shift());
    if (changed.length) this.requestDraw();
  }

  /** @param {{row: any, k: any}} about */
  develop({ row, k }) {
    const mean = this.space.decode(row.frames[k]);
    if (!mean) return;
    this.timing.decodes++;
    paint(row.canvases[k], mean, this.space.header.shape);
    row.drawn[k] = { z: row.frames[k], mean: Float32Array.from(mean), when: performance.now() };
  }

  /** @param {any} paths */
  drawCurves(paths) {
    const even = Array.from({ length: FRAMES }, (_, k) => k / (FRAMES - 1));
    const kinds = [...paths].map(([name, path]) => {
      const current = name === this.kind;
      const lines = { density: [], elbo: [], step: [], near: [] };
      if (path.answer) {
        if (path.logQ) lines.density.push({ t: path.share, y: path.logQ });
        if (path.logP && current) lines.density.push({ t: path.share, y: path.logP, dotted: true });
        if (path.elbo) lines.elbo.push({ t: even, y: path.elbo, se: path.elboSe });
      } else if (current && this.space.inverse) {
        // until the server answers, the densities at the frames
        const facts = path.frames.map((z) => this.space.evaluate(z));
        lines.density.push(
          { t: even, y: facts.map((s) => s.logQ) },
          { t: even, y: facts.map((s) => s.logP), dotted: true },
        );
      }
      if (path.pixels.length === FRAMES - 1) {
        // a step's length stands between its frames
        const t = path.pixels.flatMap((_, k) => [even[k], even[k + 1]]);
        lines.step.push({ t, y: path.pixels.flatMap((v) => [v, v]) });
      }
      if (path.answer && this.usual) lines.near.push({ t: path.share, y: path.neighbours });
      else if (current)
        lines.near.push({ t: even, y: path.frames.map((z) => this.space.mixture.within(z, this.point.radius).length) });
      return { hue: this.hue(name), current, lines };
    });
    const notes = { ...this.without };
    if (this.space.inverse && !this.space.trusted) {
      notes.density = { more: `; few codes in ${this.space.d} dimensions, so that q(z) is unreliable` };
    }
    this.curves.draw(kinds, this.place, notes, this.theme);
  }

  // at most twice a second, so that a screen reader can follow
  /** @param {any} words */
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
