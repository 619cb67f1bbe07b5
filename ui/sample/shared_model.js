import { makeDecoder } from "../decode/decoder.js";
import { given, received, unpack } from "../js/shared.js";

// Puts a run's decoder and codes on the window, where the other components of the page find them (see shared_model.py).
// Their modules are loaded apart from this one, so they share nothing else.

const EVENT = "latent-shared-model";

/** @param {{data: Uint8Array | string}} about */
export default ({ data }) => received(data, keep);

/** @param {Uint8Array} data */
function keep(data) {
  if (window.__latentSharedModel?.bytes === data) return;
  /** @type {Packet<SharedHeader>} */
  const { header, section } = unpack(data);
  if (window.__latentSharedModel?.header.id === header.id) return;
  /** @param {string} name */
  const floats = (name) => new Float32Array(given(section(name), name).buffer);
  const decoder = header.runnable ? makeDecoder(header, floats("weights")) : null;
  const labels = new Int32Array(given(section("labels"), "labels").buffer);
  window.__latentSharedModel = { bytes: data, header, means: floats("means"), labels, decoder };
  window.dispatchEvent(new Event(EVENT));
}
