"""The files of the path that is shown: pictures, JSON that reloads, and the lines of Python that make it again."""

from functools import partial

import streamlit as st

from ui.paths import files as path_files
from ui.paths.files import Path, PathError
from ui.shared import library, messages
from ui.state import mode, session, subject
from ui.state import paths as path_state
from ui.state.paths import PathView
from ui.words import say
from vae.answers.paths import Along
from vae.geometry.kinds import KINDS
from vae.runs import Run, RunError

UPLOAD = "paths_upload"


def panel(run: Run, view: PathView, along: Along | None) -> None:
    """Offer the current path's files; `along` is None while it is being computed."""
    path = None if along is None else Path(run.name, view.kind, view.array(), along.points, along.share)
    drawable = _drawable(run, view)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="paths_files"):
        for picture in path_files.PICTURES if drawable else ():
            st.download_button(
                say(picture.label),
                partial(_picture, run, path, picture),
                f"{run.name}-{view.kind}.{picture.ending}",
                picture.mime,
                on_click="ignore",
                disabled=path is None,
                key=f"paths_{picture.ending}",
                help=say(
                    "{count} frames of the {kind} path, means of p(x|z)",
                    count=picture.frames,
                    kind=say(KINDS[view.kind].title),
                ),
            )
        if mode.expert():
            st.download_button(
                "JSON",
                partial(_json, path),
                f"{run.name}-{view.kind}.json",
                "application/json",
                on_click="ignore",
                disabled=path is None,
                key="paths_json",
                help=say("Waypoints and curve with all digits. Open reads the file again."),
            )
            with st.popover(say("Open"), key="paths_open"):
                _open(run)
    if not drawable:
        st.caption(
            say("There are no pictures to save: these data are not images, or the server cannot run this decoder.")
        )
    if mode.expert():
        with st.expander(say("This path in Python"), icon=":material/code:"):
            st.code(path_files.to_python(run, view.kind, view.waypoints), language=None)


def _picture(run: Run, path: Path | None, picture: path_files.Picture) -> bytes:
    assert path is not None  # the button is disabled until there is one
    return picture.make(path_files.frames(run, path, picture.frames))


def _json(path: Path | None) -> str:
    assert path is not None
    return path_files.to_json(path)


def _drawable(run: Run, view: PathView) -> bool:
    if len(run.spec.shape) != 3:
        return False
    try:
        library.decode(run, view.array()[:1])
    except RunError:
        return False
    return True


def _open(run: Run) -> None:
    """Draw the upload of a saved path and show the path once; an error is shown while its file is chosen."""
    file = st.file_uploader(say("A path's JSON"), type="json", key=UPLOAD, max_upload_size=path_files.LARGEST >> 20)
    if file is None:
        return
    try:
        found = path_files.from_json(file.getvalue(), run)
        if found.kind not in subject.kinds(run.spec):
            raise PathError(
                say(
                    "{model} has no path {kind}: it has no densities q(z|x). Open another path.",
                    model=run.name,
                    kind=say(KINDS[found.kind].title),
                )
            )
    except PathError as error:
        messages.failure(error)
        return
    if found.model != run.name:
        st.caption(
            say(
                "Made with {other}; its waypoints are shown in {model}'s space.",
                other=messages.plain(found.model),
                model=run.name,
            )
        )
    if session.PATH_FILE.get() != (run.name, file.file_id):
        session.PATH_FILE.set((run.name, file.file_id))
        waypoints = tuple(tuple(float(v) for v in z) for z in found.waypoints)
        path_state.change(run, waypoints=waypoints, kind=found.kind, own=True)
        st.rerun()
