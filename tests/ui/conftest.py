"""Runs that tests of pages look at."""

import functools

import pytest
from fake_runs import SMALL, make_run
from streamlit.components.v2 import manifest_scanner

from ui.state import visitor
from ui.words import speaking


@pytest.fixture(scope="session", autouse=True)
def scanned_once():
    """Look only once for components in all that is installed: Streamlit does at each start, and a test starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            functools.cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Pages in tests have no browser, whose cookie would make an owner: whoever looks is alone on this machine."""
    monkeypatch.setenv(visitor.ALONE, "1")


@pytest.fixture
def german(monkeypatch):
    """Who reads, reads German; who it is otherwise, the session knows."""
    monkeypatch.setattr(speaking, "_asked", [lambda: "de"])


@pytest.fixture
def digits(folder):
    """The embedded digits, so a run with real images."""
    return make_run(folder, "digits-vae-2d", **SMALL)


@pytest.fixture
def ten(folder):
    """A run whose latent space has ten dimensions."""
    return make_run(folder, "ten", latent=10, **SMALL)
