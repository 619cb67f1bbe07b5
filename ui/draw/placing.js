// From strokes to the pixels of an image: a drawing is scaled and centred as the model's data were
// (vae/data/placement.py), whatever its size and place on the canvas, and has strokes as wide as theirs.

// The shares of pixels that strokes cover, [height x width]: 1 within half a pen's width of a line, 0 half a pixel
// further, and between them the share of the edge. Strokes are lists of points [x, y], in pixels.
/** @param {number[][][]} strokes @param {number} pen @param {number} height @param {number} width */
export function rasterise(strokes, pen, height, width) {
  const picture = new Float32Array(height * width);
  const reach = pen / 2 + 0.5;
  for (const stroke of strokes) {
    for (let k = 0; k < stroke.length; k++) {
      const [ax, ay] = stroke[Math.max(k - 1, 0)];
      const [bx, by] = stroke[k];
      if (k === 0 && stroke.length > 1) continue;
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
      const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
      const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
      const right = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach));
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
          const t = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
          const covered = reach - Math.hypot(px - t * dx, py - t * dy);
          const share = Math.min(1, Math.max(0, covered));
          if (share > picture[y * width + x]) picture[y * width + x] = share;
        }
      }
    }
  }
  return picture;
}

// The centre of mass of a picture, in pixels from its upper left corner; null for an empty one.
/** @param {ArrayLike<number>} picture @param {number} height @param {number} width */
export function massCentre(picture, height, width) {
  let [total, x, y] = [0, 0, 0];
  for (let r = 0, t = 0; r < height; r++) {
    for (let c = 0; c < width; c++, t++) {
      total += picture[t];
      x += picture[t] * (c + 0.5);
      y += picture[t] * (r + 0.5);
    }
  }
  return total > 0 ? [x / total, y / total] : null;
}

// Strokes on a canvas of side 1, moved and scaled to an image's pixels.
/** @param {number[][][]} strokes @param {DataPlacement} data @param {number} height @param {number} width */
export function placed(strokes, data, height, width) {
  if (!data.plain) return strokes.map((stroke) => stroke.map(([x, y]) => [x * width, y * height]));
  const all = strokes.flat();
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const extent = Math.max(right - left, bottom - top);
  // a dot stays a dot
  const scale = extent > 0.02 ? Math.max(data.box - data.pen, 1) / extent : 1;
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  /** @param {number} dx @param {number} dy */
  const moved = (dx, dy) => strokes.map((s) => s.map(([x, y]) => [(x - cx) * scale + dx, (y - cy) * scale + dy]));
  const at = moved(data.column, data.row);
  if (!data.mass) return at;
  // measured on a larger sheet, so that nothing that sticks out is left out
  const margin = Math.ceil(data.box);
  const sheet = moved(data.column + margin, data.row + margin);
  const [h, w] = [height + 2 * margin, width + 2 * margin];
  const centre = massCentre(rasterise(sheet, data.pen, h, w), h, w);
  if (!centre) return at;
  return moved(2 * data.column + margin - centre[0], 2 * data.row + margin - centre[1]);
}

// The image of strokes, values in [0, 1], [C x H x W]; `colour` are the red, green and blue of the pen, for colours.
/**
 * @param {number[][][]} strokes @param {DataPlacement} data @param {number[]} shape
 * @param {number[]} [colour]
 */
export function drawnImage(strokes, data, shape, colour = [1, 1, 1]) {
  const [channels, height, width] = shape;
  const size = height * width;
  const image = new Float32Array(channels * size).fill(data.paper);
  if (!strokes.some((stroke) => stroke.length)) return image;
  const shares = rasterise(placed(strokes, data, height, width), data.pen, height, width);
  for (let c = 0; c < channels; c++) {
    const ink = channels === 3 ? colour[c] : data.ink;
    for (let t = 0; t < size; t++) image[c * size + t] = data.paper + (ink - data.paper) * shares[t];
  }
  return image;
}
