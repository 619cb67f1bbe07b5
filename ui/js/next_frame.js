// Return a function that lets `draw` run at the next frame, once for all calls before it, and never after the signal.
/**
 * @param {AbortSignal} signal
 * @param {(now: number) => void} draw
 * @returns {() => void}
 */
export function atNextFrame(signal, draw) {
  let requested = false;
  return () => {
    if (requested || signal.aborted) return;
    requested = true;
    requestAnimationFrame((now) => {
      requested = false;
      if (!signal.aborted) draw(now);
    });
  };
}
