"""The colours of the map's codes: by class, by a number that the pool computes, or by an uploaded column."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.shared import asking, library, messages
from ui.shared.fragments import fragment
from ui.state import session
from ui.state.map import COLUMN, apply_style, map_style
from ui.state.permalink import BY_CLASS
from ui.words import phrase, say
from vae.answers import explore, pool
from vae.answers.pool import Answer
from vae.data import DataError, columns
from vae.data.columns import Column, ColumnError
from vae.page import palette
from vae.runs import Codes, Run, RunError, pointwise
from vae.runs.pointwise import Pointwise
from vae.spec import SpecError

SLOT = "map colour"
NATS = "nats"
ENDS = (0.05, 0.95)  # quantiles at which the colours end: a few far numbers would leave one colour to all others


@dataclass(frozen=True)
class Quantity:
    """A number that can be computed for each code: its name, its description, and the text of the colour bar."""

    offer: str
    title: str
    names: tuple[str, ...]
    unit: str = NATS


QUANTITIES = {
    "distortion": Quantity(
        phrase("Reconstruction error (distortion)"), phrase("Distortion −E log p(x|z)"), pointwise.BOUND
    ),
    "rate": Quantity(phrase("KL (rate)"), phrase("Rate KL(q(z|x) ‖ p(z))"), pointwise.BOUND),
    "elbo": Quantity("ELBO", "ELBO", pointwise.BOUND),
    "gap": Quantity(phrase("Gap log p(x) − ELBO"), phrase("Gap log p(x) − ELBO"), pointwise.TIGHTNESS),
    "pareto": Quantity(phrase("Pareto k of the importance weights"), phrase("Pareto k"), pointwise.TAILS, ""),
    "reach": Quantity(
        phrase("Distance to the samples (coverage)"), phrase("Distance to the samples"), pointwise.REACH, ""
    ),
}
WITHOUT_PRIOR = phrase(
    "A plain autoencoder has no prior, so it has neither a rate, nor an ELBO, nor a gap: its reconstruction "
    "error is the only one of these numbers."
)


@dataclass(frozen=True)
class Paint:
    """One number for each code (nan: none) and its description; for categories, `classes` has the names."""

    values: np.ndarray
    title: str
    unit: str = ""
    note: str = ""
    classes: tuple[str, ...] = ()
    offset: float = 0.0  # what the values lack: float32 keeps the differences of large numbers only without it

    def header(self) -> dict[str, Any]:
        """Return what the browser needs to know beside the values."""
        finite = self.values[np.isfinite(self.values)]
        low, high = np.quantile(finite, ENDS) if len(finite) else (0.0, 1.0)
        if low == high:
            low, high = float(finite.min(initial=low)), float(finite.max(initial=high))
        return {
            "title": f"{self.title} − {self.offset:,.10g}" if self.offset else self.title,
            "unit": self.unit,
            "note": self.note,
            "low": float(low),
            "high": float(high),
            "below": bool((finite < low).any()),
            "above": bool((finite > high).any()),
            "classes": [{"name": name, "hue": palette.of_class(k)} for k, name in enumerate(self.classes)] or None,
        }


def summary(paint: Paint, index: np.ndarray) -> str:
    """Return the means of a number over a selection and over all codes, with standard errors; "" for categories."""
    chosen, rest = (v[np.isfinite(v)].astype(np.float64) for v in (paint.values[index], paint.values))
    if paint.classes or len(chosen) < 2:
        return ""
    unit = f" {messages.plain(paint.unit)}" if paint.unit else ""

    def mean(values: np.ndarray) -> str:
        error = values.std(ddof=1) / len(values) ** 0.5
        digits = 2 if error >= 0.005 or error == 0 else min(8, int(-np.floor(np.log10(error))) + 1)
        return f"{values.mean() + paint.offset:.{digits}f} ± {error:.{digits}f}{unit}".replace("-", "−")

    return say(
        "{title}: mean {chosen} over the {count:,} selected, {rest} over all (± standard error).",
        title=messages.plain(paint.title),
        chosen=mean(chosen),
        count=len(chosen),
        rest=mean(rest),
    )


def offered(run: Run) -> dict[str, str]:
    """Return the numbers and columns that can colour this run's codes, as key -> title."""
    known = {
        name: say(quantity.offer)
        for name, quantity in QUANTITIES.items()
        if name == "distortion" or (run.spec.probabilistic and (name != "reach" or run.spec.condition is None))
    }
    own = {COLUMN + name: say("Column: {name}", name=name) for name in uploaded(run)}
    return {BY_CLASS: say("Class")} | known | own


def uploaded(run: Run) -> dict[str, Column]:
    """Return the columns that were uploaded for a run in this session."""
    kept: dict[str, dict[str, Column]] = session.COLUMNS.kept()
    return kept.setdefault(run.name, {})


def upload(run: Run, codes: Codes, content: bytes) -> list[str]:
    """Read an uploaded CSV and colour by its first column; return sentences on how it was read and what was left out.

    Raises ColumnError.
    """
    found = columns.read(content, len(codes))
    uploaded(run).update({column.name: column for column in found.columns})
    apply_style(replace(map_style(), colour=COLUMN + found.columns[0].name))
    return [
        say("The rows found their codes {how}.", how=say(found.joined)),
        *(say("Left out: {why}.", why=say(text)) for text in found.refused),
    ]


@st.cache_resource(max_entries=32, show_spinner=False)
def _mark(path: Path, version: object) -> str:
    return pointwise.mark(Run(path))


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(mark: str, names: tuple[str, ...], n: int, changed: int) -> Pointwise | None:
    return pointwise.kept(mark, names, n)


def known(run: Run, codes: Codes, names: tuple[str, ...]) -> Pointwise | None:
    """Return the saved numbers of this run's codes, None where there are none."""
    mark = _mark(run.path, library.stamp(run.path))
    file = pointwise.file(mark, names)
    return _kept(mark, names, len(codes), file.stat().st_mtime_ns) if file.is_file() else None


def _ask(run: Run, names: tuple[str, ...]) -> Answer[Pointwise]:
    # data that have come since are another question: a failure is shown, and not tried for ever
    question = (str(run.path), library.stamp(run.path), names, library.examples_of(run) is not None)
    return asking.once(SLOT, question, lambda: pool.ask(explore.numbers, run.path, names))


def paint(run: Run, codes: Codes, name: str) -> Paint | None:
    """Return the numbers that colour the codes; None for classes, and while the numbers are missing.

    What is missing is said where this is called, and followed until it is there.
    """
    if name == BY_CLASS:
        return None
    if name.startswith(COLUMN):
        column = uploaded(run).get(name.removeprefix(COLUMN))
        if column is None or len(column.values) != len(codes):
            st.caption(
                say(
                    "This link names the column {name}, but links do not contain data. Upload the CSV file under "
                    "*Map*.",
                    name=messages.plain(name.removeprefix(COLUMN)),
                )
            )
            return None
        return Paint(column.values, column.title, column.unit, classes=column.classes, offset=column.offset)
    quantity = QUANTITIES.get(name)
    if quantity is None or name not in offered(run):
        st.caption(
            say(WITHOUT_PRIOR)
            if quantity
            else say("There is no quantity “{name}” to colour the map by.", name=messages.plain(name[:40]))
        )
        return None
    found = known(run, codes, quantity.names)
    if found is None:
        answer = _ask(run, quantity.names)
        if not answer.done:
            _following(run, quantity)
            return None
        try:
            found = answer.result()
        except (RunError, DataError, SpecError) as error:
            st.caption(
                say(
                    "{quantity} cannot be computed, so the codes are coloured by class. {why}",
                    quantity=say(quantity.offer),
                    why=messages.sentence(error),
                )
            )
            return None
    if name not in found.values:
        st.caption(say("{model} has no {quantity}.", model=messages.plain(run.name), quantity=say(quantity.offer)))
        return None
    note = say(found.how)
    if found.computed < len(codes):
        note = say(
            "{how}; computed for {some:,} of {all:,} codes, evenly spaced; the others are grey",
            how=note,
            some=found.computed,
            all=len(codes),
        )
    return Paint(found.values[name], say(quantity.title), quantity.unit, note + ".")


@partial(fragment, run_every=0.5)
def _following(run: Run, quantity: Quantity) -> None:
    """Show the progress of the numbers, and redraw the page when they have arrived."""
    answer = _ask(run, quantity.names)
    if answer.done:
        st.rerun()
    left, offer = answer.remaining, say(quantity.offer)
    text = (
        say("{quantity}: computing it for every code, about {left:.0f} s", quantity=offer, left=left)
        if left and left > 1
        else say("{quantity}: computing it for every code", quantity=offer)
    )
    messages.working(answer.fraction, text, say("Cancel"), _cancel, key="colour_cancel", args=(answer,))


def _cancel(answer: Answer[Pointwise]) -> None:
    answer.drop()
    apply_style(replace(map_style(), colour=BY_CLASS))


def uploader(run: Run, codes: Codes) -> None:
    """Draw the upload of columns; an error of a file is shown under it."""
    read = session.COLUMNS_FILE.get()
    file = st.file_uploader(
        say("Columns from a CSV"),
        type=["csv", "tsv", "txt"],
        key="map_upload",
        help=say(
            "A line of names, and a row for each of the {count:,} codes in their order, or rows with a column "
            "“{index}” that says which code each is of. Numbers become a colour bar, at most {most} different words "
            "classes, empty cells grey points. The file stays in this session.",
            count=len(codes),
            index=columns.INDEX,
            most=columns.MOST_CLASSES,
        ),
    )
    if file is None:
        return
    serial = (run.name, file.file_id)
    if read is None or read[0] != serial:
        try:
            refused = upload(run, codes, file.getvalue())
            read = (serial, "", refused)
        except ColumnError as error:
            read = (serial, str(error), [])
        session.COLUMNS_FILE.set(read)
        if not read[1]:
            st.rerun(scope="fragment")
    if read[1]:
        messages.failure(read[1])
    for text in read[2]:
        st.caption(messages.sentence(text))
