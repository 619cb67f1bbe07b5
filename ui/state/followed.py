"""What the followers of a visitor see: one small file for each leader in the data folder, read and written as a whole.

A leader's browser writes it (leading.py), followers' browsers read it (following.py), from any process of the server.
Its name is the code in the followers' link. Nothing in it is trusted: only fields of the table in permalink.py are
taken, as texts, and they are read as those of a link are.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ui.shared.navigation import BY_NAME
from ui.state import address
from ui.state.permalink import FIELDS, FOLLOW
from ui.state.texts import CODE
from vae.data import data_root
from vae.runs import files
from vae.spec import json_text

HOURS = 8.0  # after which nobody is followed who has not moved since
LONGEST_NAME = 40
LARGEST = 2**20  # bytes of a file
CODE_BYTES = 12  # of chance: 16 characters, which nobody guesses


@dataclass(frozen=True)
class Followed:
    """A leader's page, by its name, and what its link says; `turn` is another one after each move.

    `owner` is the leader as visitor.py names them, `name` as they name themselves.
    """

    code: str
    owner: str
    name: str = ""
    page: str = "explore"
    values: Mapping[str, str] = field(default_factory=dict)
    turn: int = 0


def folder() -> Path:
    """Return the folder of the files."""
    return data_root() / "followed"


def begin(owner: str, name: str) -> Followed:
    """Return a leader with a new code, and remove the files of those whom nobody can follow any more."""
    folder().mkdir(parents=True, exist_ok=True)
    for path in folder().glob("*.json"):
        if not _fresh(path):
            path.unlink(missing_ok=True)
    return Followed(secrets.token_urlsafe(CODE_BYTES), owner, name.strip()[:LONGEST_NAME])


def write(found: Followed) -> None:
    """Replace the leader's file; a lost power supply may bring the one before back."""
    text = json_text.dumps(asdict(found) | {"values": dict(found.values)})
    files.write(_path(found.code), text, durable=False)


def end(code: str) -> None:
    """Remove a leader's file: nobody can follow them any more."""
    if CODE.fullmatch(code):
        _path(code).unlink(missing_ok=True)


def read(code: str) -> Followed | None:
    """Return what the followers of a code see; None where nobody leads, and for a file of another form."""
    if not CODE.fullmatch(code):
        return None
    try:
        if not _fresh(_path(code)) or _path(code).stat().st_size > LARGEST:
            return None
        return _parse(code, files.read_json(_path(code)))
    except (OSError, ValueError):
        return None


def led_by(owner: str) -> Iterator[Followed]:
    """Yield what a visitor leads."""
    with suppress(OSError):
        for path in sorted(folder().glob("*.json")):
            found = read(path.stem)
            if found is not None and found.owner == owner != "":
                yield found


def _path(code: str) -> Path:
    return folder() / f"{code}.json"


def _fresh(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < HOURS * 3600


def _parse(code: str, found: Any) -> Followed | None:
    """Return a file's content with what is known of it; None where it has no page or no turn."""
    if not isinstance(found, Mapping) or type(found.get("turn")) is not int:
        return None
    page = found.get("page")
    if not isinstance(page, str) or page not in BY_NAME:
        return None
    values = found.get("values")
    shared = {one.name for one in FIELDS if not one.own}
    taken = {
        name: text[: address.LONGEST]
        for name, text in (values.items() if isinstance(values, Mapping) else ())
        if name in shared and isinstance(text, str)
    }
    owner, name = (str(found.get(key, ""))[:LONGEST_NAME] for key in ("owner", "name"))
    return Followed(code, owner, name, page, taken, found["turn"])


def link(code: str) -> str:
    """Return the link by which others follow: that of the first page, with the code."""
    url = address.base()
    page = next((f"/{name}" for name in BY_NAME if url.endswith(f"/{name}")), "")
    return f"{url.removesuffix(page).rstrip('/')}/?{FOLLOW.name}={code}" if url else ""
