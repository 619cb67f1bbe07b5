"""Training as a generator: the caller owns the loop, and pauses by not asking for the next step."""

import copy
import io
import json
import math
import time
import zipfile
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vae import runs
from vae.data.batches import Batches, order, steps_per_epoch
from vae.model import LatentModel, build, draw, optimisers
from vae.model.families import Source
from vae.model.objectives import Objective
from vae.model.priors import InitialisedFromData
from vae.spec import Spec, schedules
from vae.training.parallel import SINGLE_PROCESS, Team

SKIPS_BEFORE_STOP = 10
EXPLODED = 100.0  # multiple of the first step's objective
EXPLODED_BEFORE_STOP = 50
ROWS = 1000  # validation examples at a time


class Diverged(RuntimeError):
    """Training diverged: several successive steps were not finite, or far worse than the first."""

    def __init__(self, step: int, learning_rate: float, gradient_norm: float, finite: bool) -> None:
        self.step, self.learning_rate, self.gradient_norm = step, learning_rate, gradient_norm
        count = EXPLODED_BEFORE_STOP if finite else SKIPS_BEFORE_STOP
        trouble = f"more than {EXPLODED:.0f} times worse than the first" if finite else "not finite"
        super().__init__(
            f"Training stopped at step {step}: {count} steps in a row were {trouble} (learning rate "
            f"{learning_rate:.3g}, gradient norm {gradient_norm:.3g}). The last good weights are kept. "
            f"Resume with a learning rate of {learning_rate / 3:.2g}, or clip the gradient."
        )


@dataclass(frozen=True)
class Step:
    """One training step, or one record of several: batch means in nats per example."""

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
    """The state of training: weights, optimiser, generator, position, and the best validation so far.

    `strikes` counts successive bad steps, `reference` is the first step's objective, `learning_rate` replaces the
    spec's if the user has changed it, `sums` are those of the incomplete history record. `judged_by` says by which
    objective `best` was judged, `from_weights` that training began from saved weights and not from random ones.
    """

    model: LatentModel
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0
    skipped: int = 0
    best: float = -math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history_bytes: int = 0
    learning_rate: float | None = None
    strikes: int = 0
    reference: float | None = None
    sums: list[float] = field(default_factory=list)
    judged_by: str = ""
    from_weights: bool = False

    @classmethod
    def fresh(cls, spec: Spec, device: str | torch.device = "cpu") -> "State":
        """Return the state at step 0, weights and generator from the spec's seed."""
        model = build.model(spec).to(device)
        fused = next(model.parameters()).device.type in ("cpu", "cuda")
        optimiser = optimisers.AdamW(
            model.parameters(),
            lr=schedules.at(spec.learning_rate, 0),
            weight_decay=spec.weight_decay,
            fused=fused,
        )
        return cls(model, optimiser, torch.Generator(device=device).manual_seed(spec.seed))

    _POSITION = (
        *("step", "seconds", "skipped", "best", "best_weights", "history_bytes"),
        *("learning_rate", "strikes", "reference", "sums"),
    )
    _LATER = ("judged_by", "from_weights")  # entries that older checkpoints do not have

    def judge(self, objective: float, finite: bool) -> None:
        """Count a step that is not finite, or EXPLODED times worse than the first."""
        self.skipped += not finite
        if self.reference is None and finite:
            self.reference = objective
        low = -math.inf if self.reference is None else self.reference - EXPLODED * max(abs(self.reference), 1.0)
        self.strikes = self.strikes + 1 if not finite or objective < low else 0

    def to_bytes(self) -> bytes:
        """Return the state as one file, so that weights and optimiser are always from the same step."""
        buffer = io.BytesIO()
        content = {name: getattr(self, name) for name in (*self._POSITION, *self._LATER)}
        weights = self.model.state_dict()
        if self.best_weights and all(torch.equal(value, weights[name]) for name, value in self.best_weights.items()):
            content["best_weights"] = None  # they are the model's, as after an epoch that was the best so far
        content |= {
            "model": weights,
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }
        torch.save(content, buffer)
        return buffer.getvalue()

    def load(self, path: Path) -> None:
        """Continue from a checkpoint of the same spec; raises RunError if the file is damaged or from another model."""
        try:
            with zipfile.ZipFile(path) as archive:
                if damaged := archive.testzip():  # torch does not check the checksums that it writes
                    raise ValueError(f"the checksum of {damaged} does not hold")
            content: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            self.model.load_state_dict(content["model"])
            decay = [group["weight_decay"] for group in self.optimiser.param_groups]
            self.optimiser.load_state_dict(content["optimiser"])
            for group, spec_decay in zip(self.optimiser.param_groups, decay, strict=True):
                group["weight_decay"] = spec_decay  # the spec's, which a branch can have changed
            self.generator.set_state(content["generator"])
            for name in self._POSITION:
                setattr(self, name, content[name])
            for name in self._LATER:
                setattr(self, name, content.get(name, getattr(self, name)))
            if self.best_weights is None:
                self.best_weights = copy.deepcopy(self.model.state_dict())
        except Exception as error:  # torch.load has no common base class for damage
            raise runs.RunError(
                f"{path} cannot be resumed: {error}. Train the run again from its spec.json."
            ) from error


class Pass(nn.Module):
    """The forward pass of a step, a draw and its objective, as one module that DistributedDataParallel can wrap."""

    def __init__(self, model: LatentModel, objective: Objective, spec: Spec, population: int) -> None:
        """Join a model and an objective; `population` is the number of training examples."""
        super().__init__()
        self.model, self.objective, self.spec, self.population = model, objective, spec, population

    def forward(
        self, x: Tensor, seen: Tensor, step: int, noise: Source, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return objective, distortion and rate [B] of x [B, ...]; the encoder sees `seen`."""
        sample = draw(self.model.given(labels), x, self.spec.samples, self.spec.path, noise, seen, self.population)
        return self.objective(sample, step), sample.distortion, sample.rate


def _numbers(parts: tuple[Tensor, Tensor, Tensor | None], norm: Tensor, n: int, team: Team) -> list[float]:
    """Return the batch means of objective, distortion and rate, and the gradient norm, by one device transfer."""
    zero = norm.new_zeros(())
    sums = torch.stack([zero if part is None else part.detach().sum() for part in parts])
    return torch.cat([team.sum(sums / n), norm[None]]).tolist()


@torch.no_grad()
def validate(model: LatentModel, objective: Objective, batches: Batches, spec: Spec) -> dict[str, float | None]:
    """Return distortion, rate and objective on held-out examples, with the same noise at every call.

    The objective is the final one, with every schedule at its stop: values during and after a warm-up are comparable.
    """
    generator = torch.Generator(device=batches.examples.device).manual_seed(spec.seed + 1)
    sums: dict[str, float] = {"distortion": 0.0, "rate": 0.0, "objective": 0.0}
    # an objective that compares examples depends on their number: use as many as in training
    rows = spec.batch if spec.objective_kind.couples_batch else ROWS
    for start in range(0, len(batches), rows):
        part = slice(start, start + rows)
        x = batches.take(part, generator)
        sample = draw(model.given(batches.given(part)), x, spec.samples, spec.path, generator, population=len(batches))
        values = {"distortion": sample.distortion, "rate": sample.rate, "objective": objective(sample, schedules.LAST)}
        for name, value in values.items():
            sums[name] += math.nan if value is None else value.sum().item()
    means = {name: total / len(batches) for name, total in sums.items()}
    return {name: value if math.isfinite(value) else None for name, value in means.items()}


def _begin(model: LatentModel, spec: Spec, train: Batches) -> None:
    """Initialise a prior that starts from examples, with the same examples in every process of a team."""
    if isinstance(model.prior, InitialisedFromData):
        index = order(len(train), model.prior.examples, spec.seed, 0)[0].to(train.examples.device)
        generator = torch.Generator(device=train.examples.device).manual_seed(spec.seed)
        model.prior.initialise(train.take(index, generator))


def fit(
    state: State, spec: Spec, train: Batches, valid: Batches | None = None, team: Team = SINGLE_PROCESS
) -> Generator[Step, None, None]:
    """Yield a Step after each optimiser step until `spec.epochs`; the last step of an epoch includes validation.

    A step with a non-finite objective or gradient changes nothing, is counted, and is yielded. Raises Diverged after
    SKIPS_BEFORE_STOP of them in succession, or after EXPLODED_BEFORE_STOP steps far worse than the first.
    """
    model, optimiser, generator = state.model, state.optimiser, state.generator
    objective, corrupt = build.objective(spec), build.corruption(spec)
    if state.step == 0 and not state.from_weights:
        _begin(model, spec, train)
    forward = team.wrap(Pass(model, objective, spec, len(train)))
    parameters = list(model.parameters())
    per_epoch = steps_per_epoch(len(train), spec.batch)
    model.train()
    while state.step < spec.epochs * per_epoch:
        epoch, first = divmod(state.step, per_epoch)
        for index in order(len(train), spec.batch, spec.seed, epoch)[first:]:
            began = time.perf_counter()
            rate = schedules.at(spec.learning_rate, state.step) if state.learning_rate is None else state.learning_rate
            for group in optimiser.param_groups:
                group["lr"] = rate
            index = index.to(train.examples.device)
            x, labels = train.take(index, generator), train.given(index)
            seen = x if corrupt is None else corrupt(x, generator)
            rows, noise, n = team.part(len(x), generator)
            values = forward(x[rows], seen[rows], state.step, noise, None if labels is None else labels[rows])
            optimiser.zero_grad()
            # a team averages its gradients, so this is minus the whole batch's mean for any numbers of rows
            (-values[0].sum() / (n / team.size)).backward()
            norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
            numbers = _numbers(values, norm, n, team)
            finite = math.isfinite(numbers[0]) and math.isfinite(numbers[3])
            if finite:
                if spec.clip is not None:
                    nn.utils.clip_grads_with_norm_(parameters, spec.clip, norm)
                optimiser.step()
            state.step += 1
            state.seconds += time.perf_counter() - began
            state.judge(numbers[0], finite)
            if state.strikes == (EXPLODED_BEFORE_STOP if finite else SKIPS_BEFORE_STOP):
                raise Diverged(state.step, rate, numbers[3], finite)
            held = None
            if valid is not None and state.step % per_epoch == 0:
                model.eval()
                held = validate(model, objective, valid, spec) if team.leads else None
                model.train()
            yield Step(
                state.step,
                epoch,
                numbers[1],
                None if values[2] is None else numbers[2],
                numbers[0],
                numbers[3],
                rate,
                state.seconds,
                state.skipped,
                held,
            )
