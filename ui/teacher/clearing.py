"""Clearing up after class: the visitors' runs go to the trash, and come back at a press."""

import streamlit as st

from ui.shared import library, messages
from ui.state import notices, session, teacher, visitor
from ui.words import say, say_n
from vae import jobs, runs
from vae.runs import Run, RunError, manage, status
from vae.runs.quota import LOCAL


def of_visitors() -> list[Run]:
    """Return the runs that visitors have made; not the shipped ones, the shell's, and this visitor's own."""
    mine = ("", LOCAL, visitor.me())
    entries = [entry for entry in library.entries() if isinstance(entry, Run)]
    return [run for run in entries if not runs.is_shipped(run) and visitor.owner(run) not in mine]


def clear() -> None:
    """Stop what the visitors train, and delete their runs; those that are ending stay, and are said."""
    kept, deleted = session.CLEARED.kept(), 0
    try:
        teacher.require()
        library.forget()
        found = of_visitors()
        for run in found:
            if not status.current(run.path).ended:
                jobs.executor().stop(run.path)
        for run in found:
            if not status.held(run.path):
                kept.append((manage.delete(run), run.title))
                deleted += 1
    except (RunError, OSError) as error:
        notices.add(str(error))
    else:
        left = len(found) - deleted
        said = [_in_trash(deleted)]
        if left:
            said.append(say("{left} of them are ending now: clear up again in a moment.", left=left))
        notices.add(" ".join(said), "success")
    library.forget()


def _in_trash(count: int) -> str:
    return say_n("{n:,} run is in the trash.", "{n:,} runs are in the trash.", count)


def undo() -> None:
    """Bring back what was cleared up in this tab; what cannot come back stays in the trash, and is said."""
    try:
        teacher.require()
    except RunError as error:
        notices.add(str(error))
        return
    back, problems = 0, []
    for place, _ in session.CLEARED.pop():
        try:
            manage.restore(place)
            back += 1
        except (RunError, OSError) as error:
            problems.append(say(str(error)))
    said = say_n("{n} run is back.", "{n} runs are back.", back)
    notices.add(" ".join([said, *problems]), "error" if problems else "success")
    library.forget()


def clearing() -> None:
    """Draw it."""
    found = of_visitors()
    owners = len({visitor.owner(run) for run in found})
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="teacher_clearing"):
        with st.popover(say("Clear up after class"), icon=":material/delete_sweep:", disabled=not found):
            st.markdown(
                say(
                    "Stop and delete {runs:,} runs of {owners:,} visitors? They stay in the trash for {days:.0f} days. "
                    "The shipped models and your own runs are not touched.",
                    runs=len(found),
                    owners=owners,
                    days=manage.TRASH_DAYS,
                )
            )
            st.button(say("Delete them"), key="teacher_clear", type="primary", on_click=clear)
        if cleared := session.CLEARED.get():
            st.caption(_in_trash(len(cleared)), width="content")
            st.button(say("Undo"), key="teacher_undo", type="tertiary", icon=":material/undo:", on_click=undo)
        st.button(say("Leave"), key="teacher_leave", type="tertiary", icon=":material/logout:", on_click=teacher.leave)
    made = say_n("Visitors have made {n:,} run.", "Visitors have made {n:,} runs.", len(found))
    st.caption(
        made if found else say("Visitors have made no runs yet."),
        help=messages.plain(say("Runs of the shell, and those of this browser, are not counted.")),
    )
