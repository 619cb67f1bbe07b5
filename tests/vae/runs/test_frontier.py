"""The lower hull of the rate-distortion plane holds the best run for every β, and nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vae.runs import frontier

POINTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=25)


@given(POINTS, st.floats(0, 100))
def test_best_of_every_beta_is_on_the_hull(points, beta):
    r, d = np.array(points, float).T
    order = frontier.hull(r, d)
    scores = d + beta * r
    assert scores[order].min() == scores.min()


@given(POINTS)
def test_every_point_of_the_hull_is_best_for_some_beta(points):
    """Between the slopes of its neighbours a point is the best of all."""
    r, d = np.array(points, float).T
    order = frontier.hull(r, d)
    betas = frontier.slopes(r, d, order)
    assert betas == sorted(betas, reverse=True) and len(set(betas)) == len(betas) and all(b > 0 for b in betas)
    for i, low, high in zip(order, [*betas, 0.0], [max(betas, default=1) * 2 + 1, *betas], strict=True):
        beta = (low + high) / 2
        assert (d + beta * r)[i] <= (d + beta * r).min() + 1e-9


@given(POINTS, st.randoms())
def test_order_and_copies_of_points_change_nothing(points, random):
    r, d = np.array(points, float).T
    places = [points[i] for i in frontier.hull(r, d)]
    mixed = points * 2
    random.shuffle(mixed)
    assert [mixed[i] for i in frontier.hull(*np.array(mixed, float).T)] == places
    assert places == sorted(places) and [y for _, y in places] == sorted((y for _, y in places), reverse=True)
