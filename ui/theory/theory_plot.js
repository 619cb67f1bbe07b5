import { clipped, fresh, rimmed } from "../js/drawing.js";
import { border, grid, ticks, title } from "../js/ticks.js";

// Draws axes, lines, dots and text of the Theory page's plots.

const EDGE = { left: 46, right: 8, top: 8, bottom: 34 };

// `x` and `y` are [low, high]; `names` what stands at the ticks of x instead of numbers;
// `rows` leaves the ticks of y out. Returns {context, X, Y, area}.
/** @param {HTMLCanvasElement} canvas @param {PlotAxes} about @param {Theme} theme @returns {Frame} */
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
  /** @param {number} v */
  const X = (v) => area.left + ((v - x0) / (x1 - x0)) * area.width;
  /** @param {number} v */
  const Y = (v) => area.top + ((y1 - v) / (y1 - y0)) * area.height;
  context.font = `12px ${theme.font}`;
  context.lineWidth = 1;
  const named = names && { values: names.map(([v]) => v), digits: 0, names: names.map(([, text]) => text) };
  const axes = {
    across: { ...(named ?? ticks(x0, x1, area.width / 70)), place: X },
    up: rows ? undefined : { ...ticks(y0, y1, area.height / 45), place: Y },
  };
  grid(context, area, axes, theme);
  border(context, area, theme.line);
  title(context, titles[0], area, height - 4, theme.muted);
  title(context, titles[1], area, null, theme.muted);
  return { context, X, Y, area, x: [x0, x1], y: [y0, y1], theme };
}

// Draw only inside of the axes.
/** @param {Frame} frame @param {(context: CanvasRenderingContext2D) => void} draw */
const inside = ({ context, area }, draw) => clipped(context, area, draw);

/**
 * @param {{context: CanvasRenderingContext2D, X: (value: number) => number, Y: (value: number) => number}} about
 * @param {number[][]} points @param {{colour: string, width?: number, dash?: number[], alpha?: number}} about
 */
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

// Words that are legible on anything.
/**
 * @param {{context: CanvasRenderingContext2D, theme: Theme}} about @param {string} text @param {number} x
 * @param {number} y @param {string} [colour] @param {CanvasTextAlign} [align]
 */
function words({ context, theme }, text, x, y, colour = theme.ink, align = "left") {
  context.font = `12px ${theme.font}`;
  context.textAlign = align;
  rimmed(context, text, x, y, theme, colour);
}

// Low and high of values with some air, without what is not finite.
/** @param {number[]} values @param {number} [air] */
function range(values, air = 0.08) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = (high - low || 1) * air;
  return [low - room, high + room];
}

export { dot, frame, inside, line, range, words };
