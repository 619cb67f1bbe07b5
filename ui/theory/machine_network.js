import { fresh } from "../js/drawing.js";
import { say } from "../js/say.js";
import { minus } from "../js/shared.js";
import { stageSize } from "./machine_words.js";

// Draws one network of the machine: a trapezoid, and in it what each hidden stage computes of the image that is shown.
// A cell is one unit; the fuller its colour, the larger the number, beside the largest of its stage.

const HEIGHT = 150;
const INSET = 10;
const GAP = 10; // pixels between two stages
const LOWEST = 0.08; // opacity of a zero

// Rows and columns of cells for n units in a box, as square as they fit.
/** @param {number} n @param {number} width @param {number} height */
export function cells(n, width, height) {
  const columns = Math.max(1, Math.min(n, Math.ceil(Math.sqrt((n * width) / Math.max(height, 1)))));
  return { rows: Math.ceil(n / columns), columns };
}

// Where the stages' boxes are within a trapezoid that narrows from `tall` to `low` (or widens, where that is larger).
/** @param {number} count @param {number} width @param {number} tall @param {number} low @returns {Area[]} */
export function boxes(count, width, tall, low) {
  const each = (width - 2 * INSET - GAP * (count - 1)) / count;
  const most = Math.max(tall, low);
  return Array.from({ length: count }, (_, k) => {
    const left = INSET + k * (each + GAP);
    /** @param {number} x */
    const inner = (x) => tall + ((low - tall) * x) / width - 2 * INSET;
    const height = Math.max(8, Math.min(inner(left), inner(left + each)));
    return { left, top: (most - height) / 2, width: each, height };
  });
}

// The units of a stage as cells: their values by row and column, and which unit each is.
/** @param {ArrayLike<number>} values @param {number[]} shape @param {Area} box */
export function mosaic(values, shape, box) {
  const [channels, height, width] = shape.length === 3 ? shape : [values.length, 1, 1];
  const { rows, columns } = cells(channels, box.width, box.height);
  const between = shape.length === 3 ? 1 : 0;
  const [w, h] = [columns * (width + between) - between, rows * (height + between) - between];
  const units = new Int32Array(w * h).fill(-1);
  for (let c = 0; c < channels; c++) {
    const [top, left] = [Math.floor(c / columns) * (height + between), (c % columns) * (width + between)];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) units[(top + y) * w + left + x] = (c * height + y) * width + x;
  }
  return { w, h, units };
}

class Network {
  /** @param {HTMLCanvasElement} canvas @param {HTMLElement} hint @param {boolean} widens */
  constructor(canvas, hint, widens) {
    this.canvas = canvas;
    this.hint = hint;
    this.widens = widens;
    /** @type {{area: Area, units: Int32Array, w: number, h: number, values: ArrayLike<number>, name: string}[]} */
    this.drawn = [];
    canvas.style.height = `${HEIGHT}px`;
    canvas.addEventListener("pointermove", (e) => this.tell(e));
    canvas.addEventListener("pointerleave", () => {
      hint.textContent = hint.dataset.usual ?? "";
    });
  }

  // The number of the unit under the pointer.
  /** @param {PointerEvent} event */
  tell(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    for (const { area, units, w, h, values, name } of this.drawn) {
      const column = Math.floor(((x - area.left) / area.width) * w);
      const row = Math.floor(((y - area.top) / area.height) * h);
      if (column < 0 || column >= w || row < 0 || row >= h || units[row * w + column] < 0) continue;
      const unit = units[row * w + column];
      this.hint.textContent = say("{stage}, number {unit}: {value}", {
        stage: name,
        unit: unit + 1,
        value: minus(values[unit].toFixed(3)),
      });
      return;
    }
    this.hint.textContent = this.hint.dataset.usual ?? "";
  }

  /**
   * @param {NetworkStages} stages @param {(ArrayLike<number> | null)[]} values @param {number[][]} shapes
   * @param {string} colour of the role @param {Theme} theme
   */
  draw(stages, values, shapes, colour, theme) {
    const { context, width, height } = fresh(this.canvas);
    const [tall, low] = this.widens ? [0.58 * height, height - 4] : [height - 4, 0.58 * height];
    context.save();
    context.translate(0, 2);
    context.beginPath();
    const most = height - 4;
    context.moveTo(1, (most - tall) / 2);
    context.lineTo(width - 1, (most - low) / 2);
    context.lineTo(width - 1, (most + low) / 2);
    context.lineTo(1, (most + tall) / 2);
    context.closePath();
    context.fillStyle = context.strokeStyle = colour;
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.stroke();
    this.drawn = [];
    const shown = stages.hidden.length ? stages.hidden : [stages.head];
    boxes(shown.length, width, tall, low).forEach((box, k) => {
      const own = stages.hidden.length ? values[k] : null;
      // "graph of 12 operations" is too long for one line
      const lines = stages.boxes[k]
        ? stages.boxes[k].split(/ (.+)/, 2)
        : stages.hidden.length
          ? []
          : [say("one linear map")];
      if (lines.length || !own) {
        context.fillStyle = theme.ink;
        context.font = `14px ${theme.font}`;
        context.textAlign = "center";
        lines.forEach((text, i) =>
          context.fillText(text, box.left + box.width / 2, box.top + box.height / 2 + 18 * i, box.width),
        );
      } else this.cells(context, box, own, shapes[k], colour, stageSize(stages.hidden[k]));
    });
    context.restore();
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {Area} box @param {ArrayLike<number>} values
   * @param {number[]} shape @param {string} colour @param {string} name
   */
  cells(context, box, values, shape, colour, name) {
    const { w, h, units } = mosaic(values, shape, box);
    let most = 1e-12;
    for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
    const side = Math.min(box.width / w, box.height / h);
    const area = {
      left: box.left + (box.width - side * w) / 2,
      top: box.top + (box.height - side * h) / 2,
      width: side * w,
      height: side * h,
    };
    const space = side >= 4 ? 1 : 0;
    context.fillStyle = colour;
    for (let i = 0; i < units.length; i++) {
      if (units[i] < 0) continue;
      context.globalAlpha = LOWEST + (1 - LOWEST) * (Math.abs(values[units[i]]) / most);
      const [x, y] = [area.left + (i % w) * side, area.top + Math.floor(i / w) * side];
      context.fillRect(x, y, side - space, side - space);
    }
    context.globalAlpha = 1;
    // as it is on the canvas, whose drawing is moved by two pixels
    this.drawn.push({ area: { ...area, top: area.top + 2 }, units, w, h, values: Float32Array.from(values), name });
  }
}

export { Network };
