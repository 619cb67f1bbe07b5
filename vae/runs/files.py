"""Writing a file of a run so that a kill at any byte leaves the last good version."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """Replace a file atomically: temporary name in the same folder, flushed to disk, renamed.

    `durable` False spares the flush: a kill still leaves a whole file, a power cut may leave the one before.
    """
    # the system's number of this thread, and no other process's either: two visitors of one server may ask something of
    # the same run at once
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
    """Replace a JSON file atomically."""
    write(path, json.dumps(content, indent=2) + "\n")
