import { ease, fresh, nats, whole } from "./drawing.js";
import { say } from "./say.js";
import { context2d } from "./shared.js";

// Draws images in rows, enlarged to whole pixels of the screen, and the rate of each dimension as bars.

const PAIR_GAP = 5; // pixels between two pairs of rows

// Images uint8 [N, C, H, W] as a strip of N tiles, one canvas.
/** @param {ArrayLike<number>} images @param {number[]} shape @returns {Strip} */
function strip(images, [channels, height, width]) {
  const size = height * width;
  const count = images.length / (channels * size);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height * count];
  const context = context2d(canvas);
  const target = context.createImageData(width, height * count);
  const [green, blue] = channels === 3 ? [size, 2 * size] : [0, 0];
  for (let i = 0, o = 0; i < count; i++) {
    for (let t = i * channels * size, end = t + size; t < end; t++, o += 4) {
      target.data[o] = images[t];
      target.data[o + 1] = images[t + green];
      target.data[o + 2] = images[t + blue];
      target.data[o + 3] = 255;
    }
  }
  context.putImageData(target, 0, 0);
  return { canvas, count, width, height };
}

// Draw strips of tiles, `columns` a row, two strips interleaved; a strip has a frame of its own colour.
/** @param {HTMLCanvasElement} canvas @param {FramedStrip[]} strips @param {number} columns */
function tiles(canvas, strips, columns) {
  const [{ width, height, count }] = strips;
  const ratio = window.devicePixelRatio || 1;
  const side = Math.max(1, Math.floor(((canvas.parentElement?.clientWidth ?? 0) * ratio - 2) / columns));
  const tall = Math.max(1, Math.round((side * height) / width));
  const rows = Math.ceil(count / columns);
  // rows of one strip lie close together, in one frame
  const [pair, gap] = strips.length > 1 ? [strips.length * (tall + 2), Math.round(PAIR_GAP * ratio)] : [tall, 0];
  const [w, h] = [side * columns + 2, rows * (pair + gap) - gap + (gap ? 0 : 2)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  Object.assign(canvas.style, { width: `${w / ratio}px`, height: `${h / ratio}px` });
  const context = context2d(canvas);
  context.clearRect(0, 0, w, h);
  context.imageSmoothingEnabled = side < width; // enlarged: nearest neighbour
  for (let row = 0; row < rows; row++) {
    const here = Math.min(columns, count - row * columns);
    strips.forEach((strip, k) => {
      const top = row * (pair + gap) + k * (tall + 2);
      context.fillStyle = strip.frame;
      const joined = row && !gap ? 1 : 0; // the row above is in the same frame
      context.fillRect(0, top + joined, here * side + 2, tall + 2 - joined);
      for (let i = 0; i < here; i++) {
        const from = (row * columns + i) * height;
        context.drawImage(strip.canvas, 0, from, width, height, 1 + i * side, top + 1, side, tall);
      }
    });
  }
}

class Bars {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {number[] | null} */
    this.top = null; // of the axis
  }

  reset() {
    this.top = null;
  }

  // Rates in nats between two frames, a bar a dimension, grey below `dead`; the newest bars fill the height.
  /**
   * @param {Float32Array | undefined} origin @param {Float32Array} goal @param {number} progress
   * @param {{newest: Iterable<number>, dead: number}} about
   * @param {number} seconds @param {boolean} reduceMotion @param {Theme} theme
   */
  draw(origin, goal, progress, { newest, dead }, seconds, reduceMotion, theme) {
    const { context, width, height } = fresh(this.canvas);
    const goals = [Math.max(...newest, ...goal, 10 * dead) * 1.02, 0];
    const top = !this.top || reduceMotion ? [...goals] : this.top;
    this.top = top;
    const moving = ease(top, goals, seconds, 0.12);
    const count = goal.length;
    const [head, foot] = [18, count <= 12 ? height - 17 : height - 3];
    const pitch = width / count;
    const thick = Math.max(1, Math.min(26, pitch * 0.72));
    context.font = `12px ${theme.font}`;
    context.textAlign = "center";
    for (let j = 0; j < count; j++) {
      const rate = (origin ?? goal)[j] + (goal[j] - (origin ?? goal)[j]) * progress;
      const x = (j + 0.5) * pitch;
      const tall = Math.max(1, (rate / top[0]) * (foot - head));
      context.fillStyle = rate < dead ? theme.prior : theme.rate;
      context.fillRect(x - thick / 2, foot - tall, thick, tall);
      context.fillStyle = theme.ink;
      if (pitch > 30) context.fillText(nats(rate), x, foot - tall - 5);
      context.fillStyle = theme.muted;
      if (count <= 12) context.fillText(String(j + 1), x, height - 3);
    }
    context.fillStyle = theme.line;
    context.fillRect(0, foot, width, 1);
    return moving;
  }
}

/** @param {Float32Array} rate @param {number} dead */
function countDead(rate, dead) {
  const gone = rate.reduce((n, r) => n + (r < dead ? 1 : 0), 0);
  const sum = rate.reduce((a, b) => a + b, 0);
  if (!gone) return { dead: "", sum };
  return {
    dead: say("{gone} of {all} inactive (KL < {dead} nats), grey", { gone: whole(gone), all: rate.length, dead }),
    sum,
  };
}

export { Bars, countDead, strip, tiles };
