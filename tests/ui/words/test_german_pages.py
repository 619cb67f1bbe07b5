"""The pages in German: what Python shows on them has no English left."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from page_scripts import start

from ui.shared.navigation import BY_NAME
from ui.words.catalogue import catalogue

# what widgets and elements show, by the fields of Streamlit's messages
SHOWN = {"body", "label", "help", "placeholder", "options", "text", "title", "caption", "content", "format", "value"}
ENGLISH = re.compile(r"\b(the|of|is|are|this|with|which|not|from|each|has|have|by)\b", re.IGNORECASE)
CODE = re.compile(r"`[^`]*`|\$[^$]*\$|<style.*?</style>|<[^>]*>|!?\[[^\]]*\]\([^)]*\)|:material/\w+:", re.DOTALL)
NAMES = re.compile(r"“[^”]*”|„[^“]*“")


def shown(proto: Any) -> Iterator[str]:
    """The texts that a message to the browser shows."""
    for field, value in proto.ListFields():
        for one in value if field.is_repeated else [value]:
            if field.message_type is not None:
                if not field.message_type.GetOptions().map_entry:
                    yield from shown(one)
            elif field.name == "spec":
                yield from written(json.loads(one))
            elif isinstance(one, str) and field.name in SHOWN:
                yield one


def written(chart: Any) -> Iterator[str]:
    """The titles and names in a chart."""
    for name, value in chart.items() if isinstance(chart, dict) else enumerate(chart):
        if isinstance(value, (dict, list)):
            yield from written(value)
        elif isinstance(value, str) and name in ("text", "name", "title"):
            yield value


def blocks(node: Any) -> Iterator[Any]:
    """The messages of a page's elements and containers."""
    if getattr(node, "proto", None) is not None:
        yield node.proto
    for child in getattr(node, "children", {}).values():
        yield from blocks(child)


@pytest.mark.parametrize("mode", ["", "expert"])
@pytest.mark.parametrize("page", BY_NAME)
def test_page_speaks_german(page, mode, data_folder):
    app = start(page, lang="de", model="digits-vae-2d", mode=mode)
    assert not app.exception
    texts = catalogue("de").texts
    # the card is a file of the run, which others read too
    found = [text for proto in blocks(app._tree) for text in shown(proto) if not text.startswith("### digits-vae-2d")]
    assert len(found) > 10
    # names of classes, runs and columns are what they are
    english = [t for t in found if t in texts and texts[t] != t]
    pieces = [CODE.sub(" ", NAMES.sub(" ", t)) for t in found]
    english += [t for t in pieces if len(ENGLISH.findall(t)) > 1]
    assert english == []
