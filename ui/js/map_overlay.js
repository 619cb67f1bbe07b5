// Puts elements and keys of a component on a map, and turns pixels into plane coordinates. A map is what a component has
// put on the window (bigmap.js): an object {node, axes(), listen(follow)}.

class MapOverlay {
  // nodes: what is put on the chart; label: what it is for a screen reader; key(event): its keys; follow(): after each
  // change of what it shows. One overlay of a chart has a label and keys, the others have neither.
  /**
   * @param {(HTMLElement | SVGElement)[]} nodes
   * @param {{label?: string, key?: (event: KeyboardEvent) => void, follow: () => void}} what
   */
  constructor(nodes, { label, key, follow }) {
    this.nodes = nodes;
    this.label = label;
    this.key = key;
    this.follow = follow;
    /** @type {HTMLElement | null} */
    this.chart = null;
    /** @type {OverlaidMap | null} */
    this.map = null;
    this.stop = new AbortController();
    this.unlisten = () => {};
  }

  // Attach to the chart of a Streamlit key. Call it regularly: no event says that a chart was mounted again.
  /** @param {string} key */
  find(key) {
    const map = window.__latentMaps?.get(key) ?? null;
    if (map?.node !== this.chart || (map && !this.nodes.every((node) => map.node.contains(node)))) this.attach(map);
    else this.map = map; // another plane is another map on the same element
  }

  /** @param {OverlaidMap | null} map */
  attach(map) {
    this.detach();
    this.map = map;
    this.chart = map?.node ?? null;
    const { chart, key } = this;
    if (!map || !chart) return;
    this.stop = new AbortController();
    if (key) {
      chart.tabIndex = 0;
      chart.setAttribute("role", "application");
      chart.setAttribute("aria-label", this.label ?? "");
      const { signal } = this.stop;
      chart.addEventListener("keydown", (e) => key(e), { signal });
      // a press on what is drawn over the map gives the map the keys too
      chart.addEventListener("pointerdown", (e) => this.takeKeys(e), { signal, capture: true });
    }
    chart.append(...this.nodes);
    this.unlisten = map.listen(this.follow);
    this.follow();
  }

  /** @param {PointerEvent} event */
  takeKeys(event) {
    const { target } = event;
    if (target instanceof Element && !target.closest("button, input, select, a, [role=button]"))
      this.chart?.focus({ preventScroll: true });
  }

  detach() {
    this.stop.abort();
    this.unlisten();
    for (const node of this.nodes) node.remove();
  }

  // The plot area of the chart, with its axes, or null.
  axes() {
    return this.map?.axes() ?? null;
  }

  // Plane coordinates under a pointer event, wherever it is; null without a chart.
  /** @param {PointerEvent} event */
  toPlane(event) {
    const axes = this.axes();
    if (!axes || !this.chart) return null;
    const box = this.chart.getBoundingClientRect();
    return [
      axes.x.p2d(event.clientX - box.left - axes.x._offset),
      axes.y.p2d(event.clientY - box.top - axes.y._offset),
    ];
  }

  // Plane coordinates under a pointer event, or null off the plot area or on something that covers it.
  /** @param {PointerEvent} event */
  toPlaneInside(event) {
    const [axes, u] = [this.axes(), this.toPlane(event)];
    if (!axes || !u) return null;
    const [px, py] = [axes.x.d2p(u[0]), axes.y.d2p(u[1])];
    if (px < 0 || py < 0 || px > axes.x._length || py > axes.y._length) return null;
    // the page sees what is within a component as the component itself, but for the path
    const first = event.composedPath()[0] ?? event.target;
    const target = first instanceof Element ? first : null;
    return this.chart?.contains(target) ? u : null;
  }
}

export { MapOverlay };
