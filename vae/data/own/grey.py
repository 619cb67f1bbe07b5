"""What the numbers of images mean: their range, and how many grey levels are kept of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own.content import Choice, OwnDataError

RANGES = {
    "0..1": "0 to 1",
    "-1..1": "−1 to 1",
    "0..16": "0 to 16",
    "0..255": "0 to 255",
    "0..65535": "0 to 65,535",
    "span": "the least is black, the greatest white",
}
ENDS = {
    "0..1": (0.0, 1.0),
    "-1..1": (-1.0, 1.0),
    "0..16": (0.0, 16.0),
    "0..255": (0.0, 255.0),
    "0..65535": (0.0, 65535.0),
}
LEVELS = {"1": "black and white", "16": "17 grey levels", "255": "256 grey levels"}
CLOSE = 1e-3  # of a level: float32 numbers of images that were whole ones
HALF = 0.5  # of the range: an image whose values end below it may be of another range


@dataclass(frozen=True)
class Greys:
    """How values become grey levels: (x - low) / (high - low) * levels, rounded."""

    low: float
    high: float
    levels: int

    def convert(self, values: NDArray[Any], first_row: int) -> NDArray[np.uint8]:
        """Return rows as levels uint8; raises OwnDataError for the first row with NaN or a value outside the range."""
        made = np.asarray(values)
        exact = made.dtype.kind in "bu" and self.low == 0 and self.high == self.levels
        if not exact:
            made = made.astype(np.float64 if made.dtype.itemsize > 4 else np.float32)
        wrong = (made > self.high) if exact else ~((made >= self.low - CLOSE) & (made <= self.high + CLOSE))
        if wrong.any():
            row = int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(1))[0])
            value = np.asarray(made[row])[wrong[row]].flat[0]
            raise OwnDataError(
                f"Example {first_row + row:,} holds {value:g}, and the range is {self.low:g} to {self.high:g}. Choose "
                "another range, or correct the file."
            )
        if exact:
            return made.astype(np.uint8)
        scaled = (made - self.low) * (self.levels / (self.high - self.low))
        return np.clip(np.round(scaled), 0, self.levels).astype(np.uint8)


def find(rows: NDArray[Any], chosen: Callable[[str, dict[str, str]], str]) -> tuple[list[Choice], Greys, list[str]]:
    """Return what was found out of a sample of images, how they become levels, and what that changes, in sentences."""
    values = np.asarray(rows)
    bad = ~np.isfinite(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    finite = values[~bad].astype(np.float64)
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    usual, margin = _range(values, low, high)
    name = chosen("range", RANGES) or usual
    start, end = ENDS.get(name, (low, high if high > low else low + 1))
    share = (finite - start) / (end - start)
    level, whole = _levels(share)
    level = chosen("levels", LEVELS) or level
    said = f"the values go from {low:.4g} to {high:.4g}"
    found = [
        Choice("range", "Pixel range", name, RANGES, margin if name == usual else None, said),
        Choice(
            "levels",
            "Grey levels",
            level,
            LEVELS,
            None,
            "whole numbers of them" if whole else "the finest that is kept",
        ),
    ]
    done = [] if name == "0..255" else [f"Values were read as {RANGES[name]}."]
    error = float(np.abs(share * int(level) - np.round(share * int(level))).max(initial=0)) / int(level)
    if error > CLOSE / int(level):
        done.append(f"Values were rounded to {LEVELS[level]}, which changes them by at most {error:.2g} of the range.")
    return found, Greys(start, end, int(level)), done


def _range(values: NDArray[Any], low: float, high: float) -> tuple[str, float]:
    """Return the range that values have, and how sure: twice the part of it that they reach."""
    order = (
        ("0..1", "0..16", "0..255", "0..65535")
        if (values == np.round(values)).all() and low >= 0
        else ("0..1", "-1..1", "0..255")
    )
    for name in order:
        start, end = ENDS[name]
        if start <= low and high <= end:
            reach = (high - start) / (end - start) if name != "-1..1" else (high - low) / 2
            return name, reach / HALF
    return "span", 1.0


def _levels(share: NDArray[np.float64]) -> tuple[str, bool]:
    """Return how many levels values [0, 1] have, and whether they are whole numbers of them."""
    for name in LEVELS:
        scaled = share * int(name)
        if (np.abs(scaled - np.round(scaled)) < CLOSE * max(1, int(name) / 16)).all():
            return name, True
    return "255", False
