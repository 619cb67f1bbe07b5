// The shapes that the scripts below ui/ share.

/** Edges of what is in view, in plane units: x0, x1, y0, y1. */
type View = number[];

/** The page's colours and its font (ui/js/drawing.js). */
interface Theme {
  key: string;
  dark: boolean;
  paper: string;
  ink: string;
  font: string;
  muted: string;
  grid: string;
  line: string;
  encoder: string;
  decoder: string;
  prior: string;
  rate: string;
  distortion: string;
}

/** Axes that are drawn: from numbers to pixels, and the area between the axes (ui/theory/theory_plot.js). */
interface Frame {
  context: CanvasRenderingContext2D;
  X: (value: number) => number;
  Y: (value: number) => number;
  area: Area;
  x: number[];
  y: number[];
  theme: Theme;
}

/** Where an axis has ticks, and where they are drawn (ui/js/ticks.js). */
interface Axis {
  values: number[];
  digits: number;
  /** What stands at the ticks instead of numbers. */
  names?: string[];
  /** The pixel of a value. */
  place: (value: number) => number;
  /** Pixels from the area's first and last edge within which no number is written; 0: it may stick out. */
  room?: number[];
}

/** A button of a map's tool strip (ui/js/tool_strip.js). */
interface Tool {
  name: string;
  icon: string;
  title: string;
}

/** What dragging does on a map (ui/js/tool_strip.js). */
interface MapTool extends Tool {
  extend: ((polygon: number[][], u: number[]) => number[][]) | null;
}

/** A part of a canvas, in CSS pixels. */
interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface DotStyle {
  colour: string;
  size?: number;
  alpha?: number;
  ring?: boolean;
}

/** What a place of the latent space is near to; the log-densities in nats, absent without them (ui/js/space.js). */
interface Evaluation {
  nearest: number;
  distance: number;
  logP?: number;
  logQ?: number;
}

/** A copy of a section's bytes, or null where there is none. */
type Section = (name: string) => Uint8Array<ArrayBuffer> | null;

/** What Python packed (vae/page/scripts.py); the header is JSON, and each component has a type of its own. */
interface Packet<Header> {
  header: Header & { sections: Record<string, number[]> };
  section: Section;
}

/** Adds a listener that goes with its component (ui/js/shared.js). */
interface Listen {
  <Name extends keyof HTMLElementEventMap>(
    target: HTMLElement | Document,
    type: Name,
    handler: (event: HTMLElementEventMap[Name]) => unknown,
    options?: AddEventListenerOptions,
  ): void;
  <Name extends keyof WindowEventMap>(
    target: Window,
    type: Name,
    handler: (event: WindowEventMap[Name]) => unknown,
    options?: AddEventListenerOptions,
  ): void;
  (target: EventTarget, type: string, handler: (event: Event) => unknown, options?: AddEventListenerOptions): void;
}

/** A name on a map: where it is on the plane, in pixels, and how well it is seen, from 0 to 1 (ui/js/axes.js). */
interface Glyph {
  text: string;
  /** Its class. */
  k: number;
  x: number;
  y: number;
  at: number[];
  strength: number;
}

/** An axis of a map: pixels of the plot area to plane coordinates and back. */
interface MapAxis {
  p2d(pixel: number): number;
  d2p(value: number): number;
  _offset: number;
  _length: number;
}

interface MapAxes {
  x: MapAxis;
  y: MapAxis;
}

/** A map that components put their own elements on (ui/js/map_overlay.js). */
interface OverlaidMap {
  node: HTMLElement;
  axes(): MapAxes | null;
  /** Calls back after each change of what is seen; returns how to stop that. */
  listen(follow: () => void): () => void;
}

/** A flat map: places are origin + u0 basis0 + u1 basis1 (vae/page/space.py: serialise). */
interface FlatPlane {
  titles: string[];
  origin: number[];
  basis: number[][];
  way?: undefined;
}

/** A map whose places are sent code by code, with z on a grid over its extent where that was fitted. */
interface BentPlane {
  titles: string[];
  way: string;
  extent: number[] | null;
  side: number;
}

/** A layer of a decoder (vae/spec/layers.py). */
interface Layer {
  kind: string;
  in: number;
  out: number;
  kernel: number;
  stride: number;
  padding: number;
  output_padding: number[];
  scale: number;
  shape: number[];
  axes: number[];
  pads: number[];
  slope?: number;
  alpha?: number;
  low?: number | null;
  high?: number | null;
}

/** The product C[m x n] = A[m x k] B[k x n]; a, b and c are where they begin in the memory (ui/decode/decoder.js). */
type Matmul = (a: number, b: number, c: number, m: number, k: number, n: number) => void;

/** A layer with the shapes before and after it, and where its weights are in the memory. */
interface PlannedLayer {
  layer: Layer;
  from: number[];
  to: number[];
  at: number;
  /** Where each number comes from, for a layer that only moves numbers. */
  index: Int32Array | null;
  /** What a layer applies to each number. */
  each: ((x: number) => number) | null;
}

/** A decoder as bytes (vae/page/decoder_bytes.py). */
interface DecoderHeader {
  layers: Layer[];
  mean: string;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  latent: number;
  /** [offset, length] in floats. */
  tensors: Record<string, number[]>;
}

/** What a Space is made of (ui/explore/explorer.py: content). */
/** What some values of a vector are (vae/data/units.py). */
interface RowColumn {
  kind: "number" | "words" | "missing";
  name: string;
  unit?: string;
  offset?: number;
  scale?: number;
  words?: string[];
}

interface SpaceHeader extends DecoderHeader {
  /** What one example is called: "image". */
  example?: string;
  /** The columns of a table that the vectors are rows of. */
  columns?: RowColumn[] | null;
  plane: FlatPlane | BentPlane;
  atlas?: { side: number; extent: number[] };
  classes: string[];
  /** The classes' colours. */
  colours: string[];
  /** The code that is decoded first. */
  start: number;
  split: string;
  every?: number;
  limits: { hole: number; strays: number; far: number };
  content: string;
  name: string;
  probabilistic: boolean;
  /** Why there are no densities, or "". */
  without: string;
  /** Why images are not sent, or "". */
  unsent: string;
  /** Ids of what is sent apart, see ui/shared/geometry.js and values.js. */
  geometry: string[];
  places: string | null;
}

/** A model, and how its images are drawn (ui/explore/explorer.js puts it on the window). */
interface KnownSpace {
  space: import("./space.js").Space;
  paint: typeof import("./paint.js").paint;
}

/** The codes of one moment on a plane (ui/js/film_frames.js). */
interface Moment {
  step: number;
  /** Float32 [N, 2]. */
  codes: Float32Array;
  titles: string[];
  /** Where the prior's mean is; null for another prior. */
  rings: number[] | null;
  /** Empty until summarised, as the medians are: of each class, null where it has no codes. */
  view: View;
  medians: (number[] | null)[];
}

interface FilmFrame extends Moment {
  rate?: Float32Array;
  reconstructions?: Uint8Array;
  samples?: Uint8Array;
}

/** Numbers by step (ui/train/film.py). */
interface FilmHistory {
  step: Int32Array;
  distortion: Float32Array;
  rate: Float32Array;
  valid_step: Int32Array;
  valid_distortion: Float32Array;
  valid_rate: Float32Array;
}

type CurveName = "elbo" | "distortion" | "rate";

/** The curves of one split, by step (ui/js/curves.js). */
interface Split {
  step: Int32Array;
  elbo: Float32Array;
  distortion: Float32Array;
  rate: Float32Array;
}

/** The header of a film (ui/train/film.py: _packed). */
interface FilmHeader {
  kind: "film" | "live";
  run: string;
  steps: number[];
  points: number;
  latent: number;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  probabilistic: boolean;
  titles: string[];
  rings: number[] | null;
  classes: string[];
  colours: string[];
  split: string;
  /** Nats below which a dimension is dead. */
  dead: number;
  status: { state: string; step: number; total: number };
  waiting: string;
  notes: Record<string, string>;
}

interface FilmContent {
  header: Packet<FilmHeader>["header"];
  frames: FilmFrame[];
  history: FilmHistory;
  labels: Int32Array;
  originals: Uint8Array | null;
}

/** Images as tiles of one canvas (ui/js/pictures.js). */
interface Strip {
  canvas: HTMLCanvasElement;
  count: number;
  width: number;
  height: number;
}

interface FramedStrip extends Strip {
  frame: string;
}

/** The header of the model that a page's components share (ui/sample/shared_model.py: payload). */
interface SharedHeader extends DecoderHeader {
  id: string;
  run: string;
  /** Whether the browser can run the decoder. */
  runnable: boolean;
  /** Which of the run's codes are sent. */
  indices: number[];
  split: string;
  plane: FlatPlane;
  classes: string[];
  colours: string[];
  /** The colour of codes without a class. */
  plain: string;
  /** Whether the prior is a standard Normal. */
  rings: boolean;
}

/** The model itself; without its decoder where the browser cannot run it (ui/sample/shared_model.js). */
interface SharedModel {
  bytes: Uint8Array;
  header: SharedHeader;
  means: Float32Array;
  labels: Int32Array;
  decoder: ReturnType<typeof import("../decode/decoder.js").makeDecoder> | null;
}

/** A mark on a small map of codes: a ring, or a square, around z (ui/explore/codes_map.js). */
interface CodeMark {
  z: number[];
  hue: string;
  shape?: "square" | "circle";
  strong?: boolean;
}

/** What codes are coloured by other than their class (ui/explore/colouring.py). */
interface Colour {
  id: string;
  title: string;
  unit: string;
  low: number;
  high: number;
  below: boolean;
  above: boolean;
  classes: { name: string; hue: string }[] | null;
  note: string;
}
