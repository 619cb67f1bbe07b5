import { clipped, ease, fresh, whole } from "./drawing.js";
import { say } from "./say.js";
import { TAU } from "./shared.js";
import { border, grid, ticks, title } from "./ticks.js";

// Draws distortion, rate and their sum against the step, with a cursor. Lines are drawn once and kept; a frame of the
// film only lays the cursor over them.

const EDGE = { left: 44, right: 8, top: 6, bottom: 30 };
const GAP = 12; // pixels between the two panels
const SHARE = 0.64; // of the height for the upper panel, where there are two
const BORN = { linear: 0.08, log: 0.4 }; // of the axis: what happens before does not decide how high the panel is
const SETTLE = 0.12; // seconds in which a range follows
const SPACING = 9; // pixels between two validation points
const BIN = 5; // pixels over which denser records are averaged
const AIR = 0.07; // of the range above and below

/** @type {{values: number[], digits: number}} */
const NONE = { values: [], digits: 0 };

class Curves {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.kept = document.createElement("canvas");
    this.log = false;
    /** @type {Record<"train" | "valid", Split> | null} */
    this.history = null;
    /** @type {CurveName[][]} */
    this.panels = [];
    this.end = 1; // the newest step
    /** @type {number[] | null} */
    this.ranges = null;
    /** @type {number[][] | null} */
    this.goals = null;
    this.stale = true;
    this.size = "";
    /** @type {Theme | null} */
    this.theme = null;
  }

  reset() {
    this.history = null;
    this.ranges = null;
    this.stale = true;
  }

  // Arrays by name: step, distortion, rate, valid_step, valid_distortion, valid_rate; `last` is the newest frame's
  // step.
  /** @param {FilmHistory} history @param {boolean} probabilistic @param {number} last */
  set(history, probabilistic, last) {
    /** @param {Float32Array} a @param {Float32Array} b */
    const sum = (a, b) => a.map((v, i) => v + b[i]);
    /** @param {Int32Array} step @param {Float32Array} distortion @param {Float32Array} rate */
    const split = (step, distortion, rate) => ({ step, distortion, rate, elbo: sum(distortion, rate) });
    this.history = {
      train: split(history.step, history.distortion, history.rate),
      valid: split(history.valid_step, history.valid_distortion, history.valid_rate),
    };
    this.panels = probabilistic ? [["elbo", "distortion"], ["rate"]] : [["distortion"]];
    this.end = Math.max(1, last, history.step.at(-1) ?? 0, history.valid_step.at(-1) ?? 0);
    this.goals = null;
    this.stale = true;
  }

  /** @param {boolean} log */
  toggle(log) {
    this.log = log;
    this.ranges = this.goals = null; // another axis is another picture: no easing between them
    this.stale = true;
  }

  /** @param {number} step */
  warp(step) {
    return this.log ? Math.log1p(step) : step;
  }

  // The pixel of a step; the axis goes from 0 to the newest step.
  /** @param {number} step */
  x(step) {
    const width = this.canvas.clientWidth - EDGE.left - EDGE.right;
    return EDGE.left + (this.warp(step) / (this.ranges?.[0] ?? this.warp(this.end))) * width;
  }

  /** @param {number} px */
  stepAt(px) {
    const width = this.canvas.clientWidth - EDGE.left - EDGE.right;
    const share = Math.min(Math.max((px - EDGE.left) / width, 0), 1);
    const warped = share * (this.ranges?.[0] ?? this.warp(this.end));
    return Math.min(this.log ? Math.expm1(warped) : warped, this.end);
  }

  // The values at a step: of the nearest record, and of the last validation before it; null without records.
  /** @param {number} step @returns {Record<CurveName, number[]> | null} */
  valuesAt(step) {
    if (!this.history) return null;
    const { train, valid } = this.history;
    /** @param {Int32Array} steps */
    const below = (steps) => {
      let [low, high] = [0, steps.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (steps[middle] <= step) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    };
    let i = below(train.step);
    if (i + 1 < train.step.length && (i < 0 || train.step[i + 1] - step < step - train.step[i])) i++;
    const j = below(valid.step);
    return {
      elbo: [train.elbo[i], valid.elbo[j]],
      distortion: [train.distortion[i], valid.distortion[j]],
      rate: [train.rate[i], valid.rate[j]],
    };
  }

  // The range of a panel's values, without the fall from the height of the first steps.
  /** @param {CurveName[]} names */
  span(names) {
    const splits = Object.values(this.history ?? {});
    const after = (this.log ? BORN.log : BORN.linear) * this.warp(this.end);
    let [low, high] = [Infinity, -Infinity];
    for (const name of names) {
      for (const { step: steps, [name]: values } of splits) {
        // a run that has just begun has nothing else to show
        const from = Math.min(
          steps.findIndex((s) => this.warp(s) >= after),
          Math.max(0, steps.length - 6),
        );
        for (let i = Math.max(from, 0); i < values.length; i++) {
          if (values[i] < low) low = values[i];
          if (values[i] > high) high = values[i];
        }
      }
    }
    if (low > high) return [0, 1];
    const air = AIR * (high - low) || 1;
    // a rate near zero is shown as near zero
    return [low >= 0 && low - air < 0 ? 0 : low - air, high + air];
  }

  /** @param {number} height */
  boxes(height) {
    const [top, bottom] = [EDGE.top, height - EDGE.bottom];
    if (this.panels.length === 1) return [[top, bottom]];
    const middle = top + SHARE * (bottom - top - GAP);
    return [
      [top, middle],
      [middle + GAP, bottom],
    ];
  }

  // Draw with the cursor at a step, or none; returns whether the ranges still move.
  /** @param {number | null} step @param {number} seconds @param {boolean} reduceMotion @param {Theme} theme */
  draw(step, seconds, reduceMotion, theme) {
    const { canvas, history } = this;
    let moving = false;
    if (history) {
      const goals = (this.goals ??= [[this.warp(this.end)], ...this.panels.map((panel) => this.span(panel))]);
      if (!this.ranges || reduceMotion || this.ranges.length !== goals.flat().length) this.ranges = goals.flat();
      else moving = this.follow(this.ranges, goals, seconds);
      const size = `${canvas.clientWidth}x${canvas.clientHeight}@${window.devicePixelRatio}`;
      if (this.stale || moving || size !== this.size || theme !== this.theme) {
        this.size = size;
        this.theme = theme;
        this.stale = moving;
        this.lines(history, theme);
      }
    }
    const { context, width, height } = fresh(canvas);
    if (!history) return false;
    context.drawImage(this.kept, 0, 0, width, height);
    if (step !== null) this.cursor(context, step, height, theme);
    return moving;
  }

  /** @param {number[]} ranges @param {number[][]} goals @param {number} seconds */
  follow(ranges, goals, seconds) {
    let [moving, at] = [false, 0];
    for (const goal of goals) {
      const part = ranges.slice(at, at + goal.length);
      moving = ease(part, goal, seconds, SETTLE) || moving;
      ranges.splice(at, goal.length, ...part);
      at += goal.length;
    }
    return moving;
  }

  /** @param {number} k */
  range(k) {
    return (this.ranges ?? []).slice(1 + 2 * k, 3 + 2 * k);
  }

  /** @param {Record<"train" | "valid", Split>} history @param {Theme} theme */
  lines(history, theme) {
    const { context, width, height } = fresh(this.kept, this.canvas.clientWidth, this.canvas.clientHeight);
    context.font = `12px ${theme.font}`;
    const right = width - EDGE.right;
    this.boxes(height).forEach(([top, bottom], k) => {
      const [low, high] = this.range(k);
      /** @param {number} v */
      const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
      const area = { left: EDGE.left, top, width: right - EDGE.left, height: bottom - top };
      context.lineWidth = 1;
      const up = { ...(history.train.step.length ? ticks(low, high, area.height / 24) : NONE), place: y, room: [5, 2] };
      grid(context, area, { up }, theme);
      border(context, area, theme.line);
      // the last point whole
      clipped(context, { ...area, width: area.width + 4 }, () => {
        if (k === 0 && this.panels.length > 1) this.band(context, history.train, y, theme);
        for (const name of this.panels[k]) this.line(context, history, name, y, theme);
      });
      title(context, "nats", area, null, theme.ink);
    });
    this.steps(context, height, right, history.train.step.length > 0, theme);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} height @param {number} right @param {boolean} recorded
   * @param {Theme} theme
   */
  steps(context, height, right, recorded, theme) {
    context.fillStyle = theme.muted;
    context.textAlign = "right";
    context.fillText(say("○ validation"), right, height - 2);
    context.textAlign = "center";
    context.fillText(this.log ? say("step, logarithmic") : say("step"), (EDGE.left + right) / 2, height - 2);
    if (!recorded) return;
    let values = ticks(0, this.end, (right - EDGE.left) / 80).values.filter(Number.isInteger);
    if (this.log) values = [0, ...Array.from({ length: 9 }, (_, k) => 10 ** k)].filter((v) => v <= this.end);
    let reach = -Infinity;
    for (const value of values) {
      const [x, text] = [this.x(value), whole(value)];
      const half = context.measureText(text).width / 2;
      if (x - half < reach || x + half > right + EDGE.right) continue;
      context.fillText(text, x, height - EDGE.bottom + 14);
      reach = x + half + 8;
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {ArrayLike<number>} steps @param {ArrayLike<number>} values
   * @param {(value: number) => number} y
   */
  trace(context, steps, values, y) {
    let drawing = false;
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) drawing = false;
      else if (drawing) context.lineTo(this.x(steps[i]), y(values[i]));
      else {
        context.moveTo(this.x(steps[i]), y(values[i]));
        drawing = true;
      }
    }
  }

  // Means over a few pixels, with their mean steps: where records are denser, noise would hide the trend.
  /** @param {ArrayLike<number>} steps @param {ArrayLike<number>} values */
  means(steps, values) {
    /** @type {number[][]} */
    const [means, places] = [[], []];
    for (let i = 0; i < steps.length; ) {
      const end = this.x(steps[i]) + BIN;
      let [sum, at, n] = [0, 0, 0];
      do {
        sum += values[i];
        at += steps[i];
        n++;
      } while (++i < steps.length && this.x(steps[i]) < end);
      means.push(sum / n);
      places.push(at / n);
    }
    return [means, places];
  }

  // Between distortion and −ELBO lies the rate.
  /**
   * @param {CanvasRenderingContext2D} context @param {Split} train @param {(value: number) => number} y
   * @param {Theme} theme
   */
  band(context, train, y, theme) {
    const [[elbo, step], [distortion]] = [train.elbo, train.distortion].map((values) => this.means(train.step, values));
    const shown = [...step.keys()].filter((i) => Number.isFinite(elbo[i]) && Number.isFinite(distortion[i]));
    context.beginPath();
    for (const i of shown) context.lineTo(this.x(step[i]), y(elbo[i]));
    for (const i of shown.reverse()) context.lineTo(this.x(step[i]), y(distortion[i]));
    context.closePath();
    context.globalAlpha = 0.2;
    context.fillStyle = theme.rate;
    context.fill();
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Record<"train" | "valid", Split>} history
   * @param {CurveName} name @param {(value: number) => number} y @param {Theme} theme
   */
  line(context, { train, valid }, name, y, theme) {
    const hue = { elbo: theme.ink, distortion: theme.distortion, rate: theme.rate }[name];
    context.lineJoin = "round";
    /**
     * @param {ArrayLike<number>} steps @param {ArrayLike<number>} values @param {string} colour
     * @param {number} thickness
     */
    const draw = (steps, values, colour, thickness) => {
      context.beginPath();
      this.trace(context, steps, values, y);
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.stroke();
    };
    const [means, places] = this.means(train.step, train[name]);
    if (means.length < train.step.length) {
      context.globalAlpha = 0.3;
      draw(train.step, train[name], hue, 1);
      context.globalAlpha = 1;
    }
    draw(places, means, hue, 2);
    const { step: steps, [name]: values } = valid;
    context.lineWidth = 1;
    context.fillStyle = theme.paper;
    context.strokeStyle = hue;
    // from the newest backwards, as many as do not run into each other
    for (let i = steps.length - 1, last = Infinity; i >= 0; i--) {
      const x = this.x(steps[i]);
      if (!Number.isFinite(values[i]) || last - x < SPACING) continue;
      last = x;
      context.beginPath();
      context.arc(x, y(values[i]), 2.25, 0, TAU);
      context.fill();
      context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} step @param {number} height @param {Theme} theme */
  cursor(context, step, height, theme) {
    const x = Math.round(this.x(step)) + 0.5;
    context.strokeStyle = theme.ink;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, EDGE.top);
    context.lineTo(x, height - EDGE.bottom + 3);
    context.stroke();
    const values = this.valuesAt(step);
    if (!values) return;
    this.boxes(height).forEach(([top, bottom], k) => {
      const [low, high] = this.range(k);
      for (const name of this.panels[k]) {
        const y = bottom - ((values[name][0] - low) / (high - low)) * (bottom - top);
        if (!(y >= top && y <= bottom)) continue;
        context.beginPath();
        context.arc(x, y, 3, 0, TAU);
        context.fillStyle = { elbo: theme.ink, distortion: theme.distortion, rate: theme.rate }[name];
        context.fill();
      }
    });
  }
}

export { Curves };
