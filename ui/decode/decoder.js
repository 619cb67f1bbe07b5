// A decoder's forward pass in the browser: every layer with weights is one matrix product, done by 801 bytes of
// WebAssembly with SIMD (source: matmul.wat) or by the same product in plain JavaScript where that is missing.
// All buffers are laid out once in one memory, so that decoding allocates nothing.

export const MATMUL_WASM =
  "AGFzbQEAAAABCgFgBn9/f39/fwADAgEABQMBAAEHEwIGbWVtb3J5AgAGbWF0bXVsAAAK7AUB6QUCCH8LeyAEQQJ0IQwgBUECdCEN" +
  "AkADQCAHIAVPDQFBACEGAkADQCAGQQRqIANLDQH9DAAAAAAAAAAAAAAAAAAAAAAhEf0MAAAAAAAAAAAAAAAAAAAAACES/QwAAAAA" +
  "AAAAAAAAAAAAAAAAIRP9DAAAAAAAAAAAAAAAAAAAAAAhFP0MAAAAAAAAAAAAAAAAAAAAACEV/QwAAAAAAAAAAAAAAAAAAAAAIRb9" +
  "DAAAAAAAAAAAAAAAAAAAAAAhF/0MAAAAAAAAAAAAAAAAAAAAACEYIAAgBiAMbGohCSABIAdBAnRqIQogBCEIA0AgCv0ABAAhDyAK" +
  "/QAEECEQIAn9CQIAIQ4gESAOIA/95gH95AEhESASIA4gEP3mAf3kASESIAkgDGr9CQIAIQ4gEyAOIA/95gH95AEhEyAUIA4gEP3m" +
  "Af3kASEUIAkgDEEBdGr9CQIAIQ4gFSAOIA/95gH95AEhFSAWIA4gEP3mAf3kASEWIAkgDEEDbGr9CQIAIQ4gFyAOIA/95gH95AEh" +
  "FyAYIA4gEP3mAf3kASEYIAlBBGohCSAKIA1qIQogCEEBayIIDQALIAIgBiANbCAHQQJ0amohCyALIBH9CwQAIAsgEv0LBBAgCyAN" +
  "aiELIAsgE/0LBAAgCyAU/QsEECALIA1qIQsgCyAV/QsEACALIBb9CwQQIAsgDWohCyALIBf9CwQAIAsgGP0LBBAgBkEEaiEGDAAL" +
  "CwJAA0AgBiADTw0B/QwAAAAAAAAAAAAAAAAAAAAAIRH9DAAAAAAAAAAAAAAAAAAAAAAhEiAAIAYgDGxqIQkgASAHQQJ0aiEKIAQh" +
  "CANAIAn9CQIAIQ4gESAOIAr9AAQA/eYB/eQBIREgEiAOIAr9AAQQ/eYB/eQBIRIgCUEEaiEJIAogDWohCiAIQQFrIggNAAsgAiAG" +
  "IA1sIAdBAnRqaiELIAsgEf0LBAAgCyAS/QsEECAGQQFqIQYMAAsLIAdBCGohBwwACwsL";

/** @param {string} text */
function base64Bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// C[m x n] = A[m x k] B[k x n], row-major; a, b, c index floats of the memory
/** @param {Float32Array} memory @returns {Matmul} */
function plainMatmul(memory) {
  return (a, b, c, m, k, n) => {
    for (let i = 0; i < m; i++) {
      const row = c + i * n;
      memory.fill(0, row, row + n);
      for (let p = 0; p < k; p++) {
        const x = memory[a + i * k + p];
        if (x === 0) continue;
        const other = b + p * n;
        for (let j = 0; j < n; j++) memory[row + j] += x * memory[other + j];
      }
    }
  };
}

// Return {memory, matmul, simd} over so many floats.
/**
 * @param {number} floats @param {boolean} allowWasm
 * @returns {{memory: Float32Array, matmul: Matmul, simd: boolean}}
 */
function engine(floats, allowWasm) {
  if (allowWasm) {
    try {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(base64Bytes(MATMUL_WASM)));
      const { memory, matmul } = /** @type {{memory: WebAssembly.Memory, matmul: (...places: number[]) => void}} */ (
        /** @type {unknown} */ (instance.exports)
      );
      const missing = Math.ceil((floats * 4 - memory.buffer.byteLength) / 65536);
      if (missing > 0) memory.grow(missing);
      return {
        memory: new Float32Array(memory.buffer, 0, floats),
        matmul: (a, b, c, m, k, n) => matmul(4 * a, 4 * b, 4 * c, m, k, n),
        simd: true,
      };
    } catch {
      // no WebAssembly, no SIMD, or a policy against it: the plain product is right too
    }
  }
  const memory = new Float32Array(floats);
  return { memory, matmul: plainMatmul(memory), simd: false };
}

/** @param {number} n */
const pad = (n) => (n + 7) & ~7;
/** @param {number[]} shape */
const product = (shape) => shape.reduce((a, b) => a * b, 1);

// Abramowitz & Stegun 7.1.26, absolute error below 1.5e-7
/** @param {number} x */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const y = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - y * Math.exp(-x * x));
}

/** @param {number} x */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
/** @type {Record<string, (x: number) => number>} */
const PLAIN = {
  relu: (x) => Math.max(x, 0),
  silu: (x) => x * sigmoid(x),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  softplus: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))),
  tanh: Math.tanh,
  sigmoid,
  // of probabilities that are kept away from 0 and 1, as vae.model.foreign_layers.Logit has it
  logit: (x) => {
    const p = Math.min(Math.max(x, 1e-7), 1 - 1e-7);
    return Math.log(p / (1 - p));
  },
};
/** @type {Record<string, (layer: Layer) => (x: number) => number>} */
const WITH_OPTIONS = {
  leaky_relu:
    ({ slope = 0.01 }) =>
    (x) =>
      x > 0 ? x : slope * x,
  elu:
    ({ alpha = 1 }) =>
    (x) =>
      x > 0 ? x : alpha * Math.expm1(x),
  clamp: ({ low, high }) => {
    const [least, most] = [low ?? -Infinity, high ?? Infinity];
    return (x) => Math.min(Math.max(x, least), most);
  },
};
// The function that a layer applies to each number, or null for a layer that is none.
/** @param {Layer} layer @returns {((x: number) => number) | null} */
const activation = (layer) => WITH_OPTIONS[layer.kind]?.(layer) ?? PLAIN[layer.kind] ?? null;

// the mean of p(x|z) from the raw output
/** @type {Record<string, (x: number) => number>} */
const MEANS = {
  identity: (x) => x,
  sigmoid,
  // 1/2 + coth(l/2)/2 - 1/l, whose terms cancel near 0
  continuous_bernoulli: (l) =>
    Math.abs(l) < 0.1
      ? 0.5 + l * (1 / 12 + l * l * (-1 / 720 + (l * l) / 30240))
      : 0.5 + 0.5 / Math.tanh(l / 2) - 1 / l,
};

/** @param {Layer} layer @param {number[]} shape */
function step(layer, shape) {
  const [channels, height, width] = shape;
  const { kernel: k, stride: s, padding: p } = layer;
  switch (layer.kind) {
    case "linear":
      return { shape: [layer.out], params: layer.in * pad(layer.out) + pad(layer.out), b: 0, c: pad(layer.out) };
    case "conv2d": {
      /** @param {number} n */
      const size = (n) => Math.floor((n + 2 * p - k) / s) + 1;
      const out = [layer.out, size(height), size(width)];
      const columns = pad(out[1] * out[2]);
      const inner = channels * k * k;
      return { shape: out, params: layer.out * inner + layer.out, b: inner * columns, c: layer.out * columns };
    }
    case "conv_transpose2d": {
      const [up, left] = layer.output_padding;
      /** @param {number} n @param {number} extra */
      const size = (n, extra) => (n - 1) * s - 2 * p + k + extra;
      const columns = pad(height * width);
      const rows = layer.out * k * k;
      return {
        shape: [layer.out, size(height, up), size(width, left)],
        params: rows * channels + layer.out,
        b: channels * columns,
        c: rows * columns,
      };
    }
    case "upsample":
      return { shape: [channels, height * layer.scale, width * layer.scale], params: 0, b: 0, c: 0 };
    case "flatten":
      return { shape: [product(shape)], params: 0, b: 0, c: 0 };
    case "unflatten":
      return { shape: layer.shape, params: 0, b: 0, c: 0 };
    case "affine":
      return { shape, params: 2 * layer.in, b: 0, c: 0 };
    case "permute":
      return { shape: layer.axes.map((axis) => shape[axis]), params: 0, b: 0, c: 0 };
    case "pad": {
      const [top, left, bottom, right] = layer.pads;
      return { shape: [channels, height + top + bottom, width + left + right], params: 0, b: 0, c: 0 };
    }
    default:
      if (!activation(layer)) throw new Error(`the browser knows no layer of kind ${layer.kind}`);
      return { shape, params: 0, b: 0, c: 0 };
  }
}

// Where each number of a layer that only moves numbers comes from, -1 for a zero; null for other layers.
/** @param {Layer} layer @param {number[]} from @param {number[]} to @returns {Int32Array | null} */
function sources(layer, from, to) {
  if (layer.kind !== "permute" && layer.kind !== "pad") return null;
  const index = new Int32Array(product(to));
  if (layer.kind === "pad") {
    const [, height, width] = from;
    const [channels, rows, columns] = to;
    const [top, left] = layer.pads;
    for (let c = 0, t = 0; c < channels; c++) {
      for (let r = 0; r < rows; r++) {
        for (let q = 0; q < columns; q++, t++) {
          const [row, column] = [r - top, q - left];
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          index[t] = inside ? (c * height + row) * width + column : -1;
        }
      }
    }
    return index;
  }
  const strides = from.map((_, axis) => product(from.slice(axis + 1)));
  for (let t = 0; t < index.length; t++) {
    let [rest, source] = [t, 0];
    for (let i = to.length - 1; i >= 0; i--) {
      source += (rest % to[i]) * strides[layer.axes[i]];
      rest = Math.floor(rest / to[i]);
    }
    index[t] = source;
  }
  return index;
}

// Copy torch's weights into the order in which the product wants them.
/**
 * @param {Layer} layer @param {Float32Array} weight @param {Float32Array} bias @param {Float32Array} memory
 * @param {number} at
 */
function place(layer, weight, bias, memory, at) {
  if (layer.kind === "linear") {
    const n = pad(layer.out);
    for (let o = 0; o < layer.out; o++) {
      for (let i = 0; i < layer.in; i++) memory[at + i * n + o] = weight[o * layer.in + i];
    }
    memory.set(bias, at + layer.in * n);
  } else if (layer.kind === "conv2d" || layer.kind === "affine") {
    memory.set(weight, at);
    memory.set(bias, at + weight.length);
  } else {
    const rows = layer.out * layer.kernel * layer.kernel;
    for (let i = 0; i < layer.in; i++) {
      for (let r = 0; r < rows; r++) memory[at + r * layer.in + i] = weight[i * rows + r];
    }
    memory.set(bias, at + weight.length);
  }
}

// Return {decode, simd, shape}: decode(z) gives the mean of p(x|z) as Float32Array [C * H * W], the same array each
// time. header: {layers, mean, shape, latent, tensors: {"0.weight": [offset, length], ...}} with offsets in floats of
// weights.
/** @param {DecoderHeader} header @param {Float32Array} weights @param {{wasm?: boolean}} [about] */
export function makeDecoder(header, weights, { wasm = true } = {}) {
  /** @type {PlannedLayer[]} */
  const plan = [];
  let shape = [header.latent];
  let floats = 0;
  let widest = pad(header.latent);
  let [widestB, widestC] = [0, 0];
  for (const layer of header.layers) {
    const next = step(layer, shape);
    const index = sources(layer, shape, next.shape);
    plan.push({ layer, from: shape, to: next.shape, at: floats, index, each: activation(layer) });
    floats += pad(next.params);
    shape = next.shape;
    widest = Math.max(widest, pad(product(shape)));
    widestB = Math.max(widestB, next.b);
    widestC = Math.max(widestC, next.c);
  }
  const bufferB = floats;
  const bufferC = bufferB + widestB;
  const halves = [bufferC + widestC, bufferC + widestC + widest];
  const { memory, matmul, simd } = engine(halves[1] + widest, wasm);
  header.layers.forEach((layer, i) => {
    /** @param {string} name */
    const tensor = (name) => {
      const [offset, length] = header.tensors[name];
      return weights.subarray(offset, offset + length);
    };
    if (`${i}.weight` in header.tensors) place(layer, tensor(`${i}.weight`), tensor(`${i}.bias`), memory, plan[i].at);
  });

  /** @type {(planned: PlannedLayer, x: number, y: number) => void} */
  const linear = ({ layer, at }, x, y) => {
    const n = pad(layer.out);
    matmul(x, at, y, 1, layer.in, n);
    const bias = at + layer.in * n;
    for (let o = 0; o < layer.out; o++) memory[y + o] += memory[bias + o];
  };

  /** @type {typeof linear} */
  const convolution = ({ layer, from, to, at }, x, y) => {
    const { kernel: k, stride: s, padding: p } = layer;
    const [channels, height, width] = from;
    const [, rows, columns] = to;
    const n = pad(rows * columns);
    let line = bufferB;
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++, line += n) {
          for (let r = 0, t = line; r < rows; r++) {
            const row = r * s + i - p;
            for (let q = 0; q < columns; q++, t++) {
              const column = q * s + j - p;
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              memory[t] = inside ? memory[x + (c * height + row) * width + column] : 0;
            }
          }
        }
      }
    }
    const inner = channels * k * k;
    matmul(at, bufferB, bufferC, layer.out, inner, n);
    for (let o = 0; o < layer.out; o++) {
      const bias = memory[at + layer.out * inner + o];
      for (let t = 0; t < rows * columns; t++) memory[y + o * rows * columns + t] = memory[bufferC + o * n + t] + bias;
    }
  };

  /** @type {typeof linear} */
  const transposed = ({ layer, from, to, at }, x, y) => {
    const { kernel: k, stride: s, padding: p } = layer;
    const [channels, height, width] = from;
    const [, rows, columns] = to;
    const [size, n] = [height * width, pad(height * width)];
    for (let c = 0; c < channels; c++) memory.copyWithin(bufferB + c * n, x + c * size, x + (c + 1) * size);
    matmul(at, bufferB, bufferC, layer.out * k * k, channels, n);
    let line = bufferC;
    for (let o = 0; o < layer.out; o++) {
      const image = y + o * rows * columns;
      memory.fill(memory[at + layer.out * k * k * channels + o], image, image + rows * columns);
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++, line += n) {
          // the part of each line that falls within the image: no test in the innermost loop, which is the hottest
          const first = Math.max(0, Math.ceil((p - j) / s));
          const last = Math.min(width - 1, Math.floor((columns - 1 + p - j) / s));
          for (let h = 0; h < height; h++) {
            const row = h * s + i - p;
            if (row < 0 || row >= rows) continue;
            let target = image + row * columns + first * s + j - p;
            for (let t = line + h * width + first, end = line + h * width + last; t <= end; t++, target += s) {
              memory[target] += memory[t];
            }
          }
        }
      }
    }
  };

  /** @type {typeof linear} */
  const upsample = ({ layer, from, to }, x, y) => {
    const [, height, width] = from;
    const [channels, rows, columns] = to;
    for (let c = 0, t = y; c < channels; c++) {
      for (let r = 0; r < rows; r++) {
        const line = x + (c * height + Math.floor(r / layer.scale)) * width;
        for (let q = 0; q < columns; q++, t++) memory[t] = memory[line + Math.floor(q / layer.scale)];
      }
    }
  };

  /** @type {typeof linear} */
  const moved = ({ index }, x, y) => {
    if (!index) return;
    for (let t = 0; t < index.length; t++) memory[y + t] = index[t] < 0 ? 0 : memory[x + index[t]];
  };

  // in place: a factor and a shift for all numbers, or one of each for every entry of the first axis
  /** @param {PlannedLayer} planned @param {number} x */
  const affine = ({ layer, to, at }, x) => {
    const each = product(to) / layer.in;
    for (let c = 0, t = x; c < layer.in; c++) {
      const [factor, shift] = [memory[at + c], memory[at + layer.in + c]];
      for (const end = t + each; t < end; t++) memory[t] = memory[t] * factor + shift;
    }
  };

  /** @type {Record<string, typeof linear>} */
  const moves = { linear, conv2d: convolution, conv_transpose2d: transposed, upsample, permute: moved, pad: moved };
  const pixels = product(header.shape);
  const image = new Float32Array(pixels);
  const mean = MEANS[header.mean];

  // z: d numbers. Layers with weights read one half of the memory and write the other; activations work in place.
  // `seen` is called with each layer's number and its output, a part of the memory that the next layers overwrite.
  /** @param {ArrayLike<number>} z @param {(layer: number, output: Float32Array) => void} [seen] */
  const decode = (z, seen) => {
    let now = 0;
    memory.set(z, halves[0]);
    for (const [i, entry] of plan.entries()) {
      const { kind } = entry.layer;
      if (kind in moves) {
        moves[kind](entry, halves[now], halves[1 - now]);
        now = 1 - now;
      } else if (kind === "affine") {
        affine(entry, halves[now]);
      } else if (entry.each) {
        const f = entry.each;
        for (let t = halves[now], end = t + product(entry.to); t < end; t++) memory[t] = f(memory[t]);
      }
      seen?.(i, memory.subarray(halves[now], halves[now] + product(entry.to)));
    }
    // a family with two parts puts its means first
    for (let t = 0; t < pixels; t++) image[t] = mean(memory[halves[now] + t]);
    return image;
  };
  return { decode, simd, shape: header.shape };
}
