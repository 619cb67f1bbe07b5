"""Schedules: any number of an objective, and the learning rate, can be a function of the step."""

import math
from collections.abc import Mapping
from typing import Any

Number = float | int | Mapping[str, Any]

LAST = 10**9  # a step at which every schedule has come to its stop

SHAPES = {
    "linear": lambda t: t,
    "cosine": lambda t: 0.5 - 0.5 * math.cos(math.pi * t),
}


class ScheduleError(ValueError):
    """An invalid number or schedule."""


def check(number: Number, what: str) -> None:
    """Raise ScheduleError unless `number` is finite or a well-formed schedule of finite numbers."""
    if isinstance(number, Mapping):
        missing = {"schedule", "start", "stop", "steps"} - set(number)
        if missing:
            raise ScheduleError(f"{what}: the schedule lacks {sorted(missing)}; give schedule, start, stop and steps")
        if number["schedule"] not in SHAPES:
            raise ScheduleError(f"{what}: unknown schedule {number['schedule']!r}; choose one of {sorted(SHAPES)}")
        values = [number["start"], number["stop"], number["steps"], number.get("warmup", 0)]
        if number["steps"] <= 0:
            raise ScheduleError(f"{what}: a schedule needs at least one step, not {number['steps']}")
    else:
        values = [number]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ScheduleError(f"{what}: {value!r} is not a finite number")


def at(number: Number, step: int) -> float:
    """Return the number's value at `step`: constant, or start + (stop - start) f(step / steps), held at stop.

    An optional `warmup` multiplies the first steps by (step + 1) / warmup.
    """
    if not isinstance(number, Mapping):
        return float(number)
    t = min(step / number["steps"], 1.0)
    value = number["start"] + (number["stop"] - number["start"]) * SHAPES[number["schedule"]](t)
    warmup = number.get("warmup", 0)
    return value * min(1.0, (step + 1) / warmup) if warmup else value


def of(entries: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the schedules of a spec's entries (`vars(spec)`) by the names of their numbers."""
    parts = [("", entries["objective"]), *((f"{term['kind']} ", term) for term in entries["terms"])]
    found = {f"{part}{name}": value for part, entry in parts for name, value in entry.items()}
    found["learning rate"] = entries["learning_rate"]
    return {name: value for name, value in found.items() if isinstance(value, Mapping)}


def unfinished(entries: Mapping[str, Any], steps: int) -> list[str]:
    """Return, as sentences, which schedules of a spec's entries do not come to their end in a run of so many steps."""
    said = []
    for name, number in of(entries).items():
        end = at(number, steps)
        if number["steps"] > steps and not math.isclose(end, number["stop"], rel_tol=0.01, abs_tol=1e-9):
            said.append(
                f"The schedule of {name} takes {number['steps']:,} steps and the run {steps:,}: it comes to {end:.3g} "
                f"instead of {number['stop']:g}. Train for more epochs, or make the schedule shorter."
            )
        elif number.get("warmup", 0) > steps:
            said.append(
                f"The warm-up of {name} takes {number['warmup']:,} steps and the run {steps:,}. Train for more epochs, "
                "or make the warm-up shorter."
            )
    return said
