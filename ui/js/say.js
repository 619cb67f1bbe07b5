// Texts in the reader's language: the code has them in English, window.__latentWords the translations (ui/words/script.py).

const translations = () => globalThis.window?.__latentWords ?? {};

/** @param {string} text @param {Record<string, string | number>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

// A text in the reader's language, with its values in the places {name}.
/** @param {string} text @param {Record<string, string | number>} [values] @returns {string} */
function say(text, values = {}) {
  const found = translations()[text];
  return filled(typeof found === "string" ? found : text, values);
}

// The first text for one thing, the second for any other number of them; both may show it as {n}.
/** @param {string} one @param {string} many @param {number} n @param {Record<string, string | number>} [values] */
function sayN(one, many, n, values = {}) {
  const found = translations()[`${one}\n${many}`];
  const texts = Array.isArray(found) ? found : [one, many];
  return filled(texts[n === 1 ? 0 : 1], { n, ...values });
}

// A constant as it is, named for the translators: `say` translates it where it is shown.
/** @param {string} text */
const phrase = (text) => text;

export { phrase, say, sayN };
