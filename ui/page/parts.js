// What a page without a server is made of: sections that were stored in half the bytes, packets made here instead of
// by Python, and places whose styles are their own.

// Floats of IEEE half precision as ordinary ones; Float16Array is younger than the browsers that open such pages.
/** @param {Uint8Array<ArrayBuffer>} bytes */
function widened(bytes) {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  return Float32Array.from(halves, (h) => {
    const [sign, exponent, fraction] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  });
}

// The numbers of a section, whose header says which are stored as halves; null where there are none.
/** @param {Packet<PageHeader>} packet @param {string} name */
function numbers({ header, section }, name) {
  const bytes = section(name);
  if (!bytes) return null;
  return header.half.includes(name) ? widened(bytes) : new Float32Array(bytes.buffer);
}

// A header and sections as the bytes that `unpack` reads; see pack() in vae/page/scripts.py.
/** @param {object} header @param {Record<string, Uint8Array | null>} [sections] */
function packed(header, sections = {}) {
  /** @type {Record<string, number[]>} */
  const places = {};
  let size = 0;
  for (const [name, content] of Object.entries(sections)) {
    if (!content) continue;
    places[name] = [size, content.length];
    size += (content.length + 7) & ~7;
  }
  const text = new TextEncoder().encode(JSON.stringify({ ...header, sections: places }));
  const start = (4 + text.length + 7) & ~7;
  const bytes = new Uint8Array(start + size).fill(32, 4, start);
  new DataView(bytes.buffer).setUint32(0, start - 4, true);
  bytes.set(text, 4);
  for (const [name, [offset]] of Object.entries(places)) bytes.set(sections[name] ?? [], start + offset);
  return bytes;
}

// A place on the page with styles of its own, in which a component can be put.
/** @param {HTMLElement} place @param {string} css */
function styled(place, css) {
  const root = place.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  const inner = document.createElement("section");
  root.append(inner);
  return inner;
}

export { numbers, packed, styled, widened };
