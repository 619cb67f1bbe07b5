// The shapes that the scripts below ui/ share.

/** Edges of what is in view, in plane units: x0, x1, y0, y1. */
type View = number[];

/** The page's colours and its font (ui/js/drawing.js). */
interface Theme {
  key: string;
  paper: string;
  ink: string;
  font: string;
  muted: string;
  grid: string;
  line: string;
  [more: string]: string;
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

/** What Python packed (ui/shared/components.py); the header is JSON, whose shape stands where it is made. */
interface Packet {
  header: any;
  /** A copy of a section's bytes, or null where there is none. */
  section: (name: string) => Uint8Array<ArrayBuffer> | null;
}
