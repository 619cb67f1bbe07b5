import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, crosses, fromBits, tidied, toBits } from "../../ui/js/polygon.js";

const L = [
  [0, 0],
  [2, 0],
  [2, 1],
  [1, 1],
  [1, 2],
  [0, 2],
];

test("inside means an odd number of edges to the right", () => {
  assert.ok(contains(L, 0.5, 1.5));
  assert.ok(contains(L, 1.5, 0.5));
  assert.ok(!contains(L, 1.5, 1.5));
  assert.ok(!contains(L, -0.1, 1));
  assert.ok(!contains([], 0, 0));
});

test("a box that no edge passes is within or without as a whole", () => {
  assert.ok(!crosses(L, 0.2, 0.8, 0.2, 0.8));
  assert.ok(!crosses(L, 1.2, 1.8, 1.2, 1.8));
  assert.ok(crosses(L, 0.5, 1.5, 0.5, 1.5));
  assert.ok(crosses(L, -1, 3, -1, 3));
});

test("bits come back as the bytes they were", () => {
  const mask = Uint8Array.from({ length: 20_003 }, (_, i) => (i % 7 === 0 || i === 20_002 ? 1 : 0));
  const bytes = Uint8Array.from(atob(toBits(mask)), (c) => c.charCodeAt(0));
  assert.equal(bytes.length, 2501);
  assert.deepEqual(fromBits(bytes, mask.length), mask);
  assert.equal(toBits([1, 0, 0, 0, 0, 0, 0, 0, 1]), btoa("\x01\x01"));
});

test("a selection of nothing is none", () => {
  assert.equal(fromBits(new Uint8Array(3), 20), null);
  assert.equal(fromBits(null, 20), null);
});

test("a tidied lasso has few corners, none far from what was drawn, and each has few digits", () => {
  for (const size of [1, 37.5, 400]) {
    const drawn = Array.from({ length: 500 }, (_, k) => {
      const a = (2 * Math.PI * k) / 500;
      return [size * Math.cos(a), size * Math.sin(3 * a) + size * a];
    });
    const slack = size / 300;
    const made = tidied(drawn, slack);
    assert.ok(made.length >= 3 && made.length <= 150, String(made.length));
    for (const [x, y] of drawn) {
      const gaps = made.map((p, k) => {
        const q = made[(k + 1) % made.length];
        const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
        const t = Math.min(Math.max(((x - p[0]) * dx + (y - p[1]) * dy) / (dx * dx + dy * dy || 1), 0), 1);
        return Math.hypot(x - p[0] - t * dx, y - p[1] - t * dy);
      });
      assert.ok(Math.min(...gaps) <= 2 * slack);
    }
    assert.deepEqual(
      made,
      made.map((p) => p.map((v) => Number(v.toPrecision(10)))),
    );
  }
  const box = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  assert.deepEqual(tidied(box, 0.001), box);
});
