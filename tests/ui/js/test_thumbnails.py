"""Which images fit a view, in node."""

import numpy as np
from node import evaluate

THIN = """async ([places, side]) => {
    const { thin, shuffled } = await use("js/thumbnails.js");
    const order = shuffled(places.length);
    return [Array.from(order), thin(order, (i) => places[i][0], (i) => places[i][1], side)];
}"""


def test_as_many_images_as_fit_are_shown_without_overlap():
    """Images that fit are all that fit and none is over another."""
    places = np.random.default_rng(0).normal(0, 120, (1500, 2))
    order, found = evaluate(THIN, [places.tolist(), 30])
    assert sorted(order) == list(range(1500)) and order != sorted(order)
    apart = np.abs(places[:, None] - places[found][None]).max(-1)  # two squares overlap where both axes do
    own = apart[found] + 1e9 * np.eye(len(found))
    assert own.min() >= 30
    rest = np.setdiff1d(np.arange(1500), found)
    assert (apart[rest].min(1) < 30).all()
