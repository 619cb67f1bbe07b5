import { context2d } from "./shared.js";
import { VECTOR_HEIGHT, VECTOR_WIDTH, vectorPicture } from "./vectors.js";

// Draws the pixels of one image, or the bars or lines of one vector, on a canvas of its size.

// Pixels C x H x W in [0, 1] (clamped); a vector is drawn as bars, or as the lines [C, T] that it is made of.
/**
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number> & Iterable<number>} pixels @param {number[]} shape
 * @param {number[] | null} [lines]
 */
function paint(canvas, pixels, shape, lines) {
  const vector = shape.length !== 3;
  const [channels, height, width] = vector ? [1, VECTOR_HEIGHT, VECTOR_WIDTH] : shape;
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
    canvas.image = null;
  }
  const context = context2d(canvas);
  const image = (canvas.image ??= context.createImageData(width, height));
  const size = width * height;
  const [values, most] = vector ? [vectorPicture(pixels, lines), 1] : [pixels, 255];
  const [green, blue] = channels === 3 ? [size, 2 * size] : [0, 0];
  // image.data clamps to 0..255 and rounds by itself
  for (let t = 0, o = 0; t < size; t++, o += 4) {
    image.data[o] = most * values[t];
    image.data[o + 1] = most * values[t + green];
    image.data[o + 2] = most * values[t + blue];
    image.data[o + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

export { paint };
