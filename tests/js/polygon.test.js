import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, crosses, fromBits, toBits } from "../../ui/js/polygon.js";

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
