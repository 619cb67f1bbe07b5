// What Python sends to the Theory page, and what its chapters share.

type Floats = Float32Array | Float64Array;

/** A model's average over its test images, in nats. */
interface Average {
  value: number;
  se?: number;
  n?: number;
  note?: string;
}

/** A quantity of the formulas: its name and its colour. */
interface Term {
  name: string;
  hue: string;
  words: string;
}

/** The header of a model (ui/theory/page.py: facts). */
interface TheoryHeader {
  name: string;
  title: string;
  latent: number;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  probabilistic: boolean;
  posterior: string;
  likelihood: string;
  binary: boolean;
  normal_prior: boolean;
  data: string;
  /** Whether the data are on this machine. */
  here: boolean;
  split: string;
  count: number;
  classes: string[];
  labelled: boolean;
  /** Images of the strip, and their classes. */
  choices: number[];
  choice_labels: number[];
  latex: Record<string, string>;
  terms: Record<number, Term>;
  averages: Record<string, Average | undefined>;
  predictions: PredictionText[];
  decoder?: DecoderHeader;
  /** What one example is called: "image", "row". */
  example: string;
  /** The stages of both networks; `sent`: whether the decoder comes to the browser. */
  machine: { encoder: NetworkStages; decoder: NetworkStages; sent: boolean };
  content: string;
}

/** A question before a chapter's surprise (ui/theory/predictions.yaml); `measured` has {names} of numbers. */
interface PredictionText {
  chapter: number;
  ask: string;
  choices: { text: string; right: boolean; misconception: string }[];
  reveal: string;
  measured: string;
}

/** A stage of a network: its last layer's number, its output's shape, and its size in words. */
interface NetworkStage {
  last: number;
  shape: number[];
  words: string;
}

/** What the machine draws of a network (vae/spec/stages.py: Machine). */
interface NetworkStages {
  hidden: NetworkStage[];
  /** How many hidden stages there are, drawn or not. */
  count: number;
  head: NetworkStage;
  /** What is written on a stage that is no list of numbers, "" for the others; the head's is last. */
  boxes: string[];
}

/** The header of an answer (ui/theory/page.py: answer_payload); its arrays are sections, of a type and a shape. */
interface TheoryAnswerHeader {
  channel: string;
  question: number[];
  label: string;
  waiting?: boolean;
  /** ms until it is asked for again. */
  poll: number;
  failed?: string;
  /** Where the leader is whom this browser follows: chapter, sliders, and whether q is refined. */
  place?: string;
  numbers?: Record<string, number>;
  shapes: Record<string, [string, ...number[]]>;
}

/** One image's numbers, in nats (vae/answers/theory.py: numbers); what a model has not is absent. */
interface ImageScalars {
  pixels: number;
  /** 1 where q is no Normal with independent dimensions, and one beside it was used. */
  twin: number;
  denoising: number;
  distortion_plain: number;
  distortion: number;
  rate: number;
  elbo: number;
  distortion_se?: number;
  elbo_se?: number;
  // by quadrature, each with a bound of its error
  elbo_error?: number;
  log_px?: number;
  log_px_error?: number;
  kl?: number;
  kl_error?: number;
  residual?: number;
}

/** One image's numbers and arrays. */
interface ImageNumbers {
  image: number;
  seed: number;
  label: string;
  numbers: ImageScalars;
  shapes: Record<string, number[]>;
  x: Floats;
  mean: Floats;
  scale: Floats;
  covariance: Floats;
  noise: Floats;
  z: Floats;
  log_px: Floats;
  log_w: Floats;
  slope_px: Floats;
  slope: Floats;
  prior_log_px: Floats;
  squares: Floats;
  absolutes: Floats;
  corrupted: Floats;
  jacobian: Floats;
  resisted: Floats;
  twin_log_w?: Floats;
  rate_slope?: Floats;
  code?: Floats;
  // of models of one or two dimensions
  density?: Floats;
  corner?: Floats;
  basis?: Floats;
  grid_log_px?: Floats;
  grid_squares?: Floats;
  grid_absolutes?: Floats;
}

/** What all images of a model share (vae/answers/theory.py: constants). */
interface TheoryConstants {
  prior_loc: Floats;
  prior_scale: Floats;
  grid_z?: Floats;
  grid_log_pz?: Floats;
}

/** The way of q to the best one for an image: means and scales [T, d] (vae/answers/theory.py: Refinement). */
interface Walk {
  image: number;
  loc: Floats;
  scale: Floats;
  numbers: { elbo: number; best: number; log_px: number | null };
}

/** The linear case: axes [pixels, 2] of PCA, and those of a linear VAE at each step of its ascent. */
interface Lesson {
  mean: Floats;
  axes: Floats;
  points: Floats;
  walk: Floats;
  steps: Int32Array;
  elbo: Floats;
  numbers: { log_px: number; n: number; data: string; shape: number[] };
}

/** A likelihood of one scale s: log p = -cost(s) error - norm(s) n, with n pixels (ui/theory/theory_choices.js). */
interface ScaledLikelihood {
  words: string;
  caption: string;
  letter: string;
  error: "squares" | "absolutes";
  label: string;
  each: (difference: number) => number;
  cost: (scale: number) => number;
  norm: (scale: number) => number;
  best: (error: number) => number;
  beta: (scale: number) => number;
}

/** A mean in two dimensions, and a covariance [a, b, c]. */
interface Gaussian2 {
  at: number[];
  matrix: number[];
}

/** What a chapter's slider shows. */
interface SliderRange {
  min?: number;
  max: number;
  step?: number;
  value: number;
  format: (value: number) => string;
}

/** Axes of a plot: [low, high] of both, and what stands at the ticks of x instead of numbers. */
interface PlotAxes {
  x: number[];
  y: number[];
  titles: string[];
  /** Whether units are equal. */
  square?: boolean;
  names?: [number, string][] | null;
  /** Whether y has no ticks. */
  rows?: boolean;
}

/** The pieces of gradients, 2 d numbers for each sample (ui/theory/theory_estimators.js). */
type Pieces = Record<"total" | "score" | "landed" | "closed", Float64Array>;

/** What each sample of a group counts for, and which of its pieces. */
type EstimatorRule = (weights: number[]) => { piece: keyof Pieces; weights: number[] };

/** What the browser asks for beside the page's state. */
interface TheoryEvent {
  walk?: number;
  poll?: boolean;
}
