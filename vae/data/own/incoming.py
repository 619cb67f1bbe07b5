"""Files that visitors bring: each in a folder of its own, looked at and converted in the sandbox, in the background."""

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vae.data import sandbox
from vae.data.dataset import DataError
from vae.data.own import keep, limits, names
from vae.data.own.content import OwnDataError
from vae.data.own.source import OwnSource, find
from vae.data.sandbox import Limits

LOOKING = Limits(memory=6 * limits.GB, seconds=120)
KEEPING = Limits(memory=6 * limits.GB, seconds=1_800)
BRING = ".incoming-"  # begins the name of a folder of a file that was brought
HOURS = 6.0  # after which a file that nobody keeps is deleted
AT_ONCE = threading.BoundedSemaphore(2)  # sandboxes of this server


@dataclass
class Work:
    """A piece of work in the background: how far it is, and its value or its error when it is done."""

    what: str = "waiting"
    share: float = 0.0
    value: Any = None
    error: str = ""
    done: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End the work soon; its error is then that it was cancelled."""
        self.cancelled.set()

    def report(self, what: str, done: int, of: int) -> None:
        """Note how far the work is."""
        self.what, self.share = what, done / max(1, of)


@dataclass(frozen=True)
class Incoming:
    """One file that was brought, in a folder of its own; nothing else is written than below that folder."""

    folder: Path
    file: Path

    def look(self, chosen: Mapping[str, Any]) -> Work:
        """Start to find out what the file holds under corrections; the value is what `adding.look` returns."""
        arguments = {"file": str(self.file), "scratch": str(self.folder), "chosen": dict(chosen)}
        return start(lambda work: self._run("vae.data.own.adding:look", arguments, LOOKING, work))

    def keep(self, name: str, about: Mapping[str, Any], chosen: Mapping[str, Any], room: Callable[[int], None]) -> Work:
        """Start to keep the data under a name; the value is that name. `room` raises for bytes that are too many."""
        names.checked(name, _root(self.folder))

        def act(work: Work) -> str:
            place = self.folder / "made"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            told = {**about, "file": self.file.name}
            arguments = {"file": str(self.file), "folder": str(place), "about": told, "chosen": dict(chosen)}
            self._run("vae.data.own.adding:keep_file", arguments, KEEPING, work)
            room(sum(file.stat().st_size for file in place.iterdir()))
            keep.appear(place, name, _root(self.folder))
            self.forget()
            return name

        return start(act)

    def _run(self, function: str, arguments: Mapping[str, Any], most: Limits, work: Work) -> Any:
        with AT_ONCE:
            return sandbox.run(function, arguments, self.folder, most, work.report, work.cancelled.is_set)

    def forget(self) -> None:
        """Delete the file."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _root(folder: Path) -> Path:
    return folder.parent.parent


def start(act: Callable[[Work], Any]) -> Work:
    """Do something in the background, and return how far it is."""
    work = Work()

    def run() -> None:
        try:
            work.value = act(work)
        except (DataError, OSError) as error:
            work.error = str(error) if isinstance(error, DataError) else f"It could not be read: {error}."
        except Exception as error:  # a thread's error would be seen by nobody
            work.error = str(error)
        finally:
            work.done = True

    threading.Thread(target=run, daemon=True).start()
    return work


def bring(name: str, content: bytes | memoryview, root: Path) -> Incoming:
    """Keep a file that was brought, under its own plain name, until it is kept as data or forgotten."""
    if len(content) > limits.UPLOAD:
        raise OwnDataError(
            f"The file has {len(content) / limits.MB:,.0f} MB, and at most {limits.UPLOAD // limits.MB:,} are taken."
        )
    sweep(root)
    folder = names.folder(root) / f"{BRING}{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    plain = "".join(c if c.isalnum() or c in "._- ()" else "_" for c in Path(name.replace("\\", "/")).name)[-100:]
    file = folder / (plain.lstrip(".") or "file")
    file.write_bytes(content)
    return Incoming(folder, file)


def sweep(root: Path, hours: float = HOURS) -> None:
    """Delete what was brought and left `hours` ago, and what was not finished."""
    with suppress(OSError):
        for path in names.folder(root).iterdir():
            if path.name.startswith((BRING, names.MAKING)):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > hours * 3600:
                        shutil.rmtree(path, ignore_errors=True)


def kept(work: Work) -> OwnSource | None:
    """Return the data that a finished piece of work has kept, None if it has kept none."""
    return find(work.value) if work.done and isinstance(work.value, str) else None
