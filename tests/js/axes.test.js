import assert from "node:assert/strict";
import { test } from "node:test";
import { Axes, fade } from "../../ui/js/axes.js";

const axes = new Axes({ clientWidth: 239, clientHeight: 139 }); // 200 x 100 pixels of plane

test("a view's corners lie on the area's corners", () => {
  assert.deepEqual(axes.area(), { left: 38, top: 1, width: 200, height: 100 });
  assert.deepEqual(axes.place([-2, 2, -1, 1], -2, 1), [38, 1]);
  assert.deepEqual(axes.place([-2, 2, -1, 1], 2, -1), [238, 101]);
  assert.deepEqual(axes.place([-2, 2, -1, 1], 0, 0), [138, 51]);
});

const strengths = (glyphs, solo) => fade(glyphs, solo).map((glyph) => glyph.strength);
const glyph = (k, at, text = "3") => ({ text, k, at });

test("names that would cover each other fade, others are strong", () => {
  assert.deepEqual(strengths([glyph(0, [0, 0]), glyph(1, [4, 0])], null), [0, 0]);
  assert.deepEqual(strengths([glyph(0, [0, 0]), glyph(1, [40, 0])], null), [1, 1]);
  assert.deepEqual(strengths([glyph(0, [0, 0]), glyph(1, [0, 13.5])], null), [0.5, 0.5]);
  // a longer name needs more room across, and no more above
  assert.deepEqual(strengths([glyph(0, [0, 0], "trouser"), glyph(1, [40, 0], "trouser")], null), [0, 0]);
});

test("a name alone is as strong as ever, and the others step back", () => {
  assert.deepEqual(strengths([glyph(0, [0, 0]), glyph(1, [4, 0]), glyph(2, [90, 0])], 1), [0, 1, 0.3]);
});
