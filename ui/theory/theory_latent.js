import { say } from "../js/say.js";
import { Chapter, fixed2 } from "./theory_chapter.js";
import { dot, frame, inside, line, range, words } from "./theory_plot.js";
import { essOf, groups, logSum, mean, rung, spread } from "./theory_sums.js";

// Chapter two: p(x) is an integral, and samples of the prior almost never hit what matters; samples of q do.

const SHOWN = 48; // estimates drawn for each number of samples

class Latent extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 2, say("Latent variables: p(x) is an integral"), { tall: 320 });
    for (const name of ["marginal", "naive", "importance"]) this.formula(name);
    this.exponent = 6;
    this.most = 6;
    /** @type {{naive: number[], importance: number[]}[]} */
    this.columns = []; // estimates by the exponent of S
    this.slide = this.slider(
      say("samples S"),
      { max: 12, value: 6, format: (v) => (2 ** v).toLocaleString("en") },
      (v) => {
        this.exponent = v;
        this.showNumbers();
      },
    );
    this.button(say("New samples of q"), (e) => this.page.sample(e));
  }

  /** @param {ImageNumbers} now */
  update(now) {
    const { header } = this.page;
    this.most = Math.log2(now.prior_log_px.length);
    this.slide.input.max = String(this.most);
    if (this.exponent > this.most) this.slide.input.value = String((this.exponent = this.most));
    this.slide.showValue();
    this.lead.textContent = header.probabilistic
      ? say(
          "To know p(x), average p(x|z) over the prior. Almost all samples of the prior decode to other images; " +
            "their weight is almost 0.",
        )
      : say(
          "An autoencoder has no p(z), so it has no p(x). With a Gaussian fitted to its codes as p(z) the average " +
            "exists; the weight of almost all samples is almost 0.",
        );
    /** @param {Floats} logs @param {number} s */
    const estimates = (logs, s) => (s <= logs.length ? groups(logs, s) : []);
    this.columns = Array.from({ length: this.most + 1 }, (_, e) => ({
      naive: estimates(now.prior_log_px, 2 ** e),
      importance: estimates(now.log_w, 2 ** e),
    }));
    this.captions[0].textContent = say(
      "Each dot is one estimate of log p(x) from S new samples: of the prior (grey), of q (blue)",
    );
    this.showNumbers();
  }

  showNumbers() {
    const { now } = this.page;
    if (!now) return;
    const s = 2 ** this.exponent;
    const all = s.toLocaleString("en");
    const { naive, importance } = this.columns[this.exponent];
    const n = Math.min(s, now.log_w.length);
    const own = rung(now.log_w, n);
    const first = logSum(now.prior_log_px, 0, s) - Math.log(s);
    const hits = essOf(now.prior_log_px, 0, s);
    /** @param {number[]} values */
    const deviation = (values) => (values.length > 1 ? `${fixed2(spread(values))} nats` : say("one estimate only"));
    this.number("naive", say("log p̂(x), first {all} prior samples", { all }), `${fixed2(first)} nats`, first, "naive");
    this.number("naive_spread", say("standard deviation over repetitions"), deviation(naive), spread(naive), "naive");
    this.number(
      "naive_ess",
      say("effective sample size, prior"),
      say("{count} of {all}", { count: hits.toFixed(1), all }),
      hits,
      "naive",
    );
    this.number(
      "importance",
      say("log p̂(x), {n} samples of q, mean", { n }),
      `${fixed2(own.value)} nats`,
      own.value,
      "importance",
    );
    this.number(
      "importance_spread",
      say("standard deviation over repetitions"),
      deviation(importance),
      spread(importance),
      "importance",
    );
    this.number(
      "importance_ess",
      say("effective sample size, q"),
      say("{count} of {all}", { count: own.ess.toFixed(1), all: n }),
      own.ess,
      "importance",
    );
    const best = now.numbers.log_px ?? rung(now.log_w, now.log_w.length).value;
    this.fill({
      log_px: now.numbers.log_px === undefined ? `≥ ${fixed2(best)}` : fixed2(best),
      naive: fixed2(first),
      importance: fixed2(own.value),
    });
    this.notice.textContent = say(
      "The effective sample size is {hits} of {all} with the prior, {own} of {n} with q. The naive estimate is " +
        "unbiased for p(x), but it is mostly far too low: its logarithm is off by {error} nats.",
      {
        hits: hits.toFixed(hits < 10 ? 1 : 0),
        all,
        own: own.ess.toFixed(0),
        n,
        error: fixed2(Math.abs(first - best)),
      },
    );
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { now } = this.page;
    if (!now) return;
    const truth = now.numbers.log_px ?? rung(now.log_w, now.log_w.length).value;
    const all = this.columns
      .flatMap((c) => [mean(c.naive), ...(c.importance.length ? [mean(c.importance)] : [])])
      .filter(Number.isFinite);
    const typical = this.columns[Math.min(3, this.most)].naive;
    const low = Math.max(
      Math.min(...typical.filter(Number.isFinite)),
      truth - 6 * Math.max(5, truth - mean(typical.filter(Number.isFinite))),
    );
    const y = range([low, ...all.filter((v) => v > low), truth], 0.12);
    /** @type {[number, string][]} */
    const names = [];
    for (let e = 0; e <= this.most; e += 2) names.push([e, (2 ** e).toLocaleString("en")]);
    const axes = frame(
      this.canvases[0],
      { x: [-0.6, this.most + 0.6], y, titles: [say("number of samples S"), say("log p̂(x), nats")], names },
      theme,
    );
    inside(axes, (context) => {
      context.fillStyle = theme.grid;
      context.fillRect(axes.X(this.exponent - 0.5), axes.area.top, axes.X(1) - axes.X(0), axes.area.height);
      this.columns.forEach((column, e) => {
        for (const [name, colour, side] of /** @type {["naive" | "importance", string, number][]} */ ([
          ["naive", theme.prior, -0.16],
          ["importance", theme.encoder, 0.16],
        ])) {
          const values = column[name].slice(0, SHOWN);
          values.forEach((v, i) =>
            dot(axes, [e + side + 0.2 * (((i * 0.618034) % 1) - 0.5), Math.max(v, y[0])], {
              colour,
              size: 2.2,
              alpha: 0.55 * this.strength(name),
            }),
          );
        }
      });
      line(
        axes,
        [
          [-0.6, truth],
          [this.most + 0.6, truth],
        ],
        { colour: theme.ink, width: 1.5, alpha: this.strength("log_px") },
      );
      words(
        axes,
        now.numbers.log_px === undefined ? say("best bound") : "log p(x)",
        axes.area.left + axes.area.width - 6,
        axes.Y(truth) - 5,
        theme.ink,
        "right",
      );
    });
  }
}

export { Latent };
