import { say } from "../js/say.js";
import { bounded, Chapter, fixed2, plusMinus } from "./theory_chapter.js";
import { dot, frame, inside, line, words } from "./theory_plot.js";
import { bound } from "./theory_sums.js";

// Chapter three: the logarithm is concave, so the mean of logs lies below the log of the mean; averaging K weights
// first draws the points together, and the gap closes.

const DEEP = 9; // nats below the mean weight that the picture shows

class Jensen extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 3, say("Jensen: where the bound comes from"), { tall: 300 });
    this.formula("jensen");
    this.k = 1;
    /** @type {ReturnType<typeof bound> | null} */
    this.found = null;
    this.centre = 0; // log of the mean weight
    this.slide = this.slider(
      say("weights averaged before the log, K"),
      { max: 8, value: 0, format: (v) => `${2 ** v}` },
      (v) => {
        this.k = 2 ** v;
        this.showNumbers();
      },
    );
    this.lead.textContent = say(
      "Every sample z of q has a weight w = p(x, z) / q(z|x). The mean of the weights is p(x); the mean of their " +
        "logarithms is the ELBO.",
    );
  }

  /** @param {ImageNumbers} now */
  update(now) {
    const { header } = this.page;
    this.slide.input.max = String(Math.log2(now.log_w.length) - 1);
    this.why.hidden = header.probabilistic;
    this.why.textContent = say(
      "For an autoencoder: q is the Gaussian that chapter four finds around its code, p(z) the one fitted to " +
        "its codes.",
    );
    this.showNumbers();
  }

  showNumbers() {
    const { now } = this.page;
    if (!now) return;
    const { log_w: logW, numbers } = now;
    const truth = numbers.log_px;
    const exact = truth !== undefined;
    const all = bound(now, logW.length);
    const found = bound(now, this.k);
    this.found = found;
    this.centre = truth ?? all.value;
    this.number(
      "log_mean",
      exact
        ? say("log of the mean weight, by quadrature")
        : say("log of the mean of {count} weights", { count: logW.length }),
      `${exact ? bounded(truth, numbers.log_px_error ?? 0, 2) : plusMinus(all.value, all.se)} nats`,
      this.centre,
      "log_px",
    );
    this.number(
      "mean_log",
      this.k > 1 ? say("mean of the logs of means of {k}", { k: this.k }) : say("mean of the logs"),
      `${plusMinus(found.value, found.se || NaN)} nats`,
      found.value,
      "bound",
    );
    this.number(
      "jensen_gap",
      say("Jensen's gap"),
      `${plusMinus(this.centre - found.value, found.se || NaN)} nats`,
      this.centre - found.value,
      "kl",
    );
    this.fill({
      log_px: fixed2(this.centre),
      bound: plusMinus(found.value, found.se || NaN),
      elbo: fixed2(numbers.elbo),
    });
    const below = found.values.filter((v) => v - this.centre < -DEEP).length;
    const count = found.values.length;
    const what =
      this.k > 1 ? say("{count} means of {k} weights", { count, k: this.k }) : say("{count} weights", { count });
    const caption = exact
      ? say("{what} of this image on the curve log w, relative to p(x)", { what })
      : say("{what} of this image on the curve log w, relative to their mean", { what });
    this.captions[0].textContent = caption + (below ? say("; {below} lie below the picture", { below }) : "");
    this.notice.textContent = say(
      "The logarithm of a weight near 0 is very low, and a large weight does not make up for it. That is the whole " +
        "gap of {gap} nats, and it shrinks when the weights become more equal.",
      { gap: fixed2(this.centre - found.value) },
    );
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { found } = this;
    if (!found) return;
    const w = found.values.map((v) => Math.exp(v - this.centre));
    const most = Math.max(2.2, Math.min(6, [...w].sort((a, b) => a - b)[Math.floor(0.98 * (w.length - 1))] * 1.15));
    const lowest = Math.min(-2, Math.max(-DEEP, Math.min(...found.values) - this.centre - 0.5));
    const axes = frame(
      this.canvases[0],
      {
        x: [0, most],
        y: [lowest, Math.log(most) + 0.4],
        titles: [
          this.page.now?.numbers.log_px === undefined ? say("w / mean of w") : "w / p(x)",
          say("log, nats from log of the mean"),
        ],
      },
      theme,
    );
    inside(axes, () => {
      const curve = [];
      for (let k = 1; k <= 300; k++) curve.push([(most * k) / 300, Math.log((most * k) / 300)]);
      line(axes, curve, { colour: theme.muted, width: 1.25 });
      for (let i = 0; i < w.length; i++)
        dot(axes, [w[i], Math.log(w[i])], {
          colour: theme.encoder,
          size: 2.5,
          alpha: 0.45 * this.strength("bound", "elbo", "q"),
        });
      const gap = found.value - this.centre;
      line(
        axes,
        [
          [0, 0],
          [1, 0],
        ],
        { colour: theme.ink, dash: [4, 3], alpha: this.strength("log_px") },
      );
      line(
        axes,
        [
          [0, gap],
          [1, gap],
        ],
        { colour: theme.ink, dash: [4, 3], alpha: this.strength("bound", "elbo") },
      );
      line(
        axes,
        [
          [1, gap],
          [1, 0],
        ],
        { colour: theme.rate, width: 3, alpha: this.strength("kl", "bound", "elbo") },
      );
      dot(axes, [1, 0], { colour: theme.ink, size: 4 });
      dot(axes, [1, gap], { colour: theme.ink, size: 4, ring: true });
      words(axes, "log E[w]", axes.X(1) + 8, axes.Y(0) - 5);
      words(axes, "E[log w]", axes.X(1) + 8, axes.Y(gap) + 12);
    });
  }
}

export { Jensen };
