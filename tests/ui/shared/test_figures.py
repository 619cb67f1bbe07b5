"""The figures and selections as pure functions: no server, no browser."""

import csv
import io

import numpy as np
import pytest

from ui.explore import selection
from ui.shared import figures
from vae.geometry import plane as planes
from vae.page import palette
from vae.runs import Codes


def make_codes(n=60, latent=2, labels=True, scales=True, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n, latent)).astype(np.float32)
    extra = {}
    if latent > 2:
        _, s, v = np.linalg.svd(means - means.mean(0), full_matrices=False)
        extra = {"mean": means.mean(0), "components": v[:2], "explained": (s**2 / (s**2).sum())[:2]}
    return Codes(
        means,
        np.full_like(means, 0.3) if scales else None,
        rng.integers(0, 4, n) if labels else None,
        ("a", "b", "c", "<d>"),
        "test",
        **extra,
    )


def outlined(codes, plane=None, prior=True):
    plane = plane or planes.default(codes)
    return figures.outline(codes, plane, plane.to_plane(codes.means.astype(float)), prior)


def test_first_view_holds_nearly_all_codes_and_the_priors_rings():
    codes = make_codes(n=500)
    shown = outlined(codes)
    assert shown.x_range[0] < -3 and shown.x_range[1] > 3 and shown.y_range[0] < -3 and shown.y_range[1] > 3
    codes.means[:] += 100
    low, high = outlined(codes, prior=False).x_range
    assert 95 < low < high < 105
    held = (codes.means[:, 0] > low) & (codes.means[:, 0] < high)
    assert held.mean() > 0.99


def test_rings_of_a_pca_plane_stand_around_the_priors_mean():
    codes = make_codes(latent=5)
    plane = planes.principal(codes)
    np.testing.assert_allclose(outlined(codes, plane).centre, plane.to_plane(np.zeros(5)), atol=1e-6)


def test_glyphs_stand_at_the_medians_of_their_classes():
    """A glyph stands at each median and a shown class keeps its colour."""
    codes = make_codes()
    codes.means[:] += 5 * codes.labels[:, None]
    kept = codes.labels != 1
    part = Codes(codes.means[kept], codes.scales[kept], codes.labels[kept], codes.classes, "test")
    assert figures.class_colours(part) == [palette.CLASSES[k] for k in (0, 2, 3)]
    shown = outlined(part)
    assert len(shown.medians) == 3
    np.testing.assert_allclose(shown.medians[0], np.median(codes.means[codes.labels == 0], axis=0), atol=1e-6)


def test_codes_without_labels_have_one_colour_and_no_glyphs():
    codes = make_codes(labels=False)
    assert figures.class_colours(codes) == [palette.ENCODER]
    assert outlined(codes).medians == []


def history(rate):
    return [
        {
            "step": k,
            "distortion": 100 / k,
            "rate": rate,
            **({"valid": {"distortion": 101 / k, "rate": rate}} if k % 5 == 0 else {}),
        }
        for k in range(1, 21)
    ]


def test_training_curves_show_both_terms_on_both_splits():
    """Training curves carry both terms on train and validation."""
    figure = figures.training_curves(history(3.0))
    named = {(t.name, t.yaxis): t for t in figure.data if t.x[0] is not None}
    assert list(named["validation", "y"].x) == [5, 10, 15, 20]
    assert list(named["train", "y2"].y) == [3.0] * 20
    assert named["train", "y"].line.color == palette.still(palette.DISTORTION)
    assert named["train", "y2"].line.color == palette.still(palette.RATE)


def test_an_autoencoders_curves_have_no_rate_rather_than_zeros():
    figure = figures.training_curves(history(None), probabilistic=False)
    assert {t.yaxis for t in figure.data} <= {None, "y"}
    assert "Rate" not in figure.to_json()


def test_curves_of_an_empty_or_new_history_do_not_fail():
    figures.training_curves([])
    figures.training_curves([{"step": 1, "distortion": 3.0, "rate": None}])


def test_counts_add_up():
    codes = make_codes()
    index = np.arange(0, 60, 2)
    rows = selection.counts(index, codes)
    assert sum(n for _, _, n in rows) == 30
    assert [n for _, _, n in rows] == [int((codes.labels[index] == k).sum()) for k in range(4)]


def test_bars_escape_class_names():
    html = selection.bars([("<script>", "#000", 3)])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("scales", [True, False])
def test_csv_holds_index_label_plane_and_latents(scales):
    codes = make_codes(latent=3, scales=scales)
    plane = planes.pair(3, 0, 2)
    rows = list(csv.DictReader(io.StringIO(selection.to_csv(np.array([2, 5]), codes, plane))))
    assert [int(r["index"]) for r in rows] == [2, 5]
    assert rows[0]["label"] == codes.classes[codes.labels[2]]
    np.testing.assert_allclose([float(rows[1][k]) for k in ("z1", "z2", "z3")], codes.means[5], rtol=1e-5)
    np.testing.assert_allclose(float(rows[1]["plane_y"]), codes.means[5, 2], rtol=1e-5)
    assert ("scale1" in rows[0]) is scales


def test_npz_loads_without_pickle():
    codes = make_codes(latent=3)
    with np.load(
        io.BytesIO(selection.to_npz(np.array([1, 4]), codes, planes.principal(codes))), allow_pickle=False
    ) as file:
        np.testing.assert_array_equal(file["index"], [1, 4])
        np.testing.assert_array_equal(file["means"], codes.means[[1, 4]])
        np.testing.assert_array_equal(file["labels"], codes.labels[[1, 4]])
        assert file["plane"].shape == (2, 2)
        assert "scales" in file
