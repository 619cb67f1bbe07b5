"""The index over the codes: the nearest one is exactly the nearest, and log q(z) misses less than is promised."""

import base64

import numpy as np
import pytest
from node import evaluate
from scipy.special import logsumexp

ERROR = 1e-6  # nats; what is left out is below 1e-7, the rest is for float32 means and scales
LOOK = """async ([d, means, scales, points, skips]) => {
    const { Mixture } = await use("js/mixture.js");
    const mixture = new Mixture(floats(means), floats(scales), d);
    let visited = 0;
    const addCell = mixture.addCell.bind(mixture);
    mixture.addCell = (z, c) => { visited += mixture.grid.starts[c + 1] - mixture.grid.starts[c]; addCell(z, c); };
    return { found: points.map((z, k) => mixture.evaluate(z, skips[k])), share: visited / (points.length * mixture.n) };
}"""


def encoded(values):
    return None if values is None else base64.b64encode(values.astype("<f4").tobytes()).decode()


def look(means, scales, points, skips=None):
    arguments = [means.shape[1], encoded(means), encoded(scales), np.asarray(points, float).tolist()]
    return evaluate(LOOK, [*arguments, skips or [-1] * len(points)])


def by_the_book(means, scales, z, skip=-1):
    """Return the nearest code, its distance, and log q(z) summed over all codes in float64."""
    keep = np.flatnonzero(np.arange(len(means)) != skip)
    mu, sigma = means[keep].astype(float), scales[keep].astype(float)
    distance = np.square(mu - z).sum(1)
    each = -0.5 * np.square((z - mu) / sigma).sum(1) - np.log(sigma).sum(1) - 0.5 * mu.shape[1] * np.log(2 * np.pi)
    return keep[distance.argmin()], distance.min() ** 0.5, logsumexp(each) - np.log(len(mu))


def clusters(n, d, seed=0):
    """Codes in clusters, with scales that differ from code to code and from cluster to cluster, and far strays."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 7, n)
    means = rng.normal(0, 1.5, (7, d))[label] + rng.normal(0, 0.3, (n, d))
    means[: n // 200] *= 30
    scales = np.exp(rng.normal(-2 - 0.3 * label[:, None], 0.5, (n, d)))
    return means.astype(np.float32), scales.astype(np.float32)


@pytest.mark.parametrize(("n", "d"), [(1, 2), (3, 1), (700, 1), (5000, 2), (30_000, 2), (5000, 10)])
def test_the_index_agrees_with_the_sum_over_all_codes(n, d):
    means, scales = clusters(n, d)
    rng = np.random.default_rng(1)
    # among the codes, in holes between them, exactly on one, and far outside of everything
    points = np.concatenate([rng.normal(0, 1.5, (40, d)), rng.normal(0, 8, (20, d)), means[:1], np.full((1, d), 400.0)])
    answer = look(means, scales, points)
    for found, z in zip(answer["found"], points, strict=True):
        nearest, distance, log_q = by_the_book(means, scales, z)
        assert found["nearest"] == nearest
        assert found["distance"] == pytest.approx(distance, abs=1e-9)
        assert found["logQ"] == pytest.approx(log_q, abs=ERROR, rel=1e-12)


WITHIN = """async ([d, means, points, radius]) => {
    const { Mixture } = await use("js/mixture.js");
    const mixture = new Mixture(floats(means), null, d);
    return points.map((z) => mixture.within(z, radius).map(([square, i]) => [i, square]).sort((a, b) => a[0] - b[0]));
}"""


@pytest.mark.parametrize(("n", "d", "radius"), [(1, 2, 1.0), (700, 1, 0.2), (5000, 2, 0.3), (5000, 10, 2.0)])
def test_the_codes_within_a_radius_are_those_that_numpy_finds(n, d, radius):
    means, _ = clusters(n, d)
    points = np.concatenate([means[:20].astype(float), np.random.default_rng(1).normal(0, 3, (20, d))])
    answer = evaluate(WITHIN, [d, encoded(means), points.tolist(), radius])
    counts = []
    for found, z in zip(answer, points, strict=True):
        square = np.square(means.astype(float) - z).sum(1)
        assert [i for i, _ in found] == np.flatnonzero(square <= radius**2).tolist()
        assert [s for _, s in found] == pytest.approx(square[square <= radius**2])
        counts.append(len(found))
    assert max(counts) >= 1 and (n == 1 or min(counts) < n)


def test_a_code_can_be_left_out():
    means, scales = clusters(3000, 2)
    chosen = [0, 5, 1500, 2999]
    answer = look(means, scales, means[chosen], chosen)
    for found, i in zip(answer["found"], chosen, strict=True):
        nearest, _, log_q = by_the_book(means, scales, means[i].astype(float), i)
        assert found["nearest"] == nearest != i
        assert found["logQ"] == pytest.approx(log_q, abs=ERROR, rel=1e-12)


def test_most_codes_are_not_visited():
    means, scales = clusters(30_000, 2)
    points = np.random.default_rng(2).normal(0, 1.5, (100, 2))
    assert look(means, scales, points)["share"] < 0.6  # widths differ tenfold here, and the widest decide
    alone = look(means, None, points)
    assert alone["share"] < 0.05
    assert "logQ" not in alone["found"][0]
    for found, z in zip(alone["found"], points, strict=True):
        assert found["nearest"] == np.square(means.astype(float) - z).sum(1).argmin()


def test_equal_codes_and_collapsed_posteriors_are_handled():
    """Equal codes give the first and a collapsed posterior is no trouble."""
    means, scales = np.zeros((2000, 2), np.float32), np.ones((2000, 2), np.float32)
    found = look(means, scales, [[0, 0], [1, 2]])["found"]
    assert [f["nearest"] for f in found] == [0, 0]
    assert found[1]["logQ"] == pytest.approx(-np.log(2 * np.pi) - 2.5, abs=ERROR)
