"""docs/opening-models.md names every reader and every model of the tests, as scripts/opening_models.py writes it."""

import importlib.util
from pathlib import Path

import foreign

from vae.model.operators import OPERATORS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "opening-models.md").read_text()


def script():
    spec = importlib.util.spec_from_file_location("opening_models", ROOT / "scripts" / "opening_models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(title):
    """Return the rows of the table under a title, by model."""
    rows = [line for line in TEXT.partition(f"{title}\n")[2].partition("\n## ")[0].splitlines() if line[:2] == "| "]
    return {row.split("|")[1].strip(): row for row in rows[1:]}


def test_the_table_of_readers_is_the_readers():
    assert script().readers() in TEXT
    assert f"allow-list of {len(OPERATORS)}\noperators" in TEXT


def test_every_model_of_the_tests_was_opened():
    """Each but the pickled one is within the limit, or the document says how far off it is."""
    rows = [line for line in TEXT.partition("## Measured")[2].splitlines() if line.startswith("| ")][1:]
    assert [row.split("|")[1].strip() for row in rows] == [n for n in foreign.names() if "pickles" not in n]
    assert all("within 1e-05" in row for row in rows)


def test_every_model_was_read_as_its_maker_says_or_asked_about():
    """Each is in the table; nothing was found otherwise without a question, and every check has an end."""
    cells = table("## Found")
    assert list(cells) == foreign.names()
    assert not [name for name, row in cells.items() if "wrong" in row]
    ended = [name for name, row in cells.items() if row.rstrip(" |").endswith(("passed", "problems found"))]
    assert ended == [name for name in foreign.names() if "pickles" not in name]


def test_every_model_was_opened_in_chromium_or_refused_as_code():
    """Those that run code are refused with the line to type; all others decode on the map and on the page from disk."""
    cells = table("## In Chromium")
    assert list(cells) == foreign.names()
    assert [name for name, row in cells.items() if "refused, with the line" in row] == list(foreign.CODE)
    assert all(row.count("3 pictures at 3 points") == 2 for name, row in cells.items() if name not in foreign.CODE)
