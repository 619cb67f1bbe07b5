// What Python sends to the components of the Sample page.

/** Of each sample of a grid the training image that is nearest to it (ui/sample/page.py: _half). */
interface NearestImages {
  index: number[];
  distance: number[];
  /** The share of held-out images that are as near to theirs. */
  rank: number[];
  labels: string[] | null;
  /** A held-out image's distance. */
  typical: number;
  held_out: number;
  count: number;
}

/** What a grid was asked for. */
interface HalfAsked {
  source: string;
  /** The temperature. */
  t: number;
  noisy: boolean;
  hue: string;
  short: string;
}

/** A grid's samples; the lines on which the temperature moves them begin at `centre`. */
interface HalfThere extends HalfAsked {
  state: "there";
  z: number[][];
  centre: number[][] | null;
  noiseless: boolean;
  log_p: number[] | null;
  log_q: number[] | null;
  /** Whether each lies in the data. */
  inside: boolean[];
  /** Whether q(z) says that; else the distance to the codes does. */
  trusted: boolean;
  strays: number | null;
  count: number;
  near?: NearestImages;
  /** Why there is none. */
  near_message?: string;
}

type Half =
  | HalfThere
  | (HalfAsked & { state: "waiting"; message?: undefined })
  | (HalfAsked & { state: "failed"; message: string });

/** The header of both grids (ui/sample/page.py: payload). */
interface SamplesHeader {
  run: string;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  /** Whether an example is no image. */
  vector: boolean;
  sources: Record<string, string>;
  halves: Half[];
  seed: number;
  box: number[] | null;
  range: number[];
  /** Nats of log q(z) - log p(z) below which a sample lies in a hole. */
  hole: number;
  /** The rank below which a sample may be a copy. */
  suspicious: number;
  without: string;
  incomparable: string;
  /** What the mean of p(x|z) is called. */
  mean: string;
  /** Whether densities are shown. */
  expert: boolean;
}

/** What a grid asks for again: parts of its half, or of the page's settings. */
interface SamplesChange {
  source?: string;
  t?: number;
  noisy?: boolean;
  box?: string;
  seed?: string;
}

/** Samples that a temperature slider moves: which is decoded next, how many are left, and when it was moved. */
interface MovedSamples {
  points: number[][];
  images: Uint8Array;
  next: number;
  left: number;
  began: number;
}

/** A dimension of the traversals (ui/sample/traverse.py: _facts). */
interface Dimension {
  index: number;
  kl: number | null;
  variance: number;
  low: number;
  high: number;
  /** Why it is dead, or "". */
  dead: string;
}

/** The header of the traversals (ui/sample/traverse.py: payload). */
interface TraverseHeader {
  run: string;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  vector: boolean;
  z: number[];
  /** The number of the image that is the start, if it is one's. */
  whose: number | null;
  label: string;
  split: string;
  count: number;
  frames: number;
  /** Rows that the server has decoded. */
  served: number;
  dimensions: Dimension[];
  active: number;
  order: string;
}

/** The header of the manifold (ui/sample/manifold.py: payload). */
interface ManifoldAsked {
  run: string;
  shape: number[];
  /** Of vectors that are C lines of T steps: [C, T]. */
  lines?: number[] | null;
  vector: boolean;
  spacing: string;
  spacings: Record<string, string>;
  side: number;
  sides: number[];
  hole: number;
  without: string;
  note: string;
  titles: string[];
  /** Whether densities and the rarer spacing are shown. */
  expert: boolean;
}

interface ManifoldThere extends ManifoldAsked {
  there: true;
  /** Where the columns and rows of cells are on the plane, upwards. */
  across: number[];
  up: number[];
  log_p: number[] | null;
  log_q: number[] | null;
  inside: boolean[];
  trusted: boolean;
}

type ManifoldHeader = ManifoldThere | (ManifoldAsked & { there: false; inside?: undefined });

/** The header of an image with a hole (ui/sample/missing.py: payload). */
interface MissingHeader {
  run: string;
  latent: number;
  shape: number[];
  /** Its number; below 0 one that was made by hand. */
  image: number;
  count: number;
  title: string;
  /** Whether p(z | visible pixels) is summed on a grid. */
  exact: boolean;
  /** Whether densities are shown. */
  expert: boolean;
}

/** The hole that is asked about. */
interface MissingQuestion {
  /** A bit for each pixel, in base64. */
  bits: string;
  serial: number;
  image: number;
}

/** What may be in a hole (ui/sample/missing.py: answer_payload), or why nothing is known. */
interface MissingAnswer {
  channel: string;
  serial: number;
  image: number;
  waiting?: boolean;
  poll: number;
  failed?: string;
  /** First and last value and number of points of each latent. */
  axes: number[][];
  z: number[][];
  log_seen: number;
  log_hidden: number | null;
  accepted: number[] | null;
  r_hat: number | null;
}

interface Filled extends MissingAnswer {
  mean: Float32Array;
  spread: Float32Array;
  means: Float32Array;
  samples: Float32Array;
  density: Float32Array;
  /** How many pixels are hidden. */
  hidden: number;
}
