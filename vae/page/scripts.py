"""The browser's code below `ui/`, put together to one module, and the bytes that Python hands to it.

It is read as text and never imported: this package knows no interface.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.page import palette
from vae.page.comments import without_comments
from vae.spec import json_text

IMPORT = re.compile(r'^import\s[^;]*?from\s+"([^"]+)";\n', re.MULTILINE)
DEFAULT = re.compile(r"^export default [^\n]*;\n", re.MULTILINE)


def _interface() -> Path:
    """Return the folder `ui`: of the checkout, or of the package that is installed beside this one."""
    root = Path(__file__).resolve().parents[2]
    installed = root / "latent_explorer" / "ui"
    return installed if installed.is_dir() else root / "ui"


UI = _interface()


def text(name: str) -> str:
    """Return a file below `ui/`, such as "explore/explorer.css"."""
    return (UI / name).read_text()


def styles(*names: str) -> str:
    """Return style sheets below `ui/` as one, with the palette's colours before them."""
    return "".join([palette.css(), *map(text, names)])


def files(name: str) -> list[Path]:
    """Return a script below `ui/` and all that it imports, each once and after what it imports itself."""
    found: dict[Path, None] = {}

    def visit(path: Path) -> None:
        for neighbour in IMPORT.findall(path.read_text()):
            if (other := (path.parent / neighbour).resolve()) not in found:
                visit(other)
        found[path] = None

    visit(UI / name)
    return list(found)


def source(*names: str) -> str:
    """Return scripts below `ui/` and all that they import as one module, without comments.

    Inline modules cannot import files. Only the last script keeps its default export: a module has one.
    """
    paths = list(dict.fromkeys(path for name in names for path in files(name)))
    parts = [without_comments(IMPORT.sub("", path.read_text())) for path in paths]
    return "".join([*(DEFAULT.sub("", part) for part in parts[:-1]), parts[-1]])


def pack(header: Mapping[str, Any], sections: Mapping[str, bytes]) -> bytes:
    """Return a header's length (4 bytes, little-endian), the header as JSON, then the sections at multiples of 8 bytes.

    The header gains `sections`: name -> [offset from the first section, length]. What is not finite in it becomes null.
    """
    places, offset = {}, 0
    for name, content in sections.items():
        places[name] = [offset, len(content)]
        offset += -(-len(content) // 8) * 8
    text = json_text.dumps({**header, "sections": places}, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % 8)
    body = b"".join(content + bytes(-len(content) % 8) for content in sections.values())
    return len(text).to_bytes(4, "little") + text + body
