// Helpers of all components: mounting, unpacking the bytes from Python, making elements, and text.

const TAU = 2 * Math.PI;

/** @param {string} text */
const minus = (text) => text.replace("-", "−");

// z<sub>3</sub> as Python's planes have it, in plain characters.
/** @param {string} title */
const plain = (title) =>
  title.replace(/<sub>(\d+)<\/sub>/g, (_, n) => [...n].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)]).join(""));

// What has to be there by what was agreed: an error that names it, where it is not.
/** @template Value @param {Value | null | undefined} value @param {string} what @returns {Value} */
function given(value, what) {
  if (value === null || value === undefined) throw new Error(`There is no ${what}`);
  return value;
}

/** @param {HTMLCanvasElement} canvas */
const context2d = (canvas) => given(canvas.getContext("2d"), "drawing on this canvas");

// Listeners that go when the signal is given.
/** @param {AbortSignal} signal @returns {Listen} */
function listener(signal) {
  /** @param {EventTarget} to @param {string} type @param {(event: never) => unknown} handler @param {object} options */
  return (to, type, handler, options = {}) =>
    to.addEventListener(type, /** @type {EventListener} */ (handler), { signal, ...options });
}

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {Record<string, string | number>} [attributes] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

// What a component's module exports: an instance for each place on the page; its `update` gets what Python
// sends, and the function of Streamlit by which it answers.
/** @param {new (place: HTMLElement) => Component} Kind @param {"setStateValue" | "setTriggerValue"} [answer] */
function component(Kind, answer) {
  /** @type {WeakMap<HTMLElement, Component>} */
  const instances = new WeakMap();
  /** @type {WeakMap<HTMLElement, Uint8Array | string>} */
  const wanted = new WeakMap(); // what arrives late is of the past
  return (/** @type {Mounted} */ mounted) => {
    const place = mounted.parentElement;
    const instance = instances.get(place) ?? new Kind(place);
    instances.set(place, instance);
    wanted.set(place, mounted.data);
    received(mounted.data, (bytes) => {
      if (wanted.get(place) === mounted.data && instances.get(place) === instance)
        instance.update(bytes, answer ? mounted[answer] : () => {});
    });
    // Streamlit ends what a call returned when the component leaves the page, but also when another call overtook this
    // one while the module was loading: then the place is still there, and so is the instance
    return () => {
      if (place.isConnected) return;
      instances.get(place)?.destroy();
      instances.delete(place);
    };
  };
}

const PARCELS = 8; // so many are kept in memory; the browser's cache has the others

// Take the bytes that Python has sent, or those at the address that it has sent (parcels.py): at once where they are
// here, and the same object each time.
/** @param {Uint8Array | string} data @param {(bytes: Uint8Array) => void} take */
function received(data, take) {
  if (typeof data !== "string") return take(data);
  const kept = (window.__latentParcels ??= new Map());
  const known = kept.get(data) ?? fetched(data);
  kept.delete(data); // the newest is last
  kept.set(data, known);
  for (const [address] of kept) if (kept.size > PARCELS) kept.delete(address);
  if (known instanceof Uint8Array) return take(known);
  known.then(
    (/** @type {Uint8Array} */ bytes) => {
      if (kept.has(data)) kept.set(data, bytes);
      take(bytes);
    },
    (/** @type {unknown} */ error) => {
      kept.delete(data);
      console.error("A part of the page has not arrived; reload the page.", error);
    },
  );
}

/** @param {string} address */
async function fetched(address) {
  const answer = await fetch(new URL(address, window.__streamlit?.BACKEND_BASE_URL ?? location.origin));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

// Return {header, section(name) -> Uint8Array copy or null}; see pack() in components.py.
/** @template Header @param {Uint8Array} bytes @returns {Packet<Header>} */
function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  /** @type {Section} */
  const section = (name) => {
    if (!(name in header.sections)) return null;
    const [offset, size] = header.sections[name];
    return bytes.slice(4 + length + offset, 4 + length + offset + size);
  };
  return { header, section };
}

/** @param {Uint8Array<ArrayBuffer> | null} bytes */
async function inflate(bytes) {
  if (!bytes) return null;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Call `then(ms)` once what this animation frame draws is painted: milliseconds since an event's time stamp.
/** @param {number} since @param {(ms: number) => void} then */
function painted(since, then) {
  const channel = new MessageChannel();
  // a message posted within a frame is delivered after it was painted
  channel.port1.onmessage = () => {
    then(performance.now() - since);
    channel.port1.close();
  };
  channel.port2.postMessage(0);
}

const KEPT_LATENCIES = 5000;

// Keep the newest latencies for tests and benchmarks.
/** @param {number[]} latencies @param {number} ms */
function record(latencies, ms) {
  latencies.push(ms);
  if (latencies.length > KEPT_LATENCIES) latencies.shift();
}

const PAIR = /^light-dark\((\S+), (\S+)\)$/;

// Which of the two colours in "light-dark(#305afe, #4f95fa)", as style sheets have them, is seen on that paper.
/** @param {string} colour @param {boolean} dark */
const seen = (colour, dark) => PAIR.exec(colour)?.[dark ? 2 : 1] ?? colour;

// Red, green and blue, 0 to 255, of "#3f90da".
/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

export {
  component,
  context2d,
  el,
  given,
  inflate,
  listener,
  minus,
  painted,
  plain,
  received,
  record,
  rgb,
  seen,
  TAU,
  unpack,
};
