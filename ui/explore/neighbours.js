import { phrase, say } from "../js/say.js";
import { el } from "../js/shared.js";

// Says which classes the codes nearest to a point have: true and checkable, where a density would need explaining.

const NEIGHBOURS = 20;
const MOST = 50_000; // codes among which the nearest are looked for at every move of the pointer
const DIGITS = [
  phrase("zeros"),
  phrase("ones"),
  phrase("twos"),
  phrase("threes"),
  phrase("fours"),
  phrase("fives"),
  phrase("sixes"),
  phrase("sevens"),
  phrase("eights"),
  phrase("nines"),
];
// What the nearest ones have: one class, one class mostly, or two that lead; what stands between ** is bold.
const DIGIT_SENTENCES = [
  phrase("The {n} nearest {split} digits are all **{first}**."),
  phrase("Of the {n} nearest {split} digits, **{most} are {first}**."),
  phrase("Of the {n} nearest {split} digits, only **{most} are {first}** and {next} are {second}."),
];
const IMAGE_SENTENCES = [
  phrase("The {n} nearest {split} images are all **{first}**."),
  phrase("Of the {n} nearest {split} images, **{most} are {first}**."),
  phrase("Of the {n} nearest {split} images, only **{most} are {first}** and {next} are {second}."),
];

class Neighbours {
  constructor() {
    this.sentence = el("p", { class: "sentence" });
    this.bars = el("div", { class: "bars", "aria-hidden": "true" });
    this.node = el("div", { class: "neighbours", hidden: "" }, this.sentence, this.bars);
    this.shown = "";
  }

  // Show those of z in a space whose codes have classes; `colours` are the classes'.
  /** @param {import("../js/space.js").Space} space @param {number[]} z @param {string[]} colours */
  show(space, z, colours) {
    const labelled = space.n > NEIGHBOURS && space.n <= MOST && space.labels[0] >= 0;
    this.node.hidden = !labelled;
    if (!labelled) return;
    const found = nearest(space.means, space.d, z, NEIGHBOURS).map((i) => space.labels[i]);
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const k of found) counts.set(k, (counts.get(k) ?? 0) + 1);
    const sorted = [...counts].sort(([, a], [, b]) => b - a);
    const key = `${space.header.content} ${sorted}`;
    if (key === this.shown) return;
    this.shown = key;
    const { classes, split } = space.header;
    const digits = classes.length === 10 && classes.every((name, k) => name === String(k));
    /** @param {number} k */
    const called = (k) => (digits ? say(DIGITS[k]) : say("“{name}”", { name: classes[k] ?? k }));
    const [[first, most], [second, next]] = [sorted[0], sorted[1] ?? sorted[0]];
    const lead = most === NEIGHBOURS ? 0 : 2 * most > NEIGHBOURS ? 1 : 2;
    const text = say((digits ? DIGIT_SENTENCES : IMAGE_SENTENCES)[lead], {
      n: NEIGHBOURS,
      split,
      most,
      next,
      first: called(first),
      second: called(second),
    });
    const parts = text.split("**").map((part, k) => (k === 1 ? el("strong", {}, part) : part));
    this.sentence.replaceChildren(...parts);
    const short = classes.every((name) => name.length <= 2);
    const bars = sorted.flatMap(([k, n]) =>
      Array.from({ length: n }, () => {
        const bar = el("i", {}, short ? (classes[k] ?? String(k)) : "");
        bar.style.setProperty("--hue", colours[k] ?? "currentColor");
        return bar;
      }),
    );
    this.bars.replaceChildren(...bars);
  }
}

// The numbers of the codes [n, d] nearest to z.
/** @param {Float32Array} means @param {number} d @param {number[]} z @param {number} count */
function nearest(means, d, z, count) {
  const [found, gaps] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let i = 0, s = 0; s < means.length; i++, s += d) {
    let gap = 0;
    for (let j = 0; j < d; j++) gap += (means[s + j] - z[j]) ** 2;
    if (found.length === count && gap >= gaps[count - 1]) continue;
    let at = found.length === count ? count - 1 : found.length;
    while (at > 0 && gaps[at - 1] > gap) at--;
    found.splice(at, 0, i);
    gaps.splice(at, 0, gap);
    if (found.length > count) {
      found.pop();
      gaps.pop();
    }
  }
  return found;
}

export { Neighbours, nearest };
