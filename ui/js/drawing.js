import { context2d, minus, seen } from "./shared.js";

// Helpers of all drawings: sharp canvases, readable text, easing, and numbers as text.

/** @param {number} x */
const whole = (x) => Math.round(x).toLocaleString("en");

// Nats with as many digits as they bear; a dash where there is none.
/** @param {number} x */
function nats(x) {
  if (!Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  return minus(x.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : 2));
}

// Give a canvas as many pixels as the screen has there, and return {context, width, height} in CSS pixels, emptied.
/** @param {HTMLCanvasElement} canvas @param {number} [width] @param {number} [height] */
function fresh(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = context2d(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Move values towards others, most of the way within `time` seconds; returns whether they still move.
/** @param {number[]} values @param {number[]} goals @param {number} seconds @param {number} time */
function ease(values, goals, seconds, time) {
  const share = 1 - Math.exp(-seconds / time);
  const span = Math.abs(goals[1] - goals[0]) || 1;
  let moving = false;
  for (let k = 0; k < goals.length; k++) {
    values[k] += (goals[k] - values[k]) * share;
    if (Math.abs(goals[k] - values[k]) < 5e-4 * span) values[k] = goals[k];
    else moving = true;
  }
  return moving;
}

const ROLES = ["encoder", "decoder", "prior", "rate", "distortion"]; // of palette.py's style sheet

// The colours of a node's surroundings, with a key that changes where any of them does.
/** @param {Element} node @returns {Theme} */
function themeOf(node) {
  const style = getComputedStyle(node);
  /** @param {number} share */
  const mixed = (share) => `color-mix(in srgb, ${style.color} ${share}%, transparent)`;
  const paper = style.getPropertyValue("--st-background-color") || "#fff";
  const dark = (style.color.match(/\d+/g) ?? ["0"]).slice(0, 3).every((v) => Number(v) > 128);
  const roles = ROLES.map((name) => [name, seen(style.getPropertyValue(`--${name}`), dark) || style.color]);
  return {
    key: style.color + paper + style.fontFamily,
    dark,
    paper,
    ink: style.color,
    font: style.fontFamily,
    muted: seen(style.getPropertyValue("--caption"), dark) || mixed(70),
    grid: mixed(9),
    line: style.getPropertyValue("--st-border-color") || mixed(25),
    ...Object.fromEntries(roles),
  };
}

// Draw only inside of an area.
/**
 * @param {CanvasRenderingContext2D} context @param {Area} area
 * @param {(context: CanvasRenderingContext2D) => void} draw
 */
function clipped(context, { left, top, width, height }, draw) {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  draw(context);
  context.restore();
}

// Text with a rim of the paper's colour, so that it is legible on anything; font and anchor are the context's.
/**
 * @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y
 * @param {Theme} theme @param {string} [colour]
 */
function rimmed(context, text, x, y, theme, colour = theme.ink) {
  context.save();
  context.setLineDash([]);
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = theme.paper;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
  context.restore();
}

export { clipped, ease, fresh, nats, rimmed, themeOf, whole };
