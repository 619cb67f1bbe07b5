import { context2d } from "./shared.js";

// Draws the pixels of one image or vector on a canvas of its size.

// Pixels C x H x W in [0, 1] (clamped); a vector becomes one line of greys over its own range.
/** @param {HTMLCanvasElement} canvas @param {ArrayLike<number> & Iterable<number>} pixels @param {number[]} shape */
function paint(canvas, pixels, shape) {
  const [channels, height, width] = shape.length === 3 ? shape : [1, 1, pixels.length];
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
    canvas.image = null;
  }
  const context = context2d(canvas);
  const image = (canvas.image ??= context.createImageData(width, height));
  const size = width * height;
  let [low, span] = [0, 1];
  if (shape.length !== 3) {
    low = Math.min(...pixels);
    span = Math.max(...pixels) - low || 1;
  }
  const [green, blue] = channels === 3 ? [size, 2 * size] : [0, 0];
  // image.data clamps to 0..255 and rounds by itself
  for (let t = 0, o = 0; t < size; t++, o += 4) {
    image.data[o] = (255 * (pixels[t] - low)) / span;
    image.data[o + 1] = (255 * (pixels[t + green] - low)) / span;
    image.data[o + 2] = (255 * (pixels[t + blue] - low)) / span;
    image.data[o + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

export { paint };
