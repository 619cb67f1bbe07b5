"""Training as a generator: the caller owns the loop, and pausing is not asking for the next step."""

import copy
import io
import json
import math
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from vae import build, runs, schedules
from vae.batches import Batches, order, steps_per_epoch
from vae.model import LatentModel, draw
from vae.objectives import Objective
from vae.spec import Spec

SKIPS_BEFORE_STOP = 10
RECORDS_PER_EPOCH = 5


class Diverged(RuntimeError):
    """Several steps in a row were not finite; the model keeps the weights from before the first of them."""


@dataclass(frozen=True)
class Step:
    """One step of training, or one record of several: batch means in nats per example."""

    step: int
    epoch: int
    distortion: float
    rate: float | None
    objective: float
    gradient_norm: float
    learning_rate: float
    seconds: float
    skipped: int = 0
    valid: dict[str, float | None] | None = None

    def to_json(self) -> str:
        """Return the record as one line of JSON; numbers that are not finite become null."""
        clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}
        return json.dumps({k: v for k, v in clean.items() if k != "valid" or v is not None})


@dataclass
class State:
    """Everything that training changes: weights, optimiser, generator, position, and the best validation so far."""

    model: LatentModel
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0
    skipped: int = 0
    best: float = -math.inf
    best_epoch: int = -1
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history_bytes: int = 0

    @classmethod
    def fresh(cls, spec: Spec, device: str | torch.device = "cpu") -> "State":
        """Return the state at step 0, weights and generator from the spec's seed."""
        model = spec.build().to(device)
        fused = next(model.parameters()).device.type in ("cpu", "cuda")
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=schedules.at(spec.learning_rate, 0),
            weight_decay=spec.weight_decay,
            fused=fused,
        )
        return cls(model, optimiser, torch.Generator(device=device).manual_seed(spec.seed))

    _POSITION = ("step", "seconds", "skipped", "best", "best_epoch", "best_weights", "history_bytes")

    def to_bytes(self) -> bytes:
        """Return the state as one file, so that weights and optimiser can never come from different steps."""
        buffer = io.BytesIO()
        content = {name: getattr(self, name) for name in self._POSITION}
        content |= {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }
        torch.save(content, buffer)
        return buffer.getvalue()

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same spec; raises RunError if the file is damaged or another model's."""
        try:
            content: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            self.model.load_state_dict(content["model"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.generator.set_state(content["generator"])
            for name in self._POSITION:
                setattr(self, name, content[name])
        except Exception as error:  # torch.load has no common base class for damage
            raise runs.RunError(f"{path} cannot be resumed: {error}. Train the run anew from its spec.json.") from error


def _numbers(objective: Tensor, distortion: Tensor, rate: Tensor | None, norm: Tensor) -> list[float]:
    """Return the batch means in one transfer from the device."""
    rate = distortion.new_full((), math.nan) if rate is None else rate.mean()
    return torch.stack([objective, distortion.mean(), rate, norm]).detach().tolist()


@torch.no_grad()
def validate(
    model: LatentModel, objective: Objective, batches: Batches, spec: Spec, step: int
) -> dict[str, float | None]:
    """Return distortion, rate and objective on held-out examples, with the same noise at every call."""
    generator = torch.Generator(device=batches.examples.device).manual_seed(spec.seed + 1)
    sums: dict[str, float] = {"distortion": 0.0, "rate": 0.0, "objective": 0.0}
    for start in range(0, len(batches), 1000):
        x = batches.take(slice(start, start + 1000), generator)
        sample = draw(model, x, spec.samples, spec.path, generator)
        values = {"distortion": sample.distortion, "rate": sample.rate, "objective": objective(sample, step)}
        for name, value in values.items():
            sums[name] += math.nan if value is None else value.sum().item()
    means = {name: total / len(batches) for name, total in sums.items()}
    return {name: value if math.isfinite(value) else None for name, value in means.items()}


def fit(state: State, spec: Spec, train: Batches, valid: Batches | None = None) -> Generator[Step, None, None]:
    """Yield one Step after each optimiser step until `spec.epochs`; the step at an epoch's end carries validation.

    A step whose objective or gradient is not finite changes nothing, is counted, and yielded. Raises Diverged after
    SKIPS_BEFORE_STOP of them in a row.
    """
    model, optimiser, generator = state.model, state.optimiser, state.generator
    objective, corrupt = build.objective(spec), build.corruption(spec)
    parameters = list(model.parameters())
    per_epoch = steps_per_epoch(len(train), spec.batch)
    failures = 0
    model.train()
    while state.step < spec.epochs * per_epoch:
        epoch, first = divmod(state.step, per_epoch)
        for index in order(len(train), spec.batch, spec.seed, epoch)[first:]:
            began = time.perf_counter()
            rate = schedules.at(spec.learning_rate, state.step)
            for group in optimiser.param_groups:
                group["lr"] = rate
            x = train.take(index.to(train.examples.device), generator)
            seen = x if corrupt is None else corrupt(x, generator)
            sample = draw(model, x, spec.samples, spec.path, generator, seen)
            value = objective(sample, state.step).mean()
            optimiser.zero_grad()
            (-value).backward()
            norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
            numbers = _numbers(value, sample.distortion, sample.rate, norm)
            finite = math.isfinite(numbers[0]) and math.isfinite(numbers[3])
            if finite:
                if spec.clip is not None:
                    torch.nn.utils.clip_grads_with_norm_(parameters, spec.clip, norm)
                optimiser.step()
            state.step += 1
            state.seconds += time.perf_counter() - began
            state.skipped += not finite
            failures = 0 if finite else failures + 1
            if failures == SKIPS_BEFORE_STOP:
                raise Diverged(
                    f"Training stopped at step {state.step}: {failures} steps in a row were not finite (learning rate "
                    f"{rate:.3g}, gradient norm {numbers[3]:.3g}). The last good weights are kept. "
                    f"Resume with a learning rate of {rate / 3:.2g}, or clip the gradient."
                )
            held = None
            if valid is not None and state.step % per_epoch == 0:
                model.eval()
                held = validate(model, objective, valid, spec, spec.epochs * per_epoch)
                model.train()
            yield Step(
                state.step,
                epoch,
                numbers[1],
                None if sample.prior is None else numbers[2],
                numbers[0],
                numbers[3],
                rate,
                state.seconds,
                state.skipped,
                held,
            )


class Recorder:
    """Averages steps into a few history records an epoch, at the same steps whether or not a run was interrupted."""

    def __init__(self, per_epoch: int) -> None:
        self.per_epoch, self.every, self.steps = per_epoch, math.ceil(per_epoch / RECORDS_PER_EPOCH), list[Step]()

    def add(self, step: Step) -> str | None:
        """Return a line for the history when a record is full, else None."""
        self.steps.append(step)
        position = step.step % self.per_epoch
        if position and position % self.every:
            return None
        good = [s for s in self.steps if math.isfinite(s.objective)] or [step]
        names = ("distortion", "objective", "gradient_norm")
        means: dict[str, Any] = {name: sum(getattr(s, name) for s in good) / len(good) for name in names}
        means["rate"] = None if step.rate is None else sum(s.rate or 0.0 for s in good) / len(good)
        self.steps.clear()
        return Step(**{**asdict(step), **means}).to_json() + "\n"


def train(
    run: runs.Run, train_set: Batches, valid_set: Batches | None, device: str = "cpu", checkpoint_seconds: float = 30.0
) -> Generator[Step, None, None]:
    """Train or resume a run folder, yielding every step; weights, state and history are saved at epoch ends.

    `model.safetensors` holds the best weights on validation (spec.keep "best") or the last. Closing the generator saves
    first; a kill loses at most `checkpoint_seconds` and an epoch. A resumed run equals an unbroken one bit for bit.
    """
    spec, path = run.spec, run.path
    state = State.fresh(spec, device)
    if (path / "state.pt").exists():
        state.load(path / "state.pt")
    history = path / "history.jsonl"
    # what was written after the checkpoint will be written again
    lines = history.read_bytes()[: state.history_bytes] if history.exists() else b""
    runs.write(history, lines)
    per_epoch = steps_per_epoch(len(train_set), spec.batch)
    recorder = Recorder(per_epoch)
    saved = time.monotonic()
    with open(history, "ab") as file:

        def save() -> None:
            # the state goes last: a kill before it repeats work, never mixes two steps
            weights = state.best_weights if spec.keep == "best" and state.best_weights else state.model.state_dict()
            runs.write(path / "model.safetensors", safetensors_bytes({k: v.contiguous() for k, v in weights.items()}))
            file.flush()
            state.history_bytes = file.tell()
            runs.write(path / "state.pt", state.to_bytes())

        try:
            for step in fit(state, spec, train_set, valid_set):
                line = recorder.add(step)
                if line:
                    file.write(line.encode())
                    file.flush()
                if step.valid is not None:
                    score = step.valid["objective"]
                    if score is not None and score > state.best:
                        state.best, state.best_epoch = score, step.epoch
                        state.best_weights = copy.deepcopy(state.model.state_dict())
                last = step.step == spec.epochs * per_epoch
                if step.step % per_epoch == 0 and (last or time.monotonic() - saved > checkpoint_seconds):
                    save()
                    saved = time.monotonic()
                yield step
        except (Diverged, GeneratorExit):
            # both leave a whole step behind, so stopping loses nothing; an exception inside a step does not
            save()
            raise
