import { minus } from "./shared.js";

// What everything that draws shares: sharp canvases, ticks, and numbers for people.

const whole = (x) => Math.round(x).toLocaleString("en");

// Nats with as many digits as they bear; a dash where there is none.
function nats(x) {
  if (!Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  return minus(x.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : 2));
}

// Give a canvas as many pixels as the screen has there, and return {context, width, height} in CSS pixels, emptied.
function fresh(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Round values between low and high, about `count` of them, and the digits that tell them apart.
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return { values: [], digits: 0 };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
  const values = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; k++) values.push(k * step);
  return { values, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// Move values towards others, most of the way within `time` seconds; returns whether they are still on their way.
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

// The colours of a node's surroundings, with a key that changes where any of them does.
function themeOf(node) {
  const style = getComputedStyle(node);
  const mixed = (share) => `color-mix(in srgb, ${style.color} ${share}%, transparent)`;
  const paper = style.getPropertyValue("--st-background-color") || "#fff";
  return {
    key: style.color + paper + style.fontFamily,
    paper,
    ink: style.color,
    font: style.fontFamily,
    muted: mixed(64),
    grid: mixed(9),
    line: style.getPropertyValue("--st-border-color") || mixed(25),
  };
}

export { ease, fresh, nats, themeOf, ticks, whole };
