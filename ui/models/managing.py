"""What visitors do with their runs: give a title and a note, download, delete, and restore."""

import streamlit as st

from ui.models import exporting
from ui.shared import library, messages
from ui.state import mode, notices, session, visitor
from ui.state.view import leave, watch, watched
from ui.words import say
from vae import runs
from vae.runs import Run, RunError, manage


def _save(run: Run) -> None:
    try:
        visitor.require_mine(run)
        manage.rename(run, session.widget(f"run_title_{run.name}").get())
        manage.annotate(run, session.widget(f"run_note_{run.name}").get())
        library.forget()
        notices.ask_redraw()
    except (RunError, OSError) as error:
        notices.add(str(error))


def _delete(run: Run) -> None:
    try:
        visitor.require_mine(run)
        deleted = manage.delete(run)
    except (RunError, OSError) as error:
        notices.add(str(error))
        return
    session.DELETED.set((deleted, run.title))
    library.forget()
    notices.ask_redraw()
    leave(run.name)
    if watched() == run.name:
        watch("")


def _restore() -> None:
    deleted = session.DELETED.pop()
    if deleted is None:
        return
    name, title = deleted
    try:
        manage.restore(name)
        notices.add(say("{name} is back.", name=title), "success")
    except (RunError, OSError) as error:
        notices.add(str(error))
    library.forget()


def undo() -> None:
    """Show how the last press ended, and a button that restores the run that was deleted last."""
    messages.notice(notices.take())
    deleted = session.DELETED.get()
    if deleted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="undo"):
        st.caption(say("Deleted {name}.", name=messages.plain(deleted[1])), width="content")
        st.button(say("Undo"), key="undo_delete", type="tertiary", icon=":material/undo:", on_click=_restore)


def popover(run: Run) -> None:
    """Offer title, note, download and deletion to the owner of the run; a shipped model can only be downloaded."""
    # keys of the run's own: of another run the menu is closed, and the fields hold its title and note
    with st.popover(say("More"), icon=":material/more_horiz:", key=f"manage_popover_{run.name}"):
        if visitor.mine(run) and not runs.is_shipped(run):
            st.text_input(say("Title"), run.title, max_chars=manage.TITLE, key=f"run_title_{run.name}")
            st.text_area(
                say("Note"), str(run.meta.get("note", "")), max_chars=manage.NOTE, key=f"run_note_{run.name}", height=80
            )
            st.button(say("Save"), key="save_run", on_click=_save, args=(run,))
        if origin := manage.parent(run):
            origin = say(origin)
            st.caption(origin[0].upper() + origin[1:] + ".")
        st.download_button(
            say("Download as zip"), lambda: manage.archive(run), f"{run.name}.zip", "application/zip",
            key="download_run", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        if mode.expert():
            exporting.downloads(run)
        if visitor.mine(run) and not runs.is_shipped(run):
            st.button(say("Delete"), key="delete_run", icon=":material/delete:", on_click=_delete, args=(run,))
