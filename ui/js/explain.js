import { say } from "./say.js";
import { el } from "./shared.js";

// Terms explain themselves on hover, and to screen readers: the meanings come from ui/glossary.yaml.

// Give an element the meaning of a label, where the glossary has one.
/** @param {Element} node @param {string} label */
function explain(node, label) {
  const meanings = window.__latentGlossary ?? {};
  const meaning = meanings[label] ?? meanings[label.replace(/,.*| = .*/, "")];
  if (!meaning) {
    node.removeAttribute("title");
    node.removeAttribute("aria-description");
    return;
  }
  node.setAttribute("title", meaning);
  node.setAttribute("aria-description", meaning);
}

// The name of a number in the reader's language, with its meaning, which the glossary has under the English name.
/** @param {string} name */
function term(name) {
  const node = el("dt", {}, say(name));
  explain(node, name);
  return node;
}

export { explain, term };
