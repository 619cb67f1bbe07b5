import { CodesMap } from "../explore/codes_map.js";
import { fresh, nats, themeOf } from "../js/drawing.js";
import { atNextFrame } from "../js/next_frame.js";
import { strip, tiles } from "../js/pictures.js";
import { phrase, say, sayN } from "../js/say.js";
import { component, el, given, minus, painted, seen, unpack } from "../js/shared.js";
import { bytes, fillNumbers, Sheet } from "../js/sheet.js";

// Draws two grids of samples side by side, their places on the map, and a card for the sample that is pointed at.
// While the temperature slider is dragged the browser itself moves the samples along the line that the
// server sent, and decodes them; after it, the server draws them again. One message a gesture.

const COLUMNS = 6;
const ROOMY = 24; // pixels that a tile is high at least to have room for hairlines
const SMOOTH = phrase("A mean is smoother than any image, so it is nearer to all of them. Look at a sample, too.");
const BUDGET = 10; // milliseconds of decoding in one frame
const AXIS = [-12, 4]; // nats of log q(z) - log p(z) that the strip under a grid shows
/** @type {("square" | "circle")[]} */
const SHAPES = ["square", "circle"];
const NAMES = [phrase("left"), phrase("right")];
/** @type {Record<string, string>} */
const SHOWN_VALUES = { mean: phrase("mean"), location: phrase("location") }; // of p(x|z), without noise

/** @param {number} x */
const signed = (x) => (x > 0 ? "+" : "") + nats(x);
/** @param {number} x */
const percent = (x) => (x > 0 && x < 0.01 ? say("under 1") : String(Math.round(100 * x)));

// One grid with its controls.
class Panel {
  /** @param {number} k @param {Samples} owner */
  constructor(k, owner) {
    const side = say(NAMES[k]);
    this.source = el("select", { "aria-label": say("Source of the {side} grid", { side }) });
    this.glyph = el("i", { class: SHAPES[k], "aria-hidden": "true" });
    this.mean = el("button", { type: "button", title: say("The mean of p(x|z)") }, say("mean"));
    this.sample = el("button", { type: "button", title: say("One sample of p(x|z)") }, say("sample"));
    this.range = el("input", {
      type: "range",
      step: "0.05",
      "aria-label": say("Temperature of the {side} grid", { side }),
    });
    this.value = el("output", { class: "value" });
    this.sheet = new Sheet(say("{side} grid of samples", { side }), {
      hover: (i) => owner.hover(k, i),
      choose: (i) => owner.choose(k, i),
    });
    this.state = el("p", { class: "state" });
    this.caption = el("figcaption", {});
    this.held = false; // while the temperature slider is dragged
    /** @type {MovedSamples | null} */
    this.live = null;
    this.ratios = el("canvas", { class: "ratios", role: "img" });
    this.foot = el("p", { class: "foot" });
    this.node = el(
      "figure",
      { class: `panel ${NAMES[k]}` },
      el(
        "div",
        { class: "head" },
        this.glyph,
        this.source,
        el("span", { class: "choice", role: "group" }, this.mean, this.sample),
      ),
      el(
        "label",
        {
          class: "temperature",
          title: say(
            "T multiplies the noise: T times the standard deviation of the prior, of each q(z|x), of each component",
          ),
        },
        el("span", {}, say("temperature T")),
        this.range,
        this.value,
      ),
      el("div", { class: "stack" }, this.sheet.node, this.state),
      this.caption,
      this.ratios,
      this.foot,
    );
    this.source.addEventListener("change", () => owner.send(k, { source: this.source.value }));
    this.mean.addEventListener("click", () => owner.send(k, { noisy: false }));
    this.sample.addEventListener("click", () => owner.send(k, { noisy: true }));
    this.range.addEventListener("input", (e) => owner.moveSamples(k, Number(this.range.value), e.timeStamp));
    this.range.addEventListener("change", () => owner.send(k, { t: Number(this.range.value) }));
  }
}

// The sample that is pointed at, beside the training image that is nearest to it.
class Card {
  constructor() {
    /** @param {string} role @param {string} text */
    const picture = (role, text) => {
      const canvas = el("canvas", { role: "img", "aria-label": text });
      const caption = el("figcaption", {}, text);
      return { canvas, caption, figure: el("figure", { class: role }, el("div", { class: "big" }, canvas), caption) };
    };
    this.sample = picture("decoder", "");
    this.near = picture("real", "");
    this.verdict = el("p", { class: "verdict" });
    this.numbers = el("dl", { class: "numbers" });
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.node = el(
      "section",
      { class: "card", "aria-label": say("The sample that is pointed at") },
      el("div", { class: "pair" }, this.sample.figure, this.near.figure),
      this.verdict,
      this.numbers,
      this.live,
    );
  }
}

class Samples {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    /** @type {SamplesHeader | null} */
    this.header = null;
    /** @type {Uint8Array | null} */
    this.bytes = null;
    // of each grid the samples, and the training images that are nearest to them
    /** @type {(Uint8Array | null)[]} */
    this.images = [];
    /** @type {(Uint8Array | null)[]} */
    this.nearest = [];
    /** @type {Answer} */
    this.sendEvent = () => {};
    /** @type {Theme | null} */
    this.theme = null;
    this.stop = new AbortController();
    this.requestDecoding = atNextFrame(this.stop.signal, () => this.decode());
    this.panels = [new Panel(0, this), new Panel(1, this)];
    this.card = new Card();
    this.map = new CodesMap((box) => this.send(null, { box: box.map((v) => v.toFixed(3)).join(",") }));
    this.again = el("button", { type: "button", class: "again" }, say("Draw again"));
    this.clear = el("button", { type: "button", hidden: "" }, say("Clear the box"));
    this.hint = el("span", { class: "hint" });
    this.note = el("p", { class: "note", hidden: "" });
    this.node = el(
      "div",
      { class: "instrument samples" },
      ...this.panels.map((p) => p.node),
      el(
        "div",
        { class: "side" },
        el("div", { class: "tools" }, this.again, this.clear, this.hint),
        this.map.node,
        this.card.node,
      ),
      this.note,
    );
    this.frame = el("div", { class: "frame" }, this.node);
    (parent.querySelector("div") ?? parent).append(this.frame);
    this.again.addEventListener("click", () =>
      this.send(null, { seed: String((Number(this.header?.seed) + 1) % 1_000_000) }),
    );
    this.clear.addEventListener("click", () => this.send(null, { box: "" }));
    this.pointed = [0, 0];
    this.onSharedModel = () => this.refresh();
    window.addEventListener("latent-shared-model", this.onSharedModel);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.node);
    // what tests read
    this.timing = window.__latentSamples = { decodes: 0, updates: 0, latencies: /** @type {number[]} */ ([]) };
  }

  destroy() {
    window.removeEventListener("latent-shared-model", this.onSharedModel);
    this.sizes.disconnect();
    this.map.destroy();
    this.frame.remove();
    this.stop.abort();
  }

  // The decoder and the codes of this very run; null where they are not shared yet.
  get model() {
    const found = window.__latentSharedModel;
    return found && found.header.run === this.header?.run ? found : null;
  }

  refresh() {
    const { model } = this;
    if (model && this.map.model !== model) this.map.set(model);
    this.draw();
  }

  /** @param {Uint8Array} bytes @param {Answer} send */
  update(bytes, send) {
    this.sendEvent = send;
    this.theme = themeOf(this.node);
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.timing.updates++;
      /** @type {Packet<SamplesHeader>} */
      const { header, section } = unpack(bytes);
      this.header = header;
      this.images = NAMES.map((name) => section(name));
      this.nearest = NAMES.map((name) => section(`near_${name}`));
      header.halves.forEach((half, k) => this.fillPanel(header, half, k));
      this.describe(header);
    }
    this.refresh();
  }

  /** @param {SamplesHeader} header @param {Half} half @param {number} k */
  fillPanel(header, half, k) {
    const panel = this.panels[k];
    const options = Object.entries(header.sources).map(([value, text]) => el("option", { value }, text));
    panel.source.replaceChildren(...options);
    panel.source.value = half.source;
    panel.glyph.style.color = half.hue;
    panel.mean.textContent = say(SHOWN_VALUES[header.mean]);
    panel.mean.setAttribute("aria-pressed", String(!half.noisy));
    panel.sample.setAttribute("aria-pressed", String(half.noisy));
    [panel.range.min, panel.range.max] = header.range.map(String);
    if (!panel.held) panel.range.value = String(half.t);
    panel.node.dataset.state = half.state;
    panel.node.dataset.source = half.source;
    panel.state.hidden = half.state === "there";
    panel.state.textContent = half.state === "failed" ? half.message : say("Drawing …");
    panel.live = null;
    panel.node.classList.remove("moving");
    const noiseless = half.state === "there" && half.noiseless;
    panel.range.disabled = noiseless;
    panel.range.title = noiseless ? say("The codes of an autoencoder are points, so there is no noise to scale") : "";
    if (half.state === "there")
      panel.sheet.set(given(this.images[k], "samples"), header.shape, COLUMNS, themeOf(this.node).decoder);
    else panel.sheet.strip = half.state === "failed" ? null : panel.sheet.strip;
    panel.sheet.node.classList.toggle("stale", half.state !== "there");
  }

  /** @param {SamplesHeader} header */
  describe(header) {
    this.clear.hidden = !header.box;
    this.hint.textContent = header.box
      ? say("Both grids: samples from the box only")
      : say("Drag a box to sample from it");
    header.halves.forEach((half, k) => {
      const panel = this.panels[k];
      const there = half.state === "there";
      const n = there ? half.inside.length : 0;
      const holes = there ? half.inside.filter((v) => !v).length : 0;
      const where = !there
        ? ""
        : half.trusted
          ? say("{near} of {n} near the codes of real images, {holes} in a hole ○", { near: n - holes, n, holes })
          : say("{near} of {n} near a code, {holes} far from every code ○", { near: n - holes, n, holes });
      const values = { mean: say(SHOWN_VALUES[header.mean]), source: half.short, where };
      panel.caption.textContent = !there
        ? " "
        : half.noisy
          ? say("samples of p(x|z), z from {source}. {where}", values)
          : say("{mean}s of p(x|z), z from {source}. {where}", values);
      const ratio = there && half.log_q && half.log_p;
      panel.ratios.hidden = !ratio || !header.expert;
      panel.ratios.setAttribute("aria-label", ratio ? say("log q(z) − log p(z) of each sample, in nats") : "");
      panel.foot.textContent = "";
      panel.foot.title = half.noisy ? "" : say(SMOOTH);
      if (there && half.near) {
        const copies = half.near.rank.filter((r) => r < header.suspicious).length;
        panel.foot.textContent = copies
          ? sayN(
              "Possible copies: {n} of {all} is nearer to a training image than 99 % of held-out images are.",
              "Possible copies: {n} of {all} are nearer to a training image than 99 % of held-out images are.",
              copies,
              { all: n },
            )
          : say("No copies: none is nearer to a training image than 99 % of held-out images are.");
      } else if (there)
        panel.foot.textContent =
          half.near_message ?? (header.incomparable ? "" : say("Looking for the nearest training images …"));
    });
    const notes = [];
    const [doubt] = header.halves.flatMap((h) => (h.state === "there" && h.strays !== null && !h.trusted ? [h] : []));
    if (doubt)
      notes.push(
        say(
          "The estimate of q(z) is unreliable: {n} codes are too few for {d} dimensions ({share} % of the codes would " +
            "count as holes if each was left out in turn). The distance to the nearest code decides instead.",
          {
            n: doubt.count.toLocaleString("en"),
            d: doubt.z[0]?.length ?? 0,
            share: Math.round(100 * (doubt.strays ?? 0)),
          },
        ),
      );
    if (header.halves.some((h) => h.source === "standard"))
      notes.push(say("This model has no prior. N(0, I) shows what happens if one samples from a Normal distribution."));
    if (header.without && header.expert) notes.push(say("No log q(z) − log p(z): {why}.", { why: header.without }));
    if (header.incomparable) notes.push(say("No nearest training image: {why}.", { why: header.incomparable }));
    this.note.textContent = notes.join(" ");
    this.note.hidden = !notes.length;
    header.halves.forEach((half, k) => {
      if (half.state === "there" && this.pointed[1] >= half.z.length) this.pointed = [k, 0];
    });
  }

  // Send the server the change of grid k (or of the page), in the form of the address.
  /** @param {number | null} k @param {SamplesChange} change */
  send(k, change) {
    /** @type {Record<string, unknown>} */
    const event = { ...change };
    if (k !== null && this.header) {
      const { source, t, noisy } = { ...this.header.halves[k], ...change };
      this.panels[k].held = false;
      event[NAMES[k]] = `${source},${t},${noisy ? "sample" : "mean"}`;
      for (const name of ["source", "t", "noisy"]) delete event[name];
    }
    this.sendEvent("ask", event);
  }

  // While the slider is dragged, move the samples along their line and decode as many as one frame allows.
  /** @param {number} k @param {number} t @param {number} began */
  moveSamples(k, t, began) {
    const panel = this.panels[k];
    const half = this.header?.halves[k];
    panel.held = true;
    panel.value.textContent = t.toFixed(2);
    if (half?.state !== "there" || !half.centre) return;
    const { centre } = half;
    const points = half.z.map((z, i) => z.map((v, j) => centre[i][j] + (t / half.t) * (v - centre[i][j])));
    panel.node.classList.add("moving"); // the numbers are those of the last draw
    const { next = 0, images = given(this.images[k], "samples").slice() } = panel.live ?? {};
    // a round continues where the last one ended, so that every image is updated while the slider moves
    panel.live = { points, images, next, left: points.length, began };
    this.requestDecoding();
  }

  decode() {
    const { header } = this;
    if (!header) return;
    const until = performance.now() + BUDGET;
    let more = false;
    for (const panel of this.panels) {
      const { live } = panel;
      const index = this.panels.indexOf(panel);
      if (!live?.left) continue;
      const decoder = header.halves[index].noisy ? null : this.model?.decoder;
      while (decoder && live.left && performance.now() < until) {
        const pixels = bytes(decoder.decode(live.points[live.next]), header.vector, header.lines);
        live.images.set(pixels, live.next * pixels.length);
        live.next = (live.next + 1) % live.points.length;
        live.left--;
        this.timing.decodes++;
      }
      if (!decoder) live.left = 0;
      else panel.sheet.set(live.images, header.shape, COLUMNS, themeOf(this.node).decoder);
      if (!live.left) painted(live.began, (ms) => this.timing.latencies.push(ms));
      more ||= live.left > 0;
    }
    this.draw(false);
    if (more) this.requestDecoding();
  }

  /** @param {number} k @param {number | null} i */
  hover(k, i) {
    if (i === null || this.header?.halves[k].state !== "there") return;
    this.pointed = [k, i];
    this.draw(false);
  }

  /** @param {number} k @param {number} i */
  choose(k, i) {
    this.hover(k, i);
    const half = this.header?.halves[k];
    if (half?.state === "there") this.sendEvent("ask", { pin: half.z[i].map((v) => v.toFixed(3)).join(",") });
  }

  /** @param {number} k */
  points(k) {
    const half = this.header?.halves[k];
    return this.panels[k].live?.points ?? (half?.state === "there" ? half.z : []);
  }

  // `images` False leaves the grids' images as they are.
  draw(images = true) {
    const { header, theme, model } = this;
    if (!header || !theme) return;
    /** @type {CodeMark[]} */
    const marks = [];
    header.halves.forEach((half, k) => {
      const panel = this.panels[k];
      panel.value.textContent = Number(panel.range.value).toFixed(2);
      if (images) panel.sheet.draw();
      this.drawMarks(panel, half, k, theme);
      if (half.state !== "there") return;
      this.points(k).forEach((z) => marks.push({ z, hue: seen(half.hue, theme.dark), shape: SHAPES[k] }));
      if (half.log_q && half.log_p && header.expert) this.drawRatios(panel.ratios, half, k, header.hole, theme);
    });
    const [k, i] = this.pointed;
    const z = this.points(k)[i];
    if (z) marks.push({ z, hue: theme.ink, shape: SHAPES[k], strong: true });
    if (model) this.map.draw(theme, marks, header.box);
    this.map.node.setAttribute(
      "aria-label",
      say("Where the samples lie among the codes. Drag a box to sample from it."),
    );
    this.showCard(header, theme);
  }

  // Rings on what lies in a hole, a frame around what is pointed at.
  /** @param {Panel} panel @param {Half} half @param {number} k @param {Theme} theme */
  drawMarks(panel, half, k, theme) {
    const { sheet } = panel;
    const [width, height] = [sheet.canvas.clientWidth, sheet.canvas.clientHeight];
    Object.assign(sheet.marks.style, { width: `${width}px`, height: `${height}px` });
    const { context } = fresh(sheet.marks, width, height);
    if (!sheet.count) return;
    // hairlines of paper, so that small images do not run into each other
    context.fillStyle = theme.paper;
    const [, , pitch, high] = sheet.place(0);
    if (high >= ROOMY) for (let c = 1; c < COLUMNS; c++) context.fillRect(Math.round(c * pitch) - 1, 1, 2, height - 2);
    for (let r = 1; high >= ROOMY && r * high < height - 2; r++)
      context.fillRect(1, Math.round(r * high) - 1, width - 2, 2);
    if (half.state !== "there") return;
    half.inside.forEach((inside, i) => {
      if (inside || panel.live) return;
      const [left, top, side] = sheet.place(i);
      const r = Math.max(3, Math.min(5, side / 11));
      context.beginPath();
      context.arc(left + side - r - 5, top + r + 5, r, 0, 2 * Math.PI);
      context.lineWidth = 4;
      context.strokeStyle = "#000b";
      context.stroke();
      context.lineWidth = 2;
      context.strokeStyle = "#fff";
      context.stroke();
    });
    if (this.pointed[0] !== k) return;
    const [left, top, side, tall] = sheet.place(this.pointed[1]);
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.strokeRect(left + 2, top + 2, side - 4, tall - 4);
  }

  // log q(z) - log p(z) of every sample on one axis for both grids, and where a hole begins.
  /**
   * @param {HTMLCanvasElement} canvas @param {HalfThere} half @param {number} k @param {number} hole
   * @param {Theme} theme
   */
  drawRatios(canvas, half, k, hole, theme) {
    const { context, width, height } = fresh(canvas);
    const [low, high] = AXIS;
    /** @param {number} v */
    const x = (v) => 4 + ((Math.min(Math.max(v, low), high) - low) / (high - low)) * (width - 8);
    const base = height - 15;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.grid;
    if (half.trusted) context.fillRect(4, 0, x(hole) - 4, base);
    context.fillStyle = theme.line;
    context.fillRect(4, base, width - 8, 1);
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    for (const v of [-8, -4, 0]) {
      context.fillRect(Math.round(x(v)), base, 1, 3);
      context.fillText(minus(String(v)), x(v), height - 2);
    }
    context.textAlign = "left";
    const words = half.trusted
      ? say("hole: log q(z) − log p(z) < {hole} nats", { hole: minus(String(hole)) })
      : say("log q(z) − log p(z), nats: unreliable here");
    context.fillText(words, 8, 11);
    const { log_q: logQ, log_p: logP } = half;
    if (!logQ || !logP) return;
    logQ.forEach((q, i) => {
      const strong = this.pointed[0] === k && this.pointed[1] === i;
      context.fillStyle = strong ? theme.ink : seen(half.hue, theme.dark);
      context.globalAlpha = half.trusted ? (strong ? 1 : 0.75) : 0.35;
      context.fillRect(x(q - logP[i]) - (strong ? 1.5 : 1), strong ? 8 : 15, strong ? 3 : 2, base - (strong ? 8 : 15));
    });
    context.globalAlpha = 1;
  }

  /** @param {SamplesHeader} header @param {Theme} theme */
  showCard(header, theme) {
    const { card } = this;
    const [k, i] = this.pointed;
    const half = header.halves[k];
    card.node.hidden = half.state !== "there";
    if (half.state !== "there") return;
    const size = header.shape.reduce((a, b) => a * b, 1);
    /** @param {Uint8Array} images @param {number} at @param {string} frame */
    const one = (images, at, frame) => ({ ...strip(images.subarray(at * size, (at + 1) * size), header.shape), frame });
    const images = this.panels[k].live?.images ?? given(this.images[k], "samples");
    const from = { kind: say(half.noisy ? "sample" : SHOWN_VALUES[header.mean]), source: half.short };
    tiles(card.sample.canvas, [one(images, i, theme.decoder)], 1);
    card.sample.caption.textContent = say("{kind}, z from {source}", from);
    card.sample.canvas.setAttribute("aria-label", say("{kind} of p(x|z), z from {source}", from));
    const moving = Boolean(this.panels[k].live);
    const near = moving ? null : half.near;
    card.near.figure.hidden = !near;
    const z = this.points(k)[i];
    const shown = [...z.slice(0, 4).map((v) => minus(v.toFixed(2))), ...(z.length <= 4 ? [] : ["…"])];
    const rows = [["z", `(${shown.join(", ")})`]];
    const inside = half.inside[i];
    const words = half.trusted
      ? [say("near the codes of real images"), say("in a hole")]
      : [say("near a code"), say("far from every code")];
    if (!moving) {
      if (header.expert) {
        if (half.log_p) rows.push([phrase("log p(z)"), `${nats(half.log_p[i])} nats`]);
        if (half.log_q) rows.push([phrase("log q(z)"), `${nats(half.log_q[i])} nats`]);
        const doubt = half.trusted ? "" : "doubtful";
        if (half.log_p && half.log_q)
          rows.push([phrase("log q(z) − log p(z)"), `${signed(half.log_q[i] - half.log_p[i])} nats`, doubt]);
      }
      rows.push([phrase("here"), words[inside ? 0 : 1], inside ? "mark inside" : "mark outside"]);
    }
    card.verdict.textContent = "";
    if (near) {
      const label = near.labels ? ` (${near.labels[i]})` : "";
      const at = say("training #{i}{label}", { i: near.index[i], label });
      tiles(card.near.canvas, [one(given(this.nearest[k], "nearest images"), i, theme.line)], 1);
      card.near.caption.textContent = at;
      card.near.canvas.setAttribute("aria-label", say("nearest training image, {at}", { at }));
      const [rank, distance] = [near.rank[i], near.distance[i]];
      const typical = { distance: distance.toFixed(2), typical: near.typical.toFixed(2) };
      rows.push([phrase("distance ‖x − xₙ‖"), say("{distance} (held-out: {typical})", typical)]);
      const values = { share: percent(rank), n: near.held_out, more: half.noisy ? "" : say(SMOOTH) };
      card.verdict.textContent =
        rank < header.suspicious
          ? say(
              "Possible copy: only {share} % of {n} held-out images are at least as near to their nearest training " +
                "image. {more}",
              values,
            )
          : say(
              "Not a copy: {share} % of {n} held-out images are at least as near to their nearest training image.",
              values,
            );
    }
    fillNumbers(card.numbers, rows);
    const announcement = say("{side} grid, sample {i}, {where}", {
      side: say(NAMES[k]),
      i: i + 1,
      where: words[inside ? 0 : 1],
    });
    if (card.live.textContent !== announcement) card.live.textContent = announcement;
  }
}

export default component(Samples, "setTriggerValue");
