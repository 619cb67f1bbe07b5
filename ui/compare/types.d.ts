// What Python sends to the maps of the Compare page (ui/compare/page.py: payload), and what they share.

interface PanelHeader extends SpaceHeader {
  title: string;
  headline: string;
  /** Of the film. */
  steps: number[];
  /** Whether its codes are of the first model's images, in their order. */
  linked: boolean;
  rings: number[] | null;
}

interface CompareHeader {
  panels: PanelHeader[];
  classes: string[];
  colours: string[];
  /** Whether a z means something in all models. */
  same_space: boolean;
  content: string;
}

/** A film of fewer points than the codes, on its panel's plane. */
interface PanelFilm {
  frames: Moment[];
  labels: Int32Array;
}

/** A lasso that is being drawn: its panel, its polygon on the plane, where it began in pixels, and how far it went. */
interface Drawing {
  panel: import("./comparing.js").Panel;
  polygon: number[][];
  at: number[];
  far: boolean;
}
