"""Open a model of any kind: find its reader, unpack what is packed, refuse what only its own code could read."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vae.opened import files
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Foreign
from vae.opened.table import READERS, Reader


def recognised(path: Path) -> dict[str, Reader]:
    """Return the readers that know a file or folder by its content, the first the likeliest; raises OpenError."""
    found = {name: reader for name, reader in READERS.items() if reader.recognises(path)}
    if found:
        return found
    if not path.exists():
        raise OpenError(f"There is nothing at {path}. Check the path.")
    known = ", ".join(reader.title for reader in READERS.values())
    raise OpenError(f"{path.name[:80]} is of no kind of model that is opened here. These are: {known}.")


def read(
    path: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    allow_code: bool = False,
    unpacked: Path | None = None,
) -> Foreign:
    """Return the model in a file, a folder or a zip of it, or named module:name; raises OpenError, ChoiceNeededError.

    `options` are the reader's (see its entry); `allow_code` lets readers run the model's own code, which only a user's
    own machine should. A zip is unpacked into the empty folder `unpacked`, or into one that is gone afterwards.
    """
    path = Path(path)
    if files.is_zip(path) and not files.is_torch_archive(path) and not files.is_arrays(path):
        if unpacked is not None:
            return _read(files.unpack(path, unpacked), options or {}, allow_code)
        with tempfile.TemporaryDirectory(prefix="opened-") as folder:
            return replace(_read(files.unpack(path, Path(folder)), options or {}, allow_code), run=None)
    return _read(path, options or {}, allow_code)


def _read(path: Path, options: Mapping[str, Any], allow_code: bool) -> Foreign:
    """Return the model by the first reader that knows it; where code is allowed, by the next that runs some.

    A pickled network looks like weights until it is read.
    """
    found = list(recognised(path).values())
    first = found[0]
    if not first.safe and not allow_code:
        raise OpenError(refusal(first, path))
    try:
        return _tried(first, path, options)
    except ChoiceNeededError:
        raise
    except OpenError:
        other = next((reader for reader in found[1:] if not reader.safe), None)
        if other is None or not allow_code:
            raise
        return _tried(other, path, options)


def _tried(reader: Reader, path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return what a reader reads; raises OpenError for whatever a file makes it raise."""
    given = _known(options, reader)
    try:
        return reader.read(path, given)
    except OpenError:
        raise
    except Exception as error:  # files are damaged in more ways than are foreseen, and each must stay one sentence
        text = f"{type(error).__name__}: {error}".splitlines()[0][:200].rstrip(".")
        raise OpenError(f"{path.name[:80]} broke its reader ({text}): it is damaged. Save it anew.") from error


def _known(options: Mapping[str, Any], reader: Reader) -> Mapping[str, Any]:
    """Return the options; raises OpenError for one that the reader does not have."""
    own = reader.options or {}
    if unknown := sorted(set(options) - set(own)):
        raise OpenError(f"{reader.title} has no option {unknown[0][:40]!r}. It knows {', '.join(own) or 'none'}.")
    return options


def refusal(reader: Reader, path: Path) -> str:
    """Return why a shared server does not open such a file, and the line to type instead."""
    return (
        f"{reader.title} files run code when they are read, so they are opened only on your own machine. Type there: "
        f"vae check {path.name[:80]} --allow-code"
    )
