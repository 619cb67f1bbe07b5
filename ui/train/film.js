import { Axes, fade } from "../js/axes.js";
import { Cloud, paints } from "../js/cloud.js";
import { Curves } from "../js/curves.js";
import { ease, nats, themeOf, whole } from "../js/drawing.js";
import { RINGS, readFilm, summarise } from "../js/film_frames.js";
import { fillLegend } from "../js/legend.js";
import { atNextFrame } from "../js/next_frame.js";
import { Bars, countDead, strip, tiles } from "../js/pictures.js";
import { Playhead } from "../js/playhead.js";
import { phrase, say } from "../js/say.js";
import { component, given, listener, plain, unpack } from "../js/shared.js";
import { PAUSE, PLAY, Stage } from "../js/stage.js";

// Draws the film of a training. A recorded run arrives whole, a run in training frame by frame, and received frames are
// kept. Everything is drawn in one animation frame, and none is requested while nothing moves.

const PLACES = 16; // images of reconstructions, and of samples
const KEPT = 240; // frames kept of a live run; beyond, every second one goes
const VIEW_SECONDS = 0.15; // in which the view follows the points
const ARRIVAL = [0.1, 0.8]; // seconds in which a live frame arrives at least and at most
const SIZE = 4.5; // pixels across a point
const SETTLED = 300; // ms after a gesture until Python gets the place
const CHANNEL = "film_place"; // by which Python sends the place that the address names
/** @type {Record<string, string>} */
const SPLITS = { train: phrase("train"), valid: phrase("validation"), test: phrase("test") };
// The last films seen, by run: a page that moves the component, or is left and come back to, mounts it again, and then
// nothing is lost or played again. Streamlit loads this module again as well, hence the window.
const remembered = (window.__latentFilms ??= new Map());
const REMEMBERED = 4;

class Film {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.stage = new Stage(parent.querySelector("div") ?? parent);
    const { stage } = this;
    this.stop = new AbortController();
    this.requestDraw = atNextFrame(this.stop.signal, (now) => this.frame(now));
    this.head = new Playhead();
    this.cloud = new Cloud(stage.cloud, () => this.requestDraw());
    this.axes = new Axes(stage.axes);
    this.curves = new Curves(stage.curves);
    this.bars = new Bars(stage.bars.canvas);
    this.arriving = Promise.resolve();
    this.drawn = 0;
    this.turn = 0;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    /** @type {FilmContent["header"] | null} */
    this.header = null;
    /** @type {Theme | null} */
    this.theme = null;
    /** @type {FilmFrame[]} */
    this.frames = [];
    /** @type {Int32Array} */
    this.labels = new Int32Array(0);
    /** @type {FramedStrip | null} */
    this.originals = null;
    this.total = 0; // steps of the training
    this.named = ""; // the classes in the legend
    this.arrived = -Infinity; // when the newest frame came
    /** @type {View | null} */
    this.view = null;
    this.progress = 1; // of the points between two frames
    /** @type {number | null} */
    this.solo = null;
    /** @type {number | null} */
    this.pointed = null; // the step under a pointer on the curves
    this.pressed = false;
    /** @type {number | null} */
    this.returning = null; // where the film goes back to when that pointer leaves
    /** @type {{codes: Float32Array, left: number} | null} */
    this.departure = null; // points that move from the places of a replaced film
    this.shown = -1; // the frame whose images and numbers are drawn
    /** @type {number | undefined} */
    this.before = undefined; // when a frame was drawn, while anything moves
    this.announcement = "";
    this.announceTimer = 0;
    /** @type {Answer} */
    this.send = () => {};
    this.said = ""; // the step that the address has, as far as is known here; "" is the newest
    this.gesture = false; // whether Python has not yet answered what was sent
    /** @type {number | null} */
    this.asked = null; // the step at which a link opens the film
    this.placeTimer = 0;
    this.sizes = new ResizeObserver(() => {
      this.shown = -1;
      this.requestDraw();
    });
    this.forget();
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.head.reduceMotion = this.calm.matches;
    this.listen();
    // tests and benchmarks ask where on the page a point of the plane is
    stage.node.project = (x, y) => {
      const box = stage.axes.getBoundingClientRect();
      const [px, py] = this.axes.place(this.view ?? [], x, y);
      return [box.left + px, box.top + py];
    };
  }

  // Everything that belongs to one run.
  forget() {
    this.frames = [];
    this.labels = new Int32Array(0);
    this.view = null;
    this.solo = null;
    this.pointed = null;
    this.returning = null;
    this.departure = null;
    this.shown = -1;
    this.head.reset();
    this.curves.reset();
    this.bars.reset();
    const { stage } = this;
    delete stage.node.dataset.step;
    clearTimeout(this.announceTimer);
    clearTimeout(this.placeTimer);
    this.announceTimer = 0;
    const asked = new URLSearchParams(location.search).get("film") ?? "";
    this.said = /^\d+$/.test(asked) ? asked : "";
    this.gesture = false;
    this.asked = this.said === "" ? null : Number(this.said);
    for (const words of [stage.count, stage.live]) words.textContent = "";
    for (const { train, valid } of Object.values(stage.values)) train.textContent = valid.textContent = "";
  }

  listen() {
    const { stage, head } = this;
    const on = listener(this.stop.signal);
    on(this.calm, "change", () => {
      head.reduceMotion = this.calm.matches;
      this.requestDraw();
    });
    on(stage.node, "keydown", (e) => this.key(e));
    on(stage.play, "click", () => this.toggle());
    on(stage.range, "input", () => this.go(Number(stage.range.value)));
    on(stage.speed, "change", () => {
      head.speed = Number(stage.speed.value);
    });
    on(stage.newest, "click", () => this.go(head.last));
    on(stage.log, "click", () => {
      this.curves.toggle(!this.curves.log);
      stage.log.setAttribute("aria-pressed", String(this.curves.log));
      this.requestDraw();
    });
    on(stage.curves, "pointermove", (e) => this.point(e));
    on(stage.curves, "pointerdown", (e) => this.press(e));
    on(stage.curves, "pointerup", () => {
      this.pressed = false;
      this.tell();
    });
    on(window, "latent-answers", (e) => this.follow(e.detail));
    on(stage.curves, "pointercancel", () => {
      this.pressed = false;
    });
    on(stage.curves, "pointerleave", () => this.leave());
    for (const node of [stage.plane, stage.curves, stage.pairs.figure, stage.samples.figure]) this.sizes.observe(node);
  }

  destroy() {
    this.remember();
    this.stop.abort();
    this.sizes.disconnect();
    clearTimeout(this.announceTimer);
    clearTimeout(this.placeTimer);
    this.cloud.destroy();
    this.stage.frame.remove();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.send = send;
    this.restyle();
    this.requestDraw();
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    // one after the other, as they were sent; of several that wait only the newest counts
    this.arriving = this.arriving
      .then(async () => {
        if (bytes !== this.bytes || this.stop.signal.aborted) return;
        const content = await readFilm(bytes);
        if (!this.stop.signal.aborted) this.take(content);
      })
      .catch((error) => console.error("The recording could not be read:", error));
  }

  // Streamlit renders again when its theme changes, and only then do its CSS variables change.
  restyle() {
    const theme = themeOf(this.stage.node);
    if (theme.key === this.theme?.key) return;
    this.theme = theme;
    this.shown = -1;
    this.recolour();
  }

  /** @param {FilmContent} content */
  take({ header, frames, history, labels, originals }) {
    const { head } = this;
    if (header.run !== this.header?.run) {
      this.remember();
      this.forget();
      this.recall(header.run);
    }
    const before = { count: this.frames.length, frame: this.frames[head.nearest], newest: head.target === head.last };
    this.header = header;
    this.theme ??= themeOf(this.stage.node);
    if (frames.length) {
      this.labels = labels;
      for (const frame of frames) summarise(frame, labels, header);
      if (originals) this.originals = { ...strip(originals, header.shape), frame: "" };
      if (header.kind === "film") this.replace(frames, before);
      else this.append(frames[0], before);
      this.recolour();
    }
    this.curves.set(history, header.probabilistic, this.frames.at(-1)?.step ?? 0);
    this.describe(header);
    // images and words now, not at the next animation frame: the elements below must not move down and up again
    if (this.frames.length) this.drawFrame();
    this.requestDraw();
  }

  remember() {
    const { frames, head, header, originals, arrived } = this;
    if (!header || !frames.length) return;
    remembered.delete(header.run);
    remembered.set(header.run, { frames, originals, arrived, at: head.target });
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED) remembered.delete(oldest);
  }

  /** @param {string} run */
  recall(run) {
    const known = remembered.get(run);
    if (!known) return;
    [this.frames, this.originals, this.arrived] = [known.frames, known.originals, known.arrived];
    this.head.count = this.frames.length;
    this.head.jump(known.at);
  }

  // The whole film. What is seen stays where it is: the same moment if one was chosen, else the newest.
  /** @param {FilmFrame[]} frames @param {BeforeFilm} before */
  replace(frames, before) {
    const { head } = this;
    if (before.frame && this.cloud.count && before.frame.codes.length === frames[0].codes.length) {
      this.departure = { codes: this.cloud.at(this.progress), left: VIEW_SECONDS };
    }
    this.frames = frames;
    head.count = frames.length;
    const { asked } = this;
    this.asked = null; // once
    if (asked !== null) head.jump(this.frameAt(asked));
    else if (!before.count) {
      head.jump(head.reduceMotion ? head.last : 0);
      head.play();
      if (head.reduceMotion) head.jump(head.last);
    } else {
      const step = before.frame?.step ?? 0;
      const same = this.frameAt(step);
      if (head.playing) head.position = same;
      else head.jump(before.newest ? head.last : same);
    }
  }

  // One more moment of a run in training. A run that went back to a checkpoint takes its later frames with it.
  /** @param {FilmFrame} frame @param {BeforeFilm} before */
  append(frame, { count, newest }) {
    const { head } = this;
    const now = performance.now();
    this.asked = null; // of a run in training only the newest frame comes
    const known = this.frames.at(-1);
    if (known?.step === frame.step && known.titles.join() === frame.titles.join()) return;
    this.frames = this.frames.filter((f) => f.step < frame.step && f.codes.length === frame.codes.length);
    if (this.frames.length >= KEPT) this.frames = this.frames.filter((_, k) => k % 2 === 0);
    if (this.frames.length < count) head.jump(Math.round((head.position * this.frames.length) / count));
    this.frames.push(frame);
    head.count = this.frames.length;
    const [least, most] = ARRIVAL;
    const seconds = Math.min(Math.max((now - this.arrived) / 1000, least), most);
    this.arrived = now;
    if (head.playing) return;
    if (this.returning !== null && this.returning >= head.last - 1) this.returning = head.last;
    else if (newest && count && this.pointed === null) head.go(head.last, seconds);
    else if (!count) head.jump(head.last);
  }

  // What changes with a payload, not with a frame.
  /** @param {FilmContent["header"]} header */
  describe(header) {
    const { stage, frames } = this;
    const { notes, status } = header;
    stage.node.dataset.run = header.run;
    stage.node.dataset.frames = String(frames.length);
    stage.empty.textContent = header.waiting;
    stage.empty.hidden = frames.length > 0;
    stage.range.max = String(Math.max(0, frames.length - 1));
    for (const control of [stage.play, stage.range, stage.speed]) control.disabled = frames.length < 2;
    this.total = Math.max(status.total, frames.at(-1)?.step ?? 0);
    for (const name of ["elbo", "rate"]) stage.values[name].row.hidden = !header.probabilistic;
    const newest = frames.at(-1);
    // before the first frame their places are kept, so that nothing moves when it comes
    const image = header.shape.length === 3;
    stage.pairs.figure.hidden = newest ? !newest.reconstructions : !image;
    stage.samples.figure.hidden = newest ? !newest.samples : !image || !header.probabilistic;
    stage.bars.figure.hidden = newest ? !newest.rate : !header.probabilistic;
    const pairs = newest ? this.originals && header.sections.originals : image;
    stage.pairs.caption.textContent = pairs
      ? say("originals above their reconstructions")
      : say("decoded images of 16 codes");
    stage.pairs.canvas.setAttribute("aria-label", stage.pairs.caption.textContent);
    stage.note.textContent = [...new Set(Object.values(notes))].join(" ");
    stage.note.hidden = !stage.note.textContent;
    stage.lower.classList.toggle("waiting", !frames.length);
    if (!frames.length && image) this.drawPlaces(header);
    this.nameClasses(header);
  }

  /** @param {FilmHeader} header */
  nameClasses(header) {
    const { stage } = this;
    const names = header.classes.join("\n");
    if (names === this.named) return;
    this.named = names;
    fillLegend(
      stage.legend,
      header.classes.map((name, k) => [k, name, header.colours[k]]),
      this,
    );
  }

  recolour() {
    const { labels, header, solo } = this;
    if (!header) return;
    this.cloud.paint(
      paints(labels, header.colours, Boolean(this.theme?.dark), (label) => solo === null || label === solo),
    );
    this.requestDraw();
  }

  /** @param {number} frame */
  go(frame) {
    this.returning = null;
    this.pointed = null;
    this.head.go(frame);
    this.requestDraw();
    this.tell();
  }

  // The last frame that is not later than a step.
  /** @param {number} step */
  frameAt(step) {
    return Math.max(
      this.frames.findLastIndex((f) => f.step <= step),
      0,
    );
  }

  // Tell Python, which writes it into the address, where the film was stopped. The newest frame needs no word.
  tell() {
    clearTimeout(this.placeTimer);
    this.placeTimer = setTimeout(() => {
      const { head, frames, returning } = this;
      if (head.playing || !frames.length) return;
      const at = Math.round(returning ?? head.target);
      const step = at >= head.last ? "" : String(frames[at].step);
      if (step === this.said) return;
      this.said = step;
      this.gesture = true;
      this.send?.("place", step);
    }, SETTLED);
  }

  // Go where the address has moved without a gesture here: by a lesson, or because this browser follows another one.
  /** @param {string} channel */
  follow(channel) {
    const bytes = channel === CHANNEL && window.__latentAnswers?.get(channel);
    if (!bytes) return;
    /** @type {Packet<FilmPlace>} */
    const { header } = unpack(bytes);
    const step = header.step === null ? "" : String(header.step);
    if (header.run !== this.header?.run || step === this.said) {
      this.gesture = false;
      return;
    }
    if (this.gesture) return;
    this.said = step;
    this.head.go(header.step === null ? this.head.last : this.frameAt(header.step));
    this.requestDraw();
  }

  toggle() {
    if (this.head.playing) this.head.pause();
    else this.head.play();
    this.requestDraw();
    this.tell();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === this.stage.speed) return;
    const { head } = this;
    const [from, pace] = [head.playing ? head.nearest : head.target, event.shiftKey ? 5 : 1];
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: from - pace, ArrowRight: from + pace, Home: 0, End: head.last };
    if (event.key in moves) this.go(moves[event.key]);
    // a button under the focus takes the space bar itself
    else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Over the curves the pointer is the cursor: hovering looks, dragging stays.
  /** @param {PointerEvent} event */
  point(event) {
    if (!this.frames.length || (this.head.playing && !this.pressed)) return;
    this.returning = this.pressed ? null : (this.returning ?? this.head.target);
    this.pointed = this.curves.stepAt(event.offsetX);
    this.head.go(this.closest(event.offsetX));
    this.requestDraw();
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || !this.frames.length) return;
    this.stage.curves.setPointerCapture(event.pointerId);
    this.pressed = true;
    this.head.pause();
    this.point(event);
  }

  leave() {
    if (this.pressed) return;
    this.pointed = null;
    if (this.returning !== null) this.head.go(this.returning);
    this.returning = null;
    this.requestDraw();
  }

  /** @param {number} px */
  closest(px) {
    let [best, least] = [0, Infinity];
    this.frames.forEach(({ step }, k) => {
      const distance = Math.abs(this.curves.x(step) - px);
      if (distance < least) [best, least] = [k, distance];
    });
    return best;
  }

  /** @param {number} now */
  frame(now) {
    if (!this.theme) return;
    // while a run trains, two frames of three: without a graphics card the browser draws on the trainer's processors
    if (this.header?.kind === "live" && ++this.turn % 3 === 0) {
      this.requestDraw();
      return;
    }
    // after a pause the clock starts again, and a hidden tab must not jump
    const seconds = this.before === undefined ? 1 / 60 : Math.min((now - this.before) / 1000, 0.1);
    const moving = this.draw(seconds);
    this.before = moving ? now : undefined;
    this.stage.node.dataset.drawn = String(++this.drawn);
    if (moving) this.requestDraw();
  }

  /** @param {number} seconds */
  draw(seconds) {
    const { head, frames, theme, header, stage } = this;
    if (!header || !theme) return false;
    const { reduceMotion, playing } = head;
    head.advance(seconds);
    if (playing && !head.playing) this.tell(); // it has come to its end
    let moving = head.moving;
    const [at, frame] = [head.shown, frames[head.nearest]];
    const [a, b] = [frames[Math.floor(at)], frames[Math.ceil(at)]];
    const progress = at - Math.floor(at);
    moving = this.drawPlane(header, theme, a, b, progress, seconds) || moving;
    const step = this.pointed ?? (frame ? a.step + (b.step - a.step) * progress : null);
    moving = this.curves.draw(step, seconds, reduceMotion, theme) || moving;
    if (frame?.rate && b.rate) {
      moving =
        this.bars.draw(
          a.rate,
          b.rate,
          progress,
          { newest: frames.at(-1)?.rate ?? [], dead: header.dead },
          seconds,
          reduceMotion,
          theme,
        ) || moving;
    }
    if (step !== null) this.showValues(step);
    if (frame && head.nearest !== this.shown) this.drawFrame();
    // while the film still goes to where the thumb was dragged, the thumb stays there
    const thumb = head.playing ? head.nearest : head.target;
    if (Number(stage.range.value) !== thumb) stage.range.value = String(thumb);
    stage.icon.path.setAttribute("d", head.playing ? PAUSE : PLAY);
    stage.play.setAttribute("aria-label", head.playing ? say("Pause the recording") : say("Play the recording"));
    stage.newest.hidden = !(header.kind === "live" && head.target < head.last && !head.playing);
    return moving;
  }

  /**
   * @param {FilmHeader} header @param {Theme} theme @param {FilmFrame} a @param {FilmFrame} b
   * @param {number} progress @param {number} seconds
   */
  drawPlane(header, theme, a, b, progress, seconds) {
    const { frames, head } = this;
    const rows = header.latent === 1 ? header.classes : null;
    const goal = frames.length ? a.view.map((v, k) => v + (b.view[k] - v) * progress) : [-RINGS, RINGS, -RINGS, RINGS];
    let moving = false;
    const view = !this.view || head.reduceMotion ? goal : [...this.view];
    if (view !== goal) moving = ease(view, goal, seconds, VIEW_SECONDS);
    this.view = view;
    const { departure } = this;
    if (!frames.length) {
      this.cloud.count = 0;
      this.cloud.draw(view, 0, SIZE);
      this.axes.draw(
        view,
        { titles: header.titles.map(plain), count: "", rings: header.rings, rows, glyphs: [] },
        theme,
      );
      return moving;
    }
    if (departure && departure.left > seconds && !head.reduceMotion) {
      departure.left -= seconds;
      this.progress = 1 - departure.left / VIEW_SECONDS;
      this.cloud.between(departure.codes, b.codes);
      moving = true;
    } else {
      this.departure = null;
      this.progress = progress;
      this.cloud.between(a.codes, b.codes);
    }
    this.cloud.draw(view, this.progress, SIZE);
    const { titles, rings } = frames[head.nearest];
    const split = say(SPLITS[header.split] ?? header.split);
    const count = say("{n} {split} codes", { n: whole(header.points), split });
    this.axes.draw(
      view,
      { titles, count, rings, rows, glyphs: rows ? [] : this.glyphs(header, view, a, b, progress) },
      theme,
    );
    return moving;
  }

  // A name at each class's median; where two would cover each other, both fade.
  /**
   * @param {FilmHeader} header @param {View} view @param {FilmFrame} a @param {FilmFrame} b
   * @param {number} progress
   */
  glyphs(header, view, a, b, progress) {
    const found = header.classes.flatMap((text, k) => {
      const [from, to] = [a.medians[k], b.medians[k]];
      if (!from || !to) return [];
      const [x, y] = from.map((v, axis) => v + (to[axis] - v) * progress);
      return [{ text, x, y, k, at: this.axes.place(view, x, y) }];
    });
    return fade(found, this.solo);
  }

  // Empty images, as large as those that will come.
  /** @param {FilmContent["header"]} header */
  drawPlaces({ shape }) {
    const { stage } = this;
    const empty = { ...strip(new Uint8Array(PLACES * shape.reduce((a, b) => a * b, 1)), shape), frame: "" };
    tiles(stage.pairs.canvas, [empty, empty], this.columns("pairs"));
    tiles(stage.samples.canvas, [empty], this.columns("samples"));
  }

  /** @param {"pairs" | "samples"} name */
  columns(name) {
    return Number(getComputedStyle(this.stage[name].figure).getPropertyValue("--columns")) || 8;
  }

  // The images and words of the frame that the head is nearest to.
  drawFrame() {
    const { header } = this;
    if (!header) return;
    this.shown = this.head.nearest;
    this.drawImages(header, this.frames[this.shown]);
    this.drawWords(header, this.frames[this.shown]);
  }

  /** @param {FilmContent["header"]} header @param {FilmFrame} frame */
  drawImages(header, { reconstructions, samples }) {
    const { stage, originals } = this;
    const { decoder, prior } = given(this.theme, "theme");
    if (reconstructions) {
      const again = { ...strip(reconstructions, header.shape), frame: decoder };
      tiles(
        stage.pairs.canvas,
        header.sections.originals && originals ? [{ ...originals, frame: prior }, again] : [again],
        this.columns("pairs"),
      );
    }
    if (samples)
      tiles(stage.samples.canvas, [{ ...strip(samples, header.shape), frame: decoder }], this.columns("samples"));
  }

  /** @param {FilmHeader} header @param {FilmFrame} frame */
  drawWords(header, { step, rate }) {
    const { stage, head, frames } = this;
    stage.node.dataset.step = String(step);
    const place = { step: whole(step), all: whole(this.total), frame: head.nearest + 1, frames: frames.length };
    stage.count.textContent = say("step {step} of {all}", place);
    const words = say("step {step} of {all}, frame {frame} of {frames}", place);
    stage.range.setAttribute("aria-valuetext", words);
    if (rate) {
      const { sum, dead } = countDead(rate, header.dead);
      stage.bars.caption.textContent = dead
        ? say("rate per dimension; sum {sum} nats; {dead}", { sum: nats(sum), dead })
        : say("rate per dimension; sum {sum} nats", { sum: nats(sum) });
      stage.bars.canvas.setAttribute("aria-label", stage.bars.caption.textContent);
    }
    const values = this.curves.valuesAt(step);
    const [name, shown] = header.probabilistic ? ["−ELBO", values?.elbo] : [say("distortion"), values?.distortion];
    this.announce(`${words}${shown ? `, ${name} ${nats(shown[0])} nats` : ""}`);
  }

  // The numbers at the cursor.
  /** @param {number} step */
  showValues(step) {
    for (const [name, [train, valid]] of Object.entries(this.curves.valuesAt(step) ?? {})) {
      const { values } = this.stage;
      const words = [nats(train), Number.isFinite(valid) ? `○ ${nats(valid)}` : ""];
      if (values[name].train.textContent !== words[0]) values[name].train.textContent = words[0];
      if (values[name].valid.textContent !== words[1]) values[name].valid.textContent = words[1];
    }
  }

  // When the film rests, at most twice a second, so that a screen reader can follow.
  /** @param {string} text */
  announce(text) {
    this.announcement = text;
    if (this.announceTimer) return;
    const write = () => {
      this.announceTimer = this.head.moving ? setTimeout(write, 500) : 0;
      if (!this.announceTimer) this.stage.live.textContent = this.announcement;
    };
    this.announceTimer = setTimeout(write, 500);
  }
}

export default component(Film, "setTriggerValue");
