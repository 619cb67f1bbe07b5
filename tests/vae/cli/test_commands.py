"""Every command: its help says what can be given, bad input is one line and makes nothing, and the end says what is."""

import argparse
import shutil

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

import vae
from vae import cli, runs
from vae.cli import COMMANDS, _parser, main
from vae.data.completion import steps
from vae.data.recommended import recommended
from vae.evaluation import evaluate
from vae.notebook import _spec
from vae.runs import Run
from vae.spec import SpecError, preset, schedules
from vae.spec.settings import SETTINGS
from vae.training.launch import Options

pytestmark = pytest.mark.usefixtures("data_folder")

QUICK = ["--data", "digits", "--widths", "8", "--epochs", "1", "--size", "64", "--k", "2", "--threads", "1"]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A run of random weights with its codes, to be copied."""
    return complete(make_run(tmp_path_factory.mktemp("pattern"), "mine", latent=3, **SMALL))


@pytest.fixture
def run(pattern, data_folder):
    return Run(shutil.copytree(pattern.path, data_folder / "runs" / "mine"))


def commands():
    (choices,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return choices.choices


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_sentence_bounds_and_default(name):
    """Each option of a command has a sentence, a number its bounds, and what may be left out a default."""
    for action in commands()[name]._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        words = " ".join((action.help or "").split())
        assert words[:1].isupper() or words.startswith("["), (action.dest, words)
        assert "." in words, (action.dest, words)
        if action.metavar in ("NUMBER", "SIZES"):
            assert " to " in words or " and at most " in words, (action.dest, words)
        if action.option_strings:
            assert "default: " in words or "usually " in words, (action.dest, words)
    assert commands()[name].description


def everything(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


NUMBERS = {"--k": ["0", "-5", "many", "1e3"], "--n": ["0", "-4", "nan"]}
TRAIN = {
    **NUMBERS,
    "--lr": ["-1", "0", "1e10", "nan", "inf", "abc"],
    "--beta": ["-1", "abc"],
    "--sigma": ["abc", "0"],
    "--seed": ["99999999999999999", "-1", "1.5"],
    "--device": ["nope", "cuda:", "cuda:x", "", "cpu:0"],
    "--processes": ["0", "-1", "1000000"],
    "--threads": ["0", "-2", "9999999"],
    "--size": ["0", "many"],
    "--epochs": ["0", "-1"],
    "--batch": ["0"],
    "--latent": ["0", "2.5"],
    "--warm-up": ["0", "-3", "0%", "101%", "nan%", "1.5", "%", "ten"],
    "--clip": ["0"],
    "--name": ["../up", "Upper", ""],
    "--widths": ["8,wide", "0"],
}
REFUSED = [
    *(("train", "vae", "--data", "digits", "--name", "new", f"{o}={v}") for o, values in TRAIN.items() for v in values),
    *(("train", "mine", "--epochs", "30", f"{o}={v}") for o, values in TRAIN.items() for v in values),
    *(("evaluate", "mine", f"{o}={v}") for o, values in NUMBERS.items() for v in values),
    *(("expost", "mine", f"--components={v}") for v in ("0", "-2", "100000", "x")),
    ("expost", "mine", "--kind", "flow", "--components", "3"),
    ("expost", "mine", "--kind", "spline"),
    ("embed", "mine", "--threads=0"),
    ("evaluate", "mine", "--table", "--n", "5"),
    ("evaluate", "mine", "--data", "nope"),
    ("train", "beta-tcvae", "--data", "digits", "--processes", "2"),
    ("train", "vea", "--data", "digits"),
    ("export", "mine"),
    ("nothing",),
    (),
]


def test_bad_input_is_one_line_and_makes_nothing(run, data_folder, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = everything(data_folder)
    for words in [*REFUSED, ("train", "vae", "--data", "digits", "--device", "cuda")]:
        assert main(list(words)) == 2, words
        said = capsys.readouterr()
        assert said.err.startswith("error: ") and said.err.count("\n") == 1 and not said.out, (words, said)
        assert everything(data_folder) == before, words
    assert sorted(p.name for p in (data_folder / "runs").iterdir()) == ["mine"]


def test_a_folder_that_cannot_be_made_is_one_line(capsys, data_folder):
    (data_folder / "file").write_text("")
    assert main(["train", "vae", *QUICK, "--out", str(data_folder / "file")]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and errors.count("\n") == 1


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SETTINGS)), st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=3))
def test_shell_and_python_accept_the_same_numbers(name, value):
    """The bounds of the table are those of Python, and those of the command line."""
    accepted = not SETTINGS[name].problem(value)
    if name in Options.__dataclass_fields__:
        try:
            Options(**{name: value}).check(preset("vae"))
            assert accepted
        except SpecError:
            assert not accepted
    owner = {"components": ["expost", "m"]}.get(name, ["train", "vae"])
    if isinstance(value, int) and not isinstance(value, bool):
        words = [*owner, f"--{name}={value}"]
        if accepted:
            assert getattr(_parser().parse_args(words), name) == value
        else:
            with pytest.raises(cli._Usage):
                _parser().parse_args(words)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"n": -4}, {"k": 1.5}, {"device": "nope"}, {"learning_rate": -1.0}])
def test_python_refuses_the_same_and_makes_nothing(wrong, data_folder):
    with pytest.raises(SpecError):
        vae.train("vae", data="digits", show_progress=False, **wrong)
    assert not list(data_folder.glob("runs/*"))


def test_python_measures_with_the_same_bounds(run):
    for wrong in ({"k": 0}, {"n": 0}, {"n": -4}):
        with pytest.raises(SpecError, match="from 1 to"):
            vae.evaluate(run, **wrong)
    model = vae.load(run).module
    with pytest.raises(SpecError):
        evaluate(model, None, k=0)
    from vae.density import expost

    with pytest.raises(ValueError, match="3 different codes, too few for 4 components"):
        expost.fit(np.repeat(np.eye(3), 9, axis=0), components=4)


def test_the_end_says_what_was_made_and_where(run, capsys, monkeypatch):
    codes = run.path / "codes.npz"
    codes.unlink()
    assert main(["encode", "mine"]) == 0
    assert (
        f"360 codes of the test split saved as {codes}" in capsys.readouterr().out and len(Run(run.path).codes) == 360
    )
    assert main(["atlas", "mine"]) == 0
    assert str(run.path / "atlas.npz") in capsys.readouterr().out
    assert main(["expost", "mine", "--components", "2"]) == 0
    out = capsys.readouterr().out
    assert "a mixture of 2 Normals" in out and str(run.path / "expost-mixture.npz") in out
    assert main(["evaluate", "mine", "--k", "2", "--n", "5"]) == 0
    assert "saved as" in capsys.readouterr().err
    table = run.path.parent / "scores.csv"
    assert main(["strange", "mine", "--n", "5", "--out", str(table)]) == 0
    assert "likelihood regret" in capsys.readouterr().out and len(table.read_text().splitlines()) == 11
    assert main(["strange", "mine", "--against", "linear-gaussian"]) == 2
    assert "holds no images" in capsys.readouterr().err
    assert main(["fetch", "digits"]) == 0 and "no download" in capsys.readouterr().out
    monkeypatch.setattr("vae.diagnosis.measure.MEASURES", {})
    assert main(["diagnose", "mine"]) == 0
    assert str(run.path / "diagnosis") in capsys.readouterr().err


def test_a_flow_of_one_latent_is_refused_with_the_reason(data_folder, capsys):
    complete(make_run(data_folder / "runs", "line", latent=1, **SMALL))
    assert main(["expost", "line", "--kind", "flow"]) == 2
    assert "can only shift and scale a Normal" in capsys.readouterr().err


def test_long_work_reports_its_progress(run):
    from vae.density import expost
    from vae.training import finish

    rng = np.random.default_rng(0)
    for kind in expost.KINDS:
        shares = []
        expost.fit(rng.normal(size=(200, 2)), kind, steps=20, say=lambda share, text, to=shares: to.append(share))
        assert len(shares) > 1 and shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    shares = []
    finish.encode(run, vae.load(run).module, say=lambda share, text: shares.append(share))
    assert shares[-1] == 1


def test_training_shows_how_far_its_evaluation_is(data_folder, monkeypatch):
    """The bar and the run's status say how many test images are measured, not only that something is done."""
    import vae.training.trainer as trainers

    monkeypatch.setattr(trainers, "STATUS_SECONDS", 0.0)
    run = runs.create(data_folder / "runs" / "new", preset("vae", **{**SMALL, "epochs": 1, "size": 64}))
    told, messages = [], []
    trainer = trainers.Trainer(run, finish=trainers.Finish(2, 120), finishing=lambda *found: told.append(found))
    written = trainer.update_status
    trainer.update_status = lambda **new: (messages.append(new.get("message", "")), written(**new))
    assert trainer() == 0
    measured = [share for share, text in told if "of 120 images" in text]
    assert measured == sorted(measured) and measured[-1] == 1 and len(measured) == 3  # 50 images at a time
    assert any("encoding 360 images" in text for _, text in told)
    assert "Measuring 50 of 120 images, K = 2." in messages


def test_a_model_of_one_training_example_is_diagnosed(data_folder, capsys):
    run = complete(make_run(data_folder / "runs", "one", size=1, n=360, **SMALL))
    assert main(["encode", run.name]) == 0 and main(["diagnose", run.name]) == 0
    assert "Bound" in capsys.readouterr().out


# schedules know the run's length


def spec_of(*words, name="new", data="digits"):
    """Return the spec of a new run, which is not trained."""
    from vae.cli import train

    given = _parser().parse_args(["train", *words, "--data", data, "--name", name])
    given.command_line = ""
    return train._target(given).spec


def test_a_cosine_rises_over_a_tenth_of_a_short_run():
    short = spec_of("vae", "--cosine", "--epochs", "20").learning_rate
    assert short["steps"] == 420 and short["warmup"] == 42
    assert schedules.at(short, 419) < 1e-6 < max(schedules.at(short, s) for s in range(420))
    long = spec_of("vae", "--cosine", "--epochs", "1000", name="long").learning_rate
    assert long["steps"] == 21_000 and long["warmup"] == 500


@pytest.mark.parametrize(("text", "expected"), [("44", 44), ("25%", 105), ("0.1%", 1), ("100%", 420)])
def test_a_warm_up_is_steps_or_a_share(text, expected):
    beta = spec_of("beta-vae", "--warm-up", text, "--epochs", "20").objective["beta"]
    assert beta == {"schedule": "linear", "start": 0.0, "stop": 4.0, "steps": expected}


def test_a_presets_schedule_ends_within_the_run():
    usual = recommended("capacity-vae", "digits")
    rising = usual.objective["capacity"]
    assert rising["steps"] == steps(vars(usual), "digits") // 2
    assert spec_of("capacity-vae").objective["capacity"] == rising
    assert spec_of("capacity-vae", "--epochs", "20", name="short").objective["capacity"] == {**rising, "steps": 210}
    assert spec_of("capacity-vae", "--epochs", "600", name="long").objective["capacity"] == rising


@pytest.mark.parametrize("name", ["vae", "capacity-vae", "logistic-vae"])
@pytest.mark.parametrize("dataset", ["digits", "sprites"])
def test_a_preset_is_the_same_in_shell_notebook_and_app(name, dataset):
    """Without further options all of them train what the app recommends."""
    assert spec_of(name, data=dataset) == _spec(name, dataset, {}) == recommended(name, dataset)


def test_a_schedule_that_cannot_finish_is_a_warning(capsys):
    assert main(["train", "vae", *QUICK, "--warm-up", "200", "--name", "cold"]) == 0
    said = capsys.readouterr().err
    assert "warning: The schedule of beta takes 200 steps and the run 1" in said and "instead of 1" in said
    spec = preset("vae", learning_rate={"schedule": "cosine", "start": 1, "stop": 0, "steps": 9, "warmup": 50})
    assert len(schedules.unfinished(vars(spec), 10)) == 1
    assert not schedules.unfinished(vars(spec), 50)
    assert runs.find("cold").metrics
