import assert from "node:assert/strict";
import { test } from "node:test";
import { Playhead } from "../../ui/js/playhead.js";

function made(count) {
  const head = new Playhead();
  head.count = count;
  return head;
}

test("a film of many frames plays in four seconds and stops", () => {
  const head = made(101);
  head.play();
  head.advance(1);
  assert.equal(head.position, 25);
  for (let k = 0; k < 3; k++) head.advance(1);
  assert.equal(head.position, 100);
  assert.ok(!head.playing && !head.moving);
  head.play();
  assert.equal(head.position, 0);
});

test("few frames play at four a second, a single one not at all", () => {
  const head = made(3);
  head.play();
  head.advance(0.25);
  assert.equal(head.position, 1);
  const single = made(1);
  single.play();
  assert.ok(!single.playing);
});

test("it glides or jumps to a frame, never beyond the film", () => {
  const head = made(11);
  head.go(4, 0.2);
  head.advance(0.1);
  assert.equal(head.position, 2);
  head.advance(0.1);
  assert.equal(head.position, 4);
  head.jump(99);
  assert.equal(head.position, 10);
  head.reduceMotion = true;
  head.go(3);
  assert.equal(head.position, 3);
});
