import { phrase, say } from "../js/say.js";
import { given } from "../js/shared.js";
import { Chapter, fixed2 } from "./theory_chapter.js";
import { around, ellipse, Field, quadrature, union } from "./theory_plane.js";
import { dot, frame, inside, line, range, words } from "./theory_plot.js";
import { essOf, mean, moments, part, shares } from "./theory_sums.js";

// Chapter six: what the model's own spec chose, and two experiments on it: another sigma, which is a hidden beta, and a
// rotated latent space, which changes no likelihood.

const SIDE = 41; // points an axis of the posterior under another sigma, decoded here
const RESOLVED = 25; // cells of the coarse grid that a posterior must fill to be drawn on it

// Likelihoods of one scale s about the decoder's mean f, by what they sum over pixels: log p = -cost(s) error - norm(s)
// n.
/** @type {Record<"normal" | "laplace", ScaledLikelihood>} */
const SCALED = {
  normal: {
    words: phrase("Gaussian, σ"),
    caption: phrase(
      "The Gaussian ELBO of this image against σ, with this q: the best σ is the mean square error’s root, and " +
        "β = 2σ²",
    ),
    letter: "σ",
    error: "squares",
    label: phrase("E‖x − f(z)‖² under q"),
    each: (v) => v * v,
    cost: (s) => 1 / (2 * s * s),
    norm: (s) => Math.log(2 * Math.PI * s * s) / 2,
    best: (e) => Math.sqrt(e),
    beta: (s) => 2 * s * s,
  },
  laplace: {
    words: phrase("Laplace, b"),
    caption: phrase(
      "The Laplace ELBO of this image against b, with this q: the best b is the mean absolute error, and β = b",
    ),
    letter: "b",
    error: "absolutes",
    label: phrase("E‖x − f(z)‖₁ under q"),
    each: Math.abs,
    cost: (s) => 1 / s,
    norm: (s) => Math.log(2 * s),
    best: (e) => e,
    beta: (s) => s,
  },
};

/** @returns {Record<string, string>} */
const likelihoods = () => ({
  bernoulli: say("bernoulli"),
  continuous_bernoulli: say("continuous bernoulli"),
  discretised_logistic: say("discretised logistic"),
  normal: say("normal"),
  laplace: say("laplace"),
  cross_entropy: say("cross entropy"),
});

class Choices extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 6, say("Your choices"), { pictures: 3, tall: 260 });
    this.right.classList.add("two");
    for (const name of ["model", "objective", "sigma", "rotation"]) this.formula(name);
    // the model's own formulas are as long as its choices
    this.node.insertBefore(this.formulas, this.node.lastChild);
    [this.sigma, this.angle, this.likelihood] = [1, 30, "normal"];
    this.error = NaN; // of the decoder's mean, summed over the pixels
    this.best = NaN; // the scale that fits it
    /** @type {Map<string, Field>} */
    this.cache = new Map();
    /** @type {Gaussian2 | null} */
    this.turned = null;
    /** @type {number[]} */
    this.diagonal = []; // the best covariance of independent dimensions
    this.lead.textContent = say(
      "A model is defined by these choices: p(z), p(x|z), q(z|x) and two networks. This model uses:",
    );
    const words = Object.fromEntries(Object.entries(SCALED).map(([name, { words }]) => [name, say(words)]));
    this.choice(say("Likelihood"), { ...words, own: say("the model’s own") }, "normal", (v) => {
      this.likelihood = v;
      this.slide.node.hidden = v === "own";
      this.showNumbers();
    });
    this.slide = this.slider(
      say("scale σ or b"),
      { min: -40, max: 12, value: 0, format: (v) => (10 ** (v / 20)).toFixed(2) },
      (v) => {
        this.sigma = 10 ** (v / 20);
        this.showNumbers();
      },
    );
    this.turn = this.slider(say("rotate z by"), { min: 0, max: 180, value: 30, format: (v) => `${v}°` }, (v) => {
      this.angle = v;
      this.showNumbers();
    });
  }

  update() {
    const { header } = this.page;
    this.cache.clear();
    this.turn.node.hidden = header.latent === 1;
    this.figures[2].hidden = header.latent === 1;
    this.captions[0].textContent =
      header.latent === 2
        ? say("p(z|x) if the decoder’s mean had this likelihood (lines: 39, 86, 99 % of the mass), and q")
        : say(
            "q, its samples weighted by this likelihood (dots), and the ellipse of the posterior that follows from " +
              "them (dashed)",
          );
    this.captions[2].textContent = say(
      "Turned: q with its covariance, the prior’s 1 σ circle, and dashed the best q with independent dimensions",
    );
    this.why.hidden = header.probabilistic;
    this.why.textContent = say(
      "This model has a point as q(z|x) and no p(z). The experiments use a Gaussian prior fitted to its codes and " +
        "the q of chapter four; its distortion does not change under any invertible map of z, so nothing fixes " +
        "the shape of its latent space.",
    );
    this.showNumbers();
  }

  // The likelihood that the scale belongs to; beside the model's own, the Gaussian for comparison.
  get scaled() {
    return this.likelihood === "laplace" ? SCALED.laplace : SCALED.normal;
  }

  /** @param {ImageScalars} numbers @param {number} sigma */
  elbo(numbers, sigma) {
    return -this.error * this.scaled.cost(sigma) - numbers.pixels * this.scaled.norm(sigma) - numbers.rate;
  }

  showNumbers() {
    const { now, header, dims } = this.page;
    if (!now) return;
    const { numbers } = now;
    const d = header.latent;
    const { scaled } = this;
    const { letter } = scaled;
    this.error = mean(Array.from(now[scaled.error]));
    this.best = scaled.best(this.error / numbers.pixels);
    const own = this.likelihood === "own";
    this.captions[1].textContent = say(scaled.caption);
    this.number("square", say(scaled.label), fixed2(this.error), this.error, "distortion");
    this.number(
      "sigma_elbo",
      own
        ? `ELBO, ${likelihoods()[header.likelihood] ?? header.likelihood}`
        : say("ELBO at {letter} = {scale}", { letter, scale: this.sigma.toFixed(2) }),
      `${fixed2(own ? numbers.elbo : this.elbo(numbers, this.sigma))} nats`,
      own ? numbers.elbo : this.elbo(numbers, this.sigma),
      "elbo",
    );
    const beta = scaled.beta(this.sigma);
    this.number("beta", say("equivalent β of this {letter}", { letter }), own ? "–" : fixed2(beta, 3), beta, "rate");
    this.number("sigma_best", say("{letter} that fits this image best", { letter }), fixed2(this.best, 3), this.best);
    if (d > 1) {
      const t = (this.angle * Math.PI) / 180;
      const [c, s] = [Math.cos(t), Math.sin(t)];
      const [a, b, e] = part(now.covariance, d, dims[0], dims[1]);
      const turned = {
        matrix: [
          c * c * a - 2 * c * s * b + s * s * e,
          c * s * (a - e) + (c * c - s * s) * b,
          s * s * a + 2 * c * s * b + c * c * e,
        ],
        at: [c * now.mean[dims[0]] - s * now.mean[dims[1]], s * now.mean[dims[0]] + c * now.mean[dims[1]]],
      };
      this.turned = turned;
      const [p, q, r] = turned.matrix;
      const det = p * r - q * q;
      this.diagonal = [det / r, 0, det / p];
      // KL of the best diagonal Normal from the turned one: (log of the product of precisions times det) / 2
      const loss = 0.5 * Math.log((p * r) / det);
      if (header.normal_prior) {
        const others = Array.from({ length: d }, (_, j) => j).filter((j) => !dims.includes(j));
        const rest = others.reduce(
          (sum, j) =>
            sum + 0.5 * (now.covariance[j * d + j] + now.mean[j] ** 2 - 1 - Math.log(now.covariance[j * d + j])),
          0,
        );
        const rate = rest + 0.5 * (p + r + turned.at[0] ** 2 + turned.at[1] ** 2 - 2 - Math.log(det));
        this.number("turned_rate", say("rate, turned"), `${fixed2(rate, 4)} nats`, rate, "rate");
        this.number(
          "turned_elbo",
          say("ELBO, turned"),
          `${fixed2(-numbers.distortion - rate, 4)} nats`,
          -numbers.distortion - rate,
          "elbo",
        );
        this.fill({ elbo: fixed2(-numbers.distortion - rate) });
      } else this.fill({ elbo: fixed2(numbers.elbo) });
      this.number("diagonal_loss", say("loss with a diagonal q"), `${fixed2(loss, 4)} nats`, loss, "kl");
    }
    // the formula beside them is the Gaussian's
    this.fill({ distortion: fixed2(mean(Array.from(now.squares))), rate: fixed2(numbers.rate) });
    this.notice.textContent = own
      ? say("With the likelihood of the model the lines are those of chapter four. Now choose the Gaussian and move σ.")
      : say(
          "With a large {letter} errors cost little, so the posterior widens towards the prior: β = {beta}. A " +
            "rotation of z does not change the ELBO if q rotates, too. A q with independent dimensions cannot " +
            "rotate, and this alone fixes the axes.",
          { letter, beta: fixed2(beta, 2) },
        );
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { now } = this.page;
    if (!now) return;
    this.drawPosterior(now, theme);
    this.drawCurve(now.numbers, theme);
    if (this.turned) this.drawTurned(this.turned, theme);
  }

  // log p(x|z) of a mean image with so large an error, but for a constant.
  /** @param {number} error */
  fit(error) {
    return -error * this.scaled.cost(this.sigma);
  }

  // The posterior under the chosen likelihood on the coarse grid; where that is too coarse, on points decoded here.
  /** @param {ImageNumbers} now @param {Floats} logPx @param {TheoryConstants} constants */
  field(now, logPx, constants) {
    const { decoder } = this.page;
    const own = this.likelihood === "own";
    const { each, error } = this.scaled;
    const key = own ? "own" : `${this.likelihood} ${this.sigma.toFixed(3)}`;
    const known = this.cache.get(key);
    if (known) return known;
    const count = Math.round(Math.sqrt(logPx.length));
    const [z, logPz] = [given(constants.grid_z, "grid"), given(constants.grid_log_pz, "prior on the grid")];
    const errors = given(now[`grid_${error}`], "errors on the grid");
    const values = Float64Array.from(logPx, (v, i) => (own ? v : this.fit(errors[i])) + logPz[i]);
    const step = z[3] - z[1];
    let field = new Field(values, [count, count], [z[0], z[1]], [step, 0, 0, step]);
    let w = shares(values);
    let filled = 1 / w.reduce((a, v) => a + v * v, 0);
    const exact = own ? quadrature(now) : null;
    if (exact) field = exact;
    else if (filled < RESOLVED && decoder) {
      let { at, matrix } = moments(z, 2, [0, 1], w);
      let reach = [0, 2].map((k) => 4 * Math.sqrt(matrix[k]) + 1.5 * step);
      for (let round = 0; round < 4 && filled < RESOLVED; round++) {
        const [u, v] = reach.map((r) => (2 * r) / (SIDE - 1));
        const corner = [at[0] - reach[0], at[1] - reach[1]];
        const local = new Float64Array(SIDE * SIDE);
        const places = new Float64Array(2 * SIDE * SIDE);
        for (let i = 0, n = 0; i < SIDE; i++) {
          for (let j = 0; j < SIDE; j++, n++) {
            const point = [corner[0] + i * u, corner[1] + j * v];
            places.set(point, 2 * n);
            const image = decoder.decode(point);
            let sum = 0;
            for (let t = 0; t < image.length; t++) sum += each(now.x[t] - image[t]);
            const prior = [0, 1].reduce(
              (s, k) => s - 0.5 * ((point[k] - constants.prior_loc[k]) / constants.prior_scale[k]) ** 2,
              0,
            );
            local[n] = this.fit(sum) + prior;
          }
        }
        w = shares(local);
        filled = 1 / w.reduce((a, b) => a + b * b, 0);
        field = new Field(local, [SIDE, SIDE], corner, [u, 0, 0, v]);
        ({ at, matrix } = moments(places, 2, [0, 1], w));
        reach = [4.5 * Math.sqrt(matrix[0]) + u, 4.5 * Math.sqrt(matrix[2]) + v];
      }
    }
    this.cache.set(key, field);
    return field;
  }

  /** @param {ImageNumbers} now @param {Theme} theme */
  drawPosterior(now, theme) {
    const { header, dims, constants } = this.page;
    const d = header.latent;
    const first = { at: dims.map((j) => now.mean[j]), matrix: part(now.covariance, d, dims[0], dims[1]) };
    const titles = dims.map((j) => `z${j + 1}`);
    if (d === 2 && !constants) {
      this.blank(0, say("Computing …"), theme);
      return;
    }
    if (d === 2 && constants && now.grid_log_px) {
      const field = this.field(now, now.grid_log_px, constants);
      const [x, y] = union([around([first]), field.box()]).map((r) => range(r, 0.06));
      const axes = frame(this.canvases[0], { x, y, titles, square: true }, theme);
      inside(axes, () => {
        if (header.normal_prior)
          ellipse(axes, [0, 0], [1, 0, 1], {
            colour: theme.prior,
            sigmas: [1, 2, 3],
            width: 1,
            alpha: this.strength("prior"),
          });
        field.draw(axes, theme.ink, this.strength("posterior", "distortion", "elbo"));
        ellipse(axes, first.at, first.matrix, {
          colour: theme.encoder,
          fill: true,
          alpha: this.strength("q", "rate"),
        });
      });
      return;
    }
    // log p(z) - log q(z|x) is what the weights hold besides the likelihood
    const logW = Float64Array.from(now.log_w, (v, s) =>
      this.likelihood === "own" ? v : v - now.log_px[s] + this.fit(now[this.scaled.error][s]),
    );
    const share = shares(logW);
    const estimated = moments(now.z, d, d === 1 ? [0, 0] : dims, share);
    const [x, y] = around([first, estimated]).map((r) => range(r, 0.06));
    const axes = frame(this.canvases[0], { x, y, titles: d === 1 ? ["z", "z"] : titles, square: true }, theme);
    const top = Math.max(...share);
    inside(axes, () => {
      for (let s = 0; s < share.length; s++)
        dot(
          axes,
          dims.map((j) => now.z[s * d + j]),
          { colour: theme.encoder, size: 1 + 6 * Math.sqrt(share[s] / top), alpha: 0.5 },
        );
      ellipse(axes, first.at, first.matrix, { colour: theme.encoder, sigmas: [1, 2, 3] });
      ellipse(axes, estimated.at, estimated.matrix, { colour: theme.ink, dash: [4, 3] });
      words(
        axes,
        say("effective sample size {count} of {all}", { count: essOf(logW).toFixed(1), all: share.length }),
        axes.area.left + 6,
        axes.area.top + 14,
      );
    });
  }

  /** @param {ImageScalars} numbers @param {Theme} theme */
  drawCurve(numbers, theme) {
    const logs = Array.from({ length: 105 }, (_, k) => -2 + (k * 2.6) / 104);
    const points = logs.map((v) => [v, this.elbo(numbers, 10 ** v)]);
    const top = this.elbo(numbers, this.best);
    const low = Math.min(
      this.elbo(numbers, 10 ** 0.6),
      top - 60,
      ...(this.likelihood === "own" ? [] : [Math.max(this.elbo(numbers, this.sigma), top - 20 * Math.abs(top))]),
    );
    /** @type {[number, string][]} */
    const names = [0.01, 0.03, 0.1, 0.3, 1, 3].map((v) => [Math.log10(v), `${v}`]);
    const axes = frame(
      this.canvases[1],
      { x: [-2, 0.6], y: range([low, top], 0.1), titles: [this.scaled.letter, say("ELBO, nats")], names },
      theme,
    );
    inside(axes, () => {
      line(axes, points, { colour: theme.ink, alpha: this.strength("elbo") });
      line(
        axes,
        [
          [Math.log10(this.best), axes.y[0]],
          [Math.log10(this.best), axes.y[1]],
        ],
        { colour: theme.muted, dash: [3, 3], width: 1 },
      );
      words(
        axes,
        say("best {letter} = {scale}", { letter: this.scaled.letter, scale: this.best.toFixed(2) }),
        axes.X(Math.log10(this.best)) + 5,
        axes.area.top + axes.area.height - 8,
        theme.muted,
      );
      if (this.likelihood !== "own")
        dot(axes, [Math.log10(this.sigma), this.elbo(numbers, this.sigma)], { colour: theme.decoder, size: 5 });
    });
  }

  /** @param {Gaussian2} turned @param {Theme} theme */
  drawTurned({ at, matrix }, theme) {
    const { header, dims } = this.page;
    const boxes = [
      around(
        [
          { at, matrix },
          { at, matrix: this.diagonal },
        ],
        [],
        3.2,
      ),
    ];
    const [x, y] = union(boxes).map((r) => range(r, 0.1));
    const axes = frame(this.canvases[2], { x, y, titles: dims.map((j) => `z′${j + 1}`), square: true }, theme);
    inside(axes, () => {
      if (header.normal_prior)
        ellipse(axes, [0, 0], [1, 0, 1], { colour: theme.prior, width: 1, alpha: this.strength("prior") });
      ellipse(axes, at, matrix, {
        colour: theme.encoder,
        sigmas: [1, 2, 3],
        fill: true,
        alpha: this.strength("q", "elbo", "rate"),
      });
      ellipse(axes, at, this.diagonal, { colour: theme.rate, dash: [4, 3], alpha: this.strength("kl") });
      words(
        axes,
        say("turned by {angle}°", { angle: this.angle }),
        axes.area.left + 6,
        axes.area.top + 14,
        theme.muted,
      );
    });
  }
}

export { Choices };
