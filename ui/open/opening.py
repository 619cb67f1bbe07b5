"""The state of the model that a visitor has brought: its files, what was found, answers, and opening it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ui.open import bringing, samples
from ui.state import notices, session, visitor
from ui.state.view import set_model
from ui.words import phrase
from vae import data
from vae.data import DataError, data_root
from vae.data.own.incoming import Work
from vae.opened import brought_data, brought_model
from vae.opened.brought_model import IncomingModel
from vae.runs import RunError, quota

FILE, NONE = phrase("the file that you dropped"), phrase("no data")
DATA_KEY = "open_model_data"


@dataclass
class BroughtModel:
    """One model: its files, the data to look with, answers and options so far, and the work on it."""

    title: str
    size: int
    incoming: IncomingModel
    data: str = NONE
    answers: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    looking: Work | None = None
    looked_at: Any = None
    found: Mapping[str, Any] | None = None
    error: str = ""
    opening: Work | None = None
    page: str = ""

    @property
    def name(self) -> str:
        """The name of the run that is made."""
        return brought_data.run_name(self.title.split(",")[0].rsplit(".", 1)[0])


def current() -> BroughtModel | None:
    """Return what this visitor has brought, None for nothing."""
    return session.MODEL_BROUGHT.get()


def bring(files: list[tuple[str, bytes | memoryview]], with_data: str = "") -> None:
    """Take the files of a model and start to look at it; what was brought before is forgotten."""
    forget()
    try:
        visitor.require()
        made = BroughtModel(
            ", ".join(name for name, _ in files)[:120],
            sum(len(content) for _, content in files),
            brought_model.bring(files, data_root()),
        )
    except (DataError, RunError, OSError) as error:
        notices.add(str(error))
        return
    made.data = with_data or _usual()
    session.MODEL_BROUGHT.set(made)
    session.widget(DATA_KEY).set(made.data)


def _usual() -> str:
    """Return the data that a new model is looked at with: what was dropped or kept last."""
    if bringing.current() is not None:
        return FILE
    return session.KEPT.get() or NONE


def taken_upload() -> None:
    """Take the files that the visitor has dropped: the callback of the drop zone."""
    dropped = session.widget(session.MODEL_ZONE.get()).get()
    if dropped:
        bring([(file.name, file.getbuffer()) for file in dropped])


def data_are_codes() -> None:
    """Take the file of data as codes without a model instead."""
    dropped = bringing.current()
    if dropped is not None:
        content = dropped.incoming.file.read_bytes()
        bringing.forget()
        bringing.new_zone()
        bring([(dropped.title, content)], NONE)


def try_sample(name: str) -> None:
    """Bring an example."""
    sample = samples.MODELS[name]
    bring([(sample.file, sample.content())], sample.data)


def forget() -> None:
    """Forget the model, and end the work on it."""
    before = session.MODEL_BROUGHT.pop()
    if before is not None:
        for work in (before.looking, before.opening):
            if work is not None:
                work.cancel()
        before.incoming.forget()
    session.MODEL_ZONE.set(f"open_model_upload_{uuid.uuid4().hex[:8]}")


def offered(made: BroughtModel) -> list[str]:
    """Return the data that the model can be looked at with: what was dropped, and datasets of as many values."""
    found = [FILE] if bringing.current() is not None else []
    shape = (made.found or {}).get("shape")
    for name in data.names(visitor.me()):
        try:
            about = data.describe(name)
            if (shape is None or _count(about.shape) == _count(shape)) and data.available(name):
                found.append(name)
        except DataError:
            continue
    return [*found, *([made.data] if made.data not in (*found, NONE, FILE) else []), NONE]


def _count(shape: Any) -> int:
    total = 1
    for n in shape:
        total *= int(n)
    return total


def _asked(made: BroughtModel) -> dict[str, Any] | None:
    """Return the data as the sandbox takes them, None while a dropped file is not understood yet."""
    if made.data == NONE:
        return {}
    if made.data != FILE:
        return {"name": made.data}
    dropped = bringing.current()
    if dropped is None:
        return {}
    if dropped.found is None or dropped.looking is not None:
        return None
    return {"file": str(dropped.incoming.file), "chosen": dict(dropped.chosen), "title": dropped.title}


def follow() -> None:
    """Note what the work has found, or why it failed; look again where data or answers have changed."""
    made = current()
    if made is None:
        return
    if bringing.current() is None and made.data == FILE:
        made.data = session.KEPT.get() or NONE
        session.widget(DATA_KEY).set(made.data)
    if made.looking is not None and made.looking.done:
        if made.looking.error:
            made.error, made.found = made.looking.error, None
        else:
            made.found, made.error = made.looking.value, ""
        made.looking = None
    asked = _asked(made)
    wanted = (asked, dict(made.answers), dict(made.options))
    if asked is not None and made.opening is None and wanted != made.looked_at:
        if made.looking is not None:
            made.looking.cancel()
        made.looked_at = wanted
        made.looking = made.incoming.look(asked, made.answers, made.options)


def choose_data() -> None:
    """Look at the model with other data: the callback of the list. Answers on the old data are forgotten."""
    made = current()
    if made is not None:
        made.data = str(session.widget(DATA_KEY).get())
        made.answers.clear()


def use_dropped() -> None:
    """Look at the model with the file that was dropped just now."""
    made = current()
    if made is not None:
        made.data = FILE
        session.widget(DATA_KEY).set(FILE)


def answer(name: str, key: str) -> None:
    """Take an answer on one thing that was found: the callback of its control."""
    made, value = current(), session.widget(key).get()
    if made is not None and value not in (None, ""):
        made.answers[name] = value


def option(name: str, key: str) -> None:
    """Take a choice that the file leaves: the callback of its control."""
    made, value = current(), session.widget(key).get()
    if made is not None and value not in (None, ""):
        text = str(value)
        parts = [part for part in text.replace("[", "").replace("]", "").replace("×", ",").split(",") if part.strip()]
        shape = name == "shape" and all(part.strip().isdigit() for part in parts)
        made.options[name] = [int(part) for part in parts] if shape else value


def undo() -> None:
    """Forget all answers and choices."""
    made = current()
    if made is not None:
        made.answers.clear()
        made.options.clear()
        made.error = ""


def start(page: str) -> None:
    """Start to open the model, and go to a page when it is there."""
    made = current()
    asked = None if made is None else _asked(made)
    if made is None or asked is None or made.opening is not None:
        return
    try:
        owner = visitor.require()
        quota.check(owner)
        about = {"title": made.name, "owner": owner}
        made.page = page
        made.opening = made.incoming.open(
            made.name, asked, about, made.answers, made.options, lambda more: quota.check_data(owner, more)
        )
    except (DataError, RunError) as error:
        notices.add(str(error))


def finished() -> str:
    """Return the page to go to once the model is open, which is shown from then on; "" before."""
    made = current()
    if made is None or made.opening is None or not made.opening.done:
        return ""
    work, page = made.opening, made.page
    made.opening = None
    if work.error:
        notices.add(work.error)
        return ""
    if made.data == FILE:
        bringing.forget()
        bringing.new_zone()
    forget()
    set_model(str(work.value))
    return page
