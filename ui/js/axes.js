import { clipped, fresh, rimmed } from "./drawing.js";
import { minus, TAU } from "./shared.js";
import { border, grid, ticks, title } from "./ticks.js";

// Draws what lies around and over a cloud of points: grid lines, ticks, the prior's rings, and class names at medians.

const APART = [9, 18]; // pixels between two glyphs: below, both are hidden; above, both are seen
const MARGIN = { left: 38, right: 1, top: 1, bottom: 38 }; // film.css puts the cloud's canvas into them
const NO_MARGIN = { left: 0, right: 0, top: 0, bottom: 0 };
const [LINE, LETTER] = [20, 11]; // pixels of a class name: its line, and the width of a letter
const INSET = 40; // pixels from the left edge within which no number stands above: those beside the map do

class Axes {
  // `inside`: the plane fills the canvas, and the numbers stand within it, at its upper and left edge.
  /** @param {HTMLCanvasElement} canvas @param {boolean} [inside] */
  constructor(canvas, inside = false) {
    this.canvas = canvas;
    this.inside = inside;
    this.sigmas = true; // whether rings are named
    this.bare = false; // whether class names are large and nothing else is written
  }

  // The part of the canvas that shows the plane, in pixels.
  area() {
    const { left, right, top, bottom } = this.inside ? NO_MARGIN : MARGIN;
    return {
      left,
      top,
      width: this.canvas.clientWidth - left - right,
      height: this.canvas.clientHeight - top - bottom,
    };
  }

  // Pixel position, from the canvas' corner, of a point of the plane.
  /** @param {View} view @param {number} x @param {number} y @returns {[number, number]} */
  place(view, x, y) {
    const { left, top, width, height } = this.area();
    return [left + ((x - view[0]) / (view[1] - view[0])) * width, top + ((view[3] - y) / (view[3] - view[2])) * height];
  }

  // `count` says how many points there are, where that fits; `rows` names the rows of a one-dimensional film, in place
  // of a second axis; `glyphs` are {text, x, y, strength}.
  /**
   * @param {View} view
   * @param {{titles: string[], count: string, rings: number[] | null, rows: string[] | null, glyphs: Glyph[]}} about
   * @param {Theme} theme
   */
  draw(view, { titles, count, rings, rows, glyphs }, theme) {
    const { context, height } = fresh(this.canvas);
    const area = this.area();
    const right = area.left + area.width;
    context.font = `12px ${theme.font}`;
    context.lineWidth = 1;
    const across = { ...ticks(view[0], view[1], area.width / 60), room: [0, 8] };
    const up = { ...ticks(view[2], view[3], area.height / 60), room: [8, 4] };
    /** @type {{across: Axis, up?: Axis}} */
    const axes = {
      across: { ...across, place: (v) => this.place(view, v, 0)[0] },
      up: rows ? undefined : { ...up, place: (v) => this.place(view, 0, v)[1] },
    };
    if (this.bare) border(context, area, theme.line);
    else if (this.inside) insideGrid(context, area, axes, theme);
    else grid(context, area, axes, theme);
    clipped(context, area, () => {
      if (rings) this.rings(context, view, rings, rows, theme);
      (rows ?? []).forEach((name, k, { length }) => {
        context.textAlign = "left";
        rimmed(context, name, area.left + 6, this.place(view, 0, 1 - (2 * k + 1) / length)[1] + 4, theme);
      });
      for (const glyph of glyphs) this.glyph(context, glyph, theme);
    });
    if (this.inside) return;
    border(context, area, theme.line);
    title(context, titles[0], area, height - 5, theme.ink);
    if (context.measureText(titles[0]).width / 2 + context.measureText(count).width + 12 < area.width / 2) {
      context.textAlign = "right";
      context.fillStyle = theme.muted;
      context.fillText(count, right, height - 5);
    }
    title(context, titles[1], area, null, theme.ink);
  }

  // One, two and three standard deviations of the prior; in one dimension they are lines.
  /**
   * @param {CanvasRenderingContext2D} context @param {number[]} view @param {number[]} place
   * @param {string[] | null} rows
   * @param {Theme} theme
   */
  rings(context, view, [x, y], rows, theme) {
    for (const k of [1, 2, 3]) {
      context.setLineDash(k === 1 ? [] : [2, 3]);
      context.strokeStyle = theme.prior;
      context.beginPath();
      if (rows) {
        for (const sign of [-1, 1]) {
          const at = Math.round(this.place(view, x + sign * k, 0)[0]) + 0.5;
          context.moveTo(at, 0);
          context.lineTo(at, this.canvas.clientHeight);
        }
      } else {
        const [cx, cy] = this.place(view, x, y);
        const [rx, ry] = [this.place(view, x + k, y)[0] - cx, cy - this.place(view, x, y + k)[1]];
        if (rx <= 0 || ry <= 0) continue; // the page is still being laid out, and there is no room yet
        context.ellipse(cx, cy, rx, ry, 0, 0, TAU);
      }
      context.stroke();
      if (!this.sigmas || this.bare) continue;
      const corner = Math.SQRT1_2 * k;
      const [tx, ty] = rows ? [this.place(view, x + k, 0)[0] - 3, 14] : this.place(view, x + corner, y - corner);
      context.textAlign = rows ? "right" : "center";
      rimmed(context, `${k}σ`, tx, ty + 4, theme);
    }
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Glyph} about @param {Theme} theme
   */
  glyph(context, { text, at: [px, py], strength }, theme) {
    context.save();
    context.globalAlpha = strength;
    context.textAlign = "center";
    const large = this.bare ? Math.round(0.036 * window.innerHeight) : 17;
    context.font = `700 ${large}px ${theme.font}`;
    rimmed(context, text, px, py + 6, theme);
    context.restore();
  }
}

// Hairlines, and numbers at the upper and the left edge that are legible on points.
/**
 * @param {CanvasRenderingContext2D} context @param {Area} area @param {{across: Axis, up?: Axis}} axes
 * @param {Theme} theme
 */
function insideGrid(context, area, { across, up }, theme) {
  const bare = { ...across, names: across.values.map(() => "") };
  grid(context, area, { across: bare, up: up && { ...up, names: up.values.map(() => "") } }, theme);
  /** @param {number} value @param {number} digits */
  const text = (value, digits) => minus((value + 0).toFixed(digits));
  context.textAlign = "center";
  for (const value of across.values) {
    const x = across.place(value);
    if (x > INSET && x < area.width - INSET) rimmed(context, text(value, across.digits), x, 16, theme, theme.muted);
  }
  context.textAlign = "left";
  for (const value of up?.values ?? []) {
    const y = up?.place(value) ?? 0;
    if (y > INSET && y < area.height - 2 * INSET)
      rimmed(context, text(value, up?.digits ?? 0), 8, y - 4, theme, theme.muted);
  }
}

// Glyphs with their strength: where two names would cover each other, both fade; `solo` is seen alone.
/** @param {Omit<Glyph, "strength">[]} glyphs @param {number | null} solo @returns {Glyph[]} */
function fade(glyphs, solo) {
  const [near, far] = APART;
  return glyphs.map((glyph) => {
    let gap = Infinity;
    for (const other of glyphs) {
      if (other === glyph) continue;
      // a line of text is wider than it is high
      const wide = (glyph.text.length + other.text.length) / 2;
      gap = Math.min(gap, Math.hypot((glyph.at[0] - other.at[0]) / wide, glyph.at[1] - other.at[1]));
    }
    const apart = Math.min(Math.max((gap - near) / (far - near), 0), 1);
    return { ...glyph, strength: solo === glyph.k ? 1 : apart * (solo === null ? 1 : 0.3) };
  });
}

// The same, all seen: names move up so that none covers another, the lowest first.
/** @param {Omit<Glyph, "strength">[]} glyphs @param {number | null} solo @returns {Glyph[]} */
function spread(glyphs, solo) {
  /** @type {Glyph[]} */
  const placed = [];
  for (const glyph of [...glyphs].sort((a, b) => b.at[1] - a.at[1])) {
    let [x, y] = glyph.at;
    for (const { text, at } of placed)
      if (Math.abs(x - at[0]) < (LETTER * (text.length + glyph.text.length)) / 2) y = Math.min(y, at[1] - LINE);
    placed.push({ ...glyph, at: [x, y], strength: solo === null || solo === glyph.k ? 1 : 0.3 });
  }
  return placed;
}

export { Axes, fade, spread };
