// What components keep on the window, where those of other modules, tests and benchmarks find it; and what the page's
// libraries add to the browser's own objects.

/** What Streamlit hands a component: its place on the page and what Python sent. */
interface Mounted {
  parentElement: HTMLElement;
  data: Uint8Array;
  [answer: string]: any;
}

/** What stands at one place of the page. */
interface Component {
  update(data: Uint8Array, answer: (name: string, value: any) => void): unknown;
  destroy(): void;
}

/** A model's codes (ui/shared/geometry.js). */
interface Codes {
  model: string;
  means?: Float32Array;
  scales?: Float32Array;
  labels?: Int32Array;
}

interface Window {
  /** What the server computed, by channel (ui/js/answers.js). */
  __latentAnswers?: Map<string, Uint8Array>;
  /** Codes by their id (ui/shared/geometry.js). */
  __latentGeometry?: Map<string, Codes>;
  /** Numbers of each code by their id (ui/shared/values.js). */
  __latentValues?: Map<string, { model: string; [name: string]: any }>;
  /** Maps other than Plotly's by the chart's key (ui/explore/bigmap.js). */
  __latentMaps?: Map<string, any>;
  /** What models know, by the card's content (ui/explore/explorer.js). */
  __latentSpaces?: Map<string, any>;
  /** Which codes are selected, by run (ui/explore/layer.js). */
  __latentChosen?: Map<string, any>;
  /** Films by run (ui/train/film.js). */
  __latentFilms?: Map<string, any>;
  /** The decoder and codes that the Sample page's components share (ui/sample/shared_model.js). */
  __latentSharedModel?: any;

  // what tests and benchmarks read
  __latent?: object;
  __latentComparing?: object;
  __latentLayer?: object;
  __latentManifold?: object;
  __latentMap?: object;
  __latentPaths?: object;
  __latentSamples?: object;
  __latentTheory?: object;
  __latentTraverse?: object;
}

interface Navigator {
  connection?: { saveData?: boolean };
}

interface HTMLCanvasElement {
  /** The pixels that are drawn again and again (ui/js/paint.js). */
  image?: ImageData;
}

interface HTMLDivElement {
  // what tests and benchmarks ask: where on the page a point of the plane is, and what is in view
  project?: (...place: number[]) => number[];
  seen?: () => number[];
}
