// Present: the map and what it decodes fill the screen, with type that the last row can read and a ring that it can see.
// The page's style sheet leaves out everything else; a component hears of it by the event and grows by itself.

const PRESENT = "latent-present";

const presenting = () => document.body.dataset.present !== undefined;

/** @param {boolean} on */
function present(on) {
  if (on === presenting()) return;
  if (on) {
    document.body.dataset.present = "";
    document.documentElement.requestFullscreen?.().catch(() => {}); // refused, it fills the window
  } else {
    delete document.body.dataset.present;
    if (document.fullscreenElement) document.exitFullscreen();
  }
  window.dispatchEvent(new Event(PRESENT));
}

// Leave by Escape, or as the browser leaves the full screen.
/** @param {Listen} on */
function leaveByKey(on) {
  on(
    window,
    "keydown",
    (e) => {
      if (e.key !== "Escape" || !presenting()) return;
      e.stopPropagation();
      present(false);
    },
    { capture: true },
  );
  on(document, "fullscreenchange", () => {
    if (!document.fullscreenElement) present(false);
  });
}

export { leaveByKey, PRESENT, present, presenting };
