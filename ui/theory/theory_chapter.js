import { fresh } from "../js/drawing.js";
import { explain } from "../js/explain.js";
import { say } from "../js/say.js";
import { el, given, minus } from "../js/shared.js";
import { Prediction } from "./prediction.js";

// The base class of a chapter: its title and formula, controls and numbers on the left, its picture on the right, one
// sentence below.

/** @param {number | undefined} v @param {number} [digits] */
const fixed2 = (v, digits = 2) => (v !== undefined && Number.isFinite(v) ? minus(v.toFixed(digits)) : "–");
/** @param {number | undefined} v @param {number | undefined} se @param {number} [digits] */
const plusMinus = (v, se, digits = 2) =>
  se !== undefined && Number.isFinite(se) ? `${fixed2(v, digits)} ± ${se.toFixed(digits)}` : fixed2(v, digits);
// A number by quadrature, whose error is a bound: said where it reaches the printed digits.
/** @param {number | undefined} v @param {number | undefined} error @param {number} [digits] */
const bounded = (v, error, digits = 3) =>
  error !== undefined && error >= 0.5 * 10 ** -digits ? plusMinus(v, error, digits) : fixed2(v, digits);

// What the glossary has for a label: its words are English, and what follows a comma or an equals sign is no term's.
/** @param {string} label */
function glossaryWord(label) {
  const words = Object.keys(window.__latentGlossary ?? {});
  const short = label.replace(/,.*| = .*/, "");
  return words.find((word) => say(word) === label) ?? words.find((word) => say(word) === short) ?? label;
}

class Chapter {
  /**
   * @param {import("./theory.js").Theory} page @param {number} number @param {string} title
   * @param {{pictures?: number, tall?: number}} [about]
   */
  constructor(page, number, title, { pictures = 1, tall = 300 } = {}) {
    this.page = page;
    this.title = title;
    /** @type {Map<string, {dt: HTMLElement, dd: HTMLElement}>} */
    this.rows = new Map();
    /** @type {Record<string, string>} */
    this.values = {}; // the numbers under the formulas' braces
    this.place = number;
    /** @type {Prediction | null} */
    this.prediction = null;
    /** @type {HTMLInputElement[]} */
    this.sliders = []; // in their order, which the address counts from 1
    this.lead = el("p", { class: "lead" });
    this.formulas = el("div", { class: "formulas" });
    this.controls = el("div", { class: "controls" });
    this.numbers = el("dl", { class: "numbers" });
    // the idea first: who wants to count opens the table
    this.fold = el("details", { class: "fold" }, el("summary", {}, say("All numbers of this chapter")), this.numbers);
    this.notice = el("p", { class: "notice" });
    this.why = el("p", { class: "note why", hidden: "" });
    this.canvases = Array.from({ length: pictures }, (_, k) =>
      el("canvas", {
        class: "drawn",
        role: "img",
        "aria-label": say("Chapter {number}, {title}: picture {k}, described below it", { number, title, k: k + 1 }),
        style: `height:${tall}px`,
      }),
    );
    this.captions = this.canvases.map(() => el("figcaption"));
    this.figures = this.canvases.map((canvas, k) => el("figure", {}, canvas, this.captions[k]));
    this.right = el("div", { class: "right" }, ...this.figures);
    this.left = el("div", { class: "left" }, this.lead, this.formulas, this.why, this.controls, this.fold, this.notice);
    this.node = el(
      "section",
      { class: "chapter", "data-chapter": number },
      el("h2", {}, el("span", { class: "count" }, `${number}`), title),
      el("div", { class: "columns" }, this.left, this.right),
    );
  }

  // Ask the reader before they look: below the title.
  /** @param {PredictionText} text */
  predict(text) {
    const number = (/** @type {string} */ name) => this.rows.get(name)?.dd.textContent ?? undefined;
    this.prediction = new Prediction(text, number, this.page.predicted);
    this.node.insertBefore(this.prediction.node, this.node.children[1]);
  }

  /** @param {string} name */
  formula(name) {
    const slot = given(this.page.formulas, "formulas").slot(name, this.values);
    this.formulas.append(slot);
    return slot;
  }

  // A number in the list, with the term of which it is one; the exact value stays readable for tests and tools.
  /**
   * @param {string} name @param {string} label @param {string} text @param {number | undefined} value
   * @param {string} [term]
   */
  number(name, label, text, value, term = "") {
    let row = this.rows.get(name);
    if (!row) {
      row = { dt: el("dt"), dd: el("dd", { "data-name": name }) };
      this.rows.set(name, row);
      this.numbers.append(row.dt, row.dd);
      if (term) {
        row.dt.dataset.term = row.dd.dataset.term = term;
        for (const node of [row.dt, row.dd]) {
          node.addEventListener("pointerenter", () => this.page.highlight(term));
          node.addEventListener("pointerleave", () => this.page.highlight(null));
        }
      }
    }
    if (row.dt.textContent !== label) {
      row.dt.textContent = label;
      explain(row.dt, glossaryWord(label));
    }
    row.dd.textContent = text;
    row.dd.dataset.number = String(value);
  }

  // Set the numbers under the formulas' braces, in this chapter only.
  /** @param {Record<string, string>} values */
  fill(values) {
    Object.assign(this.values, values);
    this.page.formulas?.write();
  }

  /** @param {string} label @param {SliderRange} range @param {(value: number) => void} changed */
  slider(label, { min = 0, max, step = 1, value, format }, changed) {
    const input = el("input", { type: "range", min, max, step, value, "aria-label": label });
    const words = el("span", { class: "said" });
    const showValue = () => {
      words.textContent = format(Number(input.value));
      input.setAttribute("aria-valuetext", words.textContent);
    };
    input.addEventListener("input", () => {
      showValue();
      changed(Number(input.value));
      this.page.requestDraw();
    });
    input.addEventListener("change", () => this.page.moved(this));
    this.sliders.push(input);
    const node = el("label", { class: "sliding" }, el("span", { class: "name" }, label), input, words);
    this.controls.append(node);
    showValue();
    return { input, node, showValue };
  }

  /**
   * @param {string} label @param {Record<string, string>} options @param {string} chosen
   * @param {(name: string) => void} changed
   */
  choice(label, options, chosen, changed) {
    const node = el("div", { class: "choice", role: "group", "aria-label": label });
    const buttons = Object.entries(options).map(([name, text]) => {
      const button = el(
        "button",
        { type: "button", "aria-pressed": String(name === chosen), "data-choice": name },
        text,
      );
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        changed(name);
        this.page.requestDraw();
      });
      return button;
    });
    node.append(...buttons);
    this.controls.append(node);
    return { node, buttons };
  }

  /** @param {string} label @param {(event: MouseEvent) => void} pressed */
  button(label, pressed) {
    const node = el("button", { type: "button" }, label);
    node.addEventListener("click", pressed);
    this.controls.append(node);
    return node;
  }

  // How strongly a term's part of a picture is drawn.
  /** @param {...string} terms */
  strength(...terms) {
    const { highlighted } = this.page;
    return !highlighted || terms.includes(highlighted) ? 1 : 0.22;
  }

  // `update` is called with the numbers of an image, `arrived` with the name of data that do not depend on the image.
  /** @param {ImageNumbers} _now */
  update(_now) {}

  /** @param {string} _what */
  arrived(_what) {}

  /** @param {Theme} _theme */
  draw(_theme) {}

  // Where there is nothing to draw yet, or never will be.
  /** @param {number} k @param {string} text @param {Theme} theme */
  blank(k, text, theme) {
    const { context, width, height } = fresh(this.canvases[k]);
    context.fillStyle = theme.muted;
    context.font = `12px ${theme.font}`;
    context.textAlign = "center";
    context.fillText(text, width / 2, height / 2);
  }
}

export { bounded, Chapter, fixed2, plusMinus };
