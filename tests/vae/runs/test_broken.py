"""Whatever lies in a run's files is a run that pages can show, or one listed as broken with what and where."""

import io
import json
import os
import sys
from dataclasses import asdict

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from json_damage import ANY, changed

from vae import runs
from vae.runs import Broken, Run, RunError, arrays, control, film, pace, status
from vae.spec import SpecError, json_text, preset
from vae.spec.spec import Spec

NESTED = "[" * 100_000
METRICS = {
    "data": "digits", "split": "test", "train_seconds": 3.5, "command": "python -m vae train vae", "hardware": "1 CPU",
    "elbo": {"value": -3.5, "se": 0.1, "n": 360, "units": "nats"},
    "log_px": {"value": -3.5, "se": 0.1, "n": 360, "units": "nats", "k": 50, "ess": 3.5},
}  # fmt: skip
META = {"title": "A", "note": "b", "owner": "c", "created": 1.5, "command": "d", "parent": {"run": "e", "step": 3}}
ROW = {"name": "elbo", "symbol": "L", "value": -1.5, "se": 0.1, "n": 3, "units": "nats", "note": ""}
RECORD = {"step": 3, "epoch": 0, "distortion": 1.5, "rate": None, "valid": {"distortion": 1.5, "rate": None}}
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs"), "one", **SMALL)


def read(run, file):
    """Return what a run's property gives, and the text of its RunError."""
    try:
        return getattr(run, file), ""
    except RunError as error:
        return None, str(error)


def text(content):
    return json.dumps(content, default=str)


def contents(good):
    return (ANY | changed(good)).map(text) | some.sampled_from([NESTED, "", "{}{", "9" * 5000, '{"a": "\\ud800"}'])


@PATIENT
@given(contents(json.loads(json.dumps(asdict(preset("cvae", **SMALL))))))
def test_any_spec_text_is_a_spec_or_a_spec_error(content):
    try:
        found = Spec.from_json(content)
    except SpecError as error:
        str(error).encode()
        return
    assert Spec.from_json(found.to_json()) == found


@PATIENT
@given(contents(METRICS), contents(META), contents({"rows": [ROW]}), contents(RECORD))
def test_any_files_are_shown_or_refused_with_the_place(made, metrics, meta, rows, record):
    from ui.models.listing import training_time
    from ui.shared import chips

    for name, content in (("metrics.json", metrics), ("meta.json", meta), ("evaluation.json", rows)):
        (made.path / name).write_text(content)
    (made.path / "history.jsonl").write_text(f"{record}\n{record}\n")
    run = Run(made.path)
    words = [run.title, chips.headline(run), chips.data_name(run), str(run.meta.get("note", ""))]
    assert f"{run.meta.get('created', 0.0):.1f}" and runs.manage.parent(run) is not None
    for file in ("metrics", "evaluation", "history"):
        found, refused = read(run, file)
        if refused:
            assert f"one/{file}" in refused
            words.append(refused)
            continue
        if file == "metrics":
            words += [chips.number(found.get("elbo")), training_time(found.get("train_seconds"))]
        elif file == "evaluation":
            words += [f"{row['name']}{row['symbol']}{row['value']:.2f}{row['units']}{row['n']:,}" for row in found]
    "".join(words).encode()


@PATIENT
@given(contents(asdict(status.Status(pid=3, remaining=1.0))))
def test_any_status_and_request_are_read(made, content):
    for name in ("status.json", "control.json"):
        (made.path / name).write_text(content)
    now = status.current(made.path)
    assert f"{now.step:,}{now.total:,}{now.seconds:.1f}{now.remaining or 0:.1f}{now.message}{now.state}".encode()
    assert control.read(made.path).mode in control.MODES


def test_any_measured_speed_is_read(data_folder):
    for content in (NESTED, "[1]", '{"mlp, 1 threads": "x"}'):
        (data_folder / "machine.json").write_text(content)
        assert pace.correction(preset("vae", **SMALL), 1) == 1.0


def test_broken_folders_are_listed_beside_good_ones(tmp_path):
    good = make_run(tmp_path, "good", **SMALL)
    for name, file, content in (
        ("nested-spec", "spec.json", NESTED),
        ("nested-metrics", "metrics.json", NESTED),
        ("metrics-list", "metrics.json", "[1]"),
        ("elbo-text", "metrics.json", '{"elbo": {"value": "low"}}'),
    ):
        make_run(tmp_path, name, **SMALL)
        (tmp_path / name / file).write_text(content)
    make_run(tmp_path, "Not A Name", **SMALL)
    if sys.platform == "linux":
        os.rename(make_run(tmp_path, "strange", **SMALL).path, os.fsencode(tmp_path) + b"/run-\xff")
    os.symlink(tmp_path / "nowhere", tmp_path / "dangling")
    found = {entry.name: entry for entry in runs.library([tmp_path])}
    reasons = {name: entry.reason for name, entry in found.items() if isinstance(entry, Broken)}
    assert isinstance(found[good.name], Run) and len(found) - len(reasons) == 1
    assert "spec.json" in reasons["nested-spec"] and "nested too deeply" in reasons["nested-metrics"]
    assert "elbo.value is 'low'" in reasons["elbo-text"] and "metrics-list/metrics.json" in reasons["metrics-list"]
    assert "rename" in reasons["Not A Name"].lower()
    if sys.platform == "linux":
        assert "rename" in reasons["run-\\xff"].lower()


def shelves(tmp_path, content, name="codes.npz"):
    run = make_run(tmp_path, "one", **SMALL)
    (run.path / "film").mkdir(exist_ok=True)
    np.savez(run.path / name, **content)
    return Run(run.path)


MEANS = np.zeros((5, 2), np.float32)
STILL = {"classes": np.array(["a"]), "originals": np.zeros((1, 1, 8, 8), np.uint8), "split": np.array("valid")}


@pytest.mark.parametrize(
    ("labels", "fits"),
    [
        (np.arange(5), True),
        (np.full(5, 10**9), False),
        (np.full(5, -1), False),
        (np.arange(5.0), False),
        (np.array(list("abcde")), False),
        (np.arange(4), False),
        (np.arange(5, dtype=np.uint64) + 2**63, False),
    ],
)
def test_labels_are_numbers_of_classes(tmp_path, labels, fits):
    """A label of a billion would be taken for a billion classes, each with a name."""
    codes = shelves(tmp_path, {"means": MEANS, "labels": labels, "classes": np.array(["a"])})
    if fits:
        assert codes.codes.labels.tolist() == labels.tolist()
    else:
        with pytest.raises(RunError, match=r"codes\.npz.*label"):
            _ = codes.codes
    few = shelves(tmp_path / "film", {**STILL, "labels": labels}, "film/still.npz")
    assert (film.constants(few.path) is not None) == (fits or len(labels) == 4)


@pytest.mark.parametrize(
    "content",
    [
        {"means": MEANS.astype(str)},
        {"means": MEANS.astype(int)},
        {"means": MEANS, "classes": np.array("a")},
        {"means": MEANS, "classes": np.array(["\ud800"])},
        {"means": MEANS, "split": np.array("elsewhere")},
        {"means": MEANS, "mean": MEANS[0], "components": MEANS, "explained": MEANS[0]},
        {"means": MEANS, "scales": MEANS.astype(str)},
    ],
)
def test_codes_of_another_form_are_refused(tmp_path, content):
    with pytest.raises(RunError, match=r"codes\.npz is damaged"):
        _ = shelves(tmp_path, content).codes


def test_packed_zeros_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    run = make_run(tmp_path, "one", **SMALL)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, means=np.zeros((10**6, 2), np.float32))
    (run.path / "codes.npz").write_bytes(buffer.getvalue())
    monkeypatch.setattr(arrays, "MOST_BYTES", 10**6)
    with pytest.raises(RunError, match="at most 1,000,000"):
        _ = run.codes


def test_unforeseen_error_breaks_one_run_only(tmp_path, monkeypatch):
    make_run(tmp_path, "one", **SMALL)
    make_run(tmp_path, "two", **SMALL)
    read = runs.files.read_json

    def failing(path):
        if path.parent.name == "one":
            raise ZeroDivisionError("odd")
        return read(path)

    monkeypatch.setattr(runs.files, "read_json", failing)
    one, two = runs.library([tmp_path])
    assert isinstance(one, Broken) and "ZeroDivisionError: odd" in one.reason and isinstance(two, Run)


@given(some.text(alphabet='\\udD8c0a"[]{}:,1 ', max_size=30))
def test_json_text_returns_what_can_be_written_or_raises_value_error(content):
    try:
        found = json_text.loads(content)
    except ValueError:
        return
    json.dumps(found, ensure_ascii=False).encode()
