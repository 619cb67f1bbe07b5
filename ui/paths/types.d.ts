// What Python sends to the paths, and what their files share.

/** The header of the component (ui/paths/page.py: panel). */
interface PathsHeader extends SpaceHeader {
  chart: string;
}

interface PathKind {
  name: string;
  title: string;
  about: string;
  /** "" for the ink's. */
  hue: string;
}

/** Why a panel of curves is missing, or a text beside its title. */
interface PanelNote {
  none?: string;
  more?: string;
}

/** A direction in z between two groups of codes (ui/paths/attributes.py). */
interface Attribute {
  vector: number[];
  title: string;
  effect: string;
}

/** The header of the answers, whose arrays are sections by kind (ui/paths/page.py: answers_payload). */
interface PathAnswersHeader {
  channel: string;
  model: string;
  latent: number;
  kinds: PathKind[];
  waypoints: number[][];
  kind: string;
  shown: string[];
  serial: number;
  /** Waypoints at most. */
  most: number;
  radius: number;
  paths: Record<string, { energy: number; line_energy: number }>;
  failed: Record<string, string>;
  without: Record<string, PanelNote>;
  /** Whether densities are shown. */
  expert: boolean;
  window: number[];
  attribute: Attribute | null;
  waiting: boolean;
  /** Seconds between two questions. */
  poll: number;
}

/** A curve: points [M][d], and the share of its length before each. */
interface Route {
  points: number[][];
  share: number[];
}

/** A piece from one waypoint to the next, at t; null where there is none. */
type Piece = (a: number[], b: number[], t: number) => number[] | null;

/** What the server has computed of a path; the densities are at its points, the ELBO at its frames. */
interface PathAnswer extends Route {
  energy: number;
  line_energy: number;
  waypoints: number[][];
  /** The waypoints as text. */
  text: string;
  logP: number[] | null;
  logQ: number[] | null;
  elbo: number[] | null;
  elboSe: number[] | null;
  way: number[];
  neighbours: number[];
}

/** A path through the waypoints as they are now; with its answer where that holds, waiting until it comes. */
interface CurrentPath extends Route {
  answer?: PathAnswer;
  waiting?: boolean;
}

/** The same with the z of its frames, and how far each drawn one is from the one before. */
interface FramedPath extends CurrentPath {
  frames: number[][];
  pixels: number[];
}

/** A kind's toggle and strip; `drawn` says what its canvases show. */
interface PathRow {
  box: HTMLInputElement;
  row: HTMLElement;
  facts: HTMLElement;
  canvases: HTMLCanvasElement[];
  space: import("../js/space.js").Space | null;
  frames: number[][];
  drawn: { z: number[]; mean: Float32Array | null; when: number }[];
}

/** What is called when a kind is shown or hidden, and when its strip is pressed. */
interface PathHandlers {
  toggle(name: string, on: boolean): void;
  choose(name: string, event: Event | null): void;
}

/** A line of a panel of curves: values y at shares t, with standard errors. */
interface PathLine {
  t: number[];
  y: number[];
  se?: number[] | null;
  dotted?: boolean;
}

type PathPanelName = "density" | "elbo" | "step" | "near";

/** The lines of a kind of path, by panel. */
interface PathLines {
  hue: string;
  current: boolean;
  lines: Record<PathPanelName, PathLine[]>;
}

/** What lies on the map; points are on the plane. */
interface DrawnOverlay {
  paths: { points: number[][]; hue: string; current: boolean; waiting?: boolean }[];
  waypoints: number[][];
  chosen: number;
  cursor: number[];
  hue: string;
  theme: Theme;
}
