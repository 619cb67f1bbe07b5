import { el, unpack } from "../js/shared.js";
import { Viewer } from "./viewer.js";

// The map in a notebook (anywidget): the pinned z and the selection are traits, which Python reads and sets.

/** @param {{model: WidgetModel, el: HTMLElement}} about */
function render({ model, el: place }) {
  const [map, card, near] = ["map", "card", "near"].map((name) => el("div", { class: name }));
  place.classList.add("latent-widget");
  place.append(el("div", { class: "latent-columns" }, map, el("div", {}, card, near)));
  const view = model.get("content");
  /** @type {Packet<PageHeader>} */
  const packet = unpack(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
  /** @param {string} name @param {unknown} value */
  const tell = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const viewer = new Viewer(
    packet,
    { map, card, near },
    {
      pinned: (z) => tell("z", z),
      selected: (indices) => tell("chosen", indices && new DataView(Uint32Array.from(indices).buffer)),
    },
  );
  const onPoint = () => {
    const z = model.get("z");
    if (String(z) !== String(viewer.card.pin)) viewer.pin(z, false);
  };
  const onChosen = () => {
    const chosen = model.get("chosen");
    const mask = chosen && new Uint8Array(viewer.space.n);
    if (chosen)
      for (let k = 0; k < chosen.byteLength; k += 4) {
        const i = chosen.getUint32(k, true);
        if (mask && i < mask.length) mask[i] = 1;
      }
    viewer.choose(mask, false);
  };
  model.on("change:z", onPoint);
  model.on("change:chosen", onChosen);
  if (model.get("z")) onPoint();
  if (model.get("chosen")) onChosen();
  place.dataset.ready = "yes";
  return () => {
    model.off("change:z", onPoint);
    model.off("change:chosen", onChosen);
    viewer.destroy();
  };
}

export default { render };
