"""The figures and selections as pure functions: no server, no browser."""

import csv
import io
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.explore import selection
from ui.shared import figures
from vae.geometry import plane as planes
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


def test_map_has_a_trace_of_one_colour_per_class():
    """Map has a trace per class with constant colour and all points."""
    codes = make_codes()
    figure = figures.latent_map(codes, planes.default(codes))
    assert [t.type for t in figure.data] == ["scattergl"] * 4
    assert sum(len(t.x) for t in figure.data) == len(codes)
    assert all(isinstance(t.marker.color, str) for t in figure.data)
    assert all(np.asarray(t.x).dtype == np.float32 for t in figure.data)
    for trace, (name, index) in zip(figure.data, figures.groups(codes), strict=True):
        assert trace.name == name
        np.testing.assert_array_equal(trace.x, codes.means[index, 0])
        np.testing.assert_array_equal(trace.y, codes.means[index, 1])


def test_map_has_equal_axes_and_is_deaf_to_plotlys_slow_hover():
    codes = make_codes()
    layout = figures.latent_map(codes, planes.default(codes)).layout
    assert layout.yaxis.scaleanchor == "x"
    assert layout.yaxis.scaleratio == 1
    assert layout.hovermode is False
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("z<sub>1</sub>", "z<sub>2</sub>")


def test_rings_lie_at_one_two_and_three_sigma():
    """Rings are at one two and three sigma and absent without a prior."""
    codes = make_codes()
    shapes = figures.latent_map(codes, planes.default(codes)).layout.shapes
    assert [(s.x0, s.x1, s.y0, s.y1) for s in shapes] == [(-k, k, -k, k) for k in (1, 2, 3)]
    assert not figures.latent_map(codes, planes.default(codes), prior=False).layout.shapes


def test_rings_of_a_pca_plane_stand_around_the_priors_mean():
    codes = make_codes(latent=5)
    plane = planes.principal(codes)
    first = figures.latent_map(codes, plane).layout.shapes[0]
    centre = plane.to_plane(np.zeros(5))
    np.testing.assert_allclose([(first.x0 + first.x1) / 2, (first.y0 + first.y1) / 2], centre, atol=1e-6)


def test_glyphs_stand_at_the_medians_of_their_classes():
    """A glyph stands at each median and a shown class keeps its colour."""
    codes = make_codes()
    codes.means[:] += 5 * codes.labels[:, None]
    kept = codes.labels != 1
    part = Codes(codes.means[kept], codes.scales[kept], codes.labels[kept], codes.classes, "test")
    figure = figures.latent_map(part, planes.default(part))
    assert [t.marker.color for t in figure.data] == [figures.PETROFF[k] for k in (0, 2, 3)]
    glyphs = {a.text: (a.x, a.y) for a in figure.layout.annotations}
    np.testing.assert_allclose(glyphs["<b>a</b>"], np.median(codes.means[codes.labels == 0], axis=0), atol=1e-6)


def test_glyphs_of_equal_clusters_do_not_overlap():
    """Glyphs of clusters that coincide do not cover each other."""
    codes = make_codes(n=400)
    layout = figures.latent_map(codes, planes.default(codes)).layout
    pixels = figures.MAP_HEIGHT / (layout.yaxis.range[1] - layout.yaxis.range[0])
    heights = sorted(pixels * a.y + a.yshift for a in layout.annotations if a.text.startswith("<b>"))
    assert min(np.diff(heights)) > figures.LINE - 1e-3


def test_codes_without_labels_have_one_colour_and_no_legend():
    """Codes without labels are one colour without legend or glyphs."""
    codes = make_codes(labels=False)
    figure = figures.latent_map(codes, planes.default(codes))
    assert len(figure.data) == 1
    assert not figure.layout.showlegend
    assert {a.text for a in figure.layout.annotations} == {"1σ", "2σ", "3σ"}


def test_class_names_are_shown_as_they_are_called():
    """Plotly reads tags in text, so a class that is called like one must not vanish."""
    figure = figures.latent_map(make_codes(), planes.default(make_codes()))
    assert "<b>&lt;d&gt;</b>" in {a.text for a in figure.layout.annotations}


def test_equal_codes_give_equal_figures():
    """Streamlit names a chart by its JSON: whatever is not the same from run to run mounts it again."""
    one, two = (figures.latent_map(make_codes(), planes.default(make_codes())) for _ in range(2))
    assert one.to_json() == two.to_json()


@pytest.mark.parametrize("dark", [True, False])
def test_outside_of_streamlit_the_ink_is_literal(dark):
    codes = make_codes()
    text = figures.latent_map(codes, planes.default(codes), dark=dark).to_json()
    assert figures.INK[dark] in text
    assert figures.THEME_INK not in text


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
    assert named["train", "y"].line.color == figures.RECONSTRUCTION
    assert named["train", "y2"].line.color == figures.KL


def test_an_autoencoders_curves_have_no_rate_rather_than_zeros():
    figure = figures.training_curves(history(None), probabilistic=False)
    assert {t.yaxis for t in figure.data} <= {None, "y"}
    assert "Rate" not in figure.to_json()


def test_curves_of_an_empty_or_new_history_do_not_fail():
    figures.training_curves([])
    figures.training_curves([{"step": 1, "distortion": 3.0, "rate": None}])


def points(codes, index):
    """Return what Streamlit reports for these codes: trace and position in the trace."""
    where = {int(i): (k, p) for k, (_, members) in enumerate(figures.groups(codes)) for p, i in enumerate(members)}
    return [{"curve_number": where[i][0], "point_index": where[i][1]} for i in index]


def test_a_selection_comes_back_as_the_codes_own_indices():
    codes = make_codes()
    chosen = [3, 17, 40, 59]
    assert selection.indices(points(codes, chosen), codes).tolist() == chosen
    assert selection.indices([], codes).tolist() == []


def test_a_selection_of_another_map_is_dropped_not_wrong():
    codes = make_codes()
    rubbish = [
        {"curve_number": 99, "point_index": 0},
        {"curve_number": 0, "point_index": 10**6},
        {"curve_number": -1},
        {},
    ]
    assert selection.indices(rubbish, codes).tolist() == []


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


def test_figures_serialise():
    json.loads(figures.latent_map(make_codes(), planes.default(make_codes())).to_json())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-150, 150), st.integers(-150, 150)), min_size=2, max_size=10))
def test_class_names_never_cover_each_other_at_any_width(places):
    """Class names on the narrowest map, and on one three times as wide, lie a line or a word apart."""
    names = [["square", "ellipse", "0", "a longer name"][i % 4] for i in range(len(places))]
    at = np.array(places, float)
    shifts = figures._shifts(at, names)
    for scale in (1.0, 1.7, 3.0):
        drawn = scale * at + np.stack([np.zeros(len(at)), shifts], 1)
        for i, j in itertools.combinations(range(len(names)), 2):
            across, up = np.abs(drawn[i] - drawn[j])
            wide = figures.LETTER * (len(names[i]) + len(names[j])) / 2
            assert across >= wide or up >= figures.LINE - 1e-3
