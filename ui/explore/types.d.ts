// What Python sends to the components of the Explore page, and what they share.

/** The card's header (ui/explore/explorer.py: payload). */
interface ExplorerHeader extends SpaceHeader {
  chart: string;
}

/** The header of the map's layer (ui/explore/layer.py: header). */
interface LayerHeader {
  chart: string;
  run: string;
  n: number;
  colour: Colour | null;
  /** Whether images are shown. */
  marks: boolean;
  shares: number[];
  serial: number;
  /** Ids of what values.js keeps. */
  contours?: string;
}

/** The header of the map of many codes (ui/explore/bigmap.py: header). */
interface BigMapHeader {
  geometry: string;
  chart: string;
  latent: number;
  split: string;
  plane: FlatPlane | BentPlane;
  /** The first view. */
  frame: number[];
  /** What is seen by the address. */
  seen: number[] | null;
  rings: number[] | null;
  places: string | null;
  classes: [number, string][];
  glyphs: [number, string, number, number][];
  colours: string[];
  palette: string[];
  /** Pixels of the window that the map leaves to what is above and below it. */
  around?: number;
  /** Whether the page can be presented. */
  presents?: boolean;
  content: string;
}

/** Colours of codes other than their class's: which codes have one, and red, green and blue of each. */
interface AnyColouring {
  has(i: number): boolean;
  rgb(i: number): number[];
}

interface RampColouring extends AnyColouring {
  values: Float32Array;
  low: number;
  high: number;
  ramp(t: number): number[];
  kinds?: undefined;
  palette?: undefined;
}

interface ClassColouring extends AnyColouring {
  /** The colour's number of each code, -1 for none. */
  kinds: Int32Array;
  palette: number[][];
  values?: undefined;
}

type Colouring = RampColouring | ClassColouring;

/** How a map draws its codes: `mask` holds 1 for the selected ones, and `faint` leaves room for images. */
interface MapStyle {
  colouring: Colouring | null;
  mask: Uint8Array | null;
  faint: boolean;
}

/** The map as its layer uses it (bigmap.js). */
interface StyledMap {
  node: HTMLElement;
  x: Float32Array | null;
  y: Float32Array | null;
  /** Changes when other codes are shown. */
  version: number;
  lassoed: ((mask: Uint8Array | null, event: PointerEvent | null, step: LassoStep) => void) | null;
  cleared: (() => void) | null;
  /** Called with x0, x1, y0, y1 of what is seen, null for the first view. */
  moved: ((box: number[] | null) => void) | null;
  applyStyle(style: MapStyle): void;
  isShown(i: number): boolean;
  rgb(i: number): number[];
  sample(view: View, order: Int32Array): { numbers: Iterable<number>; key: string };
  layout(sheet: HTMLElement): void;
}

/** A lasso: its corners on the plane, and the classes that were hidden. */
interface LassoStep {
  corners: number[][];
  hidden: number[];
}

/** What is selected of a run; the serial counts what Python has changed. */
interface Chosen {
  run: string;
  serial: number;
  mask: Uint8Array | null;
}
