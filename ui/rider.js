// What rides on a Plotly chart: elements of a component's own on it, its keys, and the way between pixels and its axes.

const REDRAWN = ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"];

class Rider {
  // nodes: what is put on the chart; label: what it is for a screen reader; key(event): its keys; follow(): after each
  // change of what it shows
  constructor(nodes, { label, key, follow }) {
    Object.assign(this, { nodes, label, key, follow });
    this.chart = null;
  }

  // Take hold of the chart of a Streamlit key; to be called now and then, since nobody tells of a chart mounted anew.
  find(key) {
    const found = document.querySelector(`.st-key-${key} .js-plotly-plot`);
    // a redrawn chart may be a new element, or the old one emptied of what was put into it
    if (found !== this.chart || (found && !this.nodes.every((node) => found.contains(node)))) this.ride(found);
  }

  ride(chart) {
    this.leave();
    this.chart = chart;
    if (!chart) return;
    this.stop = new AbortController();
    chart.tabIndex = 0;
    chart.setAttribute("role", "application");
    chart.setAttribute("aria-label", this.label);
    chart.addEventListener("keydown", (e) => this.key(e), { signal: this.stop.signal });
    chart.style.position = "relative";
    chart.append(...this.nodes);
    for (const name of REDRAWN) chart.on?.(name, this.follow);
    this.follow();
  }

  leave() {
    this.stop?.abort();
    for (const name of REDRAWN) this.chart?.removeListener?.(name, this.follow);
    for (const node of this.nodes) node.remove();
  }

  // The plot area of the chart, with its axes; Plotly keeps them in _fullLayout, which is private, hence the guards.
  axes() {
    const layout = this.chart?._fullLayout;
    const [x, y] = [layout?.xaxis, layout?.yaxis];
    return x?.p2d && y?.p2d ? { x, y } : null;
  }

  // Plane coordinates under a pointer event, wherever it is; null without a chart.
  place(event) {
    const axes = this.axes();
    if (!axes) return null;
    const box = this.chart.getBoundingClientRect();
    return [axes.x.p2d(event.clientX - box.left - axes.x._offset), axes.y.p2d(event.clientY - box.top - axes.y._offset)];
  }

  // Plane coordinates under a pointer event, or null off the plot area or on something that covers it.
  under(event) {
    const [axes, u] = [this.axes(), this.place(event)];
    if (!u) return null;
    const [px, py] = [axes.x.d2p(u[0]), axes.y.d2p(u[1])];
    if (px < 0 || py < 0 || px > axes.x._length || py > axes.y._length) return null;
    // while a button is down Plotly covers the page with a layer of its own
    const target = event.target instanceof Element ? event.target : null;
    if (!this.chart.contains(target) && !target?.classList.contains("dragcover")) return null;
    return target?.closest(".modebar") ? null : u;
  }
}

export { Rider };
