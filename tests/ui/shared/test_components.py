"""Components are files put together to one module: what two of them declare under one name breaks the whole."""

import re
from collections import Counter

import pytest
from packed import unpack
from streamlit.config import get_options_for_section

from ui.shared import components

PAGE = components.UI / "page" / "page.js"  # a module of a file that opens from disk: it exports nothing
SCRIPTS = sorted({PAGE, *(path for path in components.UI.rglob("*.js") if "export default" in path.read_text())})

DECLARED = re.compile(r"^(?:export\s+)?(?:async\s+)?(?:default\s+)?(?:const|let|var|class|function\*?)\s+(\w+)", re.M)
UNPACKED = re.compile(r"^(?:const|let)\s+[\[{]([^\]}]*)[\]}]\s*=", re.M)


def test_what_is_packed_is_json_that_a_browser_reads():
    """JavaScript reads no NaN and no Infinity."""
    packed = components.pack({"value": float("nan"), "all": [1.5, float("-inf")]}, {"bytes": b"123"})
    assert b"NaN" not in packed and b"Infinity" not in packed
    header, sections = unpack(packed)
    assert (header["value"], header["all"], sections["bytes"]) == (None, [1.5, None], b"123")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_no_name_is_declared_twice(script):
    text = components.source(str(script.relative_to(components.UI)))
    names = Counter(DECLARED.findall(text))
    for group in UNPACKED.findall(text):
        names.update(part.split(":")[-1].strip() for part in group.split(","))
    assert [name for name, count in names.items() if count > 1] == []
    assert text.count("export default") == (script != PAGE)


def test_source_holds_every_imported_file_once():
    """Imports are taken out, so each imported file has to be among those that are put together, before its reader."""
    for script in SCRIPTS:
        found = components.files(str(script.relative_to(components.UI)))
        for k, path in enumerate(found):
            text = path.read_text()
            assert not any(" as " in found[0] for found in components.IMPORT.finditer(text)), "names stay as they are"
            for neighbour in components.IMPORT.findall(text):
                assert (path.parent / neighbour).resolve() in found[:k], f"{path.name} comes before {neighbour}"
        assert len(set(found)) == len(found)
        assert "import " not in {line[:7] for line in components.source(str(script)).splitlines()}


def test_colours_of_the_theme_are_streamlits():
    """A variable of another name has no value, and what falls back on white is seen on a dark page only."""
    options = {
        re.sub("[A-Z]", lambda capital: f"-{capital[0].lower()}", name) for name in get_options_for_section("theme")
    }
    files = [path for kind in ("*.js", "*.css") for path in components.UI.rglob(kind)]
    used = {name for path in files for name in re.findall(r"--st-([a-z-]+)", path.read_text())}
    assert used and used <= options
