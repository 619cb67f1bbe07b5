import { minus, TAU } from "./shared.js";

// Draws what stands around a plot: ticks at round numbers with grid lines, the border, and the axes' titles.

/**
 * Round values between low and high, about `count` of them, and the digits that tell them apart.
 *
 * @param {number} low @param {number} high @param {number} count
 * @returns {{values: number[], digits: number}}
 */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return { values: [], digits: 0 };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough * 0.999) ?? 10);
  const values = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; k++) values.push(k * step);
  return { values, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/**
 * Draw a hairline across the area at each value of the axes, and its number below the area or left of it.
 *
 * @param {CanvasRenderingContext2D} context @param {Area} area
 * @param {{across?: Axis, up?: Axis}} axes the one below the area and the one beside it
 * @param {Theme} theme
 */
function grid(context, area, { across, up }, theme) {
  const [right, bottom] = [area.left + area.width, area.top + area.height];
  context.strokeStyle = theme.grid;
  context.fillStyle = theme.muted;
  context.beginPath(); // one path of both, so that a crossing is no darker than a line
  if (across) {
    context.textAlign = "center";
    each(across, area.left, right, (x, text) => {
      if (text !== null) context.fillText(text, x, bottom + 14);
      if (x < area.left || x > right) return;
      context.moveTo(x, area.top);
      context.lineTo(x, bottom);
    });
  }
  if (up) {
    context.textAlign = "right";
    each(up, area.top, bottom, (y, text) => {
      if (text !== null) context.fillText(text, area.left - 5, y + 4);
      if (y < area.top || y > bottom) return;
      context.moveTo(area.left, y);
      context.lineTo(right, y);
    });
  }
  context.stroke();
}

/**
 * Call draw(pixel, text) for each tick; the text is null where a number would stick out, as `room` says.
 *
 * @param {Axis} axis @param {number} from @param {number} to @param {(at: number, text: string | null) => void} draw
 */
function each({ values, digits, names, place, room = [0, 0] }, from, to, draw) {
  values.forEach((value, k) => {
    const at = Math.round(place(value)) + 0.5;
    const shown = (room[0] === 0 || at > from + room[0]) && (room[1] === 0 || at < to - room[1]);
    draw(at, shown ? (names?.[k] ?? minus(value.toFixed(digits))) : null);
  });
}

/** @param {CanvasRenderingContext2D} context @param {Area} area @param {string} colour */
function border(context, { left, top, width, height }, colour) {
  context.strokeStyle = colour;
  context.strokeRect(left + 0.5, Math.round(top) + 0.5, width - 1, Math.round(height) - 1);
}

/**
 * Write an axis' title: at a baseline under the middle of the area, or (null) beside it from below upwards.
 *
 * @param {CanvasRenderingContext2D} context @param {string} text @param {Area} area
 * @param {number | null} baseline @param {string} colour
 */
function title(context, text, { left, top, width, height }, baseline, colour) {
  context.save();
  context.fillStyle = colour;
  context.textAlign = "center";
  if (baseline !== null) context.fillText(text, left + width / 2, baseline);
  else {
    context.translate(10, top + height / 2);
    context.rotate(-TAU / 4);
    context.fillText(text, 0, 0);
  }
  context.restore();
}

export { border, grid, ticks, title };
