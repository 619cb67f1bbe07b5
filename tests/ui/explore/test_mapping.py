"""t-SNE and UMAP on Explore, run as a script: a map that is kept is shown, one that is not is made, and can be left."""

import numpy as np
import pytest
import streamlit as st
from fake_runs import SMALL, make_run
from packed import unpack
from page_scripts import explore, lives, maps, start, texts

from ui.explore import explorer
from ui.shared import background
from ui.state import planes
from vae.geometry import embedding
from vae.geometry.embedding import Embedding


@pytest.fixture(autouse=True)
def folder(folder, monkeypatch):
    """Let the app see only this test's runs, and start no commands."""
    monkeypatch.setattr(background, "_jobs", {})
    return folder


@pytest.fixture
def ten(folder):
    return make_run(folder, "ten", latent=10, n=200, **SMALL)


def keep(codes, inverse=False):
    rng = np.random.default_rng(0)
    places = rng.normal(0, 20, (len(codes), 2)).astype(np.float32)
    grid = (
        (rng.normal(0, 1, (5, 5, 10)).astype(np.float32), np.float32([-60, 60, -60, 60])) if inverse else (None, None)
    )
    found = Embedding("umap" if inverse else "tsne", places, 0.987, 0.002, 3.0, *grid)
    embedding.keep(codes, found)
    return found


def test_of_very_many_codes_too(folder):
    run = make_run(folder, "many", latent=10, n=20_001, **SMALL)
    found = keep(run.codes)
    st.cache_resource.clear()
    app = lives(explore(model="many", plane="tsne"))
    assert "trustworthiness 0.987" in texts(app)
    headers = [unpack(component.proto.bytes) for component in app.get("bidi_component")]
    (told,) = [header for header, _ in headers if header.get("rings", 0) is None]
    sent = {header["id"]: sections["places"] for header, sections in headers if "places" in sections}
    np.testing.assert_array_equal(np.frombuffer(sent[told["places"]], "<f4").reshape(-1, 2), found.places)
    (card,) = [header for header, _ in headers if "unsent" in header]
    assert card["places"] == told["places"]  # the card finds them where the map does


class Job:
    """A command that is under way."""

    def __init__(self, last_line="45% iteration 300 of 750", running=True):
        self.last_line, self.running, self.cancelled = last_line, running, False

    def stop(self):
        self.running, self.cancelled = False, True


def test_a_map_that_is_kept_is_shown_without_rings(ten):
    found = keep(ten.codes)
    app = lives(explore(model="ten", plane="tsne"))
    (shown,) = maps(app)
    assert shown["rings"] is None and shown["places"]
    assert shown["plane"]["titles"][0] == "t-SNE 1"
    assert "trustworthiness 0.987 ± 0.002" in texts(app)
    headers = [unpack(component.proto.bytes) for component in app.get("bidi_component")]
    sent = {header["id"]: sections["places"] for header, sections in headers if "id" in header and "places" in sections}
    np.testing.assert_array_equal(np.frombuffer(sent[shown["places"]], "<f4").reshape(-1, 2), found.places)


def test_the_browser_is_told_the_places_and_the_way_back(ten):
    for inverse in (False, True):
        found = keep(ten.codes, inverse)
        plane = embedding.bent(ten.codes, found)
        header, sections = explorer.content(ten, ten.codes, plane, None)
        np.testing.assert_array_equal(np.frombuffer(sections["places"], "<f4").reshape(-1, 2), found.places)
        assert ("inverse" in sections) == inverse and header["plane"]["side"] == (5 if inverse else 0)
        flat, _ = explorer.content(ten, ten.codes, planes.choose_plane(ten, ten.codes, "")[0], None)
        assert flat["content"] != header["content"], "another map is another space to the browser"


def test_missing_map_is_made_while_the_plane_is_shown(ten, monkeypatch):
    """A map that is not there is made and the default plane shown."""
    started = []

    def begin(key, words, python=""):
        started.append(words)
        background._jobs[key] = Job()
        return background._jobs[key]

    monkeypatch.setattr(background, "start", begin)
    app = lives(explore(model="ten", plane="tsne"))
    assert started == [["embed", str(ten.path), "--method", "tsne"]]
    assert any("iteration 300 of 750" in str(p.proto) for p in app.get("progress"))
    assert maps(app)[0]["rings"], "the default plane has the prior's rings"
    app.button(key="map_cancel").click().run()
    assert next(iter(background._jobs.values())).cancelled
    assert not app.get("progress") and app.query_params.get("plane") in (None, [""], [])


def test_one_map_at_a_time_and_a_failure_is_said(ten, monkeypatch):
    background._jobs["embed another-tsne"] = Job()
    app = lives(explore(model="ten", plane="umap"))
    assert "is in the queue: another map is being computed" in texts(app)
    background._jobs.clear()
    monkeypatch.setattr(background, "start", lambda key, words, python="": Job("error: no room", running=False))
    app = lives(explore(model="ten", plane="umap"))
    assert any("UMAP could not be computed: error: no room" in w.value for w in app.warning)


def test_other_pages_keep_to_planes(ten):
    keep(ten.codes)
    for page in ("paths", "sample"):
        app = lives(start(page, model="ten", plane="tsne"))
        assert not app.warning and not app.error
    _, refused = planes.choose_map(ten, ten.codes, "lle")
    assert refused and "no plane" in refused
