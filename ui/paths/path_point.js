import { term } from "../js/explain.js";
import { paint } from "../js/paint.js";
import { phrase, say, sayN } from "../js/say.js";
import { el, plain } from "../js/shared.js";
import { fixed } from "../js/space.js";
import { at } from "./route.js";

// Shows the point of the path that is decoded: its image and numbers, the codes around it, and an attribute applied.

const THUMBS = 12; // neighbours that are shown
const ELBO = phrase("ELBO of the frame");

class PathPoint {
  /** @param {import("./path_stage.js").PathStage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Map<string, HTMLElement>} */
    this.cells = new Map();
    this.radius = 0;
    this.expert = true; // whether densities are shown
    this.near = ""; // which neighbour is drawn
    this.shown = ""; // which of the codes around are
  }

  /** @param {boolean} expert */
  showDensities(expert) {
    if (expert === this.expert) return;
    this.expert = expert;
    this.cells.clear();
    this.stage.numbers.replaceChildren();
  }

  /** @param {string} name @param {string} value */
  number(name, value) {
    const cell = this.cells.get(name) ?? el("dd");
    if (!this.cells.has(name)) this.stage.numbers.append(term(name), cell);
    this.cells.set(name, cell);
    if (cell.textContent !== value) cell.textContent = value;
  }

  // Show z after a share t of a path, {share, answer?, ...}; returns in words what is shown.
  /** @param {import("../js/space.js").Space} space @param {number[]} z @param {FramedPath} path @param {number} t */
  draw(space, z, path, t) {
    const { stage } = this;
    const mean = space.decode(z);
    if (mean) paint(stage.now.canvas, mean, space.header.shape, space.header.lines);
    const facts = space.evaluate(z);
    const real = Boolean(space.images);
    const key = `${space.header.content} ${facts.nearest} ${real}`;
    if (key !== this.near) {
      const pixels = space.real(facts.nearest) ?? space.reconstruction(facts.nearest);
      if (pixels) {
        this.near = key;
        paint(stage.near.canvas, pixels, space.header.shape, space.header.lines);
      }
    }
    const label = space.label(facts.nearest);
    const number = `#${space.number(facts.nearest)}${label && ` (${label})`}`;
    stage.near.caption.textContent = real
      ? say("nearest image, {number}", { number })
      : say("reconstruction of the nearest image, {number}", { number });
    stage.near.figure.className = real ? "real" : "encoder";
    const axes = space.header.plane.titles.map(plain).map((title) => title.replace(/ \(.*/, ""));
    this.number(
      axes.join(", "),
      `(${space
        .toPlane(z)
        .map((v) => fixed(v))
        .join(", ")})`,
    );
    /** @param {number[] | null} values */
    const along = (values) => values && at({ points: values.map((v) => [v]), share: path.share }, t)[0];
    const [logP, logQ] = path.answer ? [along(path.answer.logP), along(path.answer.logQ)] : [facts.logP, facts.logQ];
    if (logP && this.expert) this.number(phrase("log p(z)"), `${fixed(logP)} nats`);
    if (logQ && this.expert) this.number(phrase("log q(z)"), `${fixed(logQ)} nats`);
    const nearest = Math.round(t * (stage.frames - 1));
    const { elbo, elboSe } = path.answer ?? {};
    if (elbo && elboSe && this.expert)
      this.number(ELBO, `${fixed(elbo[nearest], 1)} ± ${fixed(elboSe[nearest], 1)} nats`);
    else if (this.cells.has(ELBO)) this.number(ELBO, "…");
    this.around(space, z);
    const place = { k: nearest + 1, n: stage.frames };
    return label
      ? say("Frame {k} of {n}, nearest {label}", { ...place, label })
      : say("Frame {k} of {n}, nearest image {i}", { ...place, i: space.number(facts.nearest) });
  }

  // The codes within the radius, the nearest of them first.
  /** @param {import("../js/space.js").Space} space @param {number[]} z */
  around(space, z) {
    const { stage, radius } = this;
    const found = space.mixture.within(z, radius).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const values = { n: found.length.toLocaleString("en"), radius: fixed(radius) };
    const words =
      space.every > 1
        ? sayN("{n} drawn code within r = {radius}", "{n} drawn codes within r = {radius}", found.length, values)
        : sayN("{n} code within r = {radius}", "{n} codes within r = {radius}", found.length, values);
    if (stage.count.textContent !== words) stage.count.textContent = words;
    const wanted = found.slice(0, THUMBS).map(([, i]) => i);
    const key = wanted.join() + Boolean(space.images);
    if (key === this.shown) return;
    this.shown = key;
    while (stage.neighbours.childNodes.length < THUMBS)
      stage.neighbours.append(el("canvas", { width: 1, height: 1, role: "img", "aria-label": say("A neighbour") }));
    stage.neighbours.querySelectorAll("canvas").forEach((canvas, k) => {
      canvas.style.visibility = k < wanted.length ? "visible" : "hidden";
      if (k >= wanted.length) return;
      const pixels = space.real(wanted[k]) ?? space.reconstruction(wanted[k]);
      if (pixels) paint(canvas, pixels, space.header.shape, space.header.lines);
      canvas.setAttribute("aria-label", say("Neighbour {k}: image {i}", { k: k + 1, i: space.number(wanted[k]) }));
    });
  }

  // z, or the image whose number was typed, before and after an attribute {vector, title, effect}; null: there is none.
  /** @param {import("../js/space.js").Space} space @param {number[]} z @param {Attribute | null} attribute */
  apply(space, z, attribute) {
    const { attribute: part } = this.stage;
    part.node.hidden = !attribute;
    if (!attribute) return;
    part.title.textContent = attribute.title;
    part.effect.textContent = attribute.effect;
    part.image.max = String(space.number(space.n - 1));
    part.image.step = String(space.every);
    const asked = part.image.value === "" ? NaN : Math.round(Number(part.image.value) / space.every);
    const own = Number.isInteger(asked) && asked >= 0 && asked < space.n;
    const start = own ? space.code(asked) : z;
    const strength = Number(part.strength.value);
    part.strengthText.textContent = fixed(strength);
    const before = (own && space.real(asked)) || space.decode(start);
    if (before) paint(part.before.canvas, before, space.header.shape, space.header.lines);
    part.before.caption.textContent = own ? say("image #{i}", { i: space.number(asked) }) : say("the path's place");
    const after = space.decode(start.map((v, j) => v + strength * attribute.vector[j]));
    if (after) paint(part.after.canvas, after, space.header.shape, space.header.lines);
    part.after.caption.textContent = say("with the attribute");
  }
}

export { PathPoint };
