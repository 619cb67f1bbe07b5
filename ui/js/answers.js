import { unpack } from "./shared.js";

// Passes answers of the server to components by channel. A component's data are sent whole, so answers, which change
// with each gesture, are sent apart from them.

/** @param {{data: Uint8Array}} about */
export default function ({ data }) {
  const channels = (window.__latentAnswers ??= new Map());
  /** @type {Packet<{channel: string}>} */
  const { header } = unpack(data);
  channels.set(header.channel, data);
  window.dispatchEvent(new CustomEvent("latent-answers", { detail: header.channel }));
}
