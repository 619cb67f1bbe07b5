"""What a foreign model's numbers mean, found by running it on data: ranges, layout, the mean, the second head, beta.

Each answer has its margin: how many times better it fits than the next one. A thin margin is asked about, an answer
that was given is not measured again, and whatever follows from it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae.opened import abilities, axes, fitting, ranges
from vae.opened.axes import Layout
from vae.opened.fitting import BERNOULLI, NORMAL, Fit, Posteriors
from vae.opened.foreign import Foreign
from vae.opened.found import ANSWER, DATA, FILE, ONLY, Found
from vae.opened.network import Network, Step, step
from vae.opened.posterior_answers import beta_of, likelihood, reading_of
from vae.opened.ranges import Range
from vae.spec.layer_kinds import Shape

EXAMPLES = 1500  # that the model is run on
REDRAWN = 500  # of them, to find the ranges
THIN = 1.3  # times that the next range must be worse
CROSS_ENTROPY = "cross_entropy"  # a Bernoulli of grey pixels


@dataclass(frozen=True)
class Conventions:
    """How a model is to be read: `found` are the answers in their order, the rest is what follows from them.

    `reading` is None for a model whose code is a point. `error` is the mean squared error of its reconstructions in
    this program's units, `variance` that of the mean example; None without encoder and decoder.
    """

    found: tuple[Found, ...]
    layout: Layout
    input: Range
    output: Range
    reading: str | None
    likelihood: Mapping[str, Any]
    beta: float | None
    error: float | None
    variance: float
    own: Shape
    swapped: bool = False
    notes: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> Found:
        return next(one for one in self.found if one.name == name)

    @property
    def asks(self) -> list[Found]:
        """The answers whose margins are thin."""
        return [one for one in self.found if one.ask]

    def encoder(self, foreign: Foreign) -> Network:
        """Return the network from an example of this program [*own] to the parameters of q(z|x)."""
        assert foreign.encoder is not None
        before = (*self.layout.border, *self.input.before(), *self.layout.before)
        made = foreign.encoder.before(before, self.own)
        if len(made.out_shape) > 1:
            made = made.then(step("flatten"))
        if self.swapped:
            made = made.then(_swap(foreign.d))
        return made if self.reading is None else made.then(step("log_sigma", reading=self.reading))

    def decoder(self, foreign: Foreign) -> Network:
        """Return the network from z [d] to the parameters of p(x|z): logits, or means in this program's range."""
        assert foreign.decoder is not None
        made = foreign.decoder
        logits = self.likelihood["kind"] in (BERNOULLI, CROSS_ENTROPY)
        if logits and not self.output.logits:
            ends = made.ends_with == "sigmoid" and self.output.same
            made = made.without_end() if ends else made
            made = made.then(*self.layout.after, *self.output.after(), *ranges.logit_steps(ends))
        elif self.output.logits and not logits:
            made = made.then(*self.layout.after, step("sigmoid"))
        else:
            made = made.then(*self.layout.after, *self.output.after())
        return made.then(*self.layout.crop)

    def shown(self, foreign: Foreign, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the reconstructions of examples x [N, *own], in this program's range, of the same shape."""
        place = fitting.Place(foreign, self.layout, self.own)
        made = place.decoded(place.mean(self.input, torch.from_numpy(x), self.swapped))
        back = place.back(self.output, made)
        return back.numpy().reshape(x.shape)


def _swap(d: int) -> Step:
    """Return the layer that exchanges two halves of d numbers each."""
    weight = np.roll(np.eye(2 * d, dtype=np.float32), d, 0)
    return step("linear", {"weight": weight, "bias": np.zeros(2 * d, np.float32)}, **{"in": 2 * d, "out": 2 * d})


def detect(
    foreign: Foreign,
    x: NDArray[np.float32],
    columns: Sequence[Mapping[str, Any]] = (),
    answers: Mapping[str, Any] | None = None,
    binary: bool = False,
    seed: int = 0,
) -> Conventions:
    """Return how a model reads and writes examples x [N, *own], pixels in [0, 1] or rows as they are kept.

    `columns` are those of a table (see vae.data.units), `answers` values by name that are known; `binary`: every pixel
    is 0 or 1. Raises OpenError for data that the model cannot take, or an answer that is none.
    """
    given = dict(answers or {})
    x = np.ascontiguousarray(x[:EXAMPLES], np.float32)
    own = tuple(int(n) for n in x.shape[1:])
    inputs, outputs = ranges.of_pixels(x) if len(own) == 3 else ranges.of_rows(x, columns)
    possible = axes.possible(own, foreign.shape, abilities.out_shape(foreign))
    best = fitting.best(foreign, torch.from_numpy(x[:REDRAWN]), possible, inputs, outputs, given)
    variance = float(x[:REDRAWN].var(0).mean())
    place = fitting.Place(foreign, best.layout, own)
    best = _surer(foreign, place, best, torch.from_numpy(x), seed)
    found = _ranges(foreign, best, possible, inputs, outputs, given, variance)
    swapped = _mean(found, foreign, best, given)
    reading, likelihood, beta = _posterior(
        found, foreign, place, best, torch.from_numpy(x), swapped, given, binary, seed
    )
    error = best.error if math.isfinite(best.error) else None
    return Conventions(
        tuple(found), best.layout, best.input, best.output, reading, likelihood, beta, error, variance, own, swapped
    )  # fmt: skip


def _kinds(best: Fit, own: Shape) -> dict[str, str]:
    """Return the likelihoods that a decoder's output can be the mean of."""
    chances = best.output.logits or (best.output.same and best.chances and len(own) == 3)
    return {BERNOULLI: "Bernoulli", NORMAL: "Normal"} if chances else {NORMAL: "Normal"}


def _surer(foreign: Foreign, place: fitting.Place, best: Fit, x: Tensor, seed: int) -> Fit:
    """Return the fit with a larger margin of its input range, where the posterior is stationary under no other one."""
    margin = best.margins["input"]
    near = [one for one in best.rivals if one.error < THIN * best.error]
    if foreign.second is None or not math.isfinite(margin) or not near:
        return best
    x = x[:REDRAWN]

    def left(fit: Fit) -> float:
        kinds = list(_kinds(fit, place.own))
        posteriors = Posteriors.measured(place, fit, x, best.swapped, kinds, seed)
        return min(posteriors.least(kind) for kind in kinds)

    worse = min(left(rival) for rival in near) / max(left(best), 1e-6)
    return replace(best, margins={**best.margins, "input": max(margin, worse) if worse > 1 else margin})


def _ranges(
    foreign: Foreign,
    best: Fit,
    possible: Sequence[Layout],
    inputs: Mapping[str, Range],
    outputs: Mapping[str, Range],
    given: Mapping[str, Any],
    variance: float,
) -> list[Found]:
    """Return the answers on layout and ranges."""
    lost = best.error > variance and math.isfinite(best.error)
    said = "The redrawn examples are further from the originals than the average example is." if lost else ""
    titles = {one.name: one.title for one in possible}
    found = [_answer("layout", "Layout", best.layout.name, titles, best.margins["layout"], given, False, said)]
    for name, title, offered, able in (
        ("input", "The model takes", inputs, abilities.takes(foreign)),
        ("output", "The decoder gives", outputs, abilities.gives(foreign)),
    ):
        if not able:
            continue
        chosen = getattr(best, name)
        thin = (best.margins[name] < THIN and len(offered) > 1) or lost
        titles = {one.name: one.title for one in offered.values()}
        found.append(_answer(name, title, chosen.name, titles, best.margins[name], given, thin, said))
    return found


def _answer(
    name: str,
    title: str,
    value: str,
    choices: Mapping[str, str],
    margin: float,
    given: Mapping[str, Any],
    thin: bool,
    sentence: str = "",
) -> Found:
    if name in given:
        return Found(name, title, value, choices, None, ANSWER)
    if len(choices) == 1:
        return Found(name, title, value, choices, None, ONLY)
    if not math.isfinite(margin):
        return Found(name, title, value, choices, None, ONLY if not thin else "", thin, sentence)
    return Found(name, title, value, choices, margin, DATA, thin, sentence)


def _mean(found: list[Found], foreign: Foreign, best: Fit, given: Mapping[str, Any]) -> bool:
    """Add the answer on which head is the mean, and return whether it is the second one."""
    if foreign.second is None or not abilities.takes(foreign):
        return False
    choices = {"first": abilities.heads(foreign)[0], "second": abilities.heads(foreign)[1]}
    if "mean" in given:
        value = str(given["mean"])
        if value not in choices:
            raise fitting.no_answer("mean", value, choices)
        found.append(Found("mean", "Mean of the code", value, choices, None, ANSWER))
        return value == "second"
    if not abilities.gives(foreign):
        found.append(Found("mean", "Mean of the code", "first", choices, None, FILE))
        return False
    margin = best.margins["mean"]
    value = "second" if best.swapped else "first"
    if not math.isfinite(margin):  # the file's names say it
        found.append(Found("mean", "Mean of the code", value, choices, None, FILE))
    else:
        found.append(Found("mean", "Mean of the code", value, choices, margin, DATA, margin < THIN))
    return best.swapped


def _posterior(
    found: list[Found],
    foreign: Foreign,
    place: fitting.Place,
    best: Fit,
    x: Tensor,
    swapped: bool,
    given: Mapping[str, Any],
    binary: bool,
    seed: int,
) -> tuple[str | None, dict[str, Any], float | None]:
    """Add the answers on second head, likelihood and beta, and return them."""
    kinds = _kinds(best, place.own)
    whole = abilities.takes(foreign) and abilities.gives(foreign)
    measured = None
    if foreign.second is not None and whole:
        measured = Posteriors.measured(place, best, x, swapped, list(kinds), seed)
    kind = likelihood(found, foreign, best, kinds, measured, given)
    reading = reading_of(found, foreign, measured, kind, given) if foreign.second is not None else None
    beta = beta_of(found, foreign, measured, kind, reading, given) if reading is not None else None
    width = given.get("scale")
    sigma = float(width) if width is not None else 1 / best.output.deviation
    if kind == BERNOULLI:
        return reading, {"kind": BERNOULLI if binary else CROSS_ENTROPY}, beta
    return reading, {"kind": NORMAL, "sigma": sigma}, beta
