import { say } from "../js/say.js";
import { el } from "../js/shared.js";
import { picture } from "../js/space.js";

// The elements beside the map; paths.js fills them.

const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 2.5h3v11H4zM9.5 2.5h3v11h-3z" };

/** @param {string} sign @param {string} words */
function button(sign, words) {
  return el("button", { type: "button", title: words, "aria-label": words }, sign);
}

class PathStage {
  /** @param {HTMLElement} parent @param {number} frames */
  constructor(parent, frames) {
    this.frames = frames;
    this.kinds = el("div", { class: "kinds", role: "group", "aria-label": say("Kinds of path") });
    const holder = document.createElement("div");
    holder.innerHTML =
      '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path fill="currentColor"/></svg>';
    this.play = el("button", { type: "button", class: "play", "aria-label": say("Play") }, ...holder.childNodes);
    this.icon(false);
    this.reverse = button("⇄", say("Reverse the path (R)"));
    this.remove = button("✕", say("Delete the selected waypoint"));
    this.tools = el("div", { class: "tools" }, this.reverse, this.remove);
    this.rows = el("div", { class: "rows" });
    this.range = el("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "any",
      value: "0",
      "aria-label": say("Place on the path"),
    });
    this.curves = el("canvas", { class: "curves", role: "img" });
    this.describeCurves(true);
    this.now = picture("decoder", say("decoded image"));
    this.near = picture("real", say("nearest image"));
    this.numbers = el("dl", { class: "numbers" });
    this.radius = el("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "any",
      "aria-label": say("Radius of the neighbourhood"),
    });
    this.count = el("span");
    this.neighbours = el("div", { class: "neighbours" });
    this.note = el(
      "p",
      { class: "note" },
      say(
        "Drag a waypoint; click the map to add one. Arrow keys move it, N and P select the next and the previous " +
          "one, R reverses the path, Space plays it.",
      ),
    );
    this.attribute = new AttributeStage();
    this.live = el("div", { class: "live", "aria-live": "polite" });
    this.node = el(
      "div",
      { class: "paths", tabindex: "-1" },
      el("div", { class: "head" }, this.kinds, this.tools),
      this.rows,
      el("div", { class: "scrub" }, this.play, el("div", {}, this.range)),
      this.curves,
      el("div", { class: "here" }, this.now.figure, this.near.figure, this.numbers),
      el("div", { class: "around" }, el("label", { class: "radius" }, this.count, this.radius), this.neighbours),
      this.attribute.node,
      this.note,
      this.live,
    );
    parent.append(this.node);
  }

  // Say what the curves show: with the densities, or without.
  /** @param {boolean} expert */
  describeCurves(expert) {
    const shown = expert
      ? say("Densities, ELBO, pixel lengths and neighbours along the path")
      : say("Pixel lengths and neighbours along the path");
    this.curves.setAttribute("aria-label", shown);
    this.curves.title = expert
      ? say("ELBO of the decoded frame, taken as an input image (thresholded if the data are binarised).")
      : "";
  }

  /** @param {boolean} playing */
  icon(playing) {
    this.play.querySelector("path")?.setAttribute("d", ICONS[playing ? "pause" : "play"]);
    this.play.setAttribute("aria-label", playing ? say("Pause") : say("Play"));
  }

  // A toggle and a strip for each kind: [{name, title, about, hue}]; returns them by name.
  /**
   * @param {PathKind[]} kinds @param {PathHandlers} handlers
   * @returns {Map<string, PathRow>}
   */
  offer(kinds, { toggle, choose }) {
    this.kinds.replaceChildren();
    this.rows.replaceChildren();
    return new Map(
      kinds.map(({ name, title, about, hue }) => {
        const box = el("input", { type: "checkbox" });
        const label = el("label", { title: about }, box, el("i", { class: "swatch" }), title);
        const facts = el("span", { class: "facts" });
        const strip = el("div", { class: "strip" });
        const canvases = Array.from({ length: this.frames }, (_, k) =>
          el("canvas", {
            width: 1,
            height: 1,
            role: "img",
            "aria-label": say("{title}, frame {k} of {n}", { title, k: k + 1, n: this.frames }),
          }),
        );
        strip.append(...canvases);
        const row = el(
          "div",
          { class: "row", role: "button", tabindex: "0", "data-kind": name },
          el("div", { class: "title" }, el("i", { class: "swatch" }), title, facts),
          strip,
        );
        for (const node of [label, row]) node.style.setProperty("--hue", hue);
        box.addEventListener("change", () => toggle(name, box.checked));
        row.addEventListener("click", (event) => choose(name, event));
        row.addEventListener("keydown", (event) => {
          if (event.key === "Enter") choose(name, null);
        });
        this.kinds.append(label);
        this.rows.append(row);
        return [name, { box, row, facts, canvases, space: null, frames: [], drawn: [] }];
      }),
    );
  }
}

// A direction in z, applied to any image with the strength of a slider.
class AttributeStage {
  constructor() {
    this.title = el("strong");
    this.effect = el("span", { class: "facts" });
    this.strength = el("input", {
      type: "range",
      min: "-2",
      max: "2",
      step: "any",
      value: "1",
      "aria-label": say("Strength of the attribute"),
    });
    this.strengthText = el("output");
    this.image = el("input", {
      type: "number",
      min: "0",
      step: "1",
      placeholder: say("path"),
      "aria-label": say("Number of the image; empty means the place on the path"),
    });
    this.before = picture("real", say("before"));
    this.after = picture("decoder", say("after"));
    this.node = el(
      "section",
      { class: "attribute", hidden: "", "aria-label": say("Attribute vector") },
      el("div", { class: "title" }, this.title, this.effect),
      el(
        "div",
        { class: "applied" },
        this.before.figure,
        this.after.figure,
        el(
          "div",
          { class: "fields" },
          el("label", {}, el("span", {}, say("strength"), " ", this.strengthText), this.strength),
          el("label", {}, el("span", {}, say("image number")), this.image),
        ),
      ),
    );
  }
}

export { PathStage };
