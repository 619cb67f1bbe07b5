"""The evidence of the Diagnose page: read from the run where it was saved, else asked of the pool part by part."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from ui.shared import asking, library
from vae.answers import diagnose, pool
from vae.answers.pool import Answer
from vae.data import DataError
from vae.diagnosis import kept, quick
from vae.diagnosis.evidence import PARTS, QUICK, Codebook, Codes, Evidence, Training, restore
from vae.runs import Run, RunError
from vae.spec import SpecError


@dataclass(frozen=True)
class Known:
    """The evidence so far, which parts are still measured, and why others could not be."""

    evidence: Evidence
    waiting: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)


@st.cache_resource(max_entries=16, show_spinner=False)
def _quick(path: Any, version: library.Stamp) -> tuple[Codes, Training | None, Codebook | None]:
    run = library.open_run(path.name)
    return quick.codes(run.codes), quick.training(run), quick.codebook(run)


def known(run: Run) -> Known:
    """Return the known evidence of a run, and ask the pool for the rest; raises RunError for unreadable codes."""
    found: dict[str, Any] = dict(zip(QUICK, _quick(run.path, library.stamp(run.path)), strict=True))
    found |= kept.known(run.path)
    waiting, failed = [], {}
    for part in PARTS:
        if part in found:
            continue
        question = (str(run.path), kept.digest(run.path))
        ask = partial(pool.ask, diagnose.diagnosis, run.path, part)
        answer: Answer[Any] = asking.once(f"diagnosis_{part}", question, ask)
        if not answer.done:
            waiting.append(part)
            continue
        try:
            content = answer.result()
            found[part] = None if content is None else restore(PARTS[part], content)
        except (RunError, DataError, SpecError) as error:
            failed[part] = str(error)
    return Known(quick.with_metrics(run, Evidence(**found)), tuple(waiting), failed)
