"""The image that the pages begin with."""

import numpy as np

from vae.page.space import CLEAR, clearest
from vae.runs import Codes


def codes(means, labels):
    means = np.asarray(means, np.float32)
    return Codes(means, None, None if labels is None else np.asarray(labels), ("a", "b"), "test")


def test_first_code_among_its_own_class_is_chosen():
    """The first code lies among those of another class, the second among its own."""
    rng = np.random.default_rng(0)
    left, right = rng.normal(-5, 0.1, (2 * CLEAR, 2)), rng.normal(5, 0.1, (2 * CLEAR, 2))
    means = np.concatenate([[[-5, -5]], left, right])
    labels = [1] + [0] * len(left) + [1] * len(right)
    found = clearest(codes(means, labels))
    assert found > 0
    near = np.argsort(np.square(means - means[found]).sum(1))[:CLEAR]
    assert {labels[i] for i in near} == {labels[found]}


def test_without_classes_or_clear_codes_it_is_the_first():
    rng = np.random.default_rng(1)
    assert clearest(codes(rng.normal(size=(100, 2)), None)) == 0
    assert clearest(codes(np.zeros((100, 2)), rng.integers(0, 2, 100))) == 0
