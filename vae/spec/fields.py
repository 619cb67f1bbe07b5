"""The types of a spec's options: a number within bounds, a list of layer sizes, or one of a few words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vae.spec import schedules
from vae.spec.given import Layers

MOST_STEPS = schedules.LAST
MOST_LATENTS = 4096
LARGEST_LAYER = 65536
LARGEST_PIXEL = 255  # of 8 bits
LARGEST_LABEL = 10_000
LARGEST_SEED = 2**31 - 1
LOG_SIGMA_RANGE = (
    -9.0,
    9.0,
)  # inside: log sigma is the network's output; outside: softly bounded
LAYERS = 64  # more than any network in this project needs, and few enough for a quick check


@dataclass(frozen=True)
class Scalar:
    """A number from `low` to `high` (above `low` where `above`), or one of `words`, or None where `optional`.

    `usual` are the values that a slider offers; `scheduled`: it can be a function of the step (vae.spec.schedules);
    `recommended` says what a preset on some data has instead of the default, where that depends on both.
    """

    title: str
    sentence: str
    default: Any
    low: float
    high: float
    usual: tuple[float, ...] = ()
    symbol: str = ""  # LaTeX
    whole: bool = False
    above: bool = False
    optional: bool = False
    scheduled: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    recommended: str = ""

    @property
    def range(self) -> str:
        """The allowed values, in words."""
        low, high = f"{self.low:,g}", f"{self.high:,.0f}" if self.whole else f"{self.high:,g}"
        if self.above:
            whole, number = f"a whole number above {low} and at most {high}", f"a number above {low} and at most {high}"
        else:
            whole, number = f"a whole number from {low} to {high}", f"a number from {low} to {high}"
        return whole if self.whole else number

    def problem(self, value: Any) -> str:
        """Return why a value is refused, as a sentence, or "" if it is valid."""
        if isinstance(value, str) and value in self.words:
            return ""
        if isinstance(value, Mapping):
            return self._schedule_problem(value)
        if value is None:
            return "" if self.optional else f"{self.title} is empty. It must be {self.range}."
        if self.contains(value):
            return ""
        if self.words:
            return f"{self.title} must be {', '.join(map(repr, self.words))}, or {self.range}, not {show(value)}."
        return f"{self.title} must be {self.range}, not {show(value)}."

    def contains(self, value: Any, closed: bool = False) -> bool:
        """Return whether a value is a number within the bounds; `closed` includes the lower bound."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if self.whole and value != int(value):
            return False
        return self.low <= value <= self.high and (closed or not self.above or value > self.low)

    def _schedule_problem(self, value: Mapping[str, Any]) -> str:
        if not self.scheduled:
            return f"{self.title} cannot follow a schedule. Give {self.range}."
        ends = Scalar(self.title, "", 0, self.low, self.high)
        wrong = [
            f"{self.title}: {name} must be {limits.range}, not {show(value.get(name))}."
            for name, limits in (("start", ends), ("stop", ends), ("steps", STEPS), ("warmup", WARM_UP))
            if not limits.contains(value.get(name, 0 if name == "warmup" else None))
        ]
        if value.get("schedule") not in schedules.SHAPES:
            wrong.append(
                f"{self.title}: there is no schedule {show(value.get('schedule'))}; choose {any_of(schedules.SHAPES)}."
            )
        if unknown := set(value) - {"schedule", "start", "stop", "steps", "warmup"}:
            wrong.append(f"{self.title}: a schedule has no {', '.join(sorted(map(str, unknown)))}.")
        if not wrong and self.above and max(value["start"], value["stop"]) <= self.low:
            wrong.append(f"{self.title} must be above {self.low:g} at the schedule's start or stop.")
        return wrong[0] if wrong else ""


@dataclass(frozen=True)
class Sizes:
    """The sizes of successive layers."""

    title: str
    sentence: str
    default: tuple[int, ...]
    usual: tuple[tuple[int, ...], ...] = ()

    @property
    def range(self) -> str:
        """The allowed values, in words."""
        return f"at most {LAYERS} whole numbers from 1 to {LARGEST_LAYER:,}"

    def problem(self, value: Any) -> str:
        """Return why a value is refused, as a sentence, or "" if it is valid."""
        if not isinstance(value, list | tuple) or len(value) > LAYERS or not all(_SIZE.contains(v) for v in value):
            return f"{self.title} must be {self.range}, such as {', '.join(map(str, self.default))}, not {show(value)}."
        return ""


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    title: str
    sentence: str
    default: str
    choices: tuple[str, ...]

    def problem(self, value: Any) -> str:
        """Return why a value is refused, as a sentence, or "" if it is valid."""
        return "" if value in self.choices else f"{self.title} must be {any_of(self.choices)}, not {show(value)}."


Option = Scalar | Sizes | Choice | Layers


def show(value: Any) -> str:
    """Return a refused value as the user typed it, shortened."""
    if isinstance(value, str | list | tuple):
        value = value[:60]  # before it is written: it may be the whole of a large file
    try:
        text = "nothing" if value is None else f"{value:,g}" if isinstance(value, float) else repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:60] + "…"


def any_of(names: Any) -> str:
    """Return the possible choices, in words."""
    return " or ".join([", ".join(list(names)[:-1])] * (len(names) > 1) + list(names)[-1:])


_SIZE = Scalar("A layer's size", "", 0, 1, LARGEST_LAYER, whole=True)
STEPS = Scalar("Steps", "Steps until the end of the schedule; empty means all.", 1, 1, MOST_STEPS, whole=True)
WARM_UP = Scalar("Warm-up", "Steps in which the value rises from 0; 0 is off.", 0, 0, MOST_STEPS, whole=True)
