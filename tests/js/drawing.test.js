import assert from "node:assert/strict";
import { test } from "node:test";
import { cividis } from "../../ui/js/cividis.js";
import { ease, nats, whole } from "../../ui/js/drawing.js";
import { minus, plain, rgb, unpack } from "../../ui/js/shared.js";

test("nats have as many digits as they bear", () => {
  assert.equal(nats(-1.234), "−1.23");
  assert.equal(nats(123.456), "123.5");
  assert.equal(nats(1234.5), "1235");
  assert.equal(nats(NaN), "–");
  assert.equal(whole(12345.6), "12,346");
  assert.equal(minus("-2"), "−2");
});

test("values go towards their goals and end on them", () => {
  const values = [0, 1];
  assert.ok(ease(values, [1, 3], 0.1, 0.1));
  assert.ok(Math.abs(values[0] - (1 - Math.exp(-1))) < 1e-12);
  let steps = 0;
  while (ease(values, [1, 3], 0.1, 0.1)) steps++;
  assert.deepEqual(values, [1, 3]);
  assert.ok(steps < 12);
});

test("colours and titles are read as they are written", () => {
  assert.deepEqual(rgb("#3f90da"), [63, 144, 218]);
  assert.equal(plain("z<sub>12</sub> (PCA)"), "z₁₂ (PCA)");
  assert.deepEqual(cividis(0), [0x00, 0x22, 0x4e]);
  assert.deepEqual(cividis(2), [0xe1, 0xcc, 0x55]);
  assert.deepEqual(cividis(1 / 16), [0x09, 0x2b + 0.5, 0x5f]);
});

test("a packet's header and sections come apart", () => {
  const text = JSON.stringify({ id: "a", sections: { codes: [0, 3], labels: [8, 2] } });
  const padded = text + " ".repeat((8 - ((4 + text.length) % 8)) % 8);
  const bytes = new Uint8Array(4 + padded.length + 16);
  new DataView(bytes.buffer).setUint32(0, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 4);
  bytes.set([1, 2, 3], 4 + padded.length);
  bytes.set([7, 8], 4 + padded.length + 8);
  const { header, section } = unpack(bytes);
  assert.equal(header.id, "a");
  assert.deepEqual(section("codes"), Uint8Array.of(1, 2, 3));
  assert.deepEqual(section("labels"), Uint8Array.of(7, 8));
  assert.equal(section("images"), null);
});
