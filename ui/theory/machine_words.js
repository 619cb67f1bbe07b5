import { say, sayN } from "../js/say.js";
import { el, minus } from "../js/shared.js";

// What the machine says in words and numbers of a model and of one image.

/** @param {number} v */
const two = (v) => minus(v.toFixed(2));
/** @param {number} v */
const short = (v) => minus(Math.abs(v) < 0.095 && v ? v.toFixed(3) : v.toFixed(2));
/** @param {number[]} values @param {(v: number) => string} form */
const tuple = (values, form) => (values.length === 1 ? form(values[0]) : `(${values.map(form).join(", ")})`);
/** @param {number} n */
const subscript = (n) => [...String(n)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)]).join("");
/** @param {string} kind @param {string} text */
const bold = (kind, text) => el("b", { class: kind }, text);
/** @param {number[]} shape */
const numbersOf = (shape) => shape.reduce((a, b) => a * b, 1);

// The size of a stage's output, as vae/spec/stages.py says it in English.
/** @param {NetworkStage} stage */
function stageSize({ shape }) {
  const [maps, height, width] = shape;
  if (shape.length === 3)
    return sayN("{n} map of {height} × {width}", "{n} maps of {height} × {width}", maps, { height, width });
  const count = numbersOf(shape);
  return sayN("{n} unit", "{n} units", count, { n: count.toLocaleString("en") });
}

/** @param {NetworkStages} stages */
function stageSizes(stages) {
  const names = stages.hidden.map(stageSize).join(", ") || say("no hidden layer");
  const left = stages.count - stages.hidden.length;
  return left ? say("{names}, and {left} more", { names, left }) : names;
}

/** @param {TheoryHeader} header */
function exampleSize({ shape }) {
  const [channels, height, width] = shape;
  if (shape.length !== 3) return sayN("{n} number", "{n} numbers", channels);
  return channels > 1
    ? say("{height} × {width} pixels in {channels} colours", { height, width, channels })
    : say("{height} × {width} pixels", { height, width });
}

/** @param {TheoryHeader} header */
function outputSize({ shape, binary }) {
  const count = numbersOf(shape).toLocaleString("en");
  return binary ? say("{count} probabilities", { count }) : say("{count} means", { count });
}

// What one example is called, alone and as "one image": a language may have genders.
/** @returns {Record<string, [string, string]>} */
const examples = () => ({
  image: [say("image"), say("one image")],
  example: [say("example"), say("one example")],
  row: [say("row"), say("one row")],
  series: [say("series"), say("one series")],
  digit: [say("digit"), say("one digit")],
  letter: [say("letter"), say("one letter")],
  character: [say("character"), say("one character")],
  "piece of clothing": [say("piece of clothing"), say("one piece of clothing")],
  photograph: [say("photograph"), say("one photograph")],
  shape: [say("shape"), say("one shape")],
  vector: [say("vector"), say("one vector")],
});
/** @param {string} example */
const exampleName = (example) => examples()[example]?.[0] ?? example;
/** @param {string} example */
const oneExample = (example) => examples()[example]?.[1] ?? `one ${example}`;

// A text of several kinds: its places filled with elements.
/** @param {string} text @param {Record<string, Node>} nodes @returns {(Node | string)[]} */
const mixed = (text, nodes) => text.split(/\{(\w+)\}/).map((part, k) => (k % 2 ? nodes[part] : part));

// What the machine does, in one or two sentences.
/** @param {TheoryHeader} header @returns {(Node | string)[]} */
function gist({ example, probabilistic, latent, labelled, shape }) {
  const values = { count: numbersOf(shape).toLocaleString("en"), latent, one: oneExample(example) };
  const text = probabilistic
    ? say(
        "The {encoder} turns {count} numbers into a small cloud of likely codes. The {decoder} turns one code from " +
          "that cloud into {one}. Training makes the {error} and the {cost} small, together.",
        values,
      )
    : say(
        "The {encoder} turns {count} numbers into {latent}: a point, with no q(z|x) around it. The {decoder} turns " +
          "a point into {one}. Training makes the {error} small.",
        values,
      );
  return mixed(labelled ? `${text} ${say("Both are also given its label.")}` : text, {
    encoder: bold("encoder", say("encoder")),
    decoder: bold("decoder", say("decoder")),
    error: bold("error", say("error")),
    cost: bold("rate", say("cost")),
  });
}

// What an image costs, and what that says of log p(x).
/** @param {TheoryHeader} header @param {ImageScalars} numbers @returns {(Node | string)[][]} */
function costWords({ probabilistic, latent }, numbers) {
  const density = el("i", {}, "log p(x)");
  const { distortion, distortion_plain: plain, rate, elbo, log_px } = numbers;
  const error = bold("error", say("redrawing error {error}", { error: two(probabilistic ? distortion : plain) }));
  if (!probabilistic)
    return [
      [error, " nats"],
      mixed(say("No code cost and no bound on {density}: there is no prior p(z)."), { density }),
    ];
  const cost = bold("rate", say("code cost {cost}", { cost: two(rate) }));
  const bound =
    log_px === undefined
      ? say("{elbo} ≤ {density}, which {latent} dimensions are too many to compute exactly", { latent })
      : say("{elbo} ≤ {density} = {truth} nats, so the bound is {gap} nats from the truth", {
          truth: two(log_px),
          gap: two(log_px - elbo),
        });
  return [[error, " + ", cost, " nats"], mixed(bound, { elbo: el("b", {}, `ELBO ${two(elbo)}`), density })];
}

export {
  costWords,
  exampleName,
  exampleSize,
  gist,
  oneExample,
  outputSize,
  short,
  stageSize,
  stageSizes,
  subscript,
  tuple,
  two,
};
