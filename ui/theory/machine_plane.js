import { fresh, rimmed } from "../js/drawing.js";
import { context2d, TAU } from "../js/shared.js";
import { ellipse } from "./theory_plane.js";

// The machine's latent plane: the codes of other images, q(z|x) of this one, and the point z that is decoded, which can
// be dragged, or moved with the arrow keys. One latent is drawn as a line.

const NEAR = 7; // standard deviations of q beside its mean that are seen at first
const LEAST = 0.35; // of the codes' standard deviation, where q is narrower
const STEP = 0.04; // of what is seen, that an arrow key moves; with shift five times that
const GRIP = 9;
const CROWD = 1000; // numbers of dots' places from which dots are small where all are seen

// The part of the plane that is seen: around the mean, wide enough for q and for some neighbours.
/** @param {number[]} mean @param {number[]} scale @param {number[]} spread of the codes @param {boolean} whole */
export function window_(mean, scale, spread, whole) {
  const half = whole
    ? 3.2 * Math.max(...spread)
    : Math.max(NEAR * Math.max(...scale), LEAST * Math.max(...spread), 1e-6);
  return { centre: whole ? mean.map(() => 0) : mean, half, whole };
}

class Plane {
  /** @param {(z: number[], how: {from: "drag" | "key", done: boolean}) => void} moved */
  constructor(moved) {
    this.moved = moved;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "plane";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    /** @type {number[]} */
    this.z = [0, 0];
    this.home = [0, 0];
    this.one = false; // whether there is one latent
    this.seen = { centre: [0, 0], half: 1, whole: false };
    this.dragging = false;
    /** @type {Float32Array} */
    this.dots = new Float32Array(0);
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (e) => {
      this.dragging = true;
      canvas.setPointerCapture(e.pointerId);
      canvas.focus({ preventScroll: true });
      e.preventDefault();
      this.take(e, false);
    });
    canvas.addEventListener("pointermove", (e) => this.dragging && this.take(e, false));
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"]))
      canvas.addEventListener(type, (e) => {
        if (this.dragging) this.take(e, true);
        this.dragging = false;
      });
    canvas.addEventListener("keydown", (e) => this.key(e));
  }

  /** @param {number} width @param {number} height */
  scale(width, height) {
    const unit = Math.min(width, height) / 2 / this.seen.half;
    /** @param {number} x */
    const X = (x) => width / 2 + (x - this.seen.centre[0]) * unit;
    /** @param {number} y */
    const Y = (y) => height / 2 - (y - (this.seen.centre[1] ?? 0)) * unit;
    return { X, Y, unit };
  }

  /** @param {PointerEvent} event @param {boolean} done */
  take(event, done) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const { unit } = this.scale(width, height);
    const x = this.seen.centre[0] + (event.clientX - left - width / 2) / unit;
    const y = this.one ? 0 : this.seen.centre[1] - (event.clientY - top - height / 2) / unit;
    this.moved([x, y], { from: "drag", done });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = STEP * this.seen.half * (event.shiftKey ? 5 : 1);
    /** @type {Record<string, number[]>} */
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const by = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(by || event.key === "Home")) return;
    event.preventDefault();
    event.stopPropagation();
    const z = by ? this.z.map((v, k) => v + (this.one && k ? 0 : by[k])) : [...this.home];
    this.moved(z, { from: "key", done: true });
  }

  /**
   * @param {{covariance: number[] | null, colours: {q: string, p: string}, label: string}} about
   * @param {Theme} theme
   */
  draw({ covariance, colours, label }, theme) {
    const { context, width, height } = fresh(this.canvas);
    const { X, Y } = this.scale(width, height);
    context.strokeStyle = theme.line;
    context.strokeRect(0.5, 0.5, width - 1, height - 1);
    context.fillStyle = theme.muted;
    const size = this.seen.whole && this.dots.length > CROWD ? 1.1 : 2.5;
    for (let i = 0; i < this.dots.length; i += 2) {
      const [x, y] = [X(this.dots[i]), this.one ? 0.8 * height : Y(this.dots[i + 1])];
      if (x < 0 || x > width || y < 0 || y > height) continue;
      context.beginPath();
      if (this.one) context.rect(x, y - 6, 1, 12);
      else context.arc(x, y, size, 0, TAU);
      context.fill();
    }
    if (!label) return; // nothing is encoded yet
    if (covariance && this.one) this.bell(context, covariance[0], X, height, colours.q);
    else if (covariance)
      ellipse({ context, X, Y }, this.home, covariance, { colour: colours.q, sigmas: [1, 2], fill: true });
    else cross(this.canvas, X(this.home[0]), this.one ? 0.5 * height : Y(this.home[1]), colours.q);
    const [x, y] = [X(this.z[0]), this.one ? 0.8 * height : Y(this.z[1])];
    context.beginPath();
    context.arc(x, y, GRIP, 0, TAU);
    context.fillStyle = colours.p;
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = theme.paper;
    context.stroke();
    context.font = `600 15px ${theme.font}`;
    context.textAlign = "left";
    const free = width - context.measureText(label).width - 4;
    const aside = x + 12 <= free; // else the label is below the point, or above it
    const left = aside ? x + 12 : Math.max(4, free);
    rimmed(context, label, left, y > height - 30 ? y - (aside ? 12 : 16) : y + (aside ? 20 : 28), theme);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} variance @param {(x: number) => number} X
   * @param {number} height @param {string} colour
   */
  bell(context, variance, X, height, colour) {
    const sigma = Math.sqrt(variance);
    context.beginPath();
    for (let k = -40; k <= 40; k++) {
      const t = k / 10;
      context.lineTo(X(this.home[0] + t * sigma), height * (0.8 - 0.6 * Math.exp((-t * t) / 2)));
    }
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    context.save();
    context.globalAlpha = 0.14;
    context.fill();
    context.restore();
  }
}

// An autoencoder's code: a point, not a cloud.
/** @param {HTMLCanvasElement} canvas @param {number} x @param {number} y @param {string} colour */
function cross(canvas, x, y, colour) {
  const context = context2d(canvas);
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.beginPath();
  for (const [a, b] of [
    [8, 8],
    [8, -8],
  ]) {
    context.moveTo(x - a, y - b);
    context.lineTo(x + a, y + b);
  }
  context.stroke();
}

export { Plane };
