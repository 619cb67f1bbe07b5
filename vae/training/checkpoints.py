"""Train a run folder with checkpoints, history and the best weights; training resumes bit for bit at any step."""

import copy
import os
import time
from collections.abc import Generator

from safetensors.torch import save as safetensors_bytes

from vae.data.batches import Batches, steps_per_epoch
from vae.runs import Run, RunError, files
from vae.training.history import Recorder
from vae.training.loop import Diverged, State, Step, fit
from vae.training.parallel import SINGLE_PROCESS, Team

SNAPSHOT_SECONDS = 1.0
SHARE = 20  # saving takes at most this part of the time


class Session:
    """Trains or resumes a run folder; `steps` yields every step, `save` writes everything up to the last one.

    `model.safetensors` holds the best weights on validation (spec.keep "best") or the last. A kill loses at most
    `checkpoint_seconds`; a resumed run equals an unbroken one bit for bit. The checkpoint before the last is kept too,
    and used if the last is damaged; `lost` then says so. If training diverges, a healthy state from about a second
    before becomes the checkpoint.
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
        self.state = State.fresh(self.spec, device)
        self.lost = self._resume()
        self.per_epoch = steps_per_epoch(len(train_set), self.spec.batch)
        self.total = self.spec.epochs * self.per_epoch
        self.history = self.path / "history.jsonl"
        if self.leads:
            # records after the checkpoint will be written again
            lines = self.history.read_bytes()[: self.state.history_bytes] if self.history.exists() else b""
            files.write(self.history, lines)
        # a state counts as healthy after later finite steps: a step's loss tests the weights of the step before
        self.healthy = self.candidate = self.snapshot()
        if self.leads and self.run.checkpoint is None:
            self.save()

    def _resume(self) -> str:
        """Load the last checkpoint, or the previous one if that is damaged; return what was wrong, or ""."""
        files = [file for file in (self.path / "state.pt", self.path / "previous.pt") if file.is_file()]
        wrong = ""
        for file in files:
            try:
                self.state.load(file)
                return wrong
            except RunError as error:
                wrong = wrong or str(error)
        if files:
            raise RunError(wrong)
        return ""

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
            with open(self.history, "ab") as file:
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


def train(
    run: Run, train_set: Batches, valid_set: Batches | None, device: str = "cpu", checkpoint_seconds: float = 30.0
) -> Generator[Step, None, None]:
    """Train or resume a run folder, yielding every step (see Session)."""
    return Session(run, train_set, valid_set, device, checkpoint_seconds).steps()
