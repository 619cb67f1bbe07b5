"""An evaluation with a limit of time: the whole split where that allows it, random examples where it does not."""

import pytest
import torch
from ppca import as_vae, data_of, random_ppca

from vae.data.batches import Batches
from vae.evaluation import evaluate
from vae.evaluation.importance import LEAST


@pytest.fixture
def ordered():
    """A model, and its data in the order of their first coordinate, as a folder of classes would have them."""
    ppca = random_ppca()
    x = torch.from_numpy(data_of(ppca, 2000)).float()
    return as_vae(ppca), Batches(x[x[:, 0].argsort()], 1, False)


def test_enough_time_changes_no_number(ordered):
    assert evaluate(*ordered, k=5, seconds=1e9) == evaluate(*ordered, k=5)


def test_too_little_time_measures_random_examples(ordered):
    model, batches = ordered
    whole, few, first = (
        evaluate(model, batches, 5),
        evaluate(model, batches, 5, seconds=0),
        evaluate(model, batches, 5, n=LEAST),
    )
    assert few["elbo"].n == LEAST and few == evaluate(model, batches, 5, seconds=0)
    away = {name: abs(found["elbo"].value - whole["elbo"].value) for name, found in (("few", few), ("first", first))}
    assert away["few"] < 4 * few["elbo"].se < away["first"]
