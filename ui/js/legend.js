import { say } from "./say.js";
import { el } from "./shared.js";

// The legend of a map's classes: a button for each class, which shows that class alone or, pressed again, all of them.

const makeLegend = () =>
  el("div", { class: "legend", role: "group", "aria-label": say("Classes: press one to see it alone") });

// Fill a legend with classes [label, name, colour]; `owner` has the class that is shown alone as `solo`, null for all.
/**
 * @param {HTMLElement} legend @param {[number, string, string][]} classes
 * @param {{solo: number | null, recolour: () => void}} owner
 */
function fillLegend(legend, classes, owner) {
  const buttons = classes.map(([label, name, colour]) => {
    const dot = el("i");
    dot.style.background = colour; // as an attribute it would need a page that allows inline styles
    const button = el("button", { type: "button", "aria-pressed": "false" }, dot, name);
    button.addEventListener("click", () => {
      owner.solo = owner.solo === label ? null : label;
      classes.forEach(([other], k) => buttons[k].setAttribute("aria-pressed", String(other === owner.solo)));
      owner.recolour();
    });
    return button;
  });
  legend.replaceChildren(...buttons);
}

export { fillLegend, makeLegend };
