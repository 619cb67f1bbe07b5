"""How well a model redraws data under each reading of its ranges, and how stationary its posterior is under each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.model.operators import GraphError
from vae.opened import abilities, stationary
from vae.opened.axes import Layout
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.network import Network
from vae.opened.ranges import Range
from vae.opened.stationary import Trace
from vae.spec import cost, work
from vae.spec.layer_kinds import Shape

BERNOULLI, NORMAL = "bernoulli", "normal"
PARTS = ("layout", "input", "mean", "output")
ROWS = 250
EQUAL = 1.3  # times that different ranges of input and output must be better than equal ones
TRACED, FEWEST = 1500, 100  # most and least examples of the posterior's trace
SECONDS = 2.0  # that the traces of all readings may take on one processor, by estimate
FACTOR = 1e-3  # outside [0, 1] that a probability may be, by rounding


def no_answer(name: str, value: str, choices: Mapping[str, str]) -> OpenError:
    """Return the error for an answer that is not among the choices."""
    return OpenError(f"{name} cannot be {value[:40]!r} here. Choose one of {', '.join(choices)}.")


@dataclass(frozen=True)
class Place:
    """A model with one layout, which takes and gives examples of this program's shape."""

    foreign: Foreign
    layout: Layout
    own: Shape

    def codes(self, given: Range, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return mean [N, d] and second head of examples x [N, *own], which the model takes in the range `given`."""
        means, seconds = [], []
        for part in x.split(ROWS):
            part = _through(self.layout.border, part)
            found = self.foreign.encode(_through(self.layout.before, given.given(part)))
            means.append(found["mean"].detach())
            if found["second"] is not None:
                seconds.append(found["second"].detach())
        return torch.cat(means), torch.cat(seconds) if seconds else None

    def mean(self, given: Range, x: Tensor, swapped: bool = False) -> Tensor:
        """Return the mean [N, d], or the second head if the heads are `swapped`."""
        mean, second = self.codes(given, x)
        return second if swapped and second is not None else mean

    def decoded(self, z: Tensor) -> Tensor:
        """Return the decoder's output at z [N, d], in the model's range and this program's axes, border included."""
        with torch.no_grad():
            return torch.cat([_through(self.layout.after, self.foreign.decode(part)) for part in z.split(ROWS)])

    def back(self, made: Range, decoded: Tensor) -> Tensor:
        """Return what was decoded in this program's range and shape."""
        return _through(self.layout.crop, made.back(decoded))


def _through(steps: Sequence[Any], x: Tensor) -> Tensor:
    return Network(tuple(steps), tuple(x.shape[1:]))(x) if steps else x


@dataclass(frozen=True)
class Fit:
    """The layout and ranges under which a model redraws the data best, and its mean squared error.

    `margins` are how many times worse the next of each is; infinite where there is no other, or nothing is redrawn.
    `rivals` are fits with other input ranges, each with its best output. `chances`: the output lies in [0, 1].
    `swapped`: the second head is decoded, since it redraws the data better.
    """

    layout: Layout
    input: Range
    output: Range
    error: float
    margins: Mapping[str, float]
    chances: bool = False
    rivals: tuple["Fit", ...] = ()
    swapped: bool = False


def _error(back: Tensor, x: Tensor) -> float:
    found = float((back.reshape(x.shape).double() - x.double()).square().mean())
    return found if math.isfinite(found) else math.inf


def best(
    foreign: Foreign,
    x: Tensor,
    possible: Sequence[Layout],
    inputs: Mapping[str, Range],
    outputs: Mapping[str, Range],
    given: Mapping[str, Any],
) -> Fit:
    """Return the fit of examples x [N, *own]; what is `given` by "layout", "input" or "output" is not tried otherwise.

    Equal ranges of input and output are preferred unless others are EQUAL times better. Raises OpenError.
    """
    tried = [one for one in possible if _asked("layout", one.name, given, {p.name: p.title for p in possible})]
    ins = {k: v for k, v in inputs.items() if _asked("input", k, given, {n: r.title for n, r in inputs.items()})}
    outs = {k: v for k, v in outputs.items() if _asked("output", k, given, {n: r.title for n, r in outputs.items()})}
    own = tuple(x.shape[1:])
    if not abilities.takes(foreign) or not abilities.gives(foreign):
        first = next(iter(ins.values())), next(iter(outs.values()))
        margins = dict.fromkeys(PARTS, math.inf)
        return Fit(tried[0], *first, math.inf, margins, chances=first[1].same)
    errors: dict[tuple[str, str, bool, str], float] = {}
    inside: dict[tuple[str, str, bool], bool] = {}
    orders = _orders(foreign, given)
    for layout in tried:
        place = Place(foreign, layout, own)
        for name, one in ins.items():
            try:
                codes = place.codes(one, x)
                found = {order: place.decoded(code) for order in orders if (code := codes[order]) is not None}
            except (GraphError, RuntimeError, ValueError) as problem:
                raise OpenError(f"The model cannot be run on these data: {str(problem)[:200]}.") from problem
            for swapped, decoded in found.items():
                key = (layout.name, name, swapped)
                inside[key] = bool((decoded.min() >= -FACTOR) & (decoded.max() <= 1 + FACTOR))
                for back, made in outs.items():
                    errors[*key, back] = _error(place.back(made, decoded), x)

    def score(key: tuple[str, str, bool, str]) -> float:
        equal = key[1] == key[3] or outs[key[3]].logits
        return errors[key] * (1 if equal else EQUAL) * (EQUAL if key[2] and len(orders) > 1 else 1)

    chosen = min(errors, key=score)
    if not math.isfinite(errors[chosen]):
        raise OpenError("The model gives numbers that are not finite for these data. Its weights are damaged.")
    margins = dict[str, float]()
    for i, name in enumerate(PARTS):
        fixed = chosen[:3] if name == "output" else chosen[2:3] if name != "mean" else ()
        at = slice(0, 3) if name == "output" else slice(2, 3) if name != "mean" else slice(0, 0)
        others = [v for key, v in errors.items() if key[i] != chosen[i] and key[at] == fixed]
        margins[name] = min(others, default=math.inf) / max(errors[chosen], 1e-12)
    layout = next(one for one in tried if one.name == chosen[0])
    rivals = []
    for name in ins:
        same = [key for key in errors if key[:3] == (chosen[0], name, chosen[2])]
        best_one = min(same, key=score)
        if name != chosen[1] and math.isfinite(errors[best_one]):
            rivals.append(Fit(layout, ins[name], outs[best_one[3]], errors[best_one], {}, inside[best_one[:3]]))
    return Fit(
        layout, ins[chosen[1]], outs[chosen[3]], errors[chosen], margins, inside[chosen[:3]], tuple(rivals), chosen[2]
    )  # fmt: skip


def _orders(foreign: Foreign, given: Mapping[str, Any]) -> tuple[bool, ...]:
    """Return which heads can be the mean: False the first, True the second, as an answer or the file's names say."""
    if foreign.second is None:
        return (False,)
    if given.get("mean") in ("first", "second"):
        return (given["mean"] == "second",)
    return (False,) if foreign.stated.get("second") else (False, True)


def _asked(name: str, value: str, given: Mapping[str, Any], choices: Mapping[str, str]) -> bool:
    if name not in given:
        return True
    if str(given[name]) not in choices:
        raise no_answer(name, str(given[name]), choices)
    return str(given[name]) == value


@dataclass(frozen=True)
class Posteriors:
    """The traces of the readings of the second head, by likelihood and reading."""

    found: Mapping[str, Mapping[str, Trace]]

    @classmethod
    def measured(
        cls, place: Place, fit: Fit, x: Tensor, swapped: bool, kinds: Sequence[str], seed: int = 0
    ) -> "Posteriors":
        """Return the traces on the first examples x [N, *own] under each likelihood, of unit variance if Normal."""
        x = x[: _affordable(place.foreign, len(x), 2 * len(kinds))]
        mean, second = place.codes(fit.input, x)
        if swapped and second is not None:
            mean, second = second, mean
        assert second is not None
        decode = abilities.differentiable(place.foreign)
        made = {}
        bordered = _through(place.layout.border, x)
        for kind in kinds:

            def distortion(z: Tensor, of: Any = DISTORTIONS[kind]) -> Tensor:
                raw: Tensor = of(_differentiably(place.layout.after, decode(z)), bordered, fit.output)
                return raw

            made[kind] = stationary.traces(mean.float(), second.float(), distortion, seed)
        return cls(made)

    def trace(self, kind: str, reading: str) -> Trace | None:
        """Return one trace, None for a reading that the second head cannot have."""
        return self.found[kind].get(reading)

    def readings(self, kind: str) -> list[str]:
        """Return the readings that are possible, the best first."""
        traces = self.found.get(kind, {})
        return sorted(traces, key=lambda name: traces[name].residual)

    def least(self, kind: str) -> float:
        """Return what the best reading leaves under a likelihood, infinite if there is none."""
        return min((trace.residual for trace in self.found[kind].values()), default=math.inf)

    def likelihood(self, kinds: Mapping[str, str]) -> str:
        """Return the likelihood whose best reading leaves least."""
        return min(kinds, key=self.least)

    def margin(self, kinds: Mapping[str, str]) -> float | None:
        """Return how many times more the next likelihood leaves, None if nothing could be measured."""
        least = sorted(self.least(kind) for kind in kinds)
        return least[1] / max(least[0], 1e-6) if len(least) > 1 and math.isfinite(least[1]) else None


def _affordable(foreign: Foreign, n: int, traces: int) -> int:
    """Return how many examples the given number of traces may have."""
    if foreign.decoder is None:
        return max(FEWEST, min(n, TRACED))
    layers, shape = foreign.decoder.layers, foreign.decoder.in_shape
    one = work.operations(layers, shape) + cost.PER_VALUE * work.values(layers, shape)
    return max(FEWEST, min(n, TRACED, int(SECONDS * cost.SPEED / (cost.PASSES * stationary.SAMPLES * traces * one))))


def _differentiably(steps: Sequence[Any], x: Tensor) -> Tensor:
    return Network(tuple(steps), tuple(x.shape[1:]))._module(x) if steps else x


def _bernoulli(raw: Tensor, x: Tensor, made: Range) -> Tensor:
    logits = raw if made.logits else torch.logit(raw, 1e-6)
    logits = logits.reshape(x.shape)
    return (F.softplus(logits) - x * logits).flatten(1).sum(1)


def _normal(raw: Tensor, x: Tensor, made: Range) -> Tensor:
    mean = torch.sigmoid(raw) if made.logits else raw
    wanted = x if made.logits else made.given(x)
    return 0.5 * (mean.reshape(x.shape) - wanted).flatten(1).square().sum(1)


DISTORTIONS = {BERNOULLI: _bernoulli, NORMAL: _normal}
