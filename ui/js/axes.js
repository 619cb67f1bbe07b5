import { clipped, fresh, rimmed } from "./drawing.js";
import { TAU } from "./shared.js";
import { border, grid, ticks, title } from "./ticks.js";

// Draws what lies around and over a cloud of points: grid lines, ticks, the prior's rings, and class names at medians.

const APART = [9, 18]; // pixels between two glyphs: below, both are hidden; above, both are seen
const MARGIN = { left: 38, right: 1, top: 1, bottom: 38 }; // film.css puts the cloud's canvas into them

class Axes {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  // The part of the canvas that shows the plane, in pixels.
  area() {
    const { left, right, top, bottom } = MARGIN;
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
    grid(context, area, axes, theme);
    clipped(context, area, () => {
      if (rings) this.rings(context, view, rings, rows, theme);
      (rows ?? []).forEach((name, k, { length }) => {
        context.textAlign = "left";
        rimmed(context, name, area.left + 6, this.place(view, 0, 1 - (2 * k + 1) / length)[1] + 4, theme);
      });
      for (const glyph of glyphs) this.glyph(context, view, glyph, theme);
    });
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
      const corner = Math.SQRT1_2 * k;
      const [tx, ty] = rows ? [this.place(view, x + k, 0)[0] - 3, 14] : this.place(view, x + corner, y - corner);
      context.textAlign = rows ? "right" : "center";
      rimmed(context, `${k}σ`, tx, ty + 4, theme);
    }
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {View} view @param {Glyph} about @param {Theme} theme
   */
  glyph(context, view, { text, x, y, strength }, theme) {
    const [px, py] = this.place(view, x, y);
    context.save();
    context.globalAlpha = strength;
    context.textAlign = "center";
    context.font = `600 14px ${theme.font}`;
    rimmed(context, text, px, py + 5, theme);
    context.restore();
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

export { Axes, fade };
