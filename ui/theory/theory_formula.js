import { el } from "../js/shared.js";

// Draws formulas whose terms carry numbers. Streamlit's KaTeX draws them, in a container of the page that is then
// hidden; here they are copied, and the colours that mark terms and values (theory_formulas.py) are turned into
// elements with a name.

const HIDDEN = ".st-key-theory_formulas";

class Formulas {
  // `latex` by name in the order in which the page holds them; `terms` by number.
  /**
   * @param {Document | ShadowRoot} root @param {Record<string, string>} latex @param {Record<number, Term>} terms
   * @param {(name: string | null) => void} onHover
   */
  constructor(root, latex, terms, onHover) {
    this.root = root;
    this.terms = terms;
    this.onHover = onHover;
    this.names = Object.keys(latex);
    this.latex = latex;
    /** @type {{node: HTMLElement, name: string, values: Record<string, string>, filled: boolean}[]} */
    this.slots = [];
    this.styled = false;
    this.watch = new MutationObserver(() => this.fill());
    this.watch.observe(document.body, { childList: true, subtree: true });
    this.fill();
  }

  destroy() {
    this.watch.disconnect();
  }

  // An element that shows a formula by name, with values by term: its LaTeX until KaTeX has drawn it.
  /** @param {string} name @param {Record<string, string>} values */
  slot(name, values) {
    const node = el("div", { class: "formula", tabindex: "0", "data-formula": name }, el("code", {}, this.latex[name]));
    this.slots.push({ node, name, values, filled: false });
    this.fill();
    return node;
  }

  /** @param {HTMLElement} node @param {string} name */
  show(node, name) {
    const slot = this.slots.find((s) => s.node === node);
    if (slot) Object.assign(slot, { name, filled: false });
    node.dataset.formula = name;
    this.fill();
  }

  fill() {
    const hidden = /** @type {HTMLElement | null} */ (document.querySelector(HIDDEN));
    if (!hidden) return;
    // hidden, also from screen readers: the copies are read
    if (hidden.style.display !== "none") hidden.style.display = "none";
    if (this.slots.every((slot) => slot.filled)) return;
    const drawn = hidden.querySelectorAll(".katex-display");
    if (drawn.length < this.names.length) return;
    this.style();
    for (const slot of this.slots) {
      if (slot.filled) continue;
      const copy = /** @type {Element} */ (drawn[this.names.indexOf(slot.name)].cloneNode(true));
      this.name(copy);
      slot.node.replaceChildren(copy);
      slot.filled = true;
    }
    this.write();
  }

  // Copy KaTeX's rules from the page's style sheets, which do not apply within a shadow root.
  style() {
    if (this.styled || this.root === document) return;
    const rules = [];
    for (const sheet of document.styleSheets) {
      try {
        for (const rule of sheet.cssRules)
          if (rule instanceof CSSStyleRule && rule.selectorText.includes("katex")) rules.push(rule.cssText);
      } catch {
        // a sheet from elsewhere may not be read, and is not KaTeX's
      }
    }
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules.join("\n"));
    this.root.adoptedStyleSheets = [...this.root.adoptedStyleSheets, sheet];
    this.styled = true;
  }

  /** @param {Element} copy */
  name(copy) {
    /** @type {Map<string, HTMLElement>} */
    const seen = new Map();
    const coloured = /** @type {NodeListOf<HTMLElement>} */ (copy.querySelectorAll(".katex-html [style*='color']"));
    for (const node of coloured) {
      const [red, green, blue] = (node.style.color.match(/\d+/g) ?? []).map(Number);
      const term = this.terms[blue];
      if (red !== 0 || green > 1 || !term) continue;
      node.style.color = term.hue;
      node.dataset.term = term.name;
      if (green === 0) {
        node.classList.add("term");
        node.addEventListener("pointerenter", () => this.onHover(term.name));
        node.addEventListener("pointerleave", () => this.onHover(null));
        continue;
      }
      // a value's characters may be several elements: the first one is written, the others are emptied
      node.classList.add("value");
      const key = `${term.name}`;
      const first = seen.get(key);
      if (first && (first.contains(node) || first.parentNode === node.parentNode)) node.textContent = "";
      else {
        seen.set(key, node);
        node.dataset.value = term.name;
      }
    }
  }

  write() {
    for (const { node, values, filled } of this.slots) {
      if (!filled) continue;
      /** @type {NodeListOf<HTMLElement>} */
      const places = node.querySelectorAll("[data-value]");
      for (const place of places) {
        const own = values[place.dataset.value ?? ""] ?? "–";
        if (place.textContent !== own) place.textContent = own;
      }
    }
  }

  /** @param {string | null} name */
  highlight(name) {
    for (const { node } of this.slots) {
      node.classList.toggle("lit", Boolean(name) && node.querySelector(`[data-term="${name}"]`) !== null);
      /** @type {NodeListOf<HTMLElement>} */
      const parts = node.querySelectorAll("[data-term]");
      for (const part of parts) part.classList.toggle("on", part.dataset.term === name);
    }
  }
}

export { Formulas };
