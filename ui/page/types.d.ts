// The shapes of a page without a server.

/** The mean of p(x|z); null where an atlas has nothing. */
type Decode = (z: number[]) => Float32Array | null;

/** All that a page knows of its model (vae/page/content.py). */
interface PageHeader {
  /** Sections whose numbers have 16 bits. */
  half: string[];
  css: Record<"map" | "card" | "near" | "samples" | "traverse", string>;
  map: Omit<BigMapHeader, "geometry" | "chart" | "seen" | "places" | "content">;
  card: Omit<SpaceHeader, "geometry" | "places">;
  traverse: Omit<TraverseHeader, "z" | "whose" | "label">;
}

/** What anywidget hands a view of its model: the traits, and when they change. */
interface WidgetModel {
  get(name: "content"): DataView<ArrayBuffer>;
  get(name: "z"): number[] | null;
  get(name: "chosen"): DataView<ArrayBuffer> | null;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, handler: () => void): void;
  off(name: string, handler: () => void): void;
}
