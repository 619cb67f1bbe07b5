"""Simple and Expert on every page: what Simple leaves out, and that the page's first action is there in both."""

import pytest
from fake_runs import SMALL, complete, make_run
from packed import unpack
from page_scripts import lives, start, texts
from turns import AtOnce

from vae import runs
from vae.answers import pool
from vae.diagnosis import cards
from vae.runs import Run

pytestmark = pytest.mark.usefixtures("folder")

SHIPPED = runs.shipped()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let no test wait for processes."""
    monkeypatch.setattr(pool, "ask", AtOnce)
    monkeypatch.setattr(pool, "warm", lambda: None)


def both(page, **query):
    """Return the page as Simple and as Expert shows it."""
    return lives(start(page, **query)), lives(start(page, mode="expert", **query))


def keys(app):
    """Return the keys of the page's buttons, downloads and choices."""
    kinds = ("button", "download_button", "selectbox", "toggle", "button_group", "text_input")
    return {element.key for kind in kinds for element in app.get(kind) if getattr(element, "key", None)}


def headers(app):
    """Return what the page's components are told."""
    return [unpack(found.proto.bytes)[0] for found in app.get("bidi_component") if found.proto.bytes]


def opened(app):
    """Return the titles of the parts that open."""
    return [part.label.split(" :small")[0] for part in app.expander]


@pytest.mark.parametrize("show", ["samples", "manifold", "missing"])
def test_sample_tells_its_component_the_mode(digits, show):
    """The densities of samples are drawn by the browser, which is told whether to; the choice of the view is there."""
    complete(digits)
    for app, expert in zip(both("sample", show=show), (False, True), strict=True):
        assert [one["expert"] for one in headers(app) if "expert" in one] == [expert]
        assert app.button_group(key="sample_show").value == show


def test_paths_leaves_out_densities_attributes_and_code(digits):
    complete(digits)
    simple, expert = both("paths")
    rare = {"paths_magnified", "paths_json", "attribute_from", "attribute_to"}
    assert not rare & keys(simple) and rare <= keys(expert)
    assert "This path in Python" not in opened(simple) and "This path in Python" in opened(expert)
    first, second = ([one for one in headers(app) if "waypoints" in one][-1] for app in (simple, expert))
    assert {name for name, note in first["without"].items() if note == {"none": ""}} == {"density", "elbo"}
    assert not second["without"] and (first["expert"], second["expert"]) == (False, True)
    # the first action and its pictures: the waypoints, the kinds, and the files of the path
    assert first["waypoints"] == second["waypoints"] and first["kinds"] == second["kinds"]
    assert {"paths_gif", "paths_mp4"} <= keys(simple)


def test_paths_shows_what_a_link_asks_for(digits):
    complete(digits)
    assert "paths_magnified" in keys(lives(start("paths", magnification="1")))


def test_diagnose_names_the_checks_that_it_leaves_out(monkeypatch):
    """A researcher's check that passed is a name; the sentences that stay are the same to the letter."""
    monkeypatch.setattr(runs.folders, "shipped", lambda: SHIPPED)
    simple, expert = both("diagnose", model="digits-vae-2d")
    said = [{m.value for m in app.markdown} for app in (simple, expert)]
    assert "**ELBO surgery**" in said[1] - said[0] and "**Bound**" in said[0]
    assert said[0] <= said[1]
    (named,) = [c.value for c in simple.caption if c.value.startswith("Also passed")]
    assert "ELBO surgery" in named and "Also passed" not in texts(expert)
    assert "strange_csv" not in keys(simple) and "strange_csv" in keys(expert)
    assert "No fault found in this model" in texts(simple)


def test_diagnose_shows_every_check_that_found_something(monkeypatch):
    monkeypatch.setattr(runs.folders, "shipped", lambda: SHIPPED)
    for name in ("unhealthy-sigma", "unhealthy-holes", "sprites-beta-vae-10d"):
        simple, expert = both("diagnose", model=name)
        marks = [[m.value for m in app.markdown if "badge[" in m.value and "passed" not in m.value]
                 for app in (simple, expert)]  # fmt: skip
        assert marks[0] == marks[1] and marks[0], name


def test_pages_names_every_check_for_researchers():
    (row,) = [
        line for line in (SHIPPED.parent / "docs" / "pages.md").read_text().splitlines() if "| Diagnose |" in line
    ]
    assert all(f"*{card.title}*" in row for card in cards.CARDS.values() if card.research)


def test_models_leaves_out_tables_and_formula(monkeypatch):
    monkeypatch.setattr(runs.folders, "shipped", lambda: SHIPPED)
    simple, expert = both("models", model="digits-vae-2d")
    rare = {"measure", "measure_k", "export_onnx"}
    assert not rare & keys(simple) and {"measure", "measure_k"} <= keys(expert)
    said = [texts(app) for app in (simple, expert)]
    for part in ("## Evaluation", "| log p(x), importance-weighted |", "log p(x) ≥"):
        assert part not in said[0] and part in said[1], part
    assert not simple.latex and expert.latex
    # what the page promises first: the list, the numbers, the curves, the command
    elbo = f"{Run(SHIPPED / 'digits-vae-2d').metrics['elbo']['value']:.2f}".replace("-", "−")
    for app in (simple, expert):
        assert f"| ELBO | {elbo}" in texts(app)
        assert "show_digits-vae-2d" in keys(app) and app.get("plotly_chart") and app.code


def test_train_leaves_out_what_is_as_recommended(digits):
    """Simple shows data, preset and the two first numbers; a part with a changed value is shown, and none is lost."""
    simple, expert = both("train")
    parts = ["Model", "Objective", "Optimisation", "Formula and JSON", "Train a sweep"]
    assert opened(simple) == [] and opened(expert) == parts
    for app in (simple, expert):
        assert {"form_data", "form_preset", "train", "train_run"} <= keys(app)
    expert.button_group(key="form_objective_beta_shape").set_value("constant")
    expert.number_input(key="form_objective_beta").set_value(3.0).run()
    expert.button_group(key="mode").set_value("Simple").run()
    assert opened(lives(expert)) == ["Objective"]
    assert expert.number_input(key="form_objective_beta").value == 3.0
    expert.button(key="form_reset").click().run()
    assert opened(lives(expert)) == [] and expert.session_state["form_objective_beta"] == 1.0


def test_train_steers_a_run_with_fewer_buttons(folder):
    run = make_run(folder, "mine", **SMALL)
    simple, expert = both("train", run=run.name)
    rare = {"step", "epoch", "branch"}
    assert not rare & keys(simple) and rare <= keys(expert)
    assert {"go_on", "stop"} <= keys(simple)
