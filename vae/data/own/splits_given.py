"""Splits that files name themselves: x_train and x_test, train/ and test/, a column “split”."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import SPLITS
from vae.data.own.content import Content, OwnDataError, Rows, Stacked, len_of

WORDS = {
    "train": 0, "training": 0, "valid": 1, "validation": 1, "val": 1, "dev": 1, "test": 2, "testing": 2, "t10k": 2
}  # fmt: skip
UNKNOWN = -1
PART = re.compile(r"^(?P<before>.*?)[ _./-]?(?P<part>" + "|".join(WORDS) + r")(?:[ _./-](?P<after>.*))?$", re.I)


def of_word(word: str) -> int:
    """Return the number of the split that a word names, UNKNOWN for none."""
    return WORDS.get(word.strip().lower(), UNKNOWN)


def split_name(name: str) -> tuple[str, int]:
    """Return a name without the split in it, and the split: "x_train" is ("x", 0)."""
    found = PART.match(name)
    if found is None:
        return name, UNKNOWN
    rest = "_".join(part for part in (found["before"], found["after"]) if part)
    return rest, WORDS[found["part"].lower()]


def joined(kind: str, arrays: Mapping[str, Rows], classes: Mapping[str, tuple[str, ...]] | None = None) -> Content:
    """Return arrays as content; those that name a split are put behind each other, train, valid, test."""
    groups: dict[str, dict[int, Rows]] = {}
    for name, array in arrays.items():
        rest, part = split_name(name)
        groups.setdefault(rest if part != UNKNOWN else name, {})[part] = array
    split = [name for name, parts in groups.items() if len(parts) > 1 and UNKNOWN not in parts]
    if not split:
        return Content(kind, dict(arrays), classes=dict(classes or {}))
    whole = max(split, key=lambda name: len(groups[name]))
    order = sorted(groups[whole])
    made: dict[str, Rows] = {}
    for name in split:
        if sorted(groups[name]) != order:
            missing = ", ".join(SPLITS[k] for k in sorted(set(order) ^ set(groups[name])))
            raise OwnDataError(f"“{name or whole}” is not there for {missing}. Give each split the same arrays.")
        made[name or "examples"] = Stacked([groups[name][k] for k in order])
    return Content(
        kind, made, parts=parts_of({k: len_of(groups[whole][k]) for k in order}), classes=dict(classes or {})
    )


def parts_of(sizes: Mapping[int, int]) -> NDArray[np.int8]:
    """Return the split of each row, of splits of these sizes that lie behind each other."""
    return np.repeat(np.array(list(sizes), np.int8), list(sizes.values()))


def words_column(words: list[Any]) -> NDArray[np.int8] | None:
    """Return the split of each row from a column's words; None if it holds others."""
    found = np.array([of_word(str(word)) for word in words], np.int8)
    return None if (found == UNKNOWN).any() else found
