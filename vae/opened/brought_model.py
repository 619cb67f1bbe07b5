"""A model that a visitor has brought: its files in a folder of their own, read and opened in the sandbox. No torch."""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.data import sandbox
from vae.data.own import incoming, keep, limits, names
from vae.data.own.content import OwnDataError
from vae.data.own.incoming import AT_ONCE, BRING, Work
from vae.data.sandbox import Limits
from vae.runs import user_runs

LOOKING = Limits(memory=8 * limits.GB, seconds=120)
OPENING = Limits(memory=8 * limits.GB, seconds=600)
MOST_FILES = 20
Content = bytes | memoryview


@dataclass(frozen=True)
class IncomingModel:
    """The files of one model; nothing else is written than below `folder`."""

    folder: Path
    path: Path
    root: Path

    def look(self, data: Mapping[str, Any], answers: Mapping[str, Any], options: Mapping[str, Any]) -> Work:
        """Start to find out what the model is; the value is what `looking.look` returns, which explains `data`."""
        arguments = {
            "model": str(self.path), "scratch": str(self.folder), "root": str(self.root), "data": dict(data),
            "answers": dict(answers), "options": dict(options),
        }  # fmt: skip
        return incoming.start(lambda work: self._run("look", arguments, LOOKING, work))

    def open(
        self,
        name: str,
        data: Mapping[str, Any],
        about: Mapping[str, Any],
        answers: Mapping[str, Any],
        options: Mapping[str, Any],
        room: Callable[[int], None],
    ) -> Work:
        """Start to open the model as a run; the value is the run's name, `name` or one near it that is free.

        A file of data is kept as own data first. `room` raises for bytes that are too many.
        """

        def act(work: Work) -> str:
            kept = self._kept(data, about, room, work) if "file" in data else str(data.get("name", ""))
            made = self.folder / "run"
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            arguments = {
                "model": str(self.path), "root": str(self.root), "folder": str(made), "data": kept,
                "about": dict(about), "answers": dict(answers), "options": dict(options),
            }  # fmt: skip
            self._run("make", arguments, OPENING, work)
            room(sum(file.stat().st_size for file in made.iterdir()))
            return _placed(made, name)

        return incoming.start(act)

    def _kept(self, data: Mapping[str, Any], about: Mapping[str, Any], room: Callable[[int], None], work: Work) -> str:
        """Keep a file's examples as own data, and return their name."""
        place = self.folder / "kept"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        title = str(data.get("title") or Path(data["file"]).name)
        told = {"title": title.rsplit(".", 1)[0][:60], "owner": about.get("owner", "")}
        arguments = {"file": data["file"], "folder": str(place), "about": told, "chosen": dict(data.get("chosen", {}))}
        self._run("kept_data", arguments, OPENING, work)
        room(sum(file.stat().st_size for file in place.iterdir()))
        base = names.suggested(title)
        for number in range(1, 1000):
            name = base if number == 1 else f"{base[:36]}-{number}"
            if not names.taken(name, self.root):
                keep.appear(place, name, self.root)
                return name
        raise OwnDataError(f"There are too many data of the name “{base}”. Delete some.")

    def _run(self, function: str, arguments: Mapping[str, Any], most: Limits, work: Work) -> Any:
        with AT_ONCE:
            return sandbox.run(
                f"vae.opened.looking:{function}", arguments, self.folder, most, work.report, work.cancelled.is_set
            )

    def forget(self) -> None:
        """Delete the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _placed(made: Path, name: str) -> str:
    """Move a complete run folder to its name, or one near it that is free, and return it."""
    user_runs().mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        free = name if number == 1 else f"{name[:70]}-{number}"
        if (user_runs() / free).exists():
            continue
        try:
            os.rename(made, user_runs() / free)
            return free
        except OSError:
            if not made.exists():
                raise
    raise OwnDataError(f"There are too many runs of the name {name}. Delete some on Models.")


def bring(files: Sequence[tuple[str, Content]], root: Path) -> IncomingModel:
    """Keep the files of a model under their own plain names until it is opened or forgotten; raises OwnDataError."""
    total = sum(len(content) for _, content in files)
    if total > limits.UPLOAD or len(files) > MOST_FILES:
        raise OwnDataError(
            f"These are {len(files)} files of {total / limits.MB:,.0f} MB, and at most {MOST_FILES} of "
            f"{limits.UPLOAD // limits.MB:,} MB are taken. Open the model on your own computer: `vae open FOLDER`"
        )
    incoming.sweep(root)
    folder = names.folder(root) / f"{BRING}{uuid.uuid4().hex}"
    place = folder / "model"
    place.mkdir(parents=True)
    for name, content in files:
        plain = "".join(c if c.isalnum() or c in "._- ()" else "_" for c in Path(name.replace("\\", "/")).name)[-100:]
        (place / (plain.lstrip(".") or "file")).write_bytes(content)
    inside = list(place.iterdir())
    return IncomingModel(folder, inside[0] if len(inside) == 1 else place, root)
