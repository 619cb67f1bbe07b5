"""What a visitor does with several runs at once, those that a table's filter leaves: stop them, or delete them."""

from collections.abc import Sequence

import streamlit as st

from ui.models import managing
from ui.shared import library
from ui.state import notices, visitor
from ui.words import say_n
from vae import jobs, runs
from vae.jobs import JobError
from vae.runs import Run, RunError
from vae.runs.status import ALIVE
from vae.runs.table import Row

BUSY = frozenset({"queued", *ALIVE})
STOPPABLE = BUSY - {"finishing"}


def together(found: Sequence[Row]) -> None:
    """Offer to stop this visitor's runs among some rows, and to delete those of them that have ended."""
    own = [one for one in found if visitor.mine(one.run) and not runs.is_shipped(one.run)]
    going = [one.run for one in own if one.state in STOPPABLE]
    ended = [one.run for one in own if one.state not in BUSY]
    with st.container(horizontal=True, gap="small"):
        if going:
            st.button(
                say_n("Stop {n} run", "Stop {n} runs", len(going)), key="stop_shown", icon=":material/stop:",
                on_click=_stop, args=(going,),
            )  # fmt: skip
        if ended:
            st.button(
                say_n("Delete {n} run", "Delete {n} runs", len(ended)), key="delete_shown", icon=":material/delete:",
                on_click=managing.delete, args=(ended,),
            )  # fmt: skip


def _stop(found: Sequence[Run]) -> None:
    for run in found:
        try:
            visitor.require_mine(run)
            jobs.executor().stop(run.path)
        except (RunError, JobError, OSError) as error:
            notices.add(str(error))
    library.forget()
