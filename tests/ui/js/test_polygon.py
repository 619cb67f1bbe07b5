"""What a lasso holds, in node."""

import numpy as np
from maps import inside
from node import evaluate

LASSO = """async ([means, polygon]) => {
    const { Grid } = await use("js/grid.js");
    const { contains, crosses } = await use("js/polygon.js");
    const [x, y] = [0, 1].map((k) => Float32Array.from(means, (z) => z[k]));
    const { boxes, starts, order, count } = new Grid(x, y);
    const mask = new Array(x.length).fill(0);
    let whole = 0;
    for (let c = 0; c < count; c++) {
        const box = boxes.subarray(4 * c, 4 * c + 4);
        const mixed = crosses(polygon, ...box);
        if (!mixed) whole++;
        const all = contains(polygon, box[0], box[2]);
        for (let t = starts[c]; t < starts[c + 1]; t++) {
            mask[order[t]] = Number(mixed ? contains(polygon, x[order[t]], y[order[t]]) : all);
        }
    }
    return [mask, whole / count];
}"""


def test_the_lasso_agrees_with_numpy_code_by_code():
    polygon = [(-2.03, -1.51), (1.52, -0.97), (2.51, 1.23), (0.21, 0.43), (-1.01, 2.02)]
    means = np.random.default_rng(0).normal(size=(4000, 2)).astype(np.float32)
    mask, whole = evaluate(LASSO, [means.tolist(), polygon])
    np.testing.assert_array_equal(np.array(mask, bool), inside(np.array(polygon), means))
    assert whole > 0.4  # most cells are decided at once
