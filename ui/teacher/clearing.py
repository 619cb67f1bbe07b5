"""Clearing up after class: the visitors' runs go to the trash, and come back at a press."""

import streamlit as st

from ui.shared import library, messages
from ui.state import notices, session, teacher, visitor
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
        more = f" {left} of them are ending now: clear up again in a moment." if left else ""
        notices.add(f"{deleted} runs are in the trash.{more}", "success")
    library.forget()


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
            problems.append(str(error))
    notices.add(" ".join([f"{back} runs are back.", *problems]), "error" if problems else "success")
    library.forget()


def clearing() -> None:
    """Draw it."""
    found = of_visitors()
    owners = len({visitor.owner(run) for run in found})
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="teacher_clearing"):
        with st.popover("Clear up after class", icon=":material/delete_sweep:", disabled=not found):
            st.markdown(
                f"Stop and delete {len(found):,} runs of {owners:,} visitors? They stay in the trash for "
                f"{manage.TRASH_DAYS:.0f} days. The shipped models and your own runs are not touched."
            )
            st.button("Delete them", key="teacher_clear", type="primary", on_click=clear)
        if cleared := session.CLEARED.get():
            st.caption(f"{len(cleared):,} runs are in the trash.", width="content")
            st.button("Undo", key="teacher_undo", type="tertiary", icon=":material/undo:", on_click=undo)
        st.button("Leave", key="teacher_leave", type="tertiary", icon=":material/logout:", on_click=teacher.leave)
    st.caption(
        f"Visitors have made {len(found):,} runs." if found else "Visitors have made no runs yet.",
        help=messages.plain("Runs of the shell, and those of this browser, are not counted."),
    )
