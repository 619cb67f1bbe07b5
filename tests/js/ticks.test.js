import assert from "node:assert/strict";
import { test } from "node:test";
import { border, grid, ticks, title } from "../../ui/js/ticks.js";

// A context that keeps what is called on it, with the colour that was set then.
function recorder() {
  const calls = [];
  const context = new Proxy(
    {},
    { get: (kept, name) => kept[name] ?? ((...values) => calls.push([name, ...values])), set: Reflect.set },
  );
  return { context, calls, of: (name) => calls.filter(([n]) => n === name).map(([, ...values]) => values) };
}

const theme = { grid: "grid", muted: "muted", line: "line", ink: "ink" };
const area = { left: 10, top: 20, width: 100, height: 50 };

test("ticks are round, within the range, and as many as asked for", () => {
  assert.deepEqual(ticks(0, 10, 5), { values: [0, 2, 4, 6, 8, 10], digits: 0 });
  assert.deepEqual(ticks(-1.2, 1.2, 4).values, [-1, 0, 1]);
  assert.equal(ticks(0, 0.3, 3).digits, 1);
  assert.equal(ticks(0, 0.05, 5).digits, 2);
  for (const [low, high, count] of [
    [3.17, 8.02, 4],
    [-1e-7, 4e-7, 6],
    [1e6, 3e6, 9],
  ]) {
    const { values } = ticks(low, high, count);
    assert.ok(values.every((v) => v >= low && v <= high * (1 + 1e-12)));
    assert.ok(values.length >= count / 2.5 && values.length <= count + 1);
  }
});

test("a range of nothing has no ticks", () => {
  assert.deepEqual(ticks(2, 2, 5), { values: [], digits: 0 });
  assert.deepEqual(ticks(NaN, 1, 5), { values: [], digits: 0 });
  assert.deepEqual(ticks(3, 1, 5), { values: [], digits: 0 });
});

test("grid lines cross the area, and numbers stand outside", () => {
  const { context, of } = recorder();
  const across = { values: [0, 5, 10], digits: 0, place: (v) => 10 + 10 * v };
  const up = { values: [-1, 1], digits: 1, place: (v) => 45 - 20 * v };
  grid(context, area, { across, up }, theme);
  assert.deepEqual(of("fillText"), [
    ["0", 10.5, 84],
    ["5", 60.5, 84],
    ["10", 110.5, 84],
    ["−1.0", 5, 69.5],
    ["1.0", 5, 29.5],
  ]);
  // the one on the last edge is the border's
  assert.deepEqual(of("moveTo"), [
    [10.5, 20],
    [60.5, 20],
    [10, 65.5],
    [10, 25.5],
  ]);
  assert.deepEqual(of("lineTo").at(-1), [110, 25.5]);
  assert.equal(of("stroke").length, 1);
});

test("numbers that would stick out give way to names", () => {
  const { context, of } = recorder();
  const across = { values: [0, 1, 2], digits: 0, names: ["a", "b", "c"], place: (v) => 11 + 49 * v, room: [8, 8] };
  grid(context, area, { across }, theme);
  assert.deepEqual(of("fillText"), [["b", 60.5, 84]]);
  assert.equal(of("moveTo").length, 3);
});

test("the border lies on the area's outermost pixels", () => {
  const { context, of } = recorder();
  border(context, area, "line");
  assert.deepEqual(of("strokeRect"), [[10.5, 20.5, 99, 49]]);
  assert.equal(context.strokeStyle, "line");
});

test("titles stand under the middle, or beside it, upwards", () => {
  const { context, of } = recorder();
  title(context, "step", area, 95, "ink");
  title(context, "nats", area, null, "ink");
  assert.deepEqual(of("fillText"), [
    ["step", 60, 95],
    ["nats", 0, 0],
  ]);
  assert.deepEqual(of("translate"), [[10, 45]]);
  assert.deepEqual(of("rotate"), [[-Math.PI / 2]]);
});
