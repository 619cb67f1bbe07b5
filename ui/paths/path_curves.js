import { clipped, fresh } from "../js/drawing.js";
import { phrase, say } from "../js/say.js";
import { border, grid, ticks } from "../js/ticks.js";

// Draws curves along a path against the share of the way: densities, ELBO, pixel lengths, each value under its frame.
// The lines of the current kind are strong, those of the others faint.

const PANEL = 46; // CSS pixels
const TITLE = 15; // above each panel
const GAP = 5;
const GUTTER = 34; // left of the panels, as in paths.css; the numbers of the axes stand in it
const AIR = 0.12; // of a panel's range, above and below
const DEEP = 30; // nats below the highest at which a density's panel ends: further down all holes are alike
const FAINT = 0.32;

/** @type {{name: PathPanelName, title: string, floor?: number}[]} */
const PANELS = [
  { name: "density", title: phrase("log q(z) —  log p(z) ⋯  nats") },
  { name: "elbo", title: phrase("ELBO of the frame ± s.e., nats") },
  { name: "step", title: phrase("pixel length of each step, √Σ (x′ − x)²"), floor: 0 },
  { name: "near", title: phrase("number of codes within the radius"), floor: 0 },
];

class PathCurves {
  /** @param {HTMLCanvasElement} canvas @param {number} frames */
  constructor(canvas, frames) {
    this.canvas = canvas;
    this.frames = frames;
    /** @type {number | undefined} */
    this.width = undefined;
    // asked for within a frame, after other elements have changed, it would have the whole page laid out twice
    new ResizeObserver(([{ contentRect }]) => (this.width = contentRect.width)).observe(canvas);
  }

  // The pixel of a share of the way: a frame's number stands under the middle of its picture.
  /** @param {number} t @param {number} width */
  x(t, width) {
    return GUTTER + ((width - GUTTER) * (0.5 + t * (this.frames - 1))) / this.frames;
  }

  /** @param {number} px @param {number} width */
  share(px, width) {
    return Math.min(Math.max(((px - GUTTER) / (width - GUTTER)) * this.frames - 0.5, 0) / (this.frames - 1), 1);
  }

  // kinds: [{hue, current, lines: {density: [...], elbo: [...], step: [...], near: [...]}}], each line {t, y, se?,
  // dotted?, steps?}; notes by panel: {none: why it has no lines} or {more: what must be known of them}.
  /** @param {PathLines[]} kinds @param {number} t @param {Record<string, PanelNote>} notes @param {Theme} theme */
  draw(kinds, t, notes, theme) {
    // an empty panel shows its reason in words, or nothing where another panel shows it
    const panels = PANELS.filter(({ name }) => notes[name]?.none !== "");
    /** @param {{name: string}} panel */
    const high = ({ name }) => (notes[name]?.none ? 0 : PANEL);
    const height = panels.reduce((sum, panel) => sum + TITLE + high(panel) + GAP, 0);
    this.canvas.style.height = `${height}px`;
    const { context, width } = fresh(this.canvas, this.width ?? this.canvas.clientWidth, height);
    /** @type {number[]} */
    const tops = [];
    panels.reduce((top, panel) => {
      this.panel(context, panel, top + TITLE, width, kinds, notes[panel.name] ?? {}, theme);
      if (high(panel)) tops.push(top + TITLE);
      return top + TITLE + high(panel) + GAP;
    }, 0);
    const x = Math.round(this.x(t, width)) + 0.5;
    context.strokeStyle = theme.ink;
    context.globalAlpha = 0.7;
    context.beginPath();
    for (const top of tops) {
      context.moveTo(x, top);
      context.lineTo(x, top + PANEL);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {typeof PANELS[number]} panel
   * @param {number} top @param {number} width @param {PathLines[]} kinds @param {PanelNote} note
   * @param {Theme} theme
   */
  panel(context, { name, title, floor }, top, width, kinds, note, theme) {
    const bottom = top + PANEL;
    context.font = `12px ${theme.font}`;
    context.textAlign = "left";
    context.fillStyle = theme.muted;
    context.fillText(note.none ?? say(title) + (note.more ?? ""), GUTTER, top - 4);
    if (note.none) return;
    context.lineWidth = 1;
    const area = { left: GUTTER, top, width: width - GUTTER, height: PANEL };
    border(context, area, theme.grid);
    const lines = kinds.flatMap(({ lines, ...kind }) => lines[name].map((line) => ({ ...line, ...kind })));
    const [low, high] = this.range(name, floor, lines);
    if (!lines.length || !(high > low)) return;
    /** @param {number} v */
    const y = (v) => bottom - ((v - low) / (high - low)) * PANEL;
    const { values, digits } = ticks(low, high, 3);
    const apart = values.filter((v) => y(v) >= top + 4 && y(v) <= bottom - 3); // from the border
    grid(context, area, { up: { values: apart, digits, place: y } }, theme);
    clipped(context, area, () => {
      for (const line of [...lines.filter((l) => !l.current), ...lines.filter((l) => l.current)]) {
        this.line(context, line, y, width);
      }
    });
  }

  /** @param {string} name @param {number | undefined} floor @param {PathLine[]} lines */
  range(name, floor, lines) {
    const values = lines.flatMap(({ y, se }) =>
      se ? [...y.map((v, i) => v - se[i]), ...y.map((v, i) => v + se[i])] : y,
    );
    const finite = values.filter(Number.isFinite);
    let [low, high] = [Math.min(...finite), Math.max(...finite)];
    if (name === "density") low = Math.max(low, high - DEEP);
    const pad = AIR * (high - (floor ?? low)) || 1;
    return [floor ?? low - pad, high + pad];
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {PathLine & {hue: string, current: boolean}} line
   * @param {(value: number) => number} y @param {number} width
   */
  line(context, { t, y: values, se, dotted, hue, current }, y, width) {
    context.globalAlpha = current ? 1 : FAINT;
    context.strokeStyle = context.fillStyle = hue;
    context.lineWidth = current ? 2 : 1.25;
    context.lineJoin = "round";
    context.setLineDash(dotted ? [2, 3] : []);
    context.beginPath();
    t.forEach((share, i) => context[i ? "lineTo" : "moveTo"](this.x(share, width), y(values[i])));
    context.stroke();
    context.setLineDash([]);
    if (se && current) {
      context.lineWidth = 1.25;
      context.beginPath();
      t.forEach((share, i) => {
        const x = this.x(share, width);
        context.moveTo(x, y(values[i] - se[i]));
        context.lineTo(x, y(values[i] + se[i]));
        context.moveTo(x + 2.5, y(values[i]));
        context.arc(x, y(values[i]), 2.5, 0, 2 * Math.PI);
      });
      context.stroke();
      context.fill();
    }
    context.globalAlpha = 1;
  }
}

export { PathCurves };
