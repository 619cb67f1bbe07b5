"""What a file is, by its content first; a suffix decides nothing that the content contradicts."""

from pathlib import Path

from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader, head
from vae.data.own.readers import READERS

DEEPEST = 4  # archives in archives
RUNS_CODE = {
    b"\x80\x02": "a pickle", b"\x80\x03": "a pickle", b"\x80\x04": "a pickle", b"\x80\x05": "a pickle"
}  # fmt: skip


def recognise(path: Path) -> Reader:
    """Return the reader of a file or folder; raises OwnDataError for what none reads."""
    if not path.exists():
        raise OwnDataError(f"There is no {path}. Give a file or a folder that is there.")
    first = head(path)
    if path.is_file() and not first:
        raise OwnDataError(f"{path.name} is empty. Save it again.")
    for start, kind in RUNS_CODE.items():
        if first.startswith(start):
            raise OwnDataError(
                f"{path.name} is {kind}: reading it could run any code. Save the numbers with `np.savez(file, "
                "images=…, labels=…)` and open that file."
            )
    for reader in READERS.values():
        if reader.recognises(path, first):
            return reader
    known = ", ".join(dict.fromkeys(suffix for reader in READERS.values() for suffix in reader.suffixes[:2]))
    raise OwnDataError(f"{path.name} is none of the files that are read here ({known}). Save the data as one of them.")


def read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    """Return a file's content under corrections; raises OwnDataError. What is packed is unpacked and read."""
    for depth in range(DEEPEST):
        reader = recognise(path)
        reader.require()
        place = scratch / f"{depth}"
        place.mkdir()
        found = reader.read(path, place, chosen)
        if isinstance(found, Content):
            return found
        path = found
    raise OwnDataError(f"{path.name} is packed more than {DEEPEST} times. Unpack it yourself.")
