"""Which codes are selected on the map, and selections with names: of this session, and as files that reload.

A lasso's outcome comes from the browser (layer.js), which joins it with what was selected. What is selected here, by a
button or from a file, goes to the browser under a new serial number, once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ui.explore import selection
from ui.state import session
from vae.geometry import embedding
from vae.runs import Codes, Run
from vae.spec import json_text

FORMAT = "latent-space-explorer selections"
MOST_NAMES, LONGEST = 100, 60
NOTHING = np.zeros(0, np.int64)


class SelectionError(ValueError):
    """A file of selections that does not fit the run; the message names the problem, the reason and the remedy."""


@dataclass
class Chosen:
    """The indices that are selected now, those last set from here with their serial number, and the last gesture."""

    index: np.ndarray = field(default_factory=lambda: NOTHING)
    given: np.ndarray = field(default_factory=lambda: NOTHING)
    serial: int = 0
    event: str = ""


def chosen(run: Run, codes: Codes) -> Chosen:
    """Return this session's selection on a run's map; indices beyond the run's codes are dropped."""
    kept: dict[str, Chosen] = session.CHOSEN.kept()
    found = kept.setdefault(run.name, Chosen())
    if len(found.index) and found.index[-1] >= len(codes):
        kept[run.name] = found = Chosen(serial=found.serial + 1, event=found.event)
    return found


def handle_event(run: Run, codes: Codes, event: Any) -> None:
    """Select the codes of a lasso, once: the browser repeats its last message at every run of the script."""
    now = chosen(run, codes)
    if not isinstance(event, Mapping) or not isinstance(event.get("id"), str) or event["id"] == now.event:
        return
    now.event = event["id"][:40]
    if event.get("n") != len(codes):
        return
    found = selection.from_bits(event, len(codes))
    now.index = NOTHING if found is None else found


def choose(run: Run, codes: Codes, index: np.ndarray) -> None:
    """Select these codes, sorted; the browser gets them under a new serial number."""
    now = chosen(run, codes)
    now.index = now.given = index
    now.serial += 1


def bits(now: Chosen, n: int) -> bytes:
    """Return the selection that was set from here as bits, lowest first; b"" for none."""
    if not len(now.given):
        return b""
    mask = np.zeros(n, np.uint8)
    mask[now.given] = 1
    return np.packbits(mask, bitorder="little").tobytes()


# Selections with names


def saved(run: Run) -> dict[str, np.ndarray]:
    """Return the selections that were given names in this session, by name; changing the dictionary changes them."""
    kept: dict[str, dict[str, np.ndarray]] = session.SAVED.kept()
    return kept.setdefault(run.name, {})


def save(run: Run, name: str, index: np.ndarray) -> str:
    """Keep a selection under a name, "" for the next free one, and return it; the same name again replaces it."""
    kept = saved(run)
    number = len(kept) + 1
    while not name and f"Selection {number}" in kept:
        number += 1
    name = " ".join(name.split())[:LONGEST] or f"Selection {number}"
    if name not in kept and len(kept) >= MOST_NAMES:
        raise SelectionError(f"There are {MOST_NAMES} selections already. Delete one first.")
    kept[name] = index
    return name


def delete(run: Run, name: str) -> None:
    """Forget a saved selection."""
    saved(run).pop(name, None)


def mark(codes: Codes) -> str:
    """Return a mark of these codes, which other codes do not have."""
    return embedding.file(codes, "codes").stem.split("-")[0]


def to_json(run: Run, codes: Codes, selections: Mapping[str, np.ndarray]) -> str:
    """Return selections with names as a file, keyed by run and codes."""
    lists = {name: index.tolist() for name, index in selections.items()}
    head = {"format": FORMAT, "run": run.name, "codes": mark(codes), "n": len(codes)}
    return json.dumps({**head, "selections": lists})


def from_json(content: bytes, run: Run, codes: Codes) -> dict[str, np.ndarray]:
    """Return the selections of a file, by name; raises SelectionError."""
    try:
        made = json_text.loads(content)
    except ValueError as error:
        raise SelectionError("This is no file of selections: it is not JSON.") from error
    if not isinstance(made, dict) or made.get("format") != FORMAT or not isinstance(made.get("selections"), dict):
        raise SelectionError("This is no file of selections. Choose one that was downloaded here.")
    if made.get("n") != len(codes) or made.get("codes") != mark(codes):
        theirs = f"{made.get('n')} codes of {str(made.get('run'))[:LONGEST]}"
        raise SelectionError(
            f"The file's selections are of {theirs}, and the map shows the {len(codes):,} codes of {run.name}: their "
            "numbers would mean other images. Open that model first."
        )
    found = {}
    for name, numbers in list(made["selections"].items())[:MOST_NAMES]:
        whole = isinstance(numbers, list) and all(type(i) is int and 0 <= i < len(codes) for i in numbers)
        if not whole:
            raise SelectionError(
                f"The selection “{name[:LONGEST]}” holds more than numbers from 0 to {len(codes) - 1:,}."
            )
        index = np.unique(np.array(numbers, np.int64))
        if len(index):
            found[" ".join(name.split())[:LONGEST] or "Selection"] = index
    return found
