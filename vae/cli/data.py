"""Keep, list, show and remove data of one's own."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from vae import data
from vae.cli.reporting import bar
from vae.data import own
from vae.data.own.adding import look
from vae.data.own.names import suggested

HELP = "keep your own data under a name, and list, show or remove them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    acts = parser.add_subparsers(dest="act", required=True, help="What to do; each has a --help of its own.")
    add = acts.add_parser("add", help="read a file or a folder, and keep it", description=look.__doc__)
    add.add_argument("file", type=Path, help="Images (folder, zip), .npz, .npy, CSV, Parquet, Arrow, idx, .h5, .mat.")
    add.add_argument("--name", default="", help="What --data takes then. (default: the file's name)")
    add.add_argument("--title", default="", help="What lists show. (default: the name)")
    add.add_argument("--seed", type=int, default=0, help="Of the split into train, valid and test. (default: 0)")
    add.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="Correct something that was found, as --dry-run prints it: layout=NHWC, column:age=out.",
    )
    add.add_argument("--dry-run", action="store_true", help="Print what is found, and keep nothing.")
    codes = acts.add_parser("codes", help="keep a model's codes, made elsewhere, as a map without the model")
    codes.add_argument("file", type=Path, help="Arrays named mean, scale or log_variance, and labels: .npz, .h5, .mat.")
    codes.add_argument("--name", default="", help="The run's name. (default: the file's name)")
    codes.add_argument("--title", default="", help="What lists show. (default: the name)")
    listing = acts.add_parser("list", help="list the data that are kept")
    listing.add_argument("--json", action="store_true", help="Print JSON.")
    for name, words in (("show", "print what data are, and how they were made"), ("remove", "delete data")):
        acts.add_parser(name, help=words).add_argument("name", help="Their name.")


def run(given: argparse.Namespace) -> None:
    """Do what was asked; raises DataError."""
    ACTS[given.act](given)


def _add(given: argparse.Namespace) -> None:
    chosen = _corrections(given.set) | {"seed": given.seed}
    if given.dry_run:
        with tempfile.TemporaryDirectory() as scratch:
            _print_found(look(str(given.file), scratch, chosen))
        return
    with bar(f"Reading {given.file.name}") as say:
        made = own.add(
            given.file,
            given.name,
            title=given.title,
            progress=lambda what, done, of: say(done / max(1, of), what),
            **chosen,
        )
    about = made.about
    _print_found(made.meta)
    print(f"Kept as {about.name}: {' × '.join(map(str, about.shape))}, {_sizes(about)}.")
    print(f"Train on it: `python -m vae train vae --data {about.name}`")


def _corrections(words: list[str]) -> dict[str, Any]:
    """Return corrections by name; raises DataError for a word without an equals sign."""
    found = {}
    for word in words:
        name, equals, value = word.rpartition("=") if word.startswith("column:") else word.partition("=")
        if not equals:
            raise data.DataError(f"--set takes NAME=VALUE, such as layout=NHWC, not {word!r}.")
        found[name] = value
    return found


def _print_found(found: dict[str, Any]) -> None:
    for choice in found["found"]:
        unsure = " (please check)" if choice["thin"] else ""
        others = [value for value in choice["choices"] if value != choice["value"]]
        more = f"; or {', '.join(map(repr, others))}" if others else ""
        print(f"{choice['name']}={choice['value']}{unsure}: {choice['reason']}{more}")
    for text in found["conversions"]:
        print(f"- {text}")


def _sizes(about: data.Description) -> str:
    return ", ".join(f"{size:,} {split}" for size, split in zip(about.sizes, data.SPLITS, strict=True))


def _list(given: argparse.Namespace) -> None:
    every = own.every()
    if given.json:
        print(json.dumps([{"name": s.about.name, "shape": s.about.shape, "sizes": s.about.sizes} for s in every]))
    for source in [] if given.json else every:
        print(f"{source.about.name}  {' × '.join(map(str, source.about.shape))}  {_sizes(source.about)}")
    if not every and not given.json:
        print("There are no data of your own yet: `python -m vae data add FILE --name NAME` keeps some.")


def _show(given: argparse.Namespace) -> None:
    source = own.find(given.name)
    if source is None:
        raise data.DataError(f"There are no data “{given.name}” of your own. `python -m vae data list` lists them.")
    print(json.dumps(source.meta, indent=2, ensure_ascii=False))


def _remove(given: argparse.Namespace) -> None:
    own.remove(given.name)
    print(f"Removed {given.name}.")


def _codes(given: argparse.Namespace) -> None:
    from vae.runs import codes_only

    with tempfile.TemporaryDirectory() as scratch:
        found = codes_only.of_file(given.file, Path(scratch))
        name = given.name or suggested(given.file.name)
        made = codes_only.keep(name, found.pop("means"), title=given.title, **found)
    print(f"Kept {len(made.codes):,} codes of {made.spec.latent} numbers as {made.name}: Explore shows their map.")


ACTS = {"add": _add, "codes": _codes, "list": _list, "show": _show, "remove": _remove}
