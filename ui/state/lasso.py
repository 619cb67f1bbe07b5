"""A selection as the address has it: the lassos that made it, in their order, and not the codes that it holds.

"n:0.5,1,2,1,1,3" is one lasso around three corners; "a:…" adds what it holds, and "s:…" takes it away. "n!3.7:…" left
out the codes of classes 3 and 7, which were hidden, and "n@pca:…" lay on another map than the default one. "all" is
every code, and "=name" a selection that has a name in this session.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from ui.state.subject import Subject

NEW, ADD, SUBTRACT, ALL, NAMED = "New", "Add", "Subtract", "All", "Named"
LETTERS = {"n": NEW, "a": ADD, "s": SUBTRACT}
FEWEST, MOST = 3, 200  # corners of a lasso; the browser sends at most so many
FARTHEST = 1e6
MOST_CLASSES = 1000
LONGEST = 6000  # characters: browsers and proxies refuse longer addresses
STEP = re.compile(r"([nas])(?:!([0-9.]{1,4000}))?(?:@([a-z0-9.]{1,20}))?:(.+)")

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Step:
    """One step of a selection: a lasso on the map of that name ("" is the default one), all codes, or a saved name."""

    how: str
    corners: Corners = ()
    hidden: tuple[int, ...] = ()
    plane: str = ""
    name: str = ""


Steps = tuple[Step, ...]


def parse(text: str, subject: Subject) -> Steps | None:
    """Return the steps of a text; None for a text of another form."""
    if len(text) > LONGEST:
        return None
    found = [_step(part) for part in text.split(";")]
    whole = [step for step in found if step is not None]
    begins = bool(whole) and whole[0].how not in (ADD, SUBTRACT)
    return tuple(whole) if begins and len(whole) == len(found) else None


def _step(text: str) -> Step | None:
    if text == "all":
        return Step(ALL)
    if text.startswith("=") and len(text) > 1:
        return Step(NAMED, name=unquote(text[1:]))
    match = STEP.fullmatch(text)
    if match is None:
        return None
    letter, hidden, plane, numbers = match.groups()
    try:
        values = [float(part) for part in numbers.split(",")]
        classes = [int(part) for part in hidden.split(".")] if hidden else []
    except ValueError:
        return None
    pairs = list(zip(values[::2], values[1::2], strict=False))
    return None if len(values) % 2 else step(LETTERS[letter], pairs, classes, (plane or "").replace(".", ","))


def step(how: Any, corners: Any, hidden: Any = (), plane: str = "") -> Step | None:
    """Return a lasso; None for one that no hand has drawn here."""
    if how not in LETTERS.values() or not isinstance(corners, Sequence) or not isinstance(hidden, Sequence):
        return None
    if not FEWEST <= len(corners) <= MOST or not all(_place(corner) for corner in corners):
        return None
    if len(hidden) > MOST_CLASSES or not all(type(k) is int and k >= 0 for k in hidden):
        return None
    return Step(how, tuple((float(x), float(y)) for x, y in corners), tuple(sorted(set(hidden))), plane)


def _place(corner: Any) -> bool:
    pair = isinstance(corner, Sequence) and len(corner) == 2
    return pair and all(type(v) in (int, float) and math.isfinite(v) and abs(v) <= FARTHEST for v in corner)


def text(steps: Steps) -> str:
    """Return steps as a text; "" for none, and for so many that no address holds them."""
    made = ";".join(map(_text, steps))
    return made if len(made) <= LONGEST else ""


def _text(one: Step) -> str:
    if one.how == ALL:
        return "all"
    if one.how == NAMED:
        return "=" + quote(one.name, safe=" ")
    letter = next(letter for letter, how in LETTERS.items() if how == one.how)
    hidden = "!" + ".".join(map(str, one.hidden)) if one.hidden else ""
    plane = "@" + one.plane.replace(",", ".") if one.plane else ""
    return f"{letter}{hidden}{plane}:" + ",".join(f"{v:.10g}" for corner in one.corners for v in corner)


def after(steps: Steps, event: Mapping[str, Any] | None, plane: str) -> Steps:
    """Return the steps after a lasso as the browser reports it (see layer.js), none after it was cleared."""
    if event is None:
        return ()
    hidden = event.get("hidden", ())
    found = step(event.get("how"), event.get("corners"), hidden if isinstance(hidden, Sequence) else (), plane)
    if found is None:
        return ()
    if found.how == NEW or not steps:
        return (Step(NEW, found.corners, found.hidden, found.plane),)
    return (*steps, found)
