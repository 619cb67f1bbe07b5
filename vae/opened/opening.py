"""Open a model of any kind: find its reader, unpack what is packed, refuse what only its own code could read."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.opened import files
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.table import READERS, Reader


def recognised(path: Path) -> tuple[str, Reader]:
    """Return the reader of a file or folder, by its content first; raises OpenError where none knows it."""
    if not path.exists():
        raise OpenError(f"There is nothing at {path}. Check the path.")
    for name, reader in READERS.items():
        if reader.recognises(path):
            return name, reader
    known = ", ".join(reader.title for reader in READERS.values())
    raise OpenError(f"{path.name[:80]} is of no kind of model that is opened here. These are: {known}.")


def read(path: str | Path, options: Mapping[str, Any] | None = None, *, allow_code: bool = False) -> Foreign:
    """Return the model in a file, a folder or a zip of it; raises OpenError and ChoiceNeededError.

    `options` are the reader's (see its entry); `allow_code` lets readers run the model's own code, which only a user's
    own machine should. A zip is unpacked into a temporary folder, which is gone when this returns.
    """
    path = Path(path)
    if files.is_zip(path) and not files.is_torch_archive(path):
        with tempfile.TemporaryDirectory(prefix="opened-") as folder:
            return read(files.unpack(path, Path(folder)), options, allow_code=allow_code)
    _, reader = recognised(path)
    if not reader.safe and not allow_code:
        raise OpenError(refusal(reader, path))
    unknown = set(options or {}) - set(reader.options or {})
    if unknown:
        raise OpenError(f"{reader.title} has no option {', '.join(sorted(unknown))[:80]!r}. It knows {_named(reader)}.")
    return reader.read(path, options or {})


def refusal(reader: Reader, path: Path) -> str:
    """Return why a shared server does not open such a file, and the line to type instead."""
    return (
        f"{reader.title} files run code when they are read, so they are opened only on your own machine. Type there: "
        f"vae check {path.name[:80]} --allow-code"
    )


def _named(reader: Reader) -> str:
    return ", ".join(reader.options or {}) or "none"
