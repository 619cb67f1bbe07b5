import { phrase, say, sayN } from "../js/say.js";
import { el, minus } from "../js/shared.js";
import { Chapter, fixed2 } from "./theory_chapter.js";
import { cloud, pieces, variance } from "./theory_estimators.js";
import { around, ellipse } from "./theory_plane.js";
import { dot, frame, inside, line, range, words } from "./theory_plot.js";
import { mean } from "./theory_sums.js";

// Chapter five: the decoder's gradient is a plain average; the encoder's needs a trick. Both families of estimators,
// their clouds and variances for this image, and what it means that the randomness is pushed outside.

/** @type {Record<string, [string, string]>} */
const NAMES = {
  score: [phrase("variance, score function"), "score"],
  baseline: [phrase("variance, score function, baseline"), "score"],
  reparametrised: [phrase("variance, reparametrised"), "path"],
  closed: [phrase("variance, reparametrised, KL in closed form"), "path"],
  landing: [phrase("variance, sticking the landing"), "path"],
};
/** @type {Record<string, string | undefined>} */
const WEIGHTED_NAMES = {
  baseline: phrase("variance, score function, VIMCO"),
  landing: phrase("variance, doubly reparametrised"),
};
const MOST_THETA = 32; // samples of the decoder's gradient that are drawn at most

class Slopes extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 5, say("The two gradients"), { pictures: 2, tall: 280 });
    this.right.classList.add("two");
    for (const name of ["theta", "phi", "outside"]) this.formula(name);
    [this.k, this.bound, this.shown] = [4, "elbo", "reparametrised"];
    /** @type {Pieces | null} */
    this.parts = null;
    /** @type {Record<string, Float64Array[] | null>} */
    this.clouds = {}; // estimates by estimator
    this.centre = [0, 0];
    this.drawn = ""; // what the decoder's gradient is drawn of
    this.lead.textContent = say(
      "The gradient of the decoder is an average over samples. That of the encoder is not, because φ moves the " +
        "samples. Either weight each sample by its score, or write z as a function of noise and differentiate " +
        "through z.",
    );
    this.choice(say("Bound"), { elbo: "ELBO", weighted: say("importance-weighted") }, "elbo", (v) => {
      this.bound = v;
      this.showNumbers();
    });
    this.slide = this.slider(say("samples K"), { max: 6, value: 2, format: (v) => `${2 ** v}` }, (v) => {
      this.k = 2 ** v;
      this.showNumbers();
    });
    this.picker = this.choice(
      say("Reparametrised estimator"),
      { reparametrised: say("reparametrised"), closed: say("KL closed"), landing: say("landing") },
      "reparametrised",
      (v) => {
        this.shown = v;
        this.showNumbers();
      },
    );
    this.against = "baseline";
    this.choice(say("Score function"), { score: say("no baseline"), baseline: say("baseline") }, "baseline", (v) => {
      this.against = v;
      this.showNumbers();
    });
    this.button(say("New samples of q"), (e) => this.page.sample(e));
    this.noise = [0.8, -0.5];
    this.epsilons = [0, 1].map((k) =>
      this.slider(
        `ε${"₁₂"[k]}`,
        { min: -3, max: 3, step: 0.05, value: this.noise[k], format: (v) => minus(v.toFixed(2)) },
        (v) => {
          this.noise[k] = v;
        },
      ),
    );
    this.plane = [say("The noise outside"), say("z inside")].map((text) =>
      el("canvas", { class: "drawn", role: "img", "aria-label": text, style: "height:190px" }),
    );
    this.right.append(
      el("figure", {}, this.plane[0], el("figcaption", {}, say("Noise ε ~ N(0, I): does not depend on the image"))),
      el("figure", {}, this.plane[1], el("figcaption", {}, say("z = μ + σ ε: depends on φ"))),
    );
    this.images = [
      say("decoded at this z"),
      say("x minus the mean image: ∇θ at the decoder’s output"),
      say("the same from one sample"),
    ].map((text) => {
      const canvas = el("canvas", { class: "pixels", role: "img", "aria-label": text, width: 1, height: 1 });
      const caption = el("figcaption", {}, text);
      return { canvas, caption, node: el("figure", {}, canvas, caption) };
    });
    this.pictures = el("div", { class: "pictures" }, ...this.images.map((i) => i.node));
    this.left.append(this.pictures);
  }

  /** @param {ImageNumbers} now */
  update(now) {
    const { header } = this.page;
    this.parts = pieces(now, header.latent);
    this.epsilons[1].node.hidden = header.latent === 1;
    this.pictures.hidden = !this.page.decoder;
    this.why.hidden = header.probabilistic && !now.numbers.twin;
    this.why.textContent = header.probabilistic
      ? say("This q is not a Normal with independent dimensions. The clouds use the Normal with its mean and scales.")
      : say(
          "An autoencoder’s q is a point: there is no randomness, and its φ gradient is plain back-propagation. The " +
            "clouds use the q of chapter four.",
        );
    this.captions[0].textContent = say("score function: estimates of ∂/∂μ");
    this.captions[1].textContent = say("through z: estimates of ∂/∂μ");
    this.showNumbers();
  }

  showNumbers() {
    const { now, header } = this.page;
    const { parts } = this;
    if (!now || !parts) return;
    const d = header.latent;
    this.clouds = {};
    /** @param {number} v */
    const format = (v) => {
      if (!Number.isFinite(v)) return "–";
      if (v > 0 && v < 1e-2) return `${Number(v.toPrecision(1))}`;
      return v < 10 ? v.toFixed(2) : Number(v.toPrecision(3)).toLocaleString("en");
    };
    const base = variance(cloud(now, parts, d, this.bound, "reparametrised", this.k));
    for (const [name, [plain, term]] of Object.entries(NAMES)) {
      const found = (this.clouds[name] = cloud(now, parts, d, this.bound, name, this.k));
      const v = variance(found);
      const label = this.bound === "weighted" ? (WEIGHTED_NAMES[name] ?? plain) : plain;
      const share = name === "reparametrised" || !Number.isFinite(v) ? "" : ` · ${format(v / base)}×`;
      const why = found
        ? ""
        : name === "baseline"
          ? say("needs K ≥ 2")
          : name === "closed" && this.bound === "weighted"
            ? say("ELBO only")
            : say("no closed form");
      this.number(`variance_${name}`, say(label), why || `${format(v)}${share}`, v, term);
    }
    const best = this.clouds.reparametrised;
    this.centre = best
      ? [mean(best.map((g) => g[this.page.dims[0]])), mean(best.map((g) => g[this.page.dims[1]]))]
      : [0, 0];
    for (const button of this.picker.buttons)
      button.disabled = button.dataset.choice === "closed" && this.bound === "weighted";
    const ratio = variance(this.clouds[this.against] ?? this.clouds.score) / variance(this.clouds[this.shown] ?? best);
    this.notice.textContent =
      ratio >= 1
        ? say(
            "Notice: with K = {k} the score function’s variance is {ratio} times that of the path through z. It uses " +
              "how good a sample was, but not in which direction better samples are.",
            { k: this.k, ratio: format(ratio) },
          )
        : say(
            "Notice: q is close to the posterior here, so log w hardly varies from sample to sample: the score " +
              "function’s variance is only {ratio} times the path’s. Without a baseline it would be {plain} times.",
            { ratio: format(ratio), plain: format(variance(this.clouds.score) / base) },
          );
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { now, header, dims } = this.page;
    if (!now) return;
    const score = this.clouds[this.against] ?? this.clouds.score;
    const path = this.clouds[this.shown] ?? this.clouds.reparametrised;
    if (!score || !path) return;
    /** @param {Float64Array[]} estimates */
    const spots = (estimates) => estimates.map((g) => dims.map((j) => g[j]));
    const one = header.latent === 1;
    /** @type {[Float64Array[], string, string][]} */
    const drawn = [
      [score, theme.prior, "score"],
      [path, theme.encoder, "path"],
    ];
    drawn.forEach(([estimates, colour, term], k) => {
      const points = spots(estimates).map(([x, y], i) => [x, one ? i / estimates.length : y]);
      const x = range([...points.map((p) => p[0]), this.centre[0]], 0.15);
      const y = one ? [-0.1, 1.1] : range([...points.map((p) => p[1]), this.centre[1]], 0.15);
      const axes = frame(
        this.canvases[k],
        { x, y, titles: [`∂/∂μ${dims[0] + 1}`, one ? say("estimate") : `∂/∂μ${dims[1] + 1}`], square: !one },
        theme,
      );
      inside(axes, () => {
        points.forEach((p) => dot(axes, p, { colour, size: 2.4, alpha: 0.55 * this.strength(term) }));
        line(
          axes,
          [
            [this.centre[0], axes.y[0]],
            [this.centre[0], axes.y[1]],
          ],
          { colour: theme.ink, width: 1, dash: [3, 3] },
        );
        if (!one)
          line(
            axes,
            [
              [axes.x[0], this.centre[1]],
              [axes.x[1], this.centre[1]],
            ],
            { colour: theme.ink, width: 1, dash: [3, 3] },
          );
      });
      // the other cloud's size, to scale
      if (k === 0 && !one) {
        const other = spots(path);
        /** @param {number} c */
        const spreadOf = (c) => Math.sqrt(mean(other.map((p) => (p[c] - mean(other.map((q) => q[c]))) ** 2)));
        inside(axes, () =>
          ellipse(axes, this.centre, [spreadOf(0) ** 2, 0, spreadOf(1) ** 2], {
            colour: theme.encoder,
            alpha: this.strength("path"),
          }),
        );
        words(axes, say("blue: the other cloud, to this scale"), axes.area.left + 6, axes.area.top + 14, theme.encoder);
      }
    });
    this.outside(theme, now);
  }

  /** @param {Theme} theme @param {ImageNumbers} now */
  outside(theme, now) {
    const { header, dims, decoder } = this.page;
    const d = header.latent;
    const one = d === 1;
    const noise = one ? [this.noise[0], 0] : this.noise;
    const at = dims.map((j) => now.mean[j]);
    const sigma = dims.map((j) => now.scale[j]);
    const z = at.map((m, k) => m + sigma[k] * noise[k]);
    const left = frame(
      this.plane[0],
      { x: [-3.3, 3.3], y: [-3.3, 3.3], titles: ["ε₁", one ? "" : "ε₂"], square: true },
      theme,
    );
    inside(left, () => {
      ellipse(left, [0, 0], [1, 0, 1], { colour: theme.prior, sigmas: [1, 2, 3], alpha: this.strength("noise") });
      for (let s = 0; s < Math.min(200, now.noise.length / d); s++)
        dot(
          left,
          dims.map((j) => now.noise[s * d + j]),
          { colour: theme.prior, size: 1.3, alpha: 0.4 },
        );
      dot(left, noise, { colour: theme.decoder, size: 5 });
    });
    const matrix = [sigma[0] ** 2, 0, sigma[1] ** 2];
    const [x, y] = around([{ at, matrix }], [], 3.3);
    const right = frame(
      this.plane[1],
      { x, y, titles: [`z${dims[0] + 1}`, one ? "" : `z${dims[1] + 1}`], square: true },
      theme,
    );
    inside(right, () => {
      ellipse(right, at, matrix, { colour: theme.encoder, sigmas: [1, 2, 3], alpha: this.strength("q") });
      for (let s = 0; s < Math.min(200, now.noise.length / d); s++)
        dot(
          right,
          dims.map((j) => now.mean[j] + now.scale[j] * now.noise[s * d + j]),
          { colour: theme.encoder, size: 1.3, alpha: 0.4 },
        );
      line(right, [at, z], { colour: theme.decoder, width: 1 });
      dot(right, z, { colour: theme.decoder, size: 5 });
    });
    if (!decoder) return;
    const whole = Array.from(now.mean);
    dims.slice(0, one ? 1 : 2).forEach((j, k) => {
      whole[j] = z[k];
    });
    this.page.paint(this.images[0].canvas, decoder.decode(whole));
    this.theta(now, decoder);
  }

  // x - E[x|z], the gradient of log p(x|z) at the decoder's output, over K samples and from one.
  /** @param {ImageNumbers} now @param {NonNullable<SharedModel["decoder"]>} decoder */
  theta(now, decoder) {
    const { header } = this.page;
    const key = `${now.image} ${this.k}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const d = header.latent;
    const sum = new Float64Array(now.x.length);
    const count = Math.min(this.k, MOST_THETA);
    for (let s = 0; s < count; s++) {
      const image = decoder.decode(Array.from(now.z.subarray(s * d, (s + 1) * d)));
      for (let t = 0; t < sum.length; t++) sum[t] += (now.x[t] - image[t]) / count;
      if (s === 0)
        this.page.paint(
          this.images[2].canvas,
          Float32Array.from(sum, (v) => 0.5 + (count * v) / 2),
        );
    }
    this.page.paint(
      this.images[1].canvas,
      Float32Array.from(sum, (v) => 0.5 + v / 2),
    );
    this.images[1].caption.textContent = sayN(
      "x − mean image over {n} sample: ∇θ at the decoder’s output",
      "x − mean image over {n} samples: ∇θ at the decoder’s output",
      count,
    );
    this.number("theta", say("size of ∇θ at the output"), fixed2(Math.hypot(...sum)), Math.hypot(...sum), "theta");
  }
}

export { Slopes };
