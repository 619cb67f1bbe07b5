import { unpack } from "./shared.js";

// What the server has computed for a component whose own bytes stay as they are: a component's data are sent whole, so
// what changes with each gesture has a mount of its own, and goes from here to whoever listens for its channel.

/** @param {{data: Uint8Array}} about */
export default function ({ data }) {
  const channels = (window.__latentAnswers ??= new Map());
  const { header } = unpack(data);
  channels.set(header.channel, data);
  window.dispatchEvent(new CustomEvent("latent-answers", { detail: header.channel }));
}
