"""Training that goes on: from weights alone, with other numbers, and without making a run worse than it was."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from trained import SMALL

from vae import runs
from vae.cli import main
from vae.data import load
from vae.data.batches import prepare
from vae.model import build
from vae.runs import Run, RunError, control, manage, resume, status
from vae.spec import SpecError, preset
from vae.training.checkpoints import Session, final_objective
from vae.training.loop import validate

QUICK = ("--threads", "1", "--k", "2", "--n", "20")
PER_EPOCH = 21

pytestmark = pytest.mark.usefixtures("data_folder")


def train(run, *words, code=0):
    assert main(["train", str(run.path), *QUICK, *words]) == code
    return Run(run.path)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    """A run of two epochs, to be copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_DATA", str(tmp_path_factory.mktemp("pattern")))
        return train(manage.create(preset("vae", **SMALL, epochs=2), "local"))


@pytest.fixture
def run(pattern, data_folder):
    shutil.copytree(pattern.path, data_folder / "runs" / "mine")
    return Run(data_folder / "runs" / "mine")


@pytest.fixture
def zipped(run):
    """The run as it comes out of its zip."""
    for name in manage.LEAVE_OUT:
        (run.path / name).unlink(missing_ok=True)
    return run


def weights(run):
    return (run.path / "model.safetensors").read_bytes()


def everything(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def score(run, spec=None):
    """Return the objective on the validation split of a run's saved weights."""
    from vae.runs.load import load_model

    spec = spec or run.spec
    return validate(load_model(run), build.objective(spec), prepare(load("digits", "valid"), spec), spec)["objective"]


def test_a_run_from_a_zip_goes_on_from_its_weights(zipped, capsys):
    before, history = score(zipped), zipped.history
    made = train(zipped, "--epochs", "3")
    assert "continues from the saved weights at step 42, with a fresh optimiser" in capsys.readouterr().err
    assert made.history[: len(history)] == history
    assert made.history[-1]["step"] == 3 * PER_EPOCH and made.history[len(history)]["step"] > 42
    assert score(made) >= before  # the best of all, and never worse


def test_going_on_from_weights_is_repeatable_and_survives_an_end(zipped, data_folder):
    """The position and the optimiser are saved at once, so that a second start is the first's continuation."""
    copy = Run(shutil.copytree(zipped.path, data_folder / "runs" / "copy"))
    whole = train(zipped, "--epochs", "4")
    spec = resume.change(copy, {"epochs": 4}, "by hand").spec
    train_set, valid_set = (prepare(load("digits", split), spec) for split in ("train", "valid"))
    for _ in range(2):  # the first is left after five steps
        steps = Session(Run(copy.path), train_set, valid_set).steps()
        for count, _ in enumerate(steps, 1):
            if count == 5:
                steps.close()
                break
    for _ in Session(Run(copy.path), train_set, valid_set).steps():
        pass
    assert weights(copy) == weights(whole)


def test_weights_that_do_not_fit_are_refused(zipped):
    before = everything(zipped.path)
    with open(zipped.path / "model.safetensors", "r+b") as file:
        file.truncate(1000)
    assert main(["train", str(zipped.path), "--epochs", "3"]) == 2
    assert "model.safetensors" in status.read(zipped.path).message
    (zipped.path / "model.safetensors").unlink()
    assert main(["train", str(zipped.path), "--epochs", "3"]) == 2
    assert "neither a checkpoint nor weights" in status.read(zipped.path).message
    assert Run(zipped.path).history and (zipped.path / "history.jsonl").read_bytes() in before.values()


def test_foreign_weights_without_a_history_are_the_beginning(data_folder):
    spec = preset("vamp-vae", **SMALL, epochs=1, prior={"kind": "vamp", "inputs": 3})
    made = manage.create(spec, "local")
    model = build.model(spec)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
    from safetensors.torch import save_file

    save_file(model.state_dict(), made.path / "model.safetensors")
    train_set = prepare(load("digits", "train"), spec)
    session = Session(made, train_set, None)
    assert "saved weights at step 0" in session.note
    next(session.steps())
    # one step of Adam moves each weight by the learning rate, and the prior was not drawn from the data again
    assert all((v - 0.01).abs().max() < 2e-3 for v in session.state.model.state_dict().values())


def test_a_shipped_model_stays_and_its_copy_is_trained(run, monkeypatch, data_folder, capsys):
    shipped = data_folder / "shipped"
    shutil.copytree(run.path, shipped / "mine")
    shutil.rmtree(run.path)
    monkeypatch.setattr(runs.folders, "shipped", lambda: shipped)
    before = everything(shipped)
    assert main(["train", "mine", *QUICK]) == 2  # there is nothing left to train
    assert not (data_folder / "runs" / "mine-2").exists()
    assert main(["train", "mine", *QUICK, "--epochs", "3"]) == 0
    assert everything(shipped) == before
    assert "comes with the project" in capsys.readouterr().err
    made = runs.find("mine-2")
    assert made.path.parent == runs.user_runs() and made.history[-1]["step"] == 3 * PER_EPOCH
    assert made.meta["parent"] == {"run": "mine", "step": 42} and made.spec.epochs == 3
    for words in (["encode"], ["atlas"], ["expost"]):
        assert main([*words, "mine"]) == 2
        assert "stays as it is" in capsys.readouterr().err
    assert main(["evaluate", "mine", "--k", "2"]) == 0 and main(["diagnose", "mine"]) == 0
    assert main(["train", "mine", "--epochs", "3", "--name", "../x"]) == 2
    assert main(["train", "mine", "--epochs", "3", "--batch", "7"]) == 2
    assert everything(shipped) == before and sorted(p.name for p in runs.user_runs().iterdir()) == ["mine-2"]


def test_options_beside_a_run_are_applied_and_recorded(run):
    before = resume.commands(run)
    made = train(run, "--epochs", "3", "--lr", "1e-5", "--beta", "7", "--weight-decay", "0.5")
    assert made.spec.learning_rate == 1e-5 and made.spec.objective["beta"] == 7 and made.spec.epochs == 3
    state = torch.load(made.path / "state.pt", weights_only=True)
    assert {g["weight_decay"] for g in state["optimiser"]["param_groups"]} == {0.5}
    assert made.history[-1]["learning_rate"] == 1e-5
    lines = made.metrics["command"].splitlines()
    assert lines[:-1] == before.splitlines()
    assert "--lr 1e-5 --beta 7" in lines[-1] and lines[-1].endswith("# from step 42")
    assert made.metrics["command"] in made.card


def test_a_rate_set_during_training_gives_way_to_the_command(run):
    control.ask(run.path, learning_rate=3e-4)
    train(run, "--epochs", "3")
    assert Run(run.path).history[-1]["learning_rate"] == 3e-4
    assert train(run, "--epochs", "4", "--lr", "2e-5").history[-1]["learning_rate"] == 2e-5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch", "7"], "batch cannot change"),
        (["--latent", "3", "--size", "9"], "size, latent cannot change"),
        (["--data", "glyphs"], "data cannot change"),
        (["--seed", "4"], "seed cannot change"),
        (["--epochs", "1"], "has trained for 2 epochs"),
        (["--epochs", "2"], "has trained its 2 epochs"),
        ([], "has trained its 2 epochs"),
        (["--epochs", "0"], "Epochs must be a whole number from 1"),
        (["--epochs", "3", "--lr", "-1"], "Learning rate"),
        (["--epochs", "3", "--name", "other"], "name and place"),
        (["--epochs", "3", "--objective", "mmd", "--path", "stl"], "gradient path"),
    ],
)
def test_what_a_run_cannot_change_is_refused_and_nothing_is_written(run, words, message, capsys):
    before = everything(run.path)
    assert main(["train", "mine", *words]) == 2
    errors = capsys.readouterr().err
    assert message in errors and errors.count("\n") == 1
    assert everything(run.path) == before


def test_a_rate_that_has_come_to_zero_is_not_trained_with(run, capsys):
    falling = {"schedule": "cosine", "start": 1e-3, "stop": 0.0, "steps": 42}
    with pytest.raises(SpecError, match="come to 0 at step 42"):
        resume.change(run, {"epochs": 3, "learning_rate": falling}, "by hand")
    runs.write(run.path / "spec.json", replace(run.spec, learning_rate=falling).to_json())
    run = Run(run.path)
    assert main(["train", "mine", "--epochs", "3"]) == 2 and "come to 0" in capsys.readouterr().err
    made = train(run, "--cosine", "--epochs", "3")  # over the whole of the longer run
    assert made.spec.learning_rate["steps"] == 63 and made.history[-1]["learning_rate"] > 0


def test_a_run_in_training_is_not_changed(run):
    with status.lock(run.path), pytest.raises(RunError, match="trained already"):
        resume.change(run, {"epochs": 5}, "by hand")
    assert Run(run.path).spec.epochs == 2


def test_best_weights_are_judged_by_the_final_objective(data_folder):
    """The record of another objective is no record: its weights are judged again, and then win or lose."""
    spec = preset("vae", **SMALL, epochs=2, objective={"kind": "elbo", "beta": 0.5})
    part = train(manage.create(spec, "local"))
    made = train(part, "--beta", "20", "--epochs", "8", "--lr", "3e-3")
    best = torch.load(made.path / "state.pt", weights_only=True)
    held = [r["valid"]["objective"] for r in made.history if "valid" in r and r["step"] > 42]
    assert best["best"] == pytest.approx(max([*held, score(part, made.spec)])) == pytest.approx(score(made))
    assert best["judged_by"] == final_objective(made.spec) != final_objective(spec)


def test_an_unfinished_warm_up_is_judged_at_its_end(data_folder):
    warm = {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 200}
    made = train(manage.create(preset("vae", **SMALL, epochs=2, objective={"kind": "elbo", "beta": warm}), "local"))
    valid = [r["valid"] for r in made.history if "valid" in r]
    assert all(v["objective"] == pytest.approx(-v["distortion"] - v["rate"]) for v in valid)


def test_a_branch_of_a_run_without_checkpoint_goes_on_from_its_weights(zipped):
    made = manage.branch(zipped, "me", epochs=3)
    assert weights(made) == weights(zipped) and made.checkpoint is None
    assert train(made).history[-1]["step"] == 3 * PER_EPOCH
    assert np.isfinite(Run(made.path).metrics["elbo"]["value"])


def test_a_branch_that_fails_half_way_leaves_nothing(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(manage.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        manage.branch(run, "me", name="other")
    assert not (runs.user_runs() / "other").exists()
