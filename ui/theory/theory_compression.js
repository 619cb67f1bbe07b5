import { phrase, say } from "../js/say.js";
import { el } from "../js/shared.js";
import { Chapter, fixed2, plusMinus } from "./theory_chapter.js";
import { around, ellipse, union } from "./theory_plane.js";
import { dot, frame, inside, line, range, words } from "./theory_plot.js";
import { mean, part } from "./theory_sums.js";

// Chapter one: an autoencoder is compression. What each of its kinds changes, for this image; and lesson one, the
// linear case, where everything is known: PCA, and the linear VAE that finds it.

const KINDS = [phrase("undercomplete"), phrase("denoising"), phrase("contractive"), phrase("sparse")];

class Compression extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 1, say("Compression"), { pictures: 2, tall: 270 });
    this.right.classList.add("two");
    this.formula("barber");
    this.formula("bound");
    this.kind = "undercomplete";
    this.choice(
      say("Kind of autoencoder"),
      Object.fromEntries(KINDS.map((kind) => [kind, say(kind)])),
      "undercomplete",
      (v) => {
        this.kind = v;
        this.page.formulas?.show(this.own, v);
        this.showNumbers();
      },
    );
    this.own = this.formula("undercomplete");
    this.left.insertBefore(this.own, this.fold);
    this.step = 0;
    this.slide = this.slider(
      say("linear VAE, steps of ascent"),
      { max: 60, value: 0, format: (v) => `${this.steps(v)}` },
      (v) => {
        this.step = v;
        this.showNumbers();
      },
    );
    /** @type {{canvas: HTMLCanvasElement, node: HTMLElement}[]} */
    this.tiles = []; // the axes as images
    /** @type {{size: number, at: Float64Array}[]} */
    this.unit = []; // PCA's axes
    this.axes = el("div", { class: "pictures" });
    this.right.append(this.axes);
    this.lead.textContent = say(
      "Encoding sends x through a channel: z keeps as much of x as possible. I(x; z) cannot be computed, because " +
        "q(x|z) is unknown. Replace it by any p(x|z). The difference is a KL divergence, so the result is a lower " +
        "bound, which training can maximise.",
    );
  }

  update() {
    this.showNumbers();
  }

  /** @param {string} what */
  arrived(what) {
    const { lesson } = this.page;
    if (what === "lesson" && lesson) this.begin(lesson);
  }

  // The number of the ascent's steps at one of the slider's places: later places lie farther apart.
  /** @param {number} place */
  steps(place) {
    return this.page.lesson?.steps[place] ?? place;
  }

  /** @param {Lesson} lesson */
  begin(lesson) {
    this.slide.input.max = String(lesson.elbo.length - 1);
    this.slide.showValue();
    const dims = lesson.mean.length;
    this.tiles = [
      say("PCA, first axis"),
      say("PCA, second axis"),
      say("linear VAE, nearest to the first"),
      say("nearest to the second"),
    ].map((text) => {
      const canvas = el("canvas", {
        class: "pixels",
        role: "img",
        "aria-label": text,
        width: 1,
        height: 1,
        style: "width:64px;height:64px",
      });
      return { canvas, node: el("figure", {}, canvas, el("figcaption", {}, text)) };
    });
    this.axes.replaceChildren(...this.tiles.map((t) => t.node));
    // the plane of the principal axes, in which everything is drawn
    this.unit = [0, 1].map((k) => {
      const size = Math.hypot(...Array.from({ length: dims }, (_, t) => lesson.axes[2 * t + k]));
      return { size, at: Float64Array.from({ length: dims }, (_, t) => lesson.axes[2 * t + k] / size) };
    });
    this.showNumbers();
  }

  showNumbers() {
    const { now, header, lesson } = this.page;
    if (now) {
      const { numbers } = now;
      const { averages } = header;
      const d = header.latent;
      const trace = Array.from({ length: d }, (_, j) => now.jacobian[j * d + j]).reduce((a, b) => a + b, 0);
      const size = Array.from(now.resisted).reduce((a, b) => a + Math.abs(b), 0);
      const own = this.kind === "denoising" ? numbers.denoising : numbers.distortion_plain;
      this.fill({
        distortion: fixed2(own),
        penalty: fixed2(this.kind === "sparse" ? size : trace, 3),
        rate: averages.rate ? fixed2(averages.rate.value) : "∞",
      });
      this.bounds();
      this.number(
        "plain",
        say("distortion at the code, this image"),
        `${fixed2(numbers.distortion_plain)} nats`,
        numbers.distortion_plain,
        "distortion",
      );
      this.number(
        "denoised",
        say("from corrupted copies"),
        `${fixed2(numbers.denoising)} nats`,
        numbers.denoising,
        "distortion",
      );
      this.number("contraction", say("‖∂ code/∂x‖²"), fixed2(trace, 4), trace, "penalty");
      this.number("sparsity", say("‖code‖₁"), fixed2(size, 3), size, "penalty");
      this.captions[0].textContent = say(
        "How far this image’s code may move: dots, 64 corrupted copies (10 % of the pixels changed); orange, " +
          "the code’s ellipse under pixel noise of 0.1 by the Jacobian; blue, q",
      );
    }
    if (lesson) {
      const { numbers } = lesson;
      const elbo = lesson.elbo[this.step];
      this.number(
        "linear_elbo",
        say("linear VAE, ELBO after {steps} steps", { steps: this.steps(this.step) }),
        `${fixed2(elbo)} nats`,
        elbo,
        "elbo",
      );
      this.number(
        "ppca",
        say("pPCA, log p(x) in closed form"),
        `${fixed2(numbers.log_px)} nats`,
        numbers.log_px,
        "log_px",
      );
      this.captions[1].textContent = say(
        "Linear VAE: {n} images of {data} in the plane of their principal axes (black), and the linear VAE’s axes " +
          "(blue), each step of which raises its ELBO",
        { n: numbers.n.toLocaleString("en"), data: numbers.data },
      );
    }
    /** @type {Record<string, string>} */
    const why = {
      undercomplete: say("Notice: undercomplete: only the size of z is limited; the places between the codes are not."),
      denoising: say(
        "Notice: denoising: corrupted copies must decode to x, so the code depends little on single pixels and the " +
          "dots are close together.",
      ),
      contractive: say(
        "Notice: contractive: the Jacobian is penalised, so the orange ellipse shrinks. To first order, denoising " +
          "does the same.",
      ),
      sparse: say(
        "Notice: sparse: for each image most of z must be near 0: the number of dimensions in use is limited, not " +
          "their total.",
      ),
    };
    const instead = say(
      "A VAE limits the rate instead: it adds noise of known size, so the limit is a number in nats.",
    );
    this.notice.textContent = `${why[this.kind]} ${instead}`;
  }

  bounds() {
    const { averages, probabilistic } = this.page.header;
    const { information_lower: lower, information_upper: upper, information_plain: plain, rate } = averages;
    if (plain)
      this.number(
        "plain_bound",
        say("H − D, this decoder over {n} images", { n: plain.n ?? "" }),
        `${plusMinus(plain.value, plain.se)} nats`,
        plain.value,
        "information",
      );
    if (lower)
      this.number(
        "lower",
        say("lower bound when the decoder picks one of these images"),
        `${plusMinus(lower.value, lower.se)} nats`,
        lower.value,
        "information",
      );
    if (upper)
      this.number(
        "upper",
        probabilistic ? "≤ I(x; z) ≤ min(R, H)" : say("≤ I(x; z) = H: z is a function of x"),
        `${fixed2(upper.value)} nats`,
        upper.value,
        "rate",
      );
    if (rate)
      this.number(
        "rate",
        say("R, mean over the test images"),
        `${plusMinus(rate.value, rate.se)} nats`,
        rate.value,
        "rate",
      );
    else if (!probabilistic) this.number("rate", "R", say("infinite: a point has no width"), Infinity, "rate");
    this.why.hidden = Boolean(plain);
    this.why.textContent = plain
      ? ""
      : say("The bounds on I(x; z) are part of the evaluation table. Press Evaluate on the page Models to see them.");
  }

  /** @param {Theme} theme */
  draw(theme) {
    this.drawCode(theme);
    const { lesson } = this.page;
    if (lesson) this.drawLesson(theme, lesson);
    else this.blank(1, say("Computing the linear case …"), theme);
  }

  /** @param {Theme} theme */
  drawCode(theme) {
    const { now, header, dims } = this.page;
    if (!now) return;
    const d = header.latent;
    const at = dims.map((j) => now.resisted[j]);
    const one = d === 1;
    const small = part(now.jacobian, d, dims[0], dims[1]).map((v) => v * 0.01);
    const own = part(now.covariance, d, dims[0], dims[1]);
    const points = Array.from({ length: now.corrupted.length / d }, (_, s) => [
      now.corrupted[s * d + dims[0]],
      one ? s / 64 : now.corrupted[s * d + dims[1]],
    ]);
    const ellipses = [{ at, matrix: small }, ...(header.probabilistic ? [{ at, matrix: own }] : [])];
    const [x, y] = union([around(ellipses), around([], points)]).map((r) => range(r, 0.06));
    const axes = frame(
      this.canvases[0],
      { x, y, titles: [`z${dims[0] + 1}`, one ? "" : `z${dims[1] + 1}`], square: !one },
      theme,
    );
    /** @param {string} kind */
    const strong = (kind) => (this.kind === kind || this.kind === "undercomplete" || this.kind === "sparse" ? 1 : 0.4);
    inside(axes, () => {
      for (const p of points)
        dot(axes, p, {
          colour: theme.prior,
          size: 2.4,
          alpha: 0.7 * strong("denoising") * this.strength("noise", "distortion"),
        });
      if (one) return;
      if (header.probabilistic)
        ellipse(axes, at, own, {
          colour: theme.encoder,
          fill: true,
          alpha: this.strength("q", "rate", "information"),
        });
      ellipse(axes, at, small, {
        colour: theme.decoder,
        alpha: strong("contractive") * this.strength("penalty"),
      });
      dot(axes, at, { colour: theme.ink, size: 3 });
    });
  }

  /** @param {Theme} theme @param {Lesson} lesson */
  drawLesson(theme, lesson) {
    const n = lesson.points.length / 2;
    const dims = lesson.mean.length;
    const spread = [0, 1].map((k) =>
      Math.sqrt(mean(Array.from({ length: n }, (_, i) => lesson.points[2 * i + k] ** 2))),
    );
    const reach = 2.6 * Math.max(...spread);
    const axes = frame(
      this.canvases[1],
      {
        x: [-reach, reach],
        y: [-reach, reach],
        titles: [say("first principal axis"), say("second principal axis")],
        square: true,
      },
      theme,
    );
    const walk = lesson.walk.subarray(this.step * dims * 2, (this.step + 1) * dims * 2);
    const own = [0, 1].map((k) =>
      [0, 1].map((a) => this.unit[a].at.reduce((sum, u, t) => sum + u * walk[2 * t + k], 0)),
    );
    /** @param {number[]} v @param {string} colour @param {number} width @param {number} alpha */
    const arrow = (v, colour, width, alpha) => {
      line(
        axes,
        [
          [-2 * v[0], -2 * v[1]],
          [2 * v[0], 2 * v[1]],
        ],
        { colour, width, alpha },
      );
      dot(axes, [2 * v[0], 2 * v[1]], { colour, size: width + 1.5, alpha });
    };
    inside(axes, () => {
      for (let i = 0; i < n; i++)
        dot(axes, [lesson.points[2 * i], lesson.points[2 * i + 1]], {
          colour: theme.prior,
          size: 1.5,
          alpha: 0.5,
        });
      [
        [this.unit[0].size, 0],
        [0, this.unit[1].size],
      ].forEach((v) => arrow(v, theme.ink, 1.5, this.strength("log_px")));
      own.forEach((v) => arrow(v, theme.encoder, 3, 0.85 * this.strength("elbo")));
      words(axes, say("±2 σ of each axis"), axes.area.left + 6, axes.area.top + 14, theme.muted);
    });
    // each of its axes as an image, in the order and direction of PCA's
    const first = Math.abs(own[0][0]) * 1 >= Math.abs(own[1][0]) ? [0, 1] : [1, 0];
    /** @param {(t: number) => number} column @param {number} sign */
    const picture = (column, sign) => {
      const values = Float32Array.from({ length: dims }, (_, t) => sign * column(t));
      const most = Math.max(...values.map(Math.abs)) || 1;
      return values.map((v) => 0.5 + v / (2 * most));
    };
    const shape = lesson.numbers.shape;
    this.tiles.forEach(({ canvas }, k) => {
      if (k < 2)
        this.page.paint(
          canvas,
          picture((t) => lesson.axes[2 * t + k], 1),
          shape,
        );
      else {
        const mine = first[k - 2];
        this.page.paint(
          canvas,
          picture((t) => walk[2 * t + mine], Math.sign(own[mine][k - 2]) || 1),
          shape,
        );
      }
    });
  }
}

export { Compression };
