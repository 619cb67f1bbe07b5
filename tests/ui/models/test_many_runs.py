"""The table of all runs, the rate-distortion plane, parallel coordinates and Differs from, on the Models page."""

import csv
import io

import pytest
from fake_runs import SMALL, make_run
from page_scripts import charts, lives, start, texts

from ui.models import plane, table
from vae import runs
from vae.runs import status
from vae.runs import table as core

PARTS = ("all_runs", "plane", "parallel", "differs")


@pytest.fixture
def group(folder):
    """Three runs of a group, of which the second is beaten for every β, and a run on other data."""
    make_run(folder, "digits-vae-2d", **SMALL)
    for i, (beta, rate, distortion) in enumerate([(0.5, 8.0, 20.0), (1.0, 6.0, 27.0), (2.0, 4.0, 30.0)]):
        run = make_run(folder, f"r{i}", objective={"kind": "elbo", "beta": beta}, **SMALL)
        runs.write_json(run.path / "meta.json",
                        {"group": {"name": "mine", "values": {"objective.beta": beta}, "seed": 0}})  # fmt: skip
        values = {"rate": rate, "distortion": distortion, "elbo": -rate - distortion}
        numbers = {name: {"value": value, "se": 0.25, "n": 360, "units": "nats"} for name, value in values.items()}
        runs.write_json(run.path / "metrics.json", numbers)
    make_run(folder, "other", shape=(1, 64, 64), data="sprites")
    return core.rows(runs.library())


def opened(part, **query):
    app = start("models", mode="expert", **query)
    app.session_state[part] = True
    return lives(app.run())


def test_simple_mode_is_as_long_as_before(group):
    titles = [part.label for part in lives(start("models")).expander]
    more = [part.label for part in lives(start("models", mode="expert")).expander]
    assert "Table of all runs" not in titles and set(more) - set(titles) >= {"Table of all runs", "Differs from"}


def test_table_has_every_run_with_its_errors(group):
    app = opened("all_runs")
    (frame,) = (found.value for found in app.dataframe)
    assert len(frame) == 5 and list(frame["elbo"].dropna())[-3:] == [-28.0, -33.0, -34.0]
    assert set(frame["± elbo"].dropna()) == {0.25, 0.41}
    app = lives(app.text_input(key="all_runs_filter").set_value("mine objective.beta=2").run())
    assert list(app.dataframe[0].value["Run"]) == ["r2"] and "1 run of 5" in texts(app)


def test_what_the_filter_leaves_is_deleted_and_restored_together(group):
    """The visitor's own runs alone, and not without a filter."""
    app = opened("all_runs")
    assert not [button for button in app.button if button.key in ("delete_shown", "stop_shown")]
    app = lives(app.text_input(key="all_runs_filter").set_value("mine").run())
    assert app.button(key="delete_shown").label == "Delete 3 runs"
    app = lives(app.button(key="delete_shown").click().run())
    assert sorted(run.name for run in runs.library()) == ["digits-vae-2d", "other"]
    assert "Deleted 3 runs." in texts(app)
    app = lives(app.button(key="undo_delete").click().run())
    assert [s.value for s in app.success] == ["3 runs are back."]
    assert {"r0", "r1", "r2"} <= {run.name for run in runs.library()}


def test_what_waits_is_stopped_together(group):
    """A run that waits never starts; one that has ended stays as it is."""
    for name in ("r0", "r2"):
        status.write(runs.find(name).path, status.Status("queued"))
    app = opened("all_runs")
    app = lives(app.text_input(key="all_runs_filter").set_value("mine").run())
    assert app.button(key="delete_shown").label == "Delete 1 run"
    app = lives(app.button(key="stop_shown").click().run())
    assert [status.read(runs.find(name).path).state for name in ("r0", "r2")] == ["stopped", "stopped"]
    assert not status.read(runs.find("r1").path)


def test_filter_takes_words_and_values(group):
    assert [one.run.name for one in table.matching(group, "mine")] == ["r0", "r1", "r2"]
    assert [one.run.name for one in table.matching(group, "MINE objective.beta=0.5")] == ["r0"]
    assert [one.run.name for one in table.matching(group, "objective.beta=1.0,2 mine")] == ["r1", "r2"]
    assert table.matching(group, "no.such=1") == []
    assert table.matching(group, "nothing") == [] and table.matching(group, "") == group
    shown = csv.DictReader(io.StringIO(core.to_csv(table.matching(group, "mine")), newline=""))
    assert [line["objective.beta"] for line in shown] == ["0.5", "1.0", "2.0"]


def test_columns_have_one_type(group):
    """A column of numbers is sorted as numbers, also where a run has none."""
    latent = table.column(group, "latent")
    assert latent == [2, 2, 2, 2, 2] and all(isinstance(value, int) for value in latent)
    assert set(map(type, table.column(group, "objective.beta"))) == {float}
    assert set(map(type, table.column(group, "encoder.widths"))) == {str}


def test_plane_has_the_runs_on_the_same_data_and_their_hull(group):
    app = opened("plane", model="r0")
    (chart,) = (c for c in charts(app) if c["layout"]["xaxis"].get("title", {}).get("text", "").startswith("Rate"))
    hull, *points = chart["data"]
    assert hull["x"] == [4.0, 8.0] and hull["y"] == [30.0, 20.0]
    assert sorted(text for one in points for text in one["text"]) == ["β 0.5", "β 1", "β 1", "β 2"]
    assert all(data[2] in ("β 0.5", "β 1", "β 2") for one in points for data in one["customdata"])
    assert "slope is −β" in texts(app)


def test_titles_are_text_in_the_plane(group):
    """Plotly draws some tags, which a typed title must not be."""
    one = group[0]
    one.run.__dict__["meta"] = {"title": "<b>x</b>"}
    _, points = plane.figure([one], "").data
    assert points.customdata[0][0] == "&lt;b&gt;x&lt;/b&gt;"


def test_plane_compares_only_the_same_pixels_and_likelihood(group):
    shown = {one.run.name: one for one in group}
    assert [one.run.name for one in plane.comparable(group, shown["other"])] == ["other"]
    assert len(plane.comparable(group, shown["r0"])) == 4


def test_parallel_coordinates_have_what_differs(group):
    app = opened("parallel")
    (chart,) = (c for c in charts(app) if c["data"][0]["type"] == "parcoords")
    axes = {axis["label"]: axis["values"] for axis in chart["data"][0]["dimensions"]}
    assert axes["objective.beta"] == [0.5, 1.0, 2.0] and list(axes)[-1] == "elbo"
    by_name = {one.run.name: one for one in group}
    mixed = plane.coordinates([by_name["r0"], by_name["other"]])
    words = {axis["label"]: axis.ticktext for axis in mixed.data[0].dimensions if axis.ticktext}
    assert set(words["data"]) == {"digits", "sprites"}


def test_differs_from_lists_the_entries(group):
    app = opened("differs", model="r0")
    app = lives(app.selectbox(key="differs_from").set_value("r2").run())
    assert "| objective.beta | 0.5 | 2 |" in texts(app).replace("\\", "")
    app = lives(app.selectbox(key="differs_from").set_value("other").run())
    assert "| data | digits | sprites |" in texts(app)
