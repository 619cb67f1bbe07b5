"""What Streamlit components are made of: inline modules, and the bytes that Python sends them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def text(name: str) -> str:
    """Return a file of this folder."""
    return (HERE / name).read_text()


def source(*names: str) -> str:
    """Return JavaScript files of this folder as one module: inline modules cannot import their neighbours."""
    lines = "".join(text(name) for name in names).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("import "))


def pack(header: Mapping[str, Any], sections: Mapping[str, bytes]) -> bytes:
    """Return a header's length (4 bytes, little-endian), the header as JSON, then the sections at multiples of 8 bytes.

    The header gains `sections`: name -> [offset from the first section, length].
    """
    places, offset = {}, 0
    for name, content in sections.items():
        places[name] = [offset, len(content)]
        offset += -(-len(content) // 8) * 8
    text = json.dumps({**header, "sections": places}, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % 8)
    body = b"".join(content + bytes(-len(content) % 8) for content in sections.values())
    return len(text).to_bytes(4, "little") + text + body
