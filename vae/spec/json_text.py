"""Read JSON text from anywhere: whatever is wrong with it is a ValueError with the reason. Write what all can read."""

import json
import math
from collections.abc import Mapping
from typing import Any

DEPTH = "it is nested too deeply"
HALF = "it holds half of a character's pair of surrogates"


def loads(text: str | bytes) -> Any:
    """Return the content of a JSON text; raises ValueError, also for what json refuses with other errors or accepts.

    The NaN and Infinity of older files, which JSON does not have, are read as null. A lone surrogate, which JSON can
    escape, cannot be written as UTF-8, neither to a file nor to a browser.
    """
    try:
        content = json.loads(text, parse_constant=_null)
    except RecursionError:
        raise ValueError(DEPTH) from None
    escaped = b"\\ud" if isinstance(text, bytes) else "\\ud"
    if escaped in text.lower():  # type: ignore[operator]  # both are of the same type
        try:
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError(HALF) from None
    return content


def _null(constant: str) -> None:
    """Return null in place of NaN and Infinity."""


def dumps(content: Any, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """Return JSON text; JSON has no NaN and no infinity, so numbers that are not finite become null."""
    return json.dumps(_finite(content), indent=indent, separators=separators, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
