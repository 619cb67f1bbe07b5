import { say } from "../js/say.js";
import { el } from "../js/shared.js";

// The page's contents: a link to each chapter, with the one that is in view, and how many have been read.

class Contents {
  /** @param {import("./theory.js").Theory} page */
  constructor(page) {
    this.page = page;
    this.list = el("ol", {});
    this.bar = el("i", {});
    this.words = el("p", { class: "note" });
    const wide = innerWidth > 760; // on a phone the machine comes before the list is opened
    this.fold = el("details", wide ? { open: "" } : {}, el("summary", {}, say("Contents · about 25 min")), this.list);
    this.node = el(
      "nav",
      { class: "contents", "aria-label": say("Contents") },
      this.fold,
      el("div", { class: "progress", "aria-hidden": "true" }, this.bar),
      this.words,
    );
    /** @type {Set<number>} */
    this.read = new Set();
    /** @type {{node: Element, number: number, link: HTMLAnchorElement}[]} */
    this.entries = [];
    this.watch = new IntersectionObserver(() => this.mark(), { threshold: [0, 0.25, 0.5, 0.75, 1] });
  }

  destroy() {
    this.watch.disconnect();
  }

  /** @param {{node: HTMLElement, number: number, title: string}[]} chapters */
  begin(chapters) {
    this.watch.disconnect();
    this.read.clear();
    this.entries = chapters.map(({ node, number, title }) => {
      const address = new URLSearchParams(location.search);
      address.set("chapter", String(number));
      const link = el(
        "a",
        { href: `?${address}`, "data-number": number },
        el("span", { class: "count" }, number ? String(number) : "▸"),
        el("span", {}, title),
      );
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.go(number);
      });
      this.watch.observe(node);
      return { node, number, link };
    });
    this.list.replaceChildren(...this.entries.map(({ link }) => el("li", {}, link)));
    this.mark();
  }

  /** @param {number} number */
  go(number) {
    const entry = this.entries.find((e) => e.number === number);
    if (!entry) return;
    const behavior = this.page.reduceMotion ? "auto" : "smooth";
    entry.node.scrollIntoView({ behavior, block: "start" });
    this.page.moved({ place: number });
  }

  // The chapter whose top is nearest to the top of the window, of those that are seen.
  mark() {
    const top = 0.5 * innerHeight;
    let current = this.entries[0];
    for (const entry of this.entries) {
      const box = entry.node.getBoundingClientRect();
      if (box.height && box.top < top) current = entry;
      if (box.height && entry.number && box.bottom < innerHeight + 40 && box.bottom > 0) this.read.add(entry.number);
    }
    for (const { link } of this.entries)
      if (link === current?.link) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    const count = this.entries.length - 1;
    this.bar.style.width = `${(100 * this.read.size) / Math.max(1, count)}%`;
    this.words.textContent = say("{read} of {count} chapters read", { read: this.read.size, count });
  }
}

export { Contents };
