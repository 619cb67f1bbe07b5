"""One file packed by gzip: it is unpacked into the scratch folder, and read as what it is."""

from pathlib import Path

from vae.data.own.reader import Chosen, Reader, unzipped


def _read(path: Path, scratch: Path, chosen: Chosen) -> Path:
    return unzipped(path, scratch)


GZIP = Reader("gzip", (".gz", ".tgz"), lambda path, head: head.startswith(b"\x1f\x8b"), _read)
