"""More codes than Plotly draws: what is sent, once, and what comes back."""

import base64
import zlib

import numpy as np
import pytest
import streamlit as st
from fake_runs import codes as fake_codes
from fake_runs import make_run
from packed import unpack
from page_scripts import explore, lives

from ui.compare import page as comparing
from ui.explore import bigmap, explorer, selection
from ui.shared import figures, geometry, library
from vae.geometry import plane
from vae.page import space
from vae.runs import RunError
from vae.spec import preset

pytestmark = pytest.mark.usefixtures("folder")
SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [8]}}
N = geometry.FEW + 1


def components(app):
    return {unpack(c.proto.bytes)[0].get("id", ""): c for c in app.get("bidi_component")}


def test_the_codes_go_over_as_floats_and_bytes(tmp_path):
    run = make_run(tmp_path, "run", n=N, **SMALL)
    first, second = geometry.payloads(run, run.codes).values()
    _, sections = unpack(first)
    np.testing.assert_array_equal(np.frombuffer(sections["means"], "<f4"), run.codes.means.reshape(-1))
    np.testing.assert_array_equal(np.frombuffer(sections["labels"], np.uint8), run.codes.labels)
    _, sections = unpack(second)
    np.testing.assert_array_equal(np.frombuffer(sections["scales"], "<f4"), run.codes.scales.reshape(-1))
    assert len(first) + len(second) < N * (2 * 4 + 1 + 2 * 4) + 1000


def test_more_classes_than_a_byte_holds_are_refused_in_words(tmp_path):
    run = make_run(tmp_path, "run", n=N, **SMALL)
    codes = fake_codes(run.spec, np.random.default_rng(0), N)
    codes.labels[7] = 300
    with pytest.raises(RunError, match="256 classes"):
        geometry.payloads(run, codes)


def test_only_many_codes_go_apart_and_the_card_then_has_none(tmp_path):
    few, many = (make_run(tmp_path, f"run-{n}", n=n, **SMALL) for n in (geometry.FEW, N))
    assert not geometry.apart(few.codes) and geometry.apart(many.codes)
    images = np.zeros((N, 1, 8, 8), np.uint8)
    ground = plane.default(many.codes)
    header, sections = unpack(explorer.payload(many, many.codes, ground, images, "map"))
    assert {"means", "images"} <= set(sections) and not header["geometry"] and not header["unsent"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "kept", lambda run: geometry.payloads(run, run.codes))
        header, sections = unpack(explorer.payload(many, many.codes, ground, images, "map", apart=True))
        assert set(sections) == {"weights"}
        assert header["geometry"] == list(geometry.payloads(many, many.codes))
        assert "too many to send" in header["unsent"]
        shown = bigmap.header(many, many.codes, ground)
        assert shown["geometry"] == header["geometry"][0]
    assert [k for k, _ in shown["classes"]] == list(range(10))
    u = ground.to_plane(many.codes.means)
    for k, name, *place in shown["glyphs"]:
        assert name == str(k)
        np.testing.assert_allclose(place, np.median(u[many.codes.labels == k], axis=0), atol=1e-5)
    x0, x1, y0, y1 = shown["frame"]
    assert ((u > [x0, y0]) & (u < [x1, y1])).all(1).mean() > 0.98


def test_glyphs_of_a_part_are_nearly_those_of_all(tmp_path, monkeypatch):
    """Glyphs and frame of a part of the codes are nearly those of all."""
    run = make_run(tmp_path, "run", n=3 * space.OUTLINED, **SMALL)
    monkeypatch.setattr(geometry, "kept", lambda run: geometry.payloads(run, run.codes))
    part = bigmap.header(run, run.codes, plane.default(run.codes))
    monkeypatch.setattr(space, "OUTLINED", len(run.codes))
    whole = bigmap.header(run, run.codes, plane.default(run.codes))
    np.testing.assert_allclose([g[2:] for g in part["glyphs"]], [g[2:] for g in whole["glyphs"]], atol=0.02)
    np.testing.assert_allclose(part["frame"], whole["frame"], atol=0.15)


def test_counts_and_classes_agree_with_numpy():
    rng = np.random.default_rng(0)
    for labels in (rng.integers(0, 10, 500), np.array([3, 3, 7]), np.array([-1, -1, 2]), np.array([5, 10**15])):
        assert figures.present(labels) == np.unique(labels).tolist()
    codes = fake_codes(preset("vae"), rng, 1000)
    index = np.flatnonzero(rng.random(1000) < 0.3)
    rows = selection.counts(index, codes)
    assert [n for _, _, n in rows] == [int((codes.labels[index] == k).sum()) for k in range(10)]


def test_the_rates_are_the_same_in_blocks(monkeypatch):
    codes = fake_codes(preset("vae", latent=10), np.random.default_rng(0), 1000)
    whole = plane.rates(codes)
    monkeypatch.setattr(plane, "BLOCK", 77)
    np.testing.assert_allclose(plane.rates(codes), whole, rtol=1e-12)


def test_page_sends_the_codes_once(folder, monkeypatch):
    """The page sends the codes once and fetches the pin's image."""
    run = make_run(folder, "many", n=N, **SMALL)
    app = explore(model="many")
    lives(app)
    assert not app.get("plotly_chart")
    before = {name: c.proto.bytes for name, c in components(app).items()}
    assert set(geometry.payloads(run, run.codes)) <= set(before)
    images = np.random.default_rng(0).integers(0, 256, (N, 1, 8, 8), dtype=np.uint8)
    monkeypatch.setattr(library, "examples_of", lambda run: images)
    app.query_params["z"] = "0.100,0.200"
    app.run()
    lives(app)
    after = {name: c.proto.bytes for name, c in components(app).items()}
    assert all(after[name] == before[name] for name in geometry.payloads(run, run.codes))
    i = int(np.square(run.codes.means - [0.1, 0.2]).sum(1).argmin())
    assert any(f"test #{i} (" in caption.value for caption in app.caption)


def test_a_lasso_selects_and_what_is_no_lasso_does_not(folder):
    make_run(folder, "many", n=N, **SMALL)
    chosen = np.zeros(N, bool)
    chosen[[3, 4, N - 1]] = True
    bits = base64.b64encode(np.packbits(chosen, bitorder="little").tobytes()).decode()
    np.testing.assert_array_equal(selection.from_bits({"n": N, "bits": bits}, N), [3, 4, N - 1])
    for event in (None, {}, {"n": N, "bits": "%"}, {"n": N - 1, "bits": bits}, {"n": N, "bits": ""}):
        assert selection.from_bits(event, N) is None
    st.cache_resource.clear()
    app = explore(model="many")
    app.button(key="selection_all_button").click().run()
    lives(app)
    assert any(f"{N:,} points" in text.value for text in app.markdown)


def test_what_is_too_much_to_send_is_thinned_evenly(tmp_path):
    few, many = (make_run(tmp_path, f"run-{n}", n=n, **SMALL) for n in (geometry.FEW, 3 * geometry.FEW - 1))
    assert figures.thinned(few.codes) == (few.codes, 1)
    drawn, every = figures.thinned(many.codes)
    assert every == 3 and len(drawn) == geometry.FEW
    for name in ("means", "scales", "labels"):
        np.testing.assert_array_equal(getattr(drawn, name), getattr(many.codes, name)[::3])


def test_paths_and_compare_draw_one_code_in_some_and_count_all(tmp_path, monkeypatch):
    n = 2 * geometry.FEW
    one, two = (make_run(tmp_path, f"run-{k}", n=n, **SMALL) for k in range(2))
    images = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1).repeat(8, 2).repeat(8, 3)
    header, sections = unpack(comparing.payload(comparing.panels([one, two], align=False), images))
    assert [panel["every"] for panel in header["panels"]] == [2, 2] and header["panels"][1]["linked"]
    means = np.frombuffer(sections["0.means"], "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(means, one.codes.means[::2])
    pixels = np.frombuffer(zlib.decompress(sections["0.images"]), np.uint8).reshape(-1, 8, 8)
    np.testing.assert_array_equal(pixels[:, 0, 0], images[::2, 0, 0, 0])
    header, sections = unpack(explorer.payload(one, one.codes.every(2), plane.default(one.codes), None, "m", every=2))
    assert header["every"] == 2 and len(sections["means"]) == 4 * n
