import { fresh, ticks } from "../js/drawing.js";
import { minus } from "../js/shared.js";

// Axes for the page's pictures: hairlines and ticks, and the way from numbers to pixels.

const EDGE = { left: 46, right: 8, top: 8, bottom: 34 };

// `x` and `y` are [low, high]; `names` what stands at the ticks of x instead of numbers;
// `rows` leaves the ticks of y out. Returns {context, X, Y, area}.
function frame(canvas, { x, y, titles, square = false, names = null, rows = false }, theme) {
  const { context, width, height } = fresh(canvas);
  const area = {
    left: EDGE.left,
    top: EDGE.top,
    width: width - EDGE.left - EDGE.right,
    height: height - EDGE.top - EDGE.bottom,
  };
  let [[x0, x1], [y0, y1]] = [x, y];
  if (square) {
    // equal units on both axes: the narrower range is widened
    const unit = Math.max((x1 - x0) / area.width, (y1 - y0) / area.height) || 1;
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    [x0, x1, y0, y1] = [
      cx - (unit * area.width) / 2,
      cx + (unit * area.width) / 2,
      cy - (unit * area.height) / 2,
      cy + (unit * area.height) / 2,
    ];
  }
  const X = (v) => area.left + ((v - x0) / (x1 - x0)) * area.width;
  const Y = (v) => area.top + ((y1 - v) / (y1 - y0)) * area.height;
  context.font = `11px ${theme.font}`;
  context.lineWidth = 1;
  context.strokeStyle = theme.grid;
  context.fillStyle = theme.muted;
  context.beginPath();
  context.textAlign = "center";
  const across = names ? { values: names.map(([v]) => v), digits: 0 } : ticks(x0, x1, area.width / 70);
  across.values.forEach((v, k) => {
    const px = Math.round(X(v)) + 0.5;
    context.moveTo(px, area.top);
    context.lineTo(px, area.top + area.height);
    context.fillText(names ? names[k][1] : minus(v.toFixed(across.digits)), px, area.top + area.height + 14);
  });
  context.textAlign = "right";
  const up = rows ? { values: [] } : ticks(y0, y1, area.height / 45);
  for (const v of up.values) {
    const py = Math.round(Y(v)) + 0.5;
    context.moveTo(area.left, py);
    context.lineTo(area.left + area.width, py);
    context.fillText(minus(v.toFixed(up.digits)), area.left - 5, py + 4);
  }
  context.stroke();
  context.strokeStyle = theme.line;
  context.strokeRect(area.left + 0.5, area.top + 0.5, area.width - 1, area.height - 1);
  context.textAlign = "center";
  context.fillText(titles[0], area.left + area.width / 2, height - 4);
  context.save();
  context.translate(10, area.top + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(titles[1], 0, 0);
  context.restore();
  return { context, X, Y, area, x: [x0, x1], y: [y0, y1], theme };
}

// Draw only inside of the axes.
function inside({ context, area }, draw) {
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  draw(context);
  context.restore();
}

function line({ context, X, Y }, points, { colour, width = 1.5, dash = [], alpha = 1 }) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.globalAlpha = alpha;
  context.setLineDash(dash);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(X(x), Y(y));
  context.stroke();
  context.restore();
}

/** @param {Frame} frame @param {number[]} place @param {DotStyle} style */
function dot({ context, X, Y }, [x, y], { colour, size = 2, alpha = 1, ring = false }) {
  context.globalAlpha = alpha;
  context.beginPath();
  context.arc(X(x), Y(y), size, 0, 2 * Math.PI);
  context.fillStyle = context.strokeStyle = colour;
  if (ring) context.stroke();
  else context.fill();
  context.globalAlpha = 1;
}

// Words with a rim of paper, so that they are legible on anything.
function words({ context, theme }, text, x, y, colour = theme.ink, align = "left") {
  context.save();
  context.font = `11px ${theme.font}`;
  context.textAlign = align;
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = theme.paper;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
  context.restore();
}

// Low and high of values with some air, without what is not finite.
function range(values, air = 0.08) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = (high - low || 1) * air;
  return [low - room, high + room];
}

export { dot, frame, inside, line, range, words };
