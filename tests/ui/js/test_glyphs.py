"""Where class names stand on a map, in node."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from node import evaluate

LINE, LETTER = 20, 11  # of axes.js
SPREAD = """async (sets) => {
    const { spread } = await use("js/axes.js");
    return sets.map((glyphs) => spread(glyphs.map(([text, at], k) => ({ text, at, k, x: 0, y: 0 })), null)
        .map(({ text, at, strength }) => [text, at, strength]));
}"""
NAMES = st.sampled_from(["square", "ellipse", "0", "a longer name"])
PLACES = st.tuples(st.integers(0, 400), st.integers(0, 400))


@settings(max_examples=1, deadline=None)
@given(st.lists(st.lists(st.tuples(NAMES, PLACES), min_size=2, max_size=10), min_size=60, max_size=60))
def test_class_names_never_cover_each_other(sets):
    """Names lie a line or a word apart, and none is left out or faded."""
    for before, after in zip(sets, evaluate(SPREAD, sets), strict=True):
        assert sorted(text for text, _ in before) == sorted(text for text, _, _ in after)
        assert all(strength == 1 for _, _, strength in after)
        for (one, (x, y), _), (other, (u, v), _) in itertools.combinations(after, 2):
            assert abs(x - u) >= LETTER * (len(one) + len(other)) / 2 or abs(y - v) >= LINE - 1e-9
