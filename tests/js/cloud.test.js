import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Cloud, paints } from "../../ui/js/cloud.js";

before(() => {
  globalThis.window = { devicePixelRatio: 1 };
});

// a context of which nothing is known but whether it is lost: then it makes no shaders, and draws nothing
function canvasOf(lost) {
  const events = new EventTarget();
  const gl = new Proxy(
    {},
    {
      get: (_, name) => {
        if (/^[A-Z_0-9]+$/.test(name)) return 1;
        if (name === "createShader") return () => (lost.now ? null : {});
        if (name === "isContextLost") return () => lost.now;
        return (...values) => {
          if (name === "shaderSource") assert.ok(values[0]);
          return name === "getProgramParameter" ? !lost.now : {};
        };
      },
    },
  );
  return Object.assign(events, { clientWidth: 10, clientHeight: 10, getContext: () => gl });
}

test("a lost context is no error, and draws again when it is back", () => {
  const lost = { now: true };
  const canvas = canvasOf(lost);
  let drawn = 0;
  const cloud = new Cloud(canvas, () => drawn++);
  assert.equal(cloud.kind, "webgl");
  const points = new Float32Array([0, 0, 1, 1]);
  cloud.between(points, points);
  cloud.paint(new Uint8Array(8));
  cloud.draw([-1, 1, -1, 1], 1, 4);
  lost.now = false;
  canvas.dispatchEvent(new Event("webglcontextrestored"));
  assert.equal(drawn, 1);
  assert.ok(cloud.places.scale && cloud.buffers.goal);
});

test("points between two places", () => {
  const cloud = new Cloud(canvasOf({ now: false }));
  assert.equal(cloud.at(0.5).length, 0);
  cloud.between(new Float32Array([0, 0, 2, 2]), new Float32Array([1, 1, 2, 4]));
  assert.deepEqual([...cloud.at(0.5)], [0.5, 0.5, 2, 3]);
  assert.equal(cloud.count, 2);
});

test("muted points and points without a class have the first colour's place", () => {
  const pair = "light-dark(#ff0000, #00ff00)";
  const colours = paints(Int32Array.of(0, 1, -1), ["#0000ff", pair], false, (label) => label !== 1);
  assert.deepEqual([...colours], [0, 0, 255, 255, 255, 0, 0, 28, 0, 0, 255, 255]);
});
