"""Where the tests find real MNIST, if it is on this machine at all."""

import os
from pathlib import Path

import pytest
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that choose tests."""
    config.addinivalue_line("markers", "cluster: needs a Ray cluster, which it starts on this machine")


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The folder that holds torchvision's MNIST, from LATENT_DATA or ../shared/data; skips where it is absent."""
    for root in (os.environ.get("LATENT_DATA"), SHARED):
        if root and (Path(root) / "MNIST" / "raw").is_dir():
            return Path(root)
    pytest.skip("MNIST is not on this machine")


@pytest.fixture
def double():
    """float64 for the oracles, whose tolerances are near machine precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
