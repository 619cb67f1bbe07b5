// Puts elements and keys of a component on a map, and turns pixels into plane coordinates. A map is Plotly's chart, or
// one that a component has put on the window (bigmap.js): an object {node, axes(), listen(follow)}.

const REDRAWN = ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"];

// Plotly keeps its axes in _fullLayout, which is private, hence the guards.
/** @param {PlotlyChart} node @returns {OverlaidMap} */
function plotly(node) {
  return {
    node,
    axes() {
      const layout = node._fullLayout;
      const [x, y] = [layout?.xaxis, layout?.yaxis];
      return x?.p2d && y?.p2d ? /** @type {MapAxes} */ ({ x, y }) : null;
    },
    listen(follow) {
      for (const name of REDRAWN) node.on?.(name, follow);
      return () => {
        for (const name of REDRAWN) node.removeListener?.(name, follow);
      };
    },
  };
}

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
    const own = window.__latentMaps?.get(key);
    /** @type {HTMLElement | null} */
    const found = own?.node ?? document.querySelector(`.st-key-${key} .js-plotly-plot`);
    // a redrawn chart may be a new element, or the old one emptied of what was put into it
    if (found !== this.chart || (found && !this.nodes.every((node) => found.contains(node))))
      this.attach(found && (own ?? plotly(found)));
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
      // Plotly keeps a press from giving the chart the keys, as a press gives them to anything else that has a focus
      chart.addEventListener("pointerdown", (e) => this.takeKeys(e), { signal, capture: true });
    }
    chart.style.position = "relative";
    chart.append(...this.nodes);
    this.unlisten = map.listen(this.follow);
    this.follow();
  }

  /** @param {PointerEvent} event */
  takeKeys(event) {
    const { target } = event;
    if (target instanceof Element && !target.closest("button, input, select, a, .modebar"))
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
    // while a button is down Plotly covers the page with a layer of its own
    if (!this.chart?.contains(target) && !target?.classList.contains("dragcover")) return null;
    return target?.closest(".modebar") ? null : u;
  }
}

export { MapOverlay };
