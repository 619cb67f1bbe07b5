import { unpack } from "../js/shared.js";

// Keeps numbers of each code, or over all codes, on the window, where the map's layer finds them; they are sent once.
// See layer.py.

/** @param {{data: Uint8Array}} about */
export default function ({ data }) {
  const kept = (window.__latentValues ??= new Map());
  const { header, section } = unpack(data);
  if (kept.has(header.id)) return;
  // another model's would only fill the memory
  for (const [id, { model }] of kept) if (model !== header.model) kept.delete(id);
  const made = { model: header.model };
  for (const name of Object.keys(header.sections)) made[name] = new Float32Array(section(name).buffer);
  kept.set(header.id, made);
  window.dispatchEvent(new Event("latent-values"));
}
