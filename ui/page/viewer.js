import { BigMap } from "../explore/bigmap.js";
import { Explorer } from "../explore/explorer.js";
import { whole } from "../js/drawing.js";
import { paint } from "../js/paint.js";
import { phrase, say } from "../js/say.js";
import { el, given } from "../js/shared.js";
import { numbers, packed, styled } from "./parts.js";

// Puts a model's map and the card that decodes under the pointer on a page without a server: in a file, or in a
// notebook. What Streamlit would send is unpacked from one packet.

const SHOWN = 8; // images that are shown beside a point
const HELP = phrase(
  "Arrow keys move by 0.1, with shift by 0.5; Enter pins, Escape unpins. Scroll to zoom, drag to pan; Lasso and Box " +
    "above the map select codes.",
);

let made = 0;

class Viewer {
  // `pinned(z)` is called with a new pin, null for none; `selected(indices)` with the codes of a lasso, null for none.
  /**
   * @param {Packet<PageHeader>} packet @param {{map: HTMLElement, card: HTMLElement, near: HTMLElement}} places
   * @param {{pinned?: (z: number[] | null) => void, selected?: (indices: number[] | null) => void}} [told]
   */
  constructor(packet, places, { pinned = () => {}, selected = () => {} } = {}) {
    const { header, section } = packet;
    this.header = header;
    this.selected = selected;
    this.id = `${header.card.content}-${made++}`; // the same model may be shown twice
    const means = given(numbers(packet, "means"), "codes");
    const labels = section("labels");
    (window.__latentGeometry ??= new Map()).set(this.id, {
      model: this.id,
      means,
      scales: numbers(packet, "scales") ?? undefined,
      labels: labels ? new Int32Array(labels.buffer) : new Int32Array(means.length / header.card.latent).fill(-1),
    });
    const bent = numbers(packet, "places");
    if (bent) (window.__latentValues ??= new Map()).set(this.id, { model: this.id, arrays: { places: bent } });
    const known = { chart: this.id, places: bent ? this.id : null };
    this.map = new BigMap(styled(places.map, header.css.map));
    this.map.update(packed({ ...header.map, ...known, geometry: this.id, seen: null, content: this.id }), () => {});
    this.selection = el("p", { class: "selection", "aria-live": "polite" });
    this.map.node.append(this.selection);
    this.card = new Explorer(styled(places.card, header.css.card));
    this.card.expert = true; // there is no switch to ask for more
    this.card.card.help.textContent = say(HELP);
    this.near = new NearestImages(styled(places.near, header.css.near));
    this.card.followed = (z, space) => this.near.draw(z, space);
    /** @param {string} name */
    const bytes = (name) => {
      const values = numbers(packet, name);
      return values && new Uint8Array(values.buffer);
    };
    this.card.update(
      packed(
        { ...header.card, ...known, geometry: [this.id] },
        {
          weights: bytes("weights"),
          inverse: bytes("inverse"),
          images: section("images"),
          pictured: section("pictured"),
          tiles: section("tiles"),
        },
      ),
      (_, value) => pinned(/** @type {{z: number[] | null}} */ (value).z),
    );
    const host = given(this.map.host, "map");
    host.lassoed = (mask) => this.choose(mask);
    host.cleared = () => this.choose(null);
    // the map has no event for a change of the theme
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.map.restyle();
    this.scheme.addEventListener("change", this.redraw);
  }

  get space() {
    return given(this.card.space, "model");
  }

  // Show a point as if it had been pinned by hand.
  /** @param {number[] | null} z @param {boolean} [report] */
  pin(z, report = true) {
    this.card.setPin(z, report);
    if (z) this.card.cursor = this.space.toPlane(z);
    this.card.requestDraw();
  }

  // Select codes: bytes of 0 and 1, null for none.
  /** @param {Uint8Array | null} mask @param {boolean} [report] */
  choose(mask, report = true) {
    this.map.applyStyle({ colouring: null, mask, faint: false });
    const indices = mask ? Array.from(mask.keys()).filter((i) => mask[i]) : null;
    this.selection.textContent = indices ? this.describe(indices) : "";
    if (report) this.selected(indices);
  }

  /** @param {number[]} indices */
  describe(indices) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const i of indices) counts.set(this.space.label(i), (counts.get(this.space.label(i)) ?? 0) + 1);
    const most = [...counts].filter(([name]) => name).sort((a, b) => b[1] - a[1]);
    const few = most.slice(0, 5).map(([name, count]) => `${name}: ${whole(count)}`);
    if (most.length > 5) few.push("…");
    const n = whole(indices.length);
    return few.length ? say("{n} selected ({classes})", { n, classes: few.join(", ") }) : say("{n} selected", { n });
  }

  destroy() {
    this.scheme.removeEventListener("change", this.redraw);
    this.card.destroy();
    this.map.destroy();
    window.__latentGeometry?.delete(this.id);
    window.__latentValues?.delete(this.id);
  }
}

// The images nearest to a point, in a row; without images it is empty.
class NearestImages {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.caption = el("p", { class: "note" });
    this.row = el("div", { class: "images" });
    this.pictures = Array.from({ length: SHOWN }, () => {
      const canvas = el("canvas", { role: "img", "aria-label": say("Nearest image"), width: 1, height: 1 });
      return { canvas, caption: el("figcaption") };
    });
    this.row.append(...this.pictures.map(({ canvas, caption }) => el("figure", {}, canvas, caption)));
    this.node = el("div", { class: "instrument near", hidden: "" }, this.caption, this.row);
    place.append(this.node);
    this.shown = "";
  }

  /** @param {number[]} z @param {import("../js/space.js").Space} space */
  draw(z, space) {
    if (!space.images) return;
    const found = space.nearest(z, SHOWN);
    if (found.join() === this.shown) return;
    this.shown = found.join();
    this.node.hidden = false;
    const kind = space.header.example ?? say("image");
    this.caption.textContent = space.pictured
      ? say("Nearest of the {n} {kind}s that are included, by the distance of their codes", {
          n: whole(space.pictured.length),
          kind,
        })
      : say("Nearest of all {kind}s, by the distance of their codes", { kind });
    found.forEach((i, k) => {
      const { canvas, caption } = this.pictures[k];
      const pixels = space.real(i);
      if (pixels) paint(canvas, pixels, space.header.shape, space.header.lines);
      caption.textContent = space.label(i);
      canvas.setAttribute("aria-label", `${space.header.split} #${i}${space.label(i) && ` (${space.label(i)})`}`);
    });
  }
}

export { Viewer };
