import { given, received, unpack } from "../js/shared.js";

// Keeps a model's codes on the window, where the map and the card find them: they are the largest part of the page, and
// stay as they are when plane, label or selection change. See geometry.py.

/** @param {{data: Uint8Array | string}} about */
export default ({ data }) => received(data, keep);

/** @param {Uint8Array} data */
function keep(data) {
  const kept = (window.__latentGeometry ??= new Map());
  /** @type {Packet<{id: string, model: string, latent: number}>} */
  const { header, section } = unpack(data);
  if (kept.has(header.id)) return;
  // another model's codes would only fill the memory
  for (const [id, { model }] of kept) if (model !== header.model) kept.delete(id);
  /** @type {Codes} */
  const made = { model: header.model };
  for (const name of /** @type {("means" | "scales")[]} */ (["means", "scales"]))
    if (name in header.sections) made[name] = new Float32Array(given(section(name), name).buffer);
  if (made.means) {
    const narrow = section("labels");
    made.labels = narrow ? Int32Array.from(narrow) : new Int32Array(made.means.length / header.latent).fill(-1);
  }
  kept.set(header.id, made);
  window.dispatchEvent(new Event("latent-geometry"));
}
