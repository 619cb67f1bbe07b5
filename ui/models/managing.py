"""What people do with a run of theirs: name it, note something, take it home, delete it and bring it back."""

import streamlit as st

from ui.shared import library, messages
from ui.state import view as state
from ui.state import visitor
from vae import runs
from vae.runs import Run, RunError, manage

DELETED = "deleted_run"


def _save(run: Run) -> None:
    try:
        manage.rename(run, st.session_state["run_title"])
        manage.annotate(run, st.session_state["run_note"])
        library.forget()
        state.ask_redraw()
    except (RunError, OSError) as error:
        state.say(str(error))


def _delete(run: Run) -> None:
    try:
        manage.delete(run)
    except (RunError, OSError) as error:
        state.say(str(error))
        return
    st.session_state[DELETED] = (run.name, run.title)
    library.forget()
    state.ask_redraw()
    if state.watched() == run.name:
        state.watch("")


def _restore() -> None:
    name, title = st.session_state.pop(DELETED)
    try:
        manage.restore(name)
        state.say(f"{messages.plain(title)} is back.", "success")
    except (RunError, OSError) as error:
        state.say(str(error))
    library.forget()


def undo() -> None:
    """Offer to bring back what was deleted last."""
    if DELETED not in st.session_state:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="undo"):
        st.caption(f"Deleted {messages.plain(st.session_state[DELETED][1])}.", width="content")
        st.button("Undo", key="undo_delete", type="tertiary", icon=":material/undo:", on_click=_restore)


def popover(run: Run) -> None:
    """Title, note, download and deletion, for whom the run belongs to; a shipped model can only be taken home."""
    with st.popover("More", icon=":material/more_horiz:", key="manage_popover"):
        if visitor.mine(run) and not runs.ships(run):
            st.text_input("Title", run.title, max_chars=manage.TITLE, key="run_title")
            st.text_area("Note", str(run.meta.get("note", "")), max_chars=manage.NOTE, key="run_note", height=80)
            st.button("Save", key="save_run", on_click=_save, args=(run,))
        if origin := manage.parent(run):
            st.caption(origin[0].upper() + origin[1:] + ".")
        st.download_button(
            "Download as zip", lambda: manage.archive(run), f"{run.name}.zip", "application/zip", key="download_run",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        if visitor.mine(run) and not runs.ships(run):
            st.button("Delete", key="delete_run", icon=":material/delete:", on_click=_delete, args=(run,))
