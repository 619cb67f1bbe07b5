"""Runs as people handle them: limits, branches, names, the trash, the zip; and how long a training will take."""

import io
import os
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from trained import SMALL

from vae import data, runs
from vae.cli import main
from vae.model import build
from vae.runs import Run, RunError, control, film, machine, manage, pace, status
from vae.runs.status import Status
from vae.spec import PRESETS, SpecError, cost, preset, work

QUICK = ("--threads", "1", "--k", "2", "--n", "20")
PER_EPOCH = 21


pytestmark = pytest.mark.usefixtures("data_folder")


def make(**changes) -> Run:
    return manage.create(replace(preset("vae", **SMALL), **{"epochs": 2, **changes}), "me", "  A title ")


def train(run: Run) -> Run:
    assert main(["train", str(run.path), *QUICK]) == 0
    return Run(run.path)


def stopped(run: Run, step: int) -> Run:
    """Train to a step, and stop there."""
    import threading

    control.ask(run.path, until=step)

    def end():
        while status.current(run.path).state != "paused":
            time.sleep(0.01)
        control.ask(run.path, mode="stop")

    thread = threading.Thread(target=end)
    thread.start()
    trained = train(run)
    thread.join()
    assert status.read(run.path).step == step
    return trained


def test_a_run_is_created_with_its_owner_title_and_command():
    run = make()
    assert run.meta["owner"] == "me" and run.title == "A title" and run.name.startswith("vae-digits-")
    assert run.meta["command"] == f"python -m vae train {run.name}"
    assert train(run).metrics["command"] == run.meta["command"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoder": {"kind": "mlp", "widths": [60_000, 60_000]}}, "weights.*narrower"),
        ({"samples": 10_000, "batch": 60_000}, "smaller batch"),
        ({"learning_rate": -1.0}, "Learning rate.*above 0"),
        ({"learning_rate": 11.0}, "Learning rate.*at most 10"),
        ({"clip": 0.0}, "(?i)clip"),
        ({"epochs": 1_000_000, "encoder": {"kind": "mlp", "widths": [3000, 3000]}}, "hours"),
        ({"size": 0}, "(?i)examples"),
        ({"path": "nowhere"}, "nowhere"),
        ({"objective": {"kind": "magic"}}, "magic"),
        ({"shape": (1, 9, 9)}, r"\[1, 8, 8\]"),
    ],
)
def test_runs_too_large_for_a_shared_machine_are_refused(changes, reason, data_folder):
    """What would overwhelm a shared machine is refused before anything is made."""
    with pytest.raises(SpecError, match=reason):
        make(**changes)
    assert not list(data_folder.glob("runs/*"))


def test_a_name_from_somebodys_json_leads_nowhere_else(data_folder):
    with pytest.raises(SpecError, match="no preset"):
        make(preset="../../etc/Évil name")
    assert not list(data_folder.glob("runs/*"))


def test_grey_pixels_and_missing_data_are_refused():
    """Grey pixels under a Bernoulli and missing data are refused."""
    with pytest.raises(data.DataError, match="binarisation"):
        make(binarisation="none")
    with pytest.raises(data.DataError, match="fetch"):
        manage.create(preset("vae"), "me")


def test_a_branch_without_changes_is_the_unbroken_run():
    whole = train(make(epochs=4))
    part = stopped(make(epochs=4), 30)
    made = train(manage.branch(part, "you"))
    assert made.meta["parent"] == {"run": part.name, "step": 30} and made.meta["owner"] == "you"
    assert manage.parent(made) == f"branched from {part.name} at step 30"
    assert (made.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
    strip = [{k: v for k, v in r.items() if k != "seconds"} for r in made.history]
    assert strip == [{k: v for k, v in r.items() if k != "seconds"} for r in whole.history]
    assert film.steps(made.path) == film.steps(whole.path)
    assert Run(part.path).metrics["elbo"] != made.metrics["elbo"]


def test_a_branch_goes_on_with_other_numbers():
    part = stopped(make(epochs=4), 30)
    made = manage.branch(part, "me", learning_rate=1e-4, epochs=6, objective={"kind": "elbo", "beta": 4.0})
    made = train(made)
    assert made.history[-1]["learning_rate"] == 1e-4 and status.read(made.path).step == 6 * PER_EPOCH
    assert Run(part.path).spec.epochs == 4


def test_a_branch_that_needs_other_weights_is_refused():
    part = stopped(make(), 5)
    with pytest.raises(SpecError, match="latent cannot change"):
        manage.branch(part, "me", latent=3)
    with pytest.raises(SpecError):
        manage.branch(part, "me", no_such=1)
    with pytest.raises(RunError, match="neither a checkpoint nor weights"):
        manage.branch(make(), "me")
    status.write(part.path, Status("running"))
    with status.lock(part.path), pytest.raises(RunError, match="pause it"):
        manage.branch(part, "me")


def test_names_and_notes():
    made = make()
    manage.rename(made, "  Two\n words ")
    run = manage.annotate(made, "n" * 20_000)  # of the object that does not know its new title
    assert run.title == "Two words" and len(run.meta["note"]) == manage.NOTE
    assert len(manage.rename(run, "t" * 500).title) == manage.TITLE
    assert manage.rename(run, " ").title == run.name


def test_what_comes_with_the_project_stays(monkeypatch, data_folder):
    run = make()
    monkeypatch.setattr(runs.folders, "shipped", lambda: data_folder / "runs")
    for action in (lambda: manage.rename(run, "x"), lambda: manage.annotate(run, "x"), lambda: manage.delete(run)):
        with pytest.raises(RunError, match="comes with the project"):
            action()


def test_deleted_runs_come_back_until_the_trash_is_emptied(data_folder):
    run = train(make())
    files = sorted(p.name for p in run.path.iterdir())
    manage.delete(run)
    assert not run.path.exists() and run.name not in [r.name for r in runs.library()]
    back = manage.restore(run.name)
    assert sorted(p.name for p in back.path.iterdir()) == files
    place = manage.trash() / manage.delete(back)
    manage.empty_trash()
    assert place.is_dir()
    old = time.time() - 8 * 86400
    os.utime(place / "deleted", (old, old))
    manage.empty_trash()
    assert not place.exists()
    for name in (run.name, "../runs", "nothing"):
        with pytest.raises(RunError, match="no deleted run"):
            manage.restore(name)


def test_a_run_in_training_cannot_be_deleted():
    run = make()
    with status.lock(run.path), pytest.raises(RunError, match="Stop it first"):
        manage.delete(run)
    assert run.path.is_dir()


def test_the_zip_holds_a_run_that_can_be_opened(tmp_path):
    run = train(make())
    with zipfile.ZipFile(io.BytesIO(manage.archive(run))) as bundle:
        names = bundle.namelist()
        bundle.extractall(tmp_path / "home")
    assert not any(name.endswith(left) for left in manage.LEAVE_OUT for name in names)
    again = Run(tmp_path / "home" / run.name)
    assert np.array_equal(again.codes.means, run.codes.means) and again.metrics == run.metrics
    assert film.steps(again.path) == film.steps(run.path) and again.spec == run.spec


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": {"kind": "mlp", "widths": [32, 16]}},
        {"encoder": {"kind": "linear"}},
        {"shape": (3, 32, 32), "data": "cifar10", "latent": 7, "encoder": {"kind": "conv", "channels": [8, 16, 32]}},
        {"shape": (2, 17, 23), "encoder": {"kind": "conv", "channels": [4, 8], "hidden": 16}},
    ],
)
def test_the_arithmetic_is_what_torch_counts(changes):
    spec = preset("vae", **{**SMALL, **changes})
    model = build.model(spec)
    for layers, shape, module in (
        (spec.encoder_layers(), spec.shape, model.encoder),
        (spec.decoder_layers(), (spec.latent,), model.decoder),
    ):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(torch.zeros(1, *shape))
        assert work.operations(layers, shape) == counter.get_total_flops()
        # images between the layers take time of their own
        images = spec.encoder["kind"] == "conv"
        assert (work.effort(layers, shape) > work.operations(layers, shape)) == images
    assert cost.parameters(spec) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_every_presets_weights_are_counted(name):
    spec = preset(name)
    assert cost.parameters(spec) == sum(p.numel() for p in build.model(spec).parameters())


def test_what_a_prior_or_a_term_costs_is_in_the_estimate():
    plain, flow, vamp = (cost.step_seconds(preset(n)) for n in ("vae", "flow-prior-vae", "vamp-vae"))
    assert min(flow, vamp) > 1.2 * plain  # measured: 1.4 to 1.6 times as long
    contractive = cost.step_seconds(preset("contractive-autoencoder", latent=16))
    assert contractive > 2 * cost.step_seconds(preset("autoencoder", latent=16))
    labels = {"kind": "labels", "classes": 10, "prior": True}
    spec = preset("cvae", condition=labels, likelihood={"kind": "normal", "sigma": "shared"}, binarisation="none")
    assert cost.parameters(spec) == sum(p.numel() for p in build.model(spec).parameters())


def test_the_estimate_learns_from_runs_and_forgets_slowly(monkeypatch):
    monkeypatch.setattr(machine, "slowdown", lambda threads, own=0: 1.0)
    spec = preset("vae", **SMALL)
    calculated = pace.seconds(spec, 1297, 2)
    steps = spec.epochs * PER_EPOCH
    assert calculated == pytest.approx(steps * cost.step_seconds(spec, 2))
    measured = Status("done", step=steps, seconds=3 * calculated, threads=2)
    pace.learn(spec, measured)
    assert pace.seconds(spec, 1297, 2) == pytest.approx(3 * calculated)
    pace.learn(spec, replace(measured, seconds=calculated))
    assert calculated < pace.seconds(spec, 1297, 2) < 3 * calculated
    assert pace.seconds(spec, 1297, 1) == pytest.approx(steps * cost.step_seconds(spec, 1))
    (data.data_root() / "machine.json").write_text('{"mlp, 2 threads": "fast"')
    assert pace.seconds(spec, 1297, 2) == pytest.approx(calculated)


def test_a_busy_machine_takes_longer_and_is_not_learned_as_slow(monkeypatch):
    """Beside a load of L threads, t more on c processors take (L + t) / c times as long; a run's own do not count."""
    cores, spec = machine.cores(), preset("vae", **SMALL)
    for load, threads, own in ((0, 1, 0), (cores, 1, 0), (20, 2, 0), (20, 2, 2), (1, 1, 1)):
        monkeypatch.setattr(machine.os, "getloadavg", lambda load=load: (load, 0, 0))
        assert machine.slowdown(threads, own) == max(1, (load - own + threads) / cores)
    monkeypatch.delattr(machine.os, "getloadavg")
    assert machine.slowdown(4) == 1
    alone = pace.seconds(spec, 1297, 1)
    steps = spec.epochs * PER_EPOCH
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (10 * cores, 0, 0), raising=False)
    pace.learn(spec, Status("done", step=steps, seconds=10 * alone, threads=1))
    assert pace.seconds(spec, 1297, 1) == pytest.approx(alone)


def test_each_deleted_run_has_a_place_of_its_own(data_folder):
    """Runs that had the same name do not replace each other in the trash, and each comes back by its place."""
    places = []
    for title in ("one", "two"):
        run = runs.create(data_folder / "runs" / "same", preset("vae", **SMALL))
        places.append(manage.delete(manage.rename(run, title)))
    with pytest.raises(RunError, match="not there any more"):
        manage.delete(run)
    assert len(set(places)) == 2
    assert manage.restore(places[0]).title == "one"
    with pytest.raises(RunError, match="there again"):
        manage.restore(places[1])
    manage.delete(runs.find("same"))
    assert manage.restore(places[1]).title == "two" and not (data_folder / "runs" / "same" / "deleted").exists()
    with pytest.raises(RunError, match="no deleted run"):
        manage.restore(places[1])


def test_runs_in_the_trash_of_older_versions_come_back(data_folder):
    run = runs.create(data_folder / "runs" / "old", preset("vae", **SMALL))
    manage.trash().mkdir(parents=True)
    run.path.rename(manage.trash() / "old")
    assert manage.restore("old").path == run.path
