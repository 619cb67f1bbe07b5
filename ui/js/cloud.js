import { context2d, rgb, seen } from "./shared.js";

// Draws points on a plane, each between two places: with WebGL 2, or on a plain canvas where that is missing. The
// places lie on the graphics card; a drawn frame sends only the progress between them, so that a million points can
// move.

const VERTEX = `#version 300 es
in vec2 origin, goal;
in vec4 colour;
uniform vec2 scale, shift;
uniform float progress, size;
out vec4 fill;
void main() {
  gl_Position = vec4(mix(origin, goal, progress) * scale + shift, 0.0, 1.0);
  gl_PointSize = size + 2.0; // room for the soft edge
  fill = colour;
}`;

// a disc whose edge is one pixel soft
const FRAGMENT = `#version 300 es
precision highp float; // as in the other shader, which shares the uniform
in vec4 fill;
uniform float size;
out vec4 pixel;
void main() {
  float radius = 0.5 * size;
  float cover = clamp(radius - length(gl_PointCoord - 0.5) * (size + 2.0) + 0.5, 0.0, 1.0);
  pixel = vec4(fill.rgb, 1.0) * fill.a * cover;
}`;

const OPACITY = { shown: 255, muted: 28 };

class Cloud {
  // `changed` is called when the card has lost the points and got them back.
  /** @param {HTMLCanvasElement} canvas @param {() => void} [changed] */
  constructor(canvas, changed = () => {}) {
    this.canvas = canvas;
    this.count = 0;
    /** @type {Float32Array} */
    this.origin = new Float32Array(0);
    this.goal = this.origin;
    /** @type {Uint8Array} */
    this.colours = new Uint8Array(0);
    /** @type {Record<string, WebGLUniformLocation | null>} */
    this.places = {};
    /** @type {Record<string, WebGLBuffer>} */
    this.buffers = {};
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: true });
    this.gl = gl;
    this.kind = gl ? "webgl" : "canvas";
    if (!gl) return;
    this.start(gl);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.start(gl);
      this.upload("colour", this.colours);
      this.upload("origin", this.origin);
      this.upload("goal", this.goal);
      changed();
    });
  }

  /** @param {WebGL2RenderingContext} gl */
  start(gl) {
    const program = gl.createProgram();
    for (const [type, text] of /** @type {[number, string][]} */ ([
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ])) {
      const shader = gl.createShader(type);
      if (!shader) return; // the context is lost, and starts again when it is back
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(gl.getProgramInfoLog(program) ?? "");
    gl.useProgram(program);
    for (const name of ["scale", "shift", "progress", "size"]) this.places[name] = gl.getUniformLocation(program, name);
    for (const [name, width, type] of /** @type {[string, number, number][]} */ ([
      ["origin", 2, gl.FLOAT],
      ["goal", 2, gl.FLOAT],
      ["colour", 4, gl.UNSIGNED_BYTE],
    ])) {
      const place = gl.getAttribLocation(program, name);
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, type, true, 0, 0);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** @param {string} name @param {ArrayBufferView} values */
  upload(name, values) {
    if (!this.gl) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.DYNAMIC_DRAW);
  }

  // `colours` is a Uint8Array [4 N] of red, green, blue and opacity.
  /** @param {Uint8Array} colours */
  paint(colours) {
    this.colours = colours;
    this.upload("colour", colours);
  }

  // Both are Float32Array [2 N] and must not change afterwards: the same array is not sent twice.
  /** @param {Float32Array} origin @param {Float32Array} goal */
  between(origin, goal) {
    if (origin !== this.origin) this.upload("origin", (this.origin = origin));
    if (goal !== this.goal) this.upload("goal", (this.goal = goal));
    this.count = goal.length / 2;
  }

  // Where the points are now, Float32Array [2 N].
  /** @param {number} progress */
  at(progress) {
    return this.goal.map((v, t) => this.origin[t] + (v - this.origin[t]) * progress);
  }

  // `view` is x0, x1, y0, y1 of the canvas' edges; `size` the points' diameter in CSS pixels.
  /** @param {View} view @param {number} progress @param {number} size */
  draw(view, progress, size) {
    const { canvas, gl } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    if (!gl) return this.plain(view, progress, size * ratio);
    const [x0, x1, y0, y1] = view;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.places.scale, 2 / (x1 - x0), 2 / (y1 - y0));
    gl.uniform2f(this.places.shift, -(x1 + x0) / (x1 - x0), -(y1 + y0) / (y1 - y0));
    gl.uniform1f(this.places.progress, progress);
    gl.uniform1f(this.places.size, size * ratio);
    if (this.count) gl.drawArrays(gl.POINTS, 0, this.count);
  }

  /** @param {number[]} view @param {number} progress @param {number} size */
  plain([x0, x1, y0, y1], progress, size) {
    const { canvas, colours, origin, goal } = this;
    const context = context2d(canvas);
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < this.count; i++) {
      const x = origin[2 * i] + (goal[2 * i] - origin[2 * i]) * progress;
      const y = origin[2 * i + 1] + (goal[2 * i + 1] - origin[2 * i + 1]) * progress;
      const [red, green, blue, opacity] = colours.subarray(4 * i, 4 * i + 4);
      context.fillStyle = `rgba(${red}, ${green}, ${blue}, ${opacity / 255})`;
      context.beginPath();
      context.arc(
        ((x - x0) / (x1 - x0)) * canvas.width,
        ((y1 - y) / (y1 - y0)) * canvas.height,
        size / 2,
        0,
        2 * Math.PI,
      );
      context.fill();
    }
  }

  // A page can have about sixteen WebGL contexts: release this one.
  destroy() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

// The points' colours by class, Uint8Array [4 N]; `shown(label, i)` says which are not muted.
/**
 * @param {Int32Array} labels @param {string[]} hues @param {boolean} dark
 * @param {(label: number, i: number) => boolean} shown
 */
function paints(labels, hues, dark, shown) {
  const palette = hues.map((hue) => rgb(seen(hue, dark)));
  const colours = new Uint8Array(4 * labels.length);
  labels.forEach((label, i) => {
    colours.set([...(palette[label] ?? palette[0]), shown(label, i) ? OPACITY.shown : OPACITY.muted], 4 * i);
  });
  return colours;
}

// The same of points `numbers` [N] whose colours are rgb(i), red, green and blue.
/** @param {Int32Array} numbers @param {(i: number) => number[]} hue @param {(i: number) => boolean} shown */
function tinted(numbers, hue, shown) {
  const colours = new Uint8Array(4 * numbers.length);
  numbers.forEach((i, k) => colours.set([...hue(i), shown(i) ? OPACITY.shown : OPACITY.muted], 4 * k));
  return colours;
}

export { Cloud, paints, tinted };
