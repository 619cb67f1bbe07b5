"""Write the table of docs/opening-models.md under "Found": each model of tests/foreign, opened by page and shell.

Run from the project's root, with LATENT_DATA as the folder that holds MNIST: python scripts/opening_conventions.py.
Names of models make the rows of these alone. Each row is written as soon as it is known.
"""

import io
import json
import os
import re
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

import foreign  # noqa: E402
import numpy as np  # noqa: E402

from vae import cli, data  # noqa: E402
from vae.data import DataError  # noqa: E402
from vae.opened import brought_model  # noqa: E402

DOCUMENT = ROOT / "docs" / "opening-models.md"
TITLE = "## Found"
HEAD = (
    "| model | found as in its fixture | asks to confirm | β | page | `vae check` |",
    "|---|---|---|---|---|---|",
)
IMAGES = 1000
RANGES = {"[0, 1]": "unit", "[-1, 1]": "symmetric", "[0, 255]": "bytes"}
LIKELIHOODS = {"Bernoulli": "bernoulli", "Normal": "normal", "mse": "normal"}


def write_data(folder: Path) -> dict[str, Path]:
    """Write the data that the models were made with as .npz, by kind."""
    mnist, digits = data.load("mnist", "train", n=IMAGES), data.load("digits", "train")
    tint = np.random.default_rng(0).uniform(0.3, 1, (IMAGES, 3, 1, 1))
    padded = np.pad(mnist.images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    files = {
        "grey": (mnist.images, mnist.labels),
        "tinted": (np.round(padded * tint).astype(np.uint8), mnist.labels),
        "digits": (digits.images, digits.labels),
    }
    for name, (images, labels) in files.items():
        np.savez(folder / f"{name}.npz", images=images, labels=labels)
    return {name: folder / f"{name}.npz" for name in files}


def data_of(facts: dict[str, Any]) -> str:
    """Return the kind of data that a fixture was made with."""
    shape = facts["input"]["shape"]
    return "digits" if shape[-1] in (8, 64) else "tinted" if shape[0] == 3 else "grey"


def expected(facts: dict[str, Any], reading: str | None) -> dict[str, str]:
    """Return the conventions of a fixture as this program names them."""
    found = {
        "input": RANGES.get(json.dumps(facts["input"]["range"]), "standardised"),
        "likelihood": LIKELIHOODS[facts["likelihood"].split()[0].rstrip(",")],
    }
    if "logits" in facts["decoder"]:
        found["output"] = "logits"
    elif "standardised" in facts["decoder"]:
        found["output"] = "standardised"
    elif "[-1, 1]" in facts["decoder"]:
        found["output"] = "symmetric"
    else:
        found["output"] = "unit"
    return found | ({"second": reading} if reading is not None else {})


def by_page(fixture: foreign.Fixture, file: Path, root: Path) -> tuple[str, dict[str, Any]]:
    """Return how the page opens a model, in a word, and what it found."""
    files = [path for path in fixture.path.iterdir() if path.is_file() and path.suffix in SUFFIXES]
    made = brought_model.bring([(path.name, path.read_bytes()) for path in files], root)
    asked = {"file": str(file), "chosen": {}}
    try:
        work = made.look(asked, {}, {})
        wait(work)
        found = work.value
        opened = made.open(
            f"{fixture.name}-page", asked, {"title": fixture.name, "owner": ""}, {}, {}, lambda more: None
        )
        wait(opened)
    except DataError as error:
        return ("refused, with the line to type" if "--allow-code" in str(error) else f"refused: {error}"), {}
    finally:
        made.forget()
    return "opened", {one["name"]: one for one in found["found"]}


SUFFIXES = (".onnx", ".data", ".pth", ".pt", ".pt2", ".json", ".safetensors", ".pkl")


def wait(work: Any) -> None:
    """Wait for a piece of work in the background; raises DataError with its error."""
    import time

    while not work.done:
        time.sleep(0.05)
    if work.error:
        raise DataError(work.error)


def by_shell(fixture: foreign.Fixture, file: Path, out: Path) -> tuple[str, dict[str, Any]]:
    """Return the exit status of `vae check` in words, and what it found; an option that it asks for is then given."""
    words = ["check", str(fixture.path), "--data", str(file), "--name", f"{fixture.name}-shell", "--out", str(out)]
    if fixture.name in foreign.CODE:
        words.append("--allow-code")
    status, text = checked(words, out)
    asked = sorted(set(re.findall(r"--([a-z]+)", text))) if status == 2 else []
    told = expected(fixture.facts, fixture.reading)
    if asked and set(asked) <= set(told):
        status, text = checked([*words, *(word for one in asked for word in (f"--{one}", told[one]))], out)
    before = f"asks for {', '.join(f'`--{one}`' for one in asked)}; then " if asked else ""
    if status == 2:
        return f"{before}refused: {text[:80]}", {}
    content = json.loads((out / "report.json").read_text())
    assert (out / "report.html").is_file()
    return before + {0: "passed", 1: "problems found"}[status], content["detected"]


def checked(words: list[str], out: Path) -> tuple[int, str]:
    """Return the exit status of a command, and the error that it printed."""
    (out / "report.json").unlink(missing_ok=True)
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        status = cli.main(words)
    return status, said.getvalue().strip().splitlines()[-1].removeprefix("error: ") if status == 2 else ""


def row(name: str, files: dict[str, Path], root: Path, out: Path) -> str:
    """Return the row of one model."""
    fixture = foreign.load(name)
    file = files[data_of(fixture.facts)]
    page, seen = by_page(fixture, file, root)
    shell, detected = by_shell(fixture, file, out)
    found = seen or detected
    right, asked = [], []
    for what, value in expected(fixture.facts, fixture.reading).items():
        one = found.get(what)
        if one is None:
            continue
        if one["value"] == value:
            right.append(what)
        if one.get("ask", one.get("asked")):
            asked.append(what if one["value"] == value else f"**{what}**")
        elif one["value"] != value:
            right.append(f"**{what} wrong**")
    beta = found.get("beta", {}).get("value", "–")
    return f"| {name} | {', '.join(right) or '–'} | {', '.join(asked) or '–'} | {beta} | {page} | {shell} |"


def merge(title: str, head: tuple[str, ...], rows: dict[str, str]) -> None:
    """Write rows, by model, into the document's table under a title; the rows of other models stay."""
    text = DOCUMENT.read_text()
    place = re.compile(rf"({title}\n\n)((?:\|.*\n)*)")
    old = {line.split("|")[1].strip(): line for line in place.search(text).group(2).splitlines()[len(head) :]}
    merged = old | rows
    table = [*head, *(merged[name] for name in sorted(merged) if name in foreign.names())]
    DOCUMENT.write_text(place.sub(lambda found: found.group(1) + "".join(f"{line}\n" for line in table), text))


def main(names: list[str]) -> None:
    """Open the models and write their rows."""
    with tempfile.TemporaryDirectory() as place:
        root, out = Path(place), Path(place) / "out"
        files = write_data(root)
        os.environ["LATENT_DATA"] = str(root)
        out.mkdir()
        for name in names:
            made = row(name, files, root, out)
            print(made, flush=True)
            merge(TITLE, HEAD, {name: made})


if __name__ == "__main__":
    main(sys.argv[1:] or foreign.names())
