"""Files that are packed once, served packed, and kept by the browser for ever: their names stand for their content."""

import gzip
from pathlib import Path

from starlette.responses import FileResponse

from vae.data import data_root
from vae.runs import files

HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Encoding": "gzip",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


def folder(name: str) -> Path:
    """Return the folder of packed files of that name, which can be emptied at any time."""
    return data_root() / "cache" / name


def write(path: Path, content: bytes, level: int) -> None:
    """Pack content into a file; raises OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, gzip.compress(content, level, mtime=0), durable=False)


def answer(path: Path, media_type: str) -> FileResponse:
    """Return a packed file as the server's answer."""
    return FileResponse(path, media_type=media_type, headers=HEADERS)
