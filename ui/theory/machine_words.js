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

/** @param {NetworkStages} stages */
function stageSizes(stages) {
  const names = stages.hidden.map((stage) => stage.words).join(", ");
  const left = stages.count - stages.hidden.length;
  return `${names || "no hidden layer"}${left ? `, and ${left} more` : ""}`;
}

/** @param {TheoryHeader} header */
function exampleSize({ shape }) {
  const [channels, height, width] = shape;
  if (shape.length === 3) return `${height} × ${width} pixels${channels > 1 ? ` in ${channels} colours` : ""}`;
  return `${channels} number${channels > 1 ? "s" : ""}`;
}

/** @param {TheoryHeader} header */
const outputSize = ({ shape, binary }) =>
  `${numbersOf(shape).toLocaleString("en")} ${binary ? "probabilities" : "means"}`;

// What the machine does, in one or two sentences.
/** @param {TheoryHeader} header @returns {(Node | string)[]} */
function gist({ example, probabilistic, latent, labelled, shape }) {
  const [encoder, decoder, error] = [bold("encoder", "encoder"), bold("decoder", "decoder"), bold("error", "error")];
  const label = labelled ? " Both are also given its label." : "";
  const count = `${numbersOf(shape).toLocaleString("en")} numbers`;
  const turns = probabilistic
    ? [
        ` turns ${count} into a small cloud of likely codes. The `,
        ` turns one code from that cloud into one ${example}.`,
      ]
    : [
        ` turns ${count} into ${latent}: a point, with no q(z|x) around it. The `,
        ` turns a point into one ${example}.`,
      ];
  const goal = probabilistic ? [" and the ", bold("rate", "cost"), ` small, together.${label}`] : [` small.${label}`];
  return ["The ", encoder, turns[0], decoder, `${turns[1]} Training makes the `, error, ...goal];
}

// What an image costs, and what that says of log p(x).
/** @param {TheoryHeader} header @param {ImageScalars} numbers @returns {(Node | string)[][]} */
function costWords({ probabilistic, latent }, numbers) {
  const density = el("i", {}, "log p(x)");
  if (!probabilistic)
    return [
      [bold("error", `redrawing error ${two(numbers.distortion_plain)}`), " nats"],
      ["No code cost and no bound on ", density, ": there is no prior p(z)."],
    ];
  const { distortion, rate, elbo, log_px } = numbers;
  const price = [bold("error", `redrawing error ${two(distortion)}`), " + ", bold("rate", `code cost ${two(rate)}`)];
  const truth =
    log_px === undefined
      ? `, which ${latent} dimensions are too many to compute exactly`
      : ` = ${two(log_px)} nats, so the bound is ${two(log_px - elbo)} nats from the truth`;
  return [
    [...price, " nats"],
    [el("b", {}, `ELBO ${two(elbo)}`), " ≤ ", density, truth],
  ];
}

export { costWords, exampleSize, gist, outputSize, short, stageSizes, subscript, tuple, two };
