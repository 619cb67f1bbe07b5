"""What tests of trainers share: a small spec, and when two runs came to the same result."""

import numpy as np

from vae.runs import Run, film

SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32, 16]}, "batch": 64}


def same_result(one: Run, two: Run) -> None:
    """Compare weights, history and film of two runs, bit for bit."""
    assert (one.path / "model.safetensors").read_bytes() == (two.path / "model.safetensors").read_bytes()
    assert records(one) == records(two)
    assert film.steps(one.path) == film.steps(two.path)
    for number in film.steps(one.path):
        a, b = film.read(one.path, number), film.read(two.path, number)
        assert all(
            np.array_equal(getattr(a, n), getattr(b, n)) for n in ("codes", "rate", "reconstructions", "samples")
        )


def records(run):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in Run(run.path).history]
