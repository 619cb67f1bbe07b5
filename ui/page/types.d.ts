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
