"""Read a run's JSON files, and write atomically: after a kill at any moment, the last complete version is there."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.spec import json_text

LARGEST_JSON = 64 * 2**20  # bytes; the largest that this program writes are far below


def write(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """Replace a file atomically: write to a temporary name in the same folder, flush to disk, rename.

    `durable` False omits the flush: a complete file remains after a kill, but a power cut can restore the previous one.
    """
    # the operating system's id of this thread, unique among all processes: two visitors of a server may write requests
    # to the same run at the same time
    temporary = path.with_name(f".{path.name}.{threading.get_native_id()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file atomically; numbers that are not finite become null."""
    write(path, json_text.dumps(content, indent=2) + "\n")


def read_small(path: Path) -> bytes:
    """Return a file's content; raises OSError, and ValueError for a file that is too large for JSON."""
    with open(path, "rb") as file:
        content = file.read(LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise ValueError(f"it is larger than {LARGEST_JSON // 2**20} MB")
    return content


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raises OSError for a file that cannot be read, ValueError for its content."""
    return json_text.loads(read_small(path))
