import assert from "node:assert/strict";
import { test } from "node:test";
import { bound, rung } from "../../ui/theory/theory_sums.js";

// Weights of 512 samples whose logarithms vary by `spread` nats, from a fixed sequence.
function weights(spread, seed) {
  let state = seed;
  const uniform = () => (state = (16807 * state) % 2147483647) / 2147483647;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float64Array.from({ length: 512 }, () => -80 + spread * normal());
}

test("bounds are printed in their order, whatever the samples", () => {
  for (const spread of [0, 0.5, 2, 6])
    for (let seed = 1; seed < 20; seed++) {
      const logW = weights(spread, seed);
      const elbo = -80 - seed / 7; // by quadrature, so the samples' mean is another number
      const truth = elbo + (spread ** 2 * seed) / 20;
      const now = { log_w: logW, numbers: { elbo, log_px: truth, elbo_error: 1e-6 } };
      for (let k = 1; k <= 512; k *= 2) {
        const found = bound(now, k);
        assert.ok(elbo <= found.value + 1e-9 && found.value <= truth + 1e-9, `${spread} ${seed} ${k}`);
        assert.ok(Number.isFinite(found.se) && found.se >= 0);
      }
      assert.equal(bound(now, 1).value, elbo);
    }
});

test("beyond quadrature the bound is the samples', moved by what the closed rate knows better", () => {
  const logW = weights(1, 3);
  const numbers = { elbo: rung(logW, 1).value + 0.1, elbo_se: 0.2 };
  for (const k of [1, 8, 512]) {
    const found = bound({ log_w: logW, numbers }, k);
    assert.ok(Math.abs(found.value - (rung(logW, k).value + 0.1)) < 1e-9);
    assert.ok(found.se >= 0.2);
  }
});
