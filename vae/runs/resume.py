"""Training that goes on: which entries of a run's spec can change then, where it stands, and its commands so far."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vae.data import completion
from vae.runs import control, files, status
from vae.runs.run import Run, RunError
from vae.spec import Spec, SpecError, schedules

OF_THE_WEIGHTS = ("shape", "latent", "encoder", "decoder", "likelihood", "posterior", "prior", "condition")
OF_THE_BATCHES = ("data", "size", "batch", "seed")
FIXED = frozenset({*OF_THE_WEIGHTS, *OF_THE_BATCHES})  # entries that no run can change when it goes on


def changed(run: Run, changes: Mapping[str, Any]) -> Spec:
    """Return a run's spec with changes; raises SpecError for changes that its weights or batches do not allow."""
    try:
        spec = replace(run.spec, **changes)
    except TypeError as error:
        raise SpecError(str(error)) from error
    if other := [name for name in vars(spec) if name in FIXED and getattr(spec, name) != getattr(run.spec, name)]:
        raise SpecError(
            f"{run.title} goes on with the weights and batches that it has, so {', '.join(other)} cannot change. Start "
            "a new run instead."
        )
    return spec


def steps_done(run: Run) -> int:
    """Return the number of training steps that a run has behind it."""
    now = status.current(run.path)
    return now.step or (int(run.history[-1]["step"]) if run.history else 0)


def finished(run: Run) -> bool:
    """Return whether a run is trained to its last step, encoded and measured."""
    if status.current(run.path).state in ("interrupted", "failed"):
        return False
    whole = all((run.path / name).is_file() for name in ("model.safetensors", "codes.npz", "metrics.json"))
    return whole and steps_done(run) >= run.spec.epochs * steps_per_epoch(run.spec)


def steps_per_epoch(spec: Spec) -> int:
    """Return the number of training steps of an epoch."""
    return completion.steps({**vars(spec), "epochs": 1}, spec.data)


def check(run: Run, spec: Spec) -> None:
    """Raise RunError or SpecError if a run has nothing to train under a spec, which `changed` returned."""
    if status.held(run.path):
        raise RunError(f"{run.title} is being trained already, by another process. Watch it there.")
    done, per_epoch = steps_done(run), steps_per_epoch(spec)
    epochs = done / per_epoch
    if spec.epochs * per_epoch < done:
        raise SpecError(f"{run.title} has trained for {epochs:.4g} epochs. Epochs must be more than that to go on.")
    if finished(run) and spec.epochs <= run.spec.epochs:
        raise SpecError(
            f"{run.title} has trained its {run.spec.epochs} epochs. Epochs must be more than that to go on."
        )
    rate = spec.learning_rate
    if done and isinstance(rate, Mapping) and done >= rate["steps"] and not schedules.at(rate, done):
        raise SpecError(
            f"The learning rate of {run.title} has come to 0 at step {rate['steps']:,}, at the end of its schedule. "
            "Set another learning rate to continue."
        )


def change(run: Run, changes: Mapping[str, Any], command: str) -> Run:
    """Change the spec of a run whose training goes on, and record the command; return the run, read again.

    Raises RunError or SpecError, and changes nothing, if `changed` or `check` refuse.
    """
    spec = changed(run, changes)
    check(run, spec)
    done = steps_done(run)
    if spec != run.spec:
        files.write(run.path / "spec.json", spec.to_json())
    if "learning_rate" in changes:
        control.ask(run.path, learning_rate=0.0)  # the spec's, in place of one that was set during the training
    if done or changes:
        files.write_json(run.path / "meta.json", run.meta | {"command": with_command(run, command, done)})
    return Run(run.path)


def commands(run: Run) -> str:
    """Return the commands that trained a run, a line for each, or ""."""
    return str(run.meta.get("command") or run.metrics.get("command") or "")


def with_command(run: Run, command: str, step: int) -> str:
    """Return a run's commands and one more, with which its training went on at a step."""
    return "\n".join(line for line in (commands(run), f"{command}  # from step {step:,}") if line)
