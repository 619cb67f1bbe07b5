"""What a lasso holds, in node."""

import numpy as np
from maps import inside
from node import evaluate

from ui.explore.outlines import within

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
    np.testing.assert_array_equal(np.array(mask, bool), within(polygon, means))
    assert whole > 0.4  # most cells are decided at once


def test_a_link_holds_the_same_codes_as_the_lasso_also_on_its_edges():
    """Codes on corners and edges of the lasso fall on the same side in Python as in the browser."""
    polygon = [(0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.5, 0.75), (0.1, 1.3)]
    grid = np.stack(np.meshgrid(np.arange(-4, 60) / 40, np.arange(-4, 60) / 40), -1).reshape(-1, 2).astype(np.float32)
    program = """async ([means, polygon]) => {
        const { contains } = await use("js/polygon.js");
        return means.map(([x, y]) => contains(polygon, Math.fround(x), Math.fround(y)));
    }"""
    mask = np.array(evaluate(program, [grid.tolist(), polygon]))
    assert 100 < mask.sum() < 2000
    np.testing.assert_array_equal(mask, within(polygon, grid))
