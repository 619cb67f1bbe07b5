"""Where the tests find real MNIST, if it is on this machine at all."""

import os
from pathlib import Path

# before torch is loaded: beside other tests its threads wait for each other and take three times the processor's time
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hypothesis
import pytest
import torch

# how many examples a property is tried on, where its test does not say; HYPOTHESIS_PROFILE=nightly tries more
hypothesis.settings.register_profile("suite", max_examples=40, deadline=None)
hypothesis.settings.register_profile("nightly", max_examples=400, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

pytest.register_assert_rewrite("contract", "trained")  # helpers that assert

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared" / "data"
# The folders whose files take longest, longest first: begun last, one of them would keep one processor busy at the end.
LONGEST = ("cluster", "browser", "vae/opened", "vae/jobs", "vae/training", "vae/answers", "ui")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that choose tests."""
    config.addinivalue_line("markers", "cluster: needs a Ray cluster, which it starts on this machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they take; their tests keep their order."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS)
        return next((i for i, name in enumerate(LONGEST) if folder.is_relative_to(name)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The folder that holds torchvision's MNIST, from LATENT_DATA or ../shared/data; skips where it is absent."""
    for root in (os.environ.get("LATENT_DATA"), SHARED):
        if root and (Path(root) / "MNIST" / "raw").is_dir():
            return Path(root)
    pytest.skip("MNIST is not on this machine")


@pytest.fixture(scope="session")
def fashion(tmp_path_factory) -> Path:
    """The folder that holds a Fashion-MNIST of the official sizes whose every image names its own place."""
    from idx_files import write_fashion

    root = tmp_path_factory.mktemp("fashion")
    write_fashion(root)
    return root


@pytest.fixture
def double():
    """float64 for the oracles, whose tolerances are near machine precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def data_folder(tmp_path, monkeypatch) -> Path:
    """The test's own folder, in which its runs lie, and what the program keeps beside them."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder(data_folder, monkeypatch):
    """Let the app see only this test's runs, which lie in the folder that this returns."""
    import streamlit as st

    from vae import runs

    monkeypatch.setattr(runs.folders, "shipped", lambda: data_folder / "none")
    st.cache_resource.clear()
    yield data_folder / "runs"
    st.cache_resource.clear()
