"""Which codes are selected on the map, and selections with names: of this session, and as files that reload.

A lasso's outcome comes from the browser (layer.js), which joins it with what was selected. What is selected here, by a
button or from a file, goes to the browser under a new serial number, once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ui.explore import outlines, selection
from ui.state import lasso, session
from ui.state.field import keep
from ui.state.lasso import Step, Steps
from ui.state.permalink import LASSO
from ui.state.subject import Subject
from ui.words import say
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
    """The indices that are selected now, those last set from here with their serial number, and the last gesture.

    `steps` are how they were selected, as far as that is known, and `written` what the address says of it.
    """

    index: np.ndarray = field(default_factory=lambda: NOTHING)
    given: np.ndarray = field(default_factory=lambda: NOTHING)
    serial: int = 0
    event: str = ""
    steps: Steps = ()
    written: str = ""


def chosen(run: Run, codes: Codes) -> Chosen:
    """Return this session's selection on a run's map; indices beyond the run's codes are dropped."""
    kept: dict[str, Chosen] = session.CHOSEN.kept()
    found = kept.setdefault(run.name, Chosen())
    if len(found.index) and found.index[-1] >= len(codes):
        kept[run.name] = found = Chosen(serial=found.serial + 1, event=found.event)
    return found


def handle_event(run: Run, codes: Codes, event: Any, plane: str = "") -> None:
    """Select the codes of a lasso on the map of that name, once: the browser repeats its last message at every run."""
    now = chosen(run, codes)
    if not isinstance(event, Mapping) or not isinstance(event.get("id"), str) or event["id"] == now.event:
        return
    now.event = event["id"][:40]
    if event.get("n") != len(codes):
        return
    found = selection.from_bits(event, len(codes))
    now.index = NOTHING if found is None else found
    step = event.get("step")
    _write(run, now, lasso.after(now.steps, step if isinstance(step, Mapping) and len(now.index) else None, plane))


def choose(run: Run, codes: Codes, index: np.ndarray, step: Step | None = None) -> None:
    """Select these codes, sorted; the browser gets them under a new serial number, and the address gets the step."""
    now = chosen(run, codes)
    _set(now, index)
    _write(run, now, () if step is None else (step,))


def _set(now: Chosen, index: np.ndarray) -> None:
    now.index = now.given = index
    now.serial += 1


def _write(run: Run, now: Chosen, steps: Steps) -> None:
    """Write into the address how the codes were selected."""
    now.steps, now.written = steps, lasso.text(steps)
    keep({LASSO: steps}, Subject.of(run))


def follow_address(run: Run, codes: Codes) -> str:
    """Select what the address says, where it has changed; return a sentence where that cannot be done."""
    now = chosen(run, codes)
    steps, refused = LASSO.value(Subject.of(run))
    if refused or (asked := lasso.text(steps)) == now.written:
        return refused
    now.steps, now.written = steps, asked
    try:
        _set(now, outlines.indices(run, codes, steps, saved(run)))
    except outlines.OutlineError as error:
        _set(now, NOTHING)
        return str(error)
    return ""


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
    while not name and say("Selection {n}", n=number) in kept:
        number += 1
    name = " ".join(name.split())[:LONGEST] or say("Selection {n}", n=number)
    if name not in kept and len(kept) >= MOST_NAMES:
        raise SelectionError(say("There are {count} selections already. Delete one first.", count=MOST_NAMES))
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
        raise SelectionError(say("This is no file of selections: it is not JSON.")) from error
    if not isinstance(made, dict) or made.get("format") != FORMAT or not isinstance(made.get("selections"), dict):
        raise SelectionError(say("This is no file of selections. Choose one that was downloaded here."))
    if made.get("n") != len(codes) or made.get("codes") != mark(codes):
        raise SelectionError(
            say(
                "The file's selections are of {count} codes of {other}, and the map shows the {all:,} codes of "
                "{model}: their numbers would mean other images. Open that model first.",
                count=made.get("n"),
                other=str(made.get("run"))[:LONGEST],
                all=len(codes),
                model=run.name,
            )
        )
    found = {}
    for name, numbers in list(made["selections"].items())[:MOST_NAMES]:
        whole = isinstance(numbers, list) and all(type(i) is int and 0 <= i < len(codes) for i in numbers)
        if not whole:
            raise SelectionError(
                say(
                    "The selection “{name}” holds more than numbers from 0 to {last:,}.",
                    name=name[:LONGEST],
                    last=len(codes) - 1,
                )
            )
        index = np.unique(np.array(numbers, np.int64))
        if len(index):
            found[" ".join(name.split())[:LONGEST] or say("Selection")] = index
    return found
