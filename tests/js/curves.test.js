import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Curves } from "../../ui/js/curves.js";

let curves;

before(() => {
  globalThis.document = { createElement: () => ({}) };
  curves = new Curves({ clientWidth: 252, clientHeight: 200 }); // 200 pixels between the margins of 44 and 8
  const history = {
    step: [0, 10, 20, 100],
    distortion: [9, 5, 4, 2],
    rate: [0, 1, 2, 3],
    valid_step: [10, 100],
    valid_distortion: [6, 3],
    valid_rate: [1, 2],
  };
  curves.set(history, true, 80);
});

test("the axis goes from 0 to the newest step", () => {
  assert.equal(curves.end, 100);
  assert.equal(curves.x(0), 44);
  assert.equal(curves.x(100), 244);
  assert.equal(curves.stepAt(144), 50);
  assert.equal(curves.stepAt(0), 0);
  assert.equal(curves.stepAt(999), 100);
});

test("logarithmic steps come back to what they were", () => {
  curves.toggle(true);
  for (const step of [0, 1, 30, 100]) assert.ok(Math.abs(curves.stepAt(curves.x(step)) - step) < 1e-9);
  assert.equal(curves.x(0), 44);
  curves.toggle(false);
});

test("values come from the nearest record and last validation", () => {
  assert.deepEqual(curves.valuesAt(14), { elbo: [6, 7], distortion: [5, 6], rate: [1, 1] });
  assert.deepEqual(curves.valuesAt(16), { elbo: [6, 7], distortion: [4, 6], rate: [2, 1] });
  assert.deepEqual(curves.valuesAt(5).elbo, [9, undefined]);
});

test("a panel's range leaves out the fall of the first steps", () => {
  const own = new Curves({ clientWidth: 252, clientHeight: 200 });
  const step = Array.from({ length: 21 }, (_, k) => 5 * k); // the first two are before 8 % of the axis
  const fallen = step.map((s) => (s < 8 ? 90 : s < 50 ? 6 : 2));
  const none = { valid_step: [], valid_distortion: [], valid_rate: [] };
  own.set({ step, distortion: fallen, rate: step.map(() => 0.01), ...none }, true, 100);
  const [low, high] = own.span(["distortion"]);
  assert.ok(Math.abs(low - (2 - 0.28)) < 1e-12 && Math.abs(high - (6 + 0.28)) < 1e-12);
  // a rate near zero is shown as near zero
  assert.equal(own.span(["rate"])[0], 0);
  // a run that has just begun has nothing else to show
  assert.ok(curves.span(["distortion"])[1] > 9);
});

test("dense records are averaged over a few pixels", () => {
  const steps = Array.from({ length: 101 }, (_, k) => k); // two pixels apart, and a mean spans five
  const [means, places] = curves.means(steps, steps);
  assert.deepEqual(means, places);
  assert.deepEqual(means.slice(0, 2), [1, 4]);
});
