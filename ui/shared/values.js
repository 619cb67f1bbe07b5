import { given, received, unpack } from "../js/shared.js";

// Keeps numbers of each code, or over all codes, on the window, where the map's layer finds them; they are sent once.
// See layer.py.

/** @param {{data: Uint8Array | string}} about */
export default ({ data }) => received(data, keep);

/** @param {Uint8Array} data */
function keep(data) {
  const kept = (window.__latentValues ??= new Map());
  /** @type {Packet<{id: string, model: string}>} */
  const { header, section } = unpack(data);
  if (kept.has(header.id)) return;
  // another model's would only fill the memory
  for (const [id, { model }] of kept) if (model !== header.model) kept.delete(id);
  /** @type {Values} */
  const made = { model: header.model, arrays: {} };
  for (const name of Object.keys(header.sections))
    made.arrays[name] = new Float32Array(given(section(name), name).buffer);
  kept.set(header.id, made);
  window.dispatchEvent(new Event("latent-values"));
}
