"""The numbers of a run: the better measurement stays, smaller ones lie beside it, and JSON holds numbers only."""

import json
import math
import shutil

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from vae import runs
from vae.cli import main
from vae.evaluation import run_table
from vae.runs import Run, measured
from vae.spec import json_text

pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def run(data_folder):
    """A run measured with 20 samples on all 360 images."""
    made = complete(make_run(data_folder / "runs", "mine", **SMALL))
    runs.write_json(made.path / "metrics.json", {"command": made.metrics["command"]})
    assert main(["evaluate", "mine", "--k", "20"]) == 0
    return Run(made.path)


def entries(k, n):
    return {"elbo": {"value": -1.0, "se": 0.1, "n": n}, "log_px": {"value": -1.0, "se": 0.1, "n": n, "k": k}}


def strict(text):
    """Return JSON as browsers read it: NaN is an error."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("words", [["--k", "1", "--n", "10"], ["--k", "500", "--n", "1"], ["--k", "19"]])
def test_a_smaller_measurement_is_printed_and_kept_beside(run, words, capsys):
    metrics, card = ((run.path / name).read_bytes() for name in ("metrics.json", "card.md"))
    capsys.readouterr()
    assert main(["evaluate", "mine", *words]) == 0
    said = capsys.readouterr()
    beside = json.loads(said.out)
    assert "keeps the better measurement" in said.err
    (file,) = run.path.glob("metrics-k*.json")
    assert f"saved as {file}:" in said.err
    assert {name: strict(file.read_text())[name] for name in beside} == strict(said.out)
    assert (run.path / "metrics.json").read_bytes() == metrics
    assert (run.path / "card.md").read_bytes() == card


def test_a_larger_measurement_takes_the_place(run):
    assert main(["evaluate", "mine", "--k", "30"]) == 0
    again = Run(run.path)
    assert again.metrics["log_px"]["k"] == 30 and "L_30" in again.card
    assert again.metrics["command"] == run.metrics["command"] in again.card
    assert not list(run.path.glob("metrics-*"))


def test_other_weights_have_other_numbers(run):
    """A better measurement of weights that are gone is no measurement."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(run.path / "model.safetensors")
    save_file({name: value * 0.9 for name, value in weights.items()}, run.path / "model.safetensors")
    assert main(["evaluate", "mine", "--k", "2", "--n", "5"]) == 0
    assert Run(run.path).metrics["elbo"]["n"] == 5


def test_one_example_has_no_error_and_says_none(run, capsys):
    (run.path / "metrics.json").unlink()
    assert main(["evaluate", "mine", "--k", "1", "--n", "1"]) == 0
    content = strict((run.path / "metrics.json").read_text())
    assert content["elbo"]["se"] is None and "nan" not in Run(run.path).card
    strict(capsys.readouterr().out)
    assert main(["models"]) == 0 and "nan" not in capsys.readouterr().out


def test_a_shipped_models_numbers_stay(run, data_folder, monkeypatch, capsys):
    shutil.move(run.path, data_folder / "shipped" / "mine")
    monkeypatch.setattr(runs.folders, "shipped", lambda: data_folder / "shipped")
    before = {p: p.read_bytes() for p in (data_folder / "shipped" / "mine").iterdir()}
    monkeypatch.setattr(run_table, "part", lambda *_: [])
    assert main(["evaluate", "mine", "--k", "30"]) == 0 and main(["evaluate", "mine", "--table"]) == 0
    assert "nothing is saved" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in (data_folder / "shipped" / "mine").iterdir()} == before


measurement = st.tuples(st.integers(1, 4), st.integers(1, 4), st.booleans())


@settings(max_examples=30, deadline=None)
@given(st.lists(measurement, min_size=1, max_size=6))
def test_no_order_of_measurements_loses_the_best(tmp_path_factory, measurements):
    """While the weights stay, metrics.json only grows in samples and examples, and nothing measured is lost."""
    run = make_run(tmp_path_factory.mktemp("order"), "mine", n=10, **SMALL)
    (run.path / "metrics.json").unlink()
    had, seen = (0, 0), set()
    for k, n, trained in measurements:
        file, content = measured.keep(run, entries(k, n), trained)
        assert strict(file.read_text()) == content
        has = measured.sizes(measured.known(run))
        assert has[0] >= had[0] and has[1] >= had[1]
        had, seen = has, seen | {(k, n)}
    kept = {measured.sizes(strict(p.read_text())) for p in run.path.glob("metrics*.json")}
    assert had in kept
    assert all(any(k <= a and n <= b for a, b in kept) for k, n in seen)


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner:
       st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner), max_leaves=8))  # fmt: skip
def test_json_text_is_json(value):
    def same(a, b):
        if isinstance(a, float):
            return b == a if math.isfinite(a) else b is None
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
        if isinstance(a, list | tuple):
            return len(a) == len(b) and all(map(same, a, b))
        return a == b and type(a) is type(b)

    assert same(value, strict(json_text.dumps(value)))


def test_files_that_older_versions_wrote_are_read(run):
    text = (run.path / "metrics.json").read_text()
    (run.path / "metrics.json").write_text(text.replace('"se": ', '"se": NaN, "was": '))
    assert Run(run.path).metrics["elbo"]["se"] is None


def test_evidence_without_a_number_comes_back():
    from vae.diagnosis.evidence import Holes, Number, plain, restore

    holes = Holes(
        "ratio", "ratio", "prior", (0,), (0.0,), (1.0,), (math.nan, 2.0), Number(0.1, math.nan, 1), 0.0, 3, "test"
    )
    again = restore(Holes, strict(json_text.dumps(plain(holes))))
    assert np.array_equal(again.values, holes.values, equal_nan=True)
    assert np.array_equal(again.share, holes.share, equal_nan=True)
