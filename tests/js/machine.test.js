import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { createElement: () => ({ addEventListener() {}, setAttribute() {}, style: {} }) };
const { boxes, cells, mosaic } = await import("../../ui/theory/machine_network.js");
const { window_ } = await import("../../ui/theory/machine_plane.js");

test("every unit has one cell", () => {
  const box = { left: 0, top: 0, width: 70, height: 90 };
  for (const shape of [[1], [7], [128], [3, 5, 4], [32, 14, 14]]) {
    const count = shape.reduce((a, b) => a * b, 1);
    const { w, h, units } = mosaic(new Float32Array(count), shape, box);
    assert.equal(units.length, w * h);
    const seen = [...units].filter((u) => u >= 0).sort((a, b) => a - b);
    assert.deepEqual(seen, [...Array(count).keys()]);
  }
});

test("maps stay whole: neighbours of a map are neighbours on the canvas", () => {
  const { w, units } = mosaic(new Float32Array(24), [2, 3, 4], { left: 0, top: 0, width: 80, height: 40 });
  const at = units.indexOf(0);
  assert.equal(units[at + 1], 1);
  assert.equal(units[at + w], 4);
});

test("cells fill the box about as squares", () => {
  for (const [n, width, height] of [
    [256, 80, 80],
    [100, 40, 90],
    [5, 200, 20],
  ]) {
    const { rows, columns } = cells(n, width, height);
    assert.ok(rows * columns >= n && (rows - 1) * columns < n);
  }
});

test("the stages' boxes lie within the trapezoid, one after the other", () => {
  for (const [tall, low] of [
    [146, 85],
    [85, 146],
  ]) {
    const found = boxes(3, 180, tall, low);
    let before = 0;
    for (const { left, top, width, height } of found) {
      assert.ok(left >= before && height > 0);
      for (const x of [left, left + width]) assert.ok(height <= tall + ((low - tall) * x) / 180);
      assert.ok(Math.abs(top + height / 2 - Math.max(tall, low) / 2) < 1e-9);
      before = left + width;
    }
    assert.ok(before <= 180);
  }
});

test("what is seen holds the cloud", () => {
  const { centre, half } = window_([1, 2], [0.1, 0.3], [1, 1], false);
  assert.deepEqual(centre, [1, 2]);
  assert.ok(half > 3 * 0.3);
  assert.ok(window_([1, 2], [0, 0], [1, 1], false).half > 0);
  assert.ok(window_([1, 2], [0.1, 0.3], [1, 1], true).half > 3);
});
