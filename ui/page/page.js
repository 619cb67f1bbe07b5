import { say } from "../js/say.js";
import { el, given, inflate, unpack } from "../js/shared.js";
import { bytes } from "../js/sheet.js";
import { Traverse } from "../sample/traverse.js";
import { packed, styled } from "./parts.js";
import { Samples } from "./samples.js";
import { Viewer } from "./viewer.js";

// The page without a server: unpacks the model that lies in it, and puts map, card, samples and traversals in place.

/** @param {string} id */
const byId = (id) => given(document.getElementById(id), id);

async function open() {
  const text = byId("model").textContent.trim();
  const content = given(await inflate(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))), "model");
  /** @type {Packet<PageHeader>} */
  const packet = unpack(content);
  const { header } = packet;
  const places = { map: byId("map"), card: byId("card"), near: byId("near") };
  let traversal = /** @type {Traversals | null} */ (null);
  const viewer = new Viewer(packet, places, { pinned: (z) => z && traversal?.from(z) });
  window.__latentPage = viewer; // what tests read
  const { space } = viewer;
  /** @type {Decode} */
  const decode = (z) => space.decode(z);
  // an atlas knows one plane: of more dimensions it cannot decode what lies off it
  const anywhere = Boolean(space.decoder) || space.d <= 2;
  const samples = document.getElementById("samples");
  if (samples && anywhere) {
    const draws = packet.section("draws");
    new Samples(
      styled(samples, header.css.samples),
      decode,
      { ...header.traverse, latent: space.d },
      draws && new Float32Array(draws.buffer),
      (z) => viewer.pin(z),
    );
  }
  const traversals = document.getElementById("traversals");
  if (traversals && anywhere) traversal = new Traversals(traversals, viewer, decode);
  document.documentElement.dataset.ready = "yes";
}

// The Sample page's traversals, with this page in the place of the server.
class Traversals {
  /** @param {HTMLElement} place @param {Viewer} viewer @param {Decode} decode */
  constructor(place, viewer, decode) {
    this.viewer = viewer;
    const { header, space } = viewer;
    const size = header.card.shape.reduce((a, b) => a * b, 1);
    const nothing = new Float32Array(size);
    window.__latentSharedModel = {
      bytes: new Uint8Array(0),
      header: /** @type {SharedHeader} */ (/** @type {unknown} */ ({ run: header.traverse.run })),
      means: space.means,
      labels: space.labels,
      decoder: {
        decode: (z) => /** @type {Float32Array<ArrayBuffer>} */ (decode(Array.from(z))) ?? nothing,
        simd: false,
        shape: header.card.shape,
      },
    };
    this.traverse = new Traverse(styled(place, header.css.traverse));
    this.from(space.code(0), 0);
  }

  // Start from a point, which may be the code of an image.
  /** @param {number[]} z @param {number | null} [whose] */
  from(z, whose = null) {
    const { header, space } = this.viewer;
    const image = whose === null ? null : space.real(whose);
    this.traverse.update(
      packed(
        { ...header.traverse, z, whose, label: whose === null ? "" : space.label(whose) },
        { original: image && new Uint8Array(bytes(image, header.traverse.vector, header.traverse.lines)) },
      ),
      (_, asked) => this.answer(/** @type {{start?: number, pin?: string}} */ (asked)),
    );
  }

  /** @param {{start?: number, pin?: string}} asked */
  answer({ start, pin }) {
    const z = start === undefined ? (pin ?? "").split(",").map(Number) : this.viewer.space.code(start);
    this.viewer.pin(z, false);
    this.from(z, start ?? null);
  }
}

open().catch((error) => {
  const text = say("This page could not be opened: {problem}. Try a newer browser.", { problem: error.message });
  const told = el("p", { role: "alert" }, text);
  document.body.prepend(told);
  throw error;
});
