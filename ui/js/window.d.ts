// What components keep on the window, where those of other modules, tests and benchmarks find it; and what the page's
// libraries add to the browser's own objects.

/** What Streamlit hands a component: its place on the page and what Python sent. */
interface Mounted {
  parentElement: HTMLElement;
  data: Uint8Array | string;
  setStateValue: Answer;
  setTriggerValue: Answer;
}

/** How a component tells Python something, as JSON. */
type Answer = (name: string, value: unknown) => void;

/** What stands at one place of the page. */
interface Component {
  update(data: Uint8Array, answer: Answer): unknown;
  destroy(): void;
}

/** Numbers of each code, or over all codes, by name; the model is what they are of (ui/shared/values.js). */
interface Values {
  model: string;
  arrays: Record<string, Float32Array<ArrayBuffer>>;
}

/** A model's codes (ui/shared/geometry.js). */
interface Codes {
  model: string;
  means?: Float32Array<ArrayBuffer>;
  scales?: Float32Array<ArrayBuffer>;
  labels?: Int32Array<ArrayBuffer>;
}

interface Window {
  /** Meanings of terms and of labels (ui/shared/glossary.py). */
  __latentGlossary?: Record<string, string>;
  /** Texts in the reader's language by the English ones, a plural's by both with a line's end between; none for English
   * (ui/words/script.py). */
  __latentWords?: Record<string, string | string[]>;
  /** Where the server is (ui/shared/front_end.py). */
  __streamlit?: { BACKEND_BASE_URL?: string };
  /** What was fetched, by its address (ui/js/shared.js). */
  __latentParcels?: Map<string, Uint8Array | Promise<Uint8Array>>;
  /** What the server computed, by channel (ui/js/answers.js). */
  __latentAnswers?: Map<string, Uint8Array>;
  /** Codes by their id (ui/shared/geometry.js). */
  __latentGeometry?: Map<string, Codes>;
  /** Numbers of each code by their id (ui/shared/values.js). */
  __latentValues?: Map<string, Values>;
  /** Whether the map has been moved over, so that it needs no invitation (ui/explore/invitation.js). */
  __latentInvited?: boolean;
  /** Maps by the chart's key (ui/explore/bigmap.js). */
  __latentMaps?: Map<string, OverlaidMap & StyledMap>;
  /** What models know, by the card's content (ui/explore/explorer.js). */
  __latentSpaces?: Map<string, KnownSpace>;
  /** Which codes are selected, by run (ui/explore/layer.js). */
  __latentChosen?: Map<string, Chosen>;
  /** Films by run (ui/train/film.js). */
  __latentFilms?: Map<string, RememberedFilm>;
  /** The decoder and codes that the Sample page's components share (ui/sample/shared_model.js). */
  __latentSharedModel?: SharedModel;

  // what tests and benchmarks read
  __latent?: object;
  __latentComparing?: object;
  __latentLayer?: object;
  __latentManifold?: object;
  __latentMissing?: object;
  __latentMap?: object;
  __latentPage?: object;
  __latentPaths?: object;
  __latentSamples?: object;
  __latentDrawing?: object;
  __latentTheory?: object;
  __latentTraverse?: object;
}

interface WindowEventMap {
  /** The channel that has an answer (ui/js/answers.js). */
  "latent-answers": CustomEvent<string>;
  "latent-shared-model": Event;
}

interface Navigator {
  connection?: { saveData?: boolean };
}

interface HTMLCanvasElement {
  /** The pixels that are drawn again and again (ui/js/paint.js). */
  image?: ImageData | null;
}

interface HTMLDivElement {
  // what tests and benchmarks ask: where on the page a point of the plane is, and what is in view
  project?: (...place: number[]) => number[];
  seen?: () => number[];
}
