"""The picture of a density, in node: every code in view is counted, and its colour is the mean's."""

import numpy as np
from node import evaluate

HISTOGRAM = """async ([means, labels, view, columns, lines]) => {
    const { Grid } = await use("js/grid.js");
    const { Density } = await use("js/density.js");
    const [x, y] = [0, 1].map((k) => Float32Array.from(means, (z) => z[k]));
    const density = new Density(new Grid(x, y), x, y);
    density.grid.order.forEach((i, t) => { density.kinds[t] = labels[i]; });
    density.paint(view, columns, lines, [[1, 0, 0], [2, 0, 0], [3, 0, 0]], false);
    const data = density.canvas.pixels;
    const members = density.members(view).map((t) => density.grid.order[t]);
    const counts = Array.from(density.histogram(view, columns, lines, 3));
    return { counts, members, within: density.within(view), alphas: Array.from(data).filter((_, t) => t % 4 === 3) };
}"""


def test_the_density_counts_every_code_in_view():
    rng = np.random.default_rng(0)
    means, labels = rng.normal(size=(5000, 2)).astype(np.float32), rng.integers(0, 3, 5000)
    low, high = np.array([-2.0, -1.0]), np.array([1.5, 2.5])
    arguments = [means.tolist(), labels.tolist(), [low[0], high[0], low[1], high[1]], 40, 30]
    found = evaluate(HISTOGRAM, arguments)
    within = ((means >= low) & (means <= high)).all(1)
    assert found["within"] == within.sum() == len(found["members"])
    np.testing.assert_array_equal(np.sort(found["members"]), np.flatnonzero(within))
    counts = np.array(found["counts"]).reshape(30, 40, 3)
    for k in range(3):
        x, y = means[labels == k].T
        expected, _, _ = np.histogram2d(y, x, (30, 40), ((low[1], high[1]), (low[0], high[0])))
        # lines go downwards; a code on a line between two bins may round to either
        assert np.abs(counts[::-1, :, k] - expected).sum() <= 2
    alphas = np.array(found["alphas"]).reshape(30, 40)
    np.testing.assert_array_equal(alphas > 0, counts.sum(2) > 0)
    fullest = np.unravel_index(counts.sum(2).argmax(), (30, 40))
    assert alphas[fullest] == 255


MEANS = """async ([means, values, muted, view, columns, lines]) => {
    const { Grid } = await use("js/grid.js");
    const { Density } = await use("js/density.js");
    const [x, y] = [0, 1].map((k) => Float32Array.from(means, (z) => z[k]));
    const density = new Density(new Grid(x, y), x, y);
    density.values = density.grid.ordered(Float32Array.from(values));
    density.grid.order.forEach((i, t) => { density.kinds[t] = muted[i] ? 3 : 0; });
    density.means(view, columns, lines, { low: 0, high: 4, ramp: (t) => [255 * t, 7, 9] }, 3);
    return Array.from(density.canvas.pixels);
}"""


def test_a_pixel_of_many_codes_has_the_colour_of_their_mean():
    rng = np.random.default_rng(1)
    means, values = rng.uniform(-1, 1, (4000, 2)).astype(np.float32), rng.uniform(0, 4, 4000).astype(np.float32)
    muted = means[:, 0] > 0.5
    arguments = [means.tolist(), values.tolist(), muted.tolist(), [-1, 1, -1, 1], 10, 10]
    found = np.array(evaluate(MEANS, arguments)).reshape(10, 10, 4)[::-1]
    count, _, _ = np.histogram2d(*means[~muted].T[::-1], 10, ((-1, 1), (-1, 1)))
    total, _, _ = np.histogram2d(*means[~muted].T[::-1], 10, ((-1, 1), (-1, 1)), weights=values[~muted])
    seen = count > 5
    assert seen[:, :7].all() and not seen[:, 8:].any()
    expected = np.divide(total, count, where=seen, out=np.zeros_like(total)) / 4 * 255
    assert np.abs(found[..., 0] - expected)[seen].max() < 6  # a code on a line between two bins rounds to either
    assert (found[:, 9, :3] == [134, 139, 147]).all() or (found[:, 9, 3] < 60).all()  # muted ones alone are grey
