import { say } from "../js/say.js";
import { el, given, painted, record } from "../js/shared.js";
import { bounded, Chapter, fixed2, plusMinus } from "./theory_chapter.js";
import { around, ellipse, ellipsePoints, quadrature, union } from "./theory_plane.js";
import { dot, frame, inside, line, range, words } from "./theory_plot.js";
import { bound, moments, part, shares } from "./theory_sums.js";

// Chapter four: the true posterior under the encoder's ellipse, the gap, and both ways to close it: more samples, a
// better q.

const WALK = 900; // ms from the encoder's q to the best one

class Tight extends Chapter {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    super(page, 4, say("How tight is it?"), { pictures: 1, tall: 360 });
    this.formula("identity");
    this.formula("elbo");
    this.bars = el("canvas", {
      class: "drawn",
      role: "img",
      "aria-label": say("The bounds side by side"),
      style: "height:104px",
    });
    this.barsCaption = el("figcaption");
    this.right.append(el("figure", {}, this.bars, this.barsCaption));
    this.k = 1;
    /** @type {ReturnType<typeof bound> | null} */
    this.rung = null;
    /** @type {ReturnType<typeof quadrature>} */
    this.field = null;
    /** @type {Walk | null} */
    this.steps = null; // of the walk that is shown
    /** @type {number | null} */
    this.wants = null; // the image whose walk is awaited
    this.pressed = this.began = 0; // when the button was pressed, and when the walk began
    /** @type {number[][] | null} */
    this.outline = null;
    this.slide = this.slider(say("samples K"), { max: 9, value: 0, format: (v) => `${2 ** v}` }, (v) => {
      this.k = 2 ** v;
      this.showNumbers();
    });
    this.refine = this.button(say("Refine q for this image"), () => {
      this.startWalk();
      page.moved(this, true);
    });
    this.refine.dataset.action = "refine";
  }

  /** @param {ImageNumbers} now */
  update(now) {
    const { header } = this.page;
    const two = "density" in now;
    this.steps = null;
    this.refine.textContent = header.probabilistic
      ? say("Refine q for this image")
      : say("Optimise q, starting at the code");
    this.slide.input.max = String(Math.log2(now.log_w.length));
    if (this.k > now.log_w.length) this.slide.input.value = String(Math.log2((this.k = now.log_w.length)));
    this.slide.showValue();
    this.field = header.latent === 2 ? quadrature(now) : null;
    this.lead.textContent = header.probabilistic
      ? say("The ELBO is below log p(x) by exactly the KL divergence from q to the true posterior.")
      : say(
          "An autoencoder has no q and no prior. With a Gaussian prior fitted to its codes one can ask: which q " +
            "would its decoder need?",
        );
    const code = header.probabilistic ? "" : say("; × is the code");
    this.captions[0].textContent = two
      ? say(
          "True posterior p(z|x) by quadrature (lines enclose 39, 86 and 99 % of its mass) and q (1, 2 and 3 σ), to " +
            "scale",
        ) + code
      : say(
          "q (1, 2, 3 σ) in the two dimensions with the highest rate, z{a} and z{b}; dots are its samples, as large " +
            "as their weight; dashed: the posterior's ellipse by those weights",
          { a: this.page.dims[0] + 1, b: this.page.dims[1] + 1 },
        );
    this.why.hidden = two;
    this.why.textContent = two
      ? ""
      : say(
          "log p(x) can be computed on a grid for at most two dimensions. With {d} there are bounds, their standard " +
            "errors and the effective sample size.",
          { d: header.latent },
        );
    this.showNumbers();
  }

  showNumbers() {
    const now = this.page.now;
    if (!now) return;
    const { numbers } = now;
    const two = "log_px" in numbers;
    const found = bound(now, this.k);
    this.rung = found;
    this.number(
      "elbo",
      "ELBO",
      two ? `${bounded(numbers.elbo, numbers.elbo_error)} nats` : `${plusMinus(numbers.elbo, numbers.elbo_se)} nats`,
      numbers.elbo,
      "elbo",
    );
    if (two) {
      this.number(
        "kl",
        say("KL(q‖p(z|x)), the gap"),
        `${bounded(numbers.kl, numbers.kl_error)} nats`,
        numbers.kl,
        "kl",
      );
      this.number(
        "log_px",
        "log p(x)",
        `${bounded(numbers.log_px, numbers.log_px_error)} nats`,
        numbers.log_px,
        "log_px",
      );
      this.number("residual", "ELBO + KL − log p(x)", `${fixed2(numbers.residual, 5)} nats`, numbers.residual);
    }
    this.number(
      "distortion",
      say("distortion"),
      `${plusMinus(numbers.distortion, numbers.distortion_se)} nats`,
      numbers.distortion,
      "distortion",
    );
    this.number("rate", say("rate"), `${fixed2(numbers.rate)} nats`, numbers.rate, "rate");
    this.number(
      "bound",
      say("L at K = {k}", { k: this.k }),
      `${plusMinus(found.value, found.se || NaN)} nats`,
      found.value,
      "bound",
    );
    this.number(
      "ess",
      say("effective sample size"),
      say("{count} of {all}", { count: found.ess.toFixed(1), all: this.k }),
      found.ess,
    );
    this.fill({
      elbo: fixed2(numbers.elbo),
      kl: two ? fixed2(numbers.kl) : "≥ 0",
      log_px: two ? fixed2(numbers.log_px) : `≥ ${fixed2(found.value)}`,
      distortion: fixed2(numbers.distortion),
      rate: fixed2(numbers.rate),
    });
    const walk = this.page.walk;
    const known = walk && walk.image === now.image;
    if (known) {
      const { elbo, best, log_px: truth } = walk.numbers;
      this.number(
        "amortisation",
        header(this) ? say("amortisation gap (encoder)") : say("gain of refining q"),
        `${fixed2(best - elbo, 3)} nats`,
        best - elbo,
        "kl",
      );
      if (truth !== null && truth !== undefined)
        this.number(
          "approximation",
          say("approximation gap (family of q)"),
          `${fixed2(truth - best, 3)} nats`,
          truth - best,
          "kl",
        );
    } else for (const name of ["amortisation", "approximation"]) this.drop(name);
    const doubtful = found.ess < 0.05 * this.k && this.k > 8;
    this.notice.textContent = doubtful
      ? say(
          "The effective sample size is {count} of {all}, so q misses part of the true posterior. More samples help " +
            "little; a better q helps.",
          { count: found.ess.toFixed(0), all: this.k },
        )
      : two
        ? say(
            "The ELBO is {gap} nats below log p(x). More samples or a better q close this gap; refining q shows " +
              "which part the encoder and which part the family of q causes.",
            { gap: fixed2(numbers.kl) },
          )
        : say("The bound rises with K as far as its samples reach. How much is missing is unknown.");
  }

  /** @param {string} name */
  drop(name) {
    const row = this.rows.get(name);
    if (!row) return;
    row.dt.remove();
    row.dd.remove();
    this.rows.delete(name);
  }

  startWalk() {
    const { page } = this;
    this.pressed = performance.now();
    if (page.walk?.image === page.now?.image) this.play();
    else {
      this.wants = page.now?.image ?? null;
      page.sendState({ walk: page.now?.image });
      this.refine.disabled = true;
    }
  }

  /** @param {Walk} walk */
  walked(walk) {
    this.refine.disabled = false;
    this.showNumbers();
    if (this.wants === walk.image) this.play();
    this.wants = null;
  }

  play() {
    this.steps = this.page.walk;
    this.node.dataset.walking = "true";
    const since = this.pressed;
    requestAnimationFrame(() => painted(since, (ms) => record(this.page.timing.walks, ms)));
    this.began = this.page.reduceMotion ? performance.now() - WALK : performance.now();
    this.page.requestDraw();
  }

  // The ellipse where the walk is now.
  get q() {
    const { dims, header } = this.page;
    const now = given(this.page.now, "image");
    const d = header.latent;
    if (!this.steps) return { at: dims.map((j) => now.mean[j]), matrix: part(now.covariance, d, dims[0], dims[1]) };
    const { loc, scale } = this.steps;
    const last = loc.length / d - 1;
    const share = Math.min((performance.now() - this.began) / WALK, 1);
    const t = share * last;
    const [a, f] = [Math.min(Math.floor(t), last), t % 1];
    const b = Math.min(a + 1, last);
    /** @param {Floats} values @param {number} j */
    const mix = (values, j) => values[a * d + j] * (1 - f) + values[b * d + j] * f;
    if (share < 1) this.page.requestDraw();
    else this.node.dataset.walking = "done";
    return { at: dims.map((j) => mix(loc, j)), matrix: [mix(scale, dims[0]) ** 2, 0, mix(scale, dims[1]) ** 2] };
  }

  /** @param {Theme} theme */
  draw(theme) {
    const { page } = this;
    const { now, header, dims } = page;
    if (!now) return;
    if (header.latent === 1) this.curve(theme, now);
    else this.plane(theme, now, header, dims);
    if (this.rung) this.drawBars(theme, now, this.rung);
  }

  /** @param {Theme} theme @param {ImageNumbers} now @param {TheoryHeader} header @param {number[]} dims */
  plane(theme, now, header, dims) {
    const d = header.latent;
    const here = this.q;
    const first = { at: dims.map((j) => now.mean[j]), matrix: part(now.covariance, d, dims[0], dims[1]) };
    const boxes = [around([first])];
    const { field } = this;
    const share = shares(now.log_w);
    const weighted = moments(now.z, d, dims, share);
    boxes.push(field ? field.box() : around([weighted]));
    if (now.code)
      boxes.push([
        [now.code[0], now.code[0]],
        [now.code[1], now.code[1]],
      ]);
    const [x, y] = union(boxes).map((r) => range(r, 0.05));
    const titles = dims.map((j) => `z${"₀₁₂₃₄₅₆₇₈₉"[j + 1] ?? j + 1}`);
    const axes = frame(this.canvases[0], { x, y, titles, square: true }, theme);
    const { encoder } = theme;
    inside(axes, () => {
      if (!field) {
        const top = Math.max(...share);
        for (let s = 0; s < share.length; s++) {
          dot(
            axes,
            dims.map((j) => now.z[s * d + j]),
            {
              colour: encoder,
              size: 1 + 6 * Math.sqrt(share[s] / top),
              alpha: 0.5 * this.strength("importance", "bound"),
            },
          );
        }
        ellipse(axes, weighted.at, weighted.matrix, {
          colour: theme.ink,
          dash: [4, 3],
          alpha: this.strength("posterior", "log_px"),
        });
      } else field.draw(axes, theme.ink, this.strength("log_px", "posterior", "kl"));
      const alpha = this.strength("q", "elbo", "kl", "rate");
      ellipse(axes, here.at, here.matrix, { colour: encoder, sigmas: [1, 2, 3], fill: true, alpha });
      dot(axes, here.at, { colour: encoder, size: 3, alpha });
      if (now.code) words(axes, "×", axes.X(now.code[0]), axes.Y(now.code[1]) + 4, theme.decoder, "center");
    });
    // what tests ask for: the 1-sigma ellipse that is drawn, in latent units
    this.outline = ellipsePoints(here.at, here.matrix, 1);
  }

  // One latent: densities as curves.
  /** @param {Theme} theme @param {ImageNumbers} now */
  curve(theme, now) {
    const { density, corner, basis } = now;
    if (!density || !corner || !basis) return;
    const [m, s] = [now.mean[0], Math.sqrt(now.covariance[0])];
    const z = Array.from(density, (_, i) => corner[0] + i * basis[0]);
    const truth = z.map((v, i) => [v, Math.exp(density[i])]);
    /** @param {number} v */
    const normal = (v) => Math.exp(-0.5 * ((v - m) / s) ** 2) / (s * Math.sqrt(2 * Math.PI));
    const x = range([...z, m - 3 * s, m + 3 * s], 0);
    const own = Array.from({ length: 160 }, (_, k) => x[0] + ((x[1] - x[0]) * k) / 159).map((v) => [v, normal(v)]);
    const y = [0, 1.08 * Math.max(...truth.map((p) => p[1]), ...own.map((p) => p[1]))];
    const axes = frame(this.canvases[0], { x, y, titles: ["z", say("density")] }, theme);
    inside(axes, () => {
      line(axes, truth, { colour: theme.ink, alpha: this.strength("log_px", "posterior", "kl") });
      line(axes, own, { colour: theme.encoder, width: 2, alpha: this.strength("q", "elbo", "kl") });
    });
  }

  // From the ELBO up to the truth, and how far K samples and a better q come.
  /** @param {Theme} theme @param {ImageNumbers} now @param {ReturnType<typeof bound>} found */
  drawBars(theme, now, found) {
    const { walk } = this.page;
    const { numbers } = now;
    const truth = numbers.log_px;
    const values = [numbers.elbo, found.value, truth ?? found.value];
    const best = walk && walk.image === now.image ? walk.numbers.best : null;
    if (best !== null) values.push(best);
    const [low, high] = range(values, 0.35);
    /** @type {[string, number, string, string, number?][]} */
    const rows = [["ELBO", numbers.elbo, theme.muted, "elbo", numbers.elbo_se]];
    if (best !== null) rows.push([say("best q"), best, theme.encoder, "q"]);
    rows.push([`L, K = ${this.k}`, found.value, theme.rate, "bound", found.se]);
    const axes = frame(this.bars, { x: [low, high], y: [0, rows.length], titles: ["nats", ""], rows: true }, theme);
    inside(axes, (context) => {
      rows.forEach(([name, value, colour, term, se], k) => {
        const top = axes.Y(rows.length - k) + 4;
        const tall = axes.area.height / rows.length - 8;
        context.globalAlpha = 0.38 * this.strength(term);
        context.fillStyle = colour;
        context.fillRect(axes.area.left, top, axes.X(value) - axes.area.left, tall);
        context.globalAlpha = 1;
        if (se !== undefined && Number.isFinite(se)) {
          context.fillStyle = theme.ink;
          context.fillRect(
            axes.X(value - se),
            top + tall / 2 - 0.5,
            Math.max(axes.X(value + se) - axes.X(value - se), 1),
            1,
          );
        }
        words(axes, `${name} ${fixed2(value)}`, axes.area.left + 6, top + tall / 2 + 4);
      });
      if (truth !== undefined) {
        line(
          axes,
          [
            [truth, 0],
            [truth, rows.length],
          ],
          { colour: theme.ink, width: 2, alpha: this.strength("log_px") },
        );
        words(axes, "log p(x)", axes.X(truth) - 4, axes.area.top + 12, theme.ink, "right");
      }
    });
    this.barsCaption.textContent =
      truth === undefined
        ? say("Lower bounds of log p(x), ± standard error")
        : say("Lower bounds of log p(x), and log p(x)");
  }
}

/** @param {Tight} chapter */
const header = (chapter) => chapter.page.header.probabilistic;

export { Tight };
