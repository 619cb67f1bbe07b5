"""Train a run folder with checkpoints, history and the best weights; training resumes bit for bit at any step."""

import copy
import json
import math
import os
import time
import zipfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save as safetensors_bytes

from vae.data.batches import Batches, steps_per_epoch
from vae.model import build
from vae.runs import Run, RunError, files
from vae.runs.load import load_weights
from vae.spec import Spec
from vae.training.history import Recorder
from vae.training.loop import Diverged, State, Step, fit, validate
from vae.training.parallel import SINGLE_PROCESS, Team

SNAPSHOT_SECONDS = 1.0
SHARE = 20  # saving takes at most this part of the time

OLDER = "Resumed from the checkpoint before the last: {reason}"
FROM_WEIGHTS = (
    "{name} has no checkpoint: training continues from the saved weights at step {step:,}, with a fresh optimiser."
)
NOTHING_LEFT = (
    "{name} has a history, but neither a checkpoint nor weights to continue from. Bring back its model.safetensors, or "
    "train its spec.json again as a run of another name."
)


class Session:
    """Trains or resumes a run folder; `steps` yields every step, `save` writes everything up to the last one.

    `model.safetensors` holds the best weights on validation (spec.keep "best") or the last. A kill loses at most
    `checkpoint_seconds`; a resumed run equals an unbroken one bit for bit. The checkpoint before the last is kept too,
    and used if the last is damaged. A run without a checkpoint, such as one from a zip, goes on from its weights with a
    fresh optimiser. `note` says so in both cases. If training diverges, a healthy state from about a second before
    becomes the checkpoint. Raises RunError if there is a history, and nothing to go on from.
    """

    def __init__(
        self,
        run: Run,
        train_set: Batches,
        valid_set: Batches | None,
        device: str = "cpu",
        checkpoint_seconds: float = 30.0,
        team: Team = SINGLE_PROCESS,
    ) -> None:
        self.run, self.train_set, self.valid_set, self.team = run, train_set, valid_set, team
        self.leads = team.leads
        self.spec, self.path, self.checkpoint_seconds = run.spec, run.path, checkpoint_seconds
        self.history_file = self.path / "history.jsonl"
        self.state = State.fresh(self.spec, device)
        self.note = self._resume()
        self.per_epoch = steps_per_epoch(len(train_set), self.spec.batch)
        self.total = self.spec.epochs * self.per_epoch
        if self.leads:
            # records after the checkpoint will be written again
            lines = self.history_file.read_bytes()[: self.state.history_bytes] if self.history_file.exists() else b""
            files.write(self.history_file, lines)
            self._judge_anew()
        # a state counts as healthy after later finite steps: a step's loss tests the weights of the step before
        self.healthy = self.candidate = self.snapshot()
        if self.leads and self.run.checkpoint is None:
            # the state first: weights alone would be taken for a run from a zip
            weights, state = self.healthy
            files.write(self.path / "state.pt", state)
            if not self.state.from_weights:
                files.write(self.path / "model.safetensors", weights)

    def _resume(self) -> str:
        """Load the last checkpoint, the previous one if that is damaged, or the weights; return what to tell, or ""."""
        files = [file for file in (self.path / "state.pt", self.path / "previous.pt") if file.is_file()]
        wrong = ""
        for file in files:
            try:
                self.state.load(file)
                return OLDER.format(reason=wrong) if wrong else ""
            except RunError as error:
                wrong = wrong or str(error)
        if files:
            raise RunError(wrong)
        if (self.path / "model.safetensors").is_file():
            return self._from_weights()
        if self.run.history:
            raise RunError(NOTHING_LEFT.format(name=self.run.name))
        return ""

    def _from_weights(self) -> str:
        """Take the saved weights and the position that the history ends at; return what to tell."""
        self.run.weights()  # raises if any is not finite
        load_weights(self.run, self.state.model)
        state, records = self.state, self.run.history
        state.from_weights = True
        if records:
            state.step, state.seconds = int(records[-1]["step"]), float(records[-1]["seconds"])
            state.skipped = int(records[-1].get("skipped") or 0)
            lines = self.history_file.read_bytes().splitlines(keepends=True)
            state.history_bytes = sum(map(len, lines[: len(records)]))
            state.generator.manual_seed(self.spec.seed + state.step)  # not the noise of the first steps again
        state.best_weights = copy.deepcopy(state.model.state_dict())
        return FROM_WEIGHTS.format(name=self.run.name, step=state.step)

    def _judge_anew(self) -> None:
        """Judge the best weights by the run's objective, unless they were: going on may have changed it."""
        state, aim = self.state, final_objective(self.spec)
        if state.best_weights and state.judged_by != aim and self.valid_set is not None:
            model = copy.deepcopy(state.model)
            model.load_state_dict(state.best_weights)
            score = validate(model.eval(), build.objective(self.spec), self.valid_set, self.spec)["objective"]
            state.best = -math.inf if score is None else score
        state.judged_by = aim

    def snapshot(self) -> tuple[bytes, bytes]:
        """Return the current files: the weights to keep, and the whole state."""
        state = self.state
        weights = state.best_weights if self.spec.keep == "best" and state.best_weights else state.model.state_dict()
        return safetensors_bytes({k: v.contiguous() for k, v in weights.items()}), state.to_bytes()

    def save(self, snapshot: tuple[bytes, bytes] | None = None) -> None:
        """Write a snapshot (default: the current one), the state last, so that a kill in between only repeats steps."""
        if self.leads:
            weights, state = snapshot or self.snapshot()
            files.write(self.path / "model.safetensors", weights)
            files.write(self.path / "next.pt", state)
            if (self.path / "state.pt").is_file():
                os.replace(self.path / "state.pt", self.path / "previous.pt")
            os.replace(self.path / "next.pt", self.path / "state.pt")

    def _note(self, step: Step, recorder: Recorder) -> None:
        """Append a complete record to the history, and keep the weights of the best validation."""
        if line := recorder.add(step):
            with open(self.history_file, "ab") as file:
                file.write(line.encode())
            self.state.history_bytes += len(line.encode())
        score = step.valid["objective"] if step.valid is not None else None
        if score is not None and score > self.state.best:
            self.state.best = score
            self.state.best_weights = copy.deepcopy(self.state.model.state_dict())

    def steps(self) -> Generator[Step, None, None]:
        """Yield every step to the end, saving by the clock and at the end; closing the generator saves first."""
        recorder = Recorder(self.state, self.per_epoch)
        next_save = time.monotonic() + self.checkpoint_seconds
        next_snapshot = 0.0
        try:
            for step in fit(self.state, self.spec, self.train_set, self.valid_set, self.team):
                if self.leads:
                    self._note(step, recorder)
                    began = time.monotonic()
                    if step.step == self.total or (began > next_save and self.state.strikes == 0):
                        self.save()
                        cost = time.monotonic() - began
                        next_save = began + max(self.checkpoint_seconds, SHARE * cost)
                    if began > next_snapshot and self.state.strikes == 0:
                        self.healthy, self.candidate = self.candidate, self.snapshot()
                        next_snapshot = began + max(SNAPSHOT_SECONDS, SHARE * (time.monotonic() - began))
                yield step
        except Diverged:
            self.save(self.healthy)
            raise
        except GeneratorExit:
            # the step is complete, so it can be saved; after an exception inside a step nothing is saved
            self.save()
            raise


def tidy(path: Path) -> None:
    """Remove the checkpoint before the last from a run that is done, if the last one is whole."""
    try:
        with zipfile.ZipFile(path / "state.pt") as last:
            whole = last.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return
    if whole:
        (path / "previous.pt").unlink(missing_ok=True)


def final_objective(spec: Spec) -> str:
    """Return what the best weights are judged by, as text: the objective with every schedule at its stop."""

    def at_stop(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value["stop"] if isinstance(value, Mapping) else value for name, value in entry.items()}

    entries = [at_stop(spec.objective), *map(at_stop, spec.terms), spec.samples, spec.path, spec.binarisation]
    return json.dumps(entries, sort_keys=True)


def train(
    run: Run, train_set: Batches, valid_set: Batches | None, device: str = "cpu", checkpoint_seconds: float = 30.0
) -> Generator[Step, None, None]:
    """Train or resume a run folder, yielding every step (see Session)."""
    return Session(run, train_set, valid_set, device, checkpoint_seconds).steps()
