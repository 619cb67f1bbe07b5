"""The state of what a visitor has brought: the file, what was found in it, corrections, and keeping it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ui.state import notices, session, visitor
from ui.words import phrase, say
from vae.data import DataError, data_root, own
from vae.data.own import incoming, names
from vae.data.own.incoming import Incoming, Work
from vae.runs import RunError, quota

NAME = "open_data_name"


@dataclass
class Brought:
    """One file: what it is called, where it lies, the corrections so far, and the work that looks at it or keeps it."""

    title: str
    incoming: Incoming
    chosen: dict[str, Any] = field(default_factory=dict)
    looking: Work | None = None
    found: Mapping[str, Any] | None = None
    error: str = ""
    keeping: Work | None = None


def current() -> Brought | None:
    """Return what this visitor has brought, None for nothing."""
    return session.BROUGHT.get()


def bring(title: str, content: bytes | memoryview) -> None:
    """Take a file and start to look at it; what was brought before is forgotten."""
    forget()
    try:
        visitor.require()
        made = Brought(title, incoming.bring(title, content, data_root()))
    except (DataError, RunError, OSError) as error:
        notices.add(str(error))
        return
    made.looking = made.incoming.look({})
    session.BROUGHT.set(made)
    session.widget(NAME).set(_free_name(title))


def _free_name(title: str) -> str:
    """Return a name that no dataset has, near a file's."""
    base, name, k = names.suggested(title), names.suggested(title), 2
    while names.taken(name):
        name, k = f"{base[:36]}-{k}", k + 1
    return name


def taken_upload() -> None:
    """Take the file that the visitor has dropped: the callback of the drop zone."""
    file = session.widget(session.DROP_ZONE.get()).get()
    if file is not None:
        bring(file.name, file.getbuffer())


def forget() -> None:
    """Forget what was brought, and end the work on it."""
    before = session.BROUGHT.pop()
    if before is not None:
        for work in (before.looking, before.keeping):
            if work is not None:
                work.cancel()
        before.incoming.forget()


def new_zone() -> None:
    """Give the drop zone another widget: the old one would give its file again."""
    session.DROP_ZONE.set(f"open_data_upload_{uuid.uuid4().hex[:8]}")


def follow() -> None:
    """Note what the work has found, or why it failed."""
    made = current()
    if made is None or made.looking is None or not made.looking.done:
        return
    if made.looking.error:
        made.error = made.looking.error
    else:
        made.found, made.error = made.looking.value, ""
    made.looking = None


def correct(name: str, value: str) -> None:
    """Correct one thing that was found, and look again under it."""
    made = current()
    if made is None:
        return
    if made.looking is not None:
        made.looking.cancel()
    made.chosen[name] = value
    made.looking = made.incoming.look(made.chosen)


def keep() -> None:
    """Start to keep the data under the name that was typed."""
    made = current()
    if made is None or (made.keeping is not None and not made.keeping.done):
        return
    try:
        owner = visitor.require()
        name = str(session.widget(NAME).get() or "").strip()
        about = {"title": made.title.rsplit(".", 1)[0][:60] or name, "owner": owner}
        made.keeping = made.incoming.keep(name, about, made.chosen, lambda more: quota.check_data(owner, more))
    except (DataError, RunError) as error:
        notices.add(str(error))


def remove(name: str) -> None:
    """Delete own data of this visitor's."""
    source = own.find(name)
    try:
        if source is None or not mine(source):
            raise DataError(phrase("These are not your data: only the browser that brought them can delete them."))
        before = session.SET_ASIDE.pop()
        session.SET_ASIDE.set((own.set_aside(name), name))
        if before is not None:
            own.forget(before[0])
    except (DataError, OSError) as error:
        notices.add(str(error))


def restore() -> None:
    """Bring back the own data that were deleted last."""
    gone = session.SET_ASIDE.pop()
    if gone is None:
        return
    try:
        own.restore(*gone)
        notices.add(say("{name} is back.", name=gone[1]), "success")
    except (DataError, OSError) as error:
        notices.add(str(error))


def mine(source: own.OwnSource) -> bool:
    """Return whether own data are this visitor's."""
    return visitor.alone() or source.owner == visitor.me() != ""
