"""The browser's curves against Python's, in node."""

from itertools import pairwise

import numpy as np
from node import evaluate

from vae.geometry import curves

ROUTE = """async ([a, b, waypoints]) => {
    const { slerp, lerp, through, at, carried } = await use("paths/route.js");
    const t = Array.from({ length: 9 }, (_, k) => k / 8);
    const straight = through(waypoints, lerp, 24);
    const moved = waypoints.map((z, k) => z.map((v) => v + k));
    return {
        slerp: t.map((s) => slerp(a, b, s)), opposite: slerp(a, a.map((v) => -v), 0.5),
        line: t.map((s) => at(straight, s)), round: t.map((s) => at(through(waypoints, slerp, 24), s)),
        carried: carried(straight, waypoints, moved).points.filter((_, i) => i % 24 === 0), moved,
    };
}"""


def test_the_browsers_curves_are_pythons():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4))
    waypoints = rng.normal(size=(3, 4))
    found = evaluate(ROUTE, [a.tolist(), b.tolist(), waypoints.tolist()])
    t = np.linspace(0, 1, 9)
    np.testing.assert_allclose(found["slerp"], curves.slerp(a, b, t), atol=1e-12)
    assert found["opposite"] is None
    np.testing.assert_allclose(found["line"], curves.resample(waypoints, 9), atol=1e-9)
    pieces = [curves.slerp(p, q, np.linspace(0, 1, 25)) for p, q in pairwise(waypoints)]
    round_ = curves.joined(np.stack(pieces))
    np.testing.assert_allclose(found["round"], curves.resample(round_, 9), atol=1e-9)
    np.testing.assert_allclose(found["carried"], found["moved"], atol=1e-12)
