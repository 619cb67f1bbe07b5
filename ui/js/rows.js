import { say } from "./say.js";

// A vector as the row that it was made of, in the units of its file; vae/data/units.py does the same.

/** @param {number} value @param {number} scale */
function unitText(value, scale) {
  if (!Number.isFinite(value)) return String(value);
  const decimals = scale > 0 ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(scale)))) : 2;
  const text = Math.abs(value) < 1e15 ? value.toFixed(decimals) : value.toPrecision(4);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

// [name, text] of each column of the file: a number with its unit, a word, or "missing".
/** @param {RowColumn[]} columns @param {ArrayLike<number>} values @returns {[string, string][]} */
function rowCells(columns, values) {
  /** @type {[string, string][]} */
  const found = [];
  const missing = new Set();
  let at = 0;
  for (const { kind, name, offset = 0, scale = 1, unit, words = [] } of columns) {
    if (kind === "number") {
      found.push([name, unitText(values[at] * scale + offset, scale) + (unit ? ` ${unit}` : "")]);
      at++;
    } else if (kind === "words") {
      let best = 0;
      for (let k = 1; k < words.length; k++) if (values[at + k] > values[at + best]) best = k;
      found.push([name, words[best]]);
      at += words.length;
    } else {
      if (values[at] > 0.5) missing.add(name.replace(/ missing$/, ""));
      at++;
    }
  }
  return found.map(([name, text]) => [name, missing.has(name) ? say("missing") : text]);
}

export { rowCells };
