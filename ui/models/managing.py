"""What visitors do with their runs: give a title and a note, download, delete, and restore."""

from collections.abc import Sequence

import streamlit as st

from ui.models import exporting
from ui.shared import library, messages
from ui.state import mode, notices, session, visitor
from ui.state.view import leave, watch, watched
from ui.words import say, say_n
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


def delete(found: Sequence[Run]) -> None:
    """Delete runs of this visitor; what cannot be deleted stays, and the reason is said."""
    deleted = []
    for run in found:
        try:
            visitor.require_mine(run)
            deleted.append((manage.delete(run), run.title))
        except (RunError, OSError) as error:
            notices.add(str(error))
            continue
        leave(run.name)
        if watched() == run.name:
            watch("")
    if deleted:
        session.DELETED.set(deleted)
        library.forget()
        notices.ask_redraw()


def _restore() -> None:
    deleted, back = session.DELETED.pop(), []
    for place, title in deleted:
        try:
            manage.restore(place)
            back.append(title)
        except (RunError, OSError) as error:
            notices.add(str(error))
    if back:
        said = say_n("{name} is back.", "{n} runs are back.", len(back), name=back[0])
        notices.add(said, "success")
    library.forget()


def undo() -> None:
    """Show how the last press ended, and a button that restores what was deleted last."""
    messages.notice(notices.take())
    deleted = session.DELETED.get()
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="undo"):
        name = messages.plain(deleted[0][1])
        st.caption(say_n("Deleted {name}.", "Deleted {n} runs.", len(deleted), name=name), width="content")
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
            st.button(say("Delete"), key="delete_run", icon=":material/delete:", on_click=delete, args=([run],))
