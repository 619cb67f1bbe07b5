"""Write the tables of docs/opening-models.md: the readers, and the models of tests/foreign, opened and compared."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

import foreign  # noqa: E402

from vae.model.operators import OPERATORS  # noqa: E402
from vae.opened import opening  # noqa: E402
from vae.opened.errors import OpenError  # noqa: E402
from vae.opened.table import READERS  # noqa: E402

DOCUMENT = ROOT / "docs" / "opening-models.md"
LIMIT = 1e-5


def readers() -> str:
    """Return the table of readers."""
    rows = [
        f"| {reader.title} | {reader.sentence} | {'anywhere' if reader.safe else 'locally'} | {reader.extra} |"
        for reader in READERS.values()
    ]
    return "\n".join(["| kind | what it is | opened | extra |", "|---|---|---|---|", *rows])


def row(name: str) -> str:
    """Return the row of one model: its reader, its decoder, and whether its numbers are those of its own library."""
    fixture = foreign.load(name)
    options = {"shape": fixture.facts["input"]["shape"]} if name == "torchscript" else {}
    local = name in foreign.CODE
    try:
        made = opening.read(fixture.path, options, allow_code=local)
    except OpenError as error:
        return f"| {name} | {fixture.facts['kind']} | refused: {str(error).split('. ')[0]} | | |"
    codes = made.encode(fixture.tensor("x").reshape(-1, *made.shape))
    pairs = [(codes["mean"], fixture.reference["mu"]), (made.decode(fixture.tensor("z")), fixture.reference["decoded"])]
    if codes["second"] is not None and fixture.second is not None:
        pairs.append((codes["second"], fixture.second))
    worst = max(foreign.distance(found, expected) for found, expected in pairs)
    where = "browser" if made.in_browser else "worker"
    verdict = f"within {LIMIT:.0e}" if worst < LIMIT else f"off by {worst:.1e}"
    reader = READERS[made.kind].title + (", locally" if local else "")
    return f"| {name} | {reader} | {made.second or 'none'} | {where} | {verdict} |"


def models() -> str:
    """Return the table of the models."""
    head = ["| model | read as | second head | decodes in | codes, second head, decodes |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row(name) for name in foreign.names() if name != "pythae-vae-custom-pickles")])


def filled(text: str) -> str:
    """Return the document with its tables and numbers as they are now."""
    for title, table in (("## What is read", readers()), ("## Measured", models())):
        text = re.sub(rf"({title}\n\n)(?:\|.*\n)*", lambda found, table=table: f"{found.group(1)}{table}\n", text)
    return re.sub(r"allow-list of \d+\noperators", f"allow-list of {len(OPERATORS)}\noperators", text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text()))
