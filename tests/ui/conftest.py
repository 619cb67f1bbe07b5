"""Runs that tests of pages look at."""

import pytest
from fake_runs import make_run


@pytest.fixture
def digits(folder):
    """The embedded digits, so a run with real images."""
    return make_run(folder, "digits-vae-2d", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]})


@pytest.fixture
def ten(folder):
    """A run whose latent space has ten dimensions."""
    return make_run(folder, "ten", data="digits", shape=(1, 8, 8), latent=10, encoder={"kind": "mlp", "widths": [16]})
