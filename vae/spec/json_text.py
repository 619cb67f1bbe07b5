"""Read JSON text from anywhere: whatever is wrong with it is a ValueError with the reason."""

import json
from typing import Any

DEPTH = "it is nested too deeply"
HALF = "it holds half of a character's pair of surrogates"


def loads(text: str | bytes) -> Any:
    """Return the content of a JSON text; raises ValueError, also for what json refuses with other errors or accepts.

    A lone surrogate, which JSON can escape, cannot be written as UTF-8, neither to a file nor to a browser.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError(DEPTH) from None
    escaped = b"\\ud" if isinstance(text, bytes) else "\\ud"
    if escaped in text.lower():  # type: ignore[operator]  # both are of the same type
        try:
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError(HALF) from None
    return content
