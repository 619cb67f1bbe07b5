import assert from "node:assert/strict";
import { test } from "node:test";
import { Grid } from "../../ui/js/grid.js";

// numbers in [-1, 1) that are the same each time
function numbers(n, seed) {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

test("each point is in one cell, whose box holds it", () => {
  const [x, y] = [numbers(5000, 1), numbers(5000, 2)];
  const { order, starts, boxes, count } = new Grid(x, y);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...x.keys()],
  );
  assert.equal(starts[0], 0);
  assert.equal(starts[count], 5000);
  for (let c = 0; c < count; c++) {
    const members = order.subarray(starts[c], starts[c + 1]);
    assert.ok(members.length > 0);
    const [across, up] = [x, y].map((values) => Array.from(members, (i) => values[i]));
    const box = [Math.min(...across), Math.max(...across), Math.min(...up), Math.max(...up)];
    assert.deepEqual([...boxes.subarray(4 * c, 4 * c + 4)], box);
  }
});

test("far points, equal points and a single point are handled", () => {
  const x = Float32Array.of(0, 0, 0, 1e30);
  assert.equal(new Grid(x, x).order.length, 4);
  assert.deepEqual([...new Grid(new Float32Array(300), new Float32Array(300)).starts], [0, 300]);
  assert.deepEqual([...new Grid(Float32Array.of(7), Float32Array.of(8)).boxes], [7, 7, 8, 8]);
});

test("values follow the order of the cells", () => {
  const [x, y] = [numbers(500, 3), numbers(500, 4)];
  const grid = new Grid(x, y);
  const pairs = Float32Array.from({ length: 1000 }, (_, t) => t);
  const ordered = grid.ordered(pairs, 2);
  grid.order.forEach((i, t) => assert.deepEqual([ordered[2 * t], ordered[2 * t + 1]], [2 * i, 2 * i + 1]));
  assert.ok(ordered instanceof Float32Array);
});
