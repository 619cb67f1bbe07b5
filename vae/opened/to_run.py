"""Open a model with data, from files to a run folder: what page, shell and notebook call."""

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data import describe
from vae.opened import abilities, brought_data, conventions, making, opening, without_data
from vae.opened.conventions import EXAMPLES, Conventions
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Foreign
from vae.runs import Run, codes_only, user_runs
from vae.runs.run import RunError
from vae.spec.layer_kinds import Shape

NO_DATA = "no-data"
COPIED = (".json", ".safetensors", ".npz", ".md", ".jsonl")  # what a run is read from; no pickle
AMBIGUOUS = 1.1  # times that the next answer must be worse, or a shell asks for an option
Say = Callable[[float, str], None]


class AmbiguousError(OpenError):
    """Answers whose margins are too thin to go on without an option; `names` are theirs."""

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        super().__init__(text)
        self.names = names


@dataclass(frozen=True)
class Brought:
    """A model, its conventions on the data `data` ("" for none), and the run folder that was made of them."""

    run: Run
    foreign: Foreign
    found: Conventions | None
    data: str
    seconds: Mapping[str, float]


def read(
    path: Path,
    options: Mapping[str, Any] | None = None,
    shape: Shape | None = None,
    *,
    allow_code: bool = False,
    unpacked: Path | None = None,
) -> Foreign:
    """Return the model in a file or folder; where it leaves its input's shape open, it is that of the data's examples.

    Raises OpenError, and ChoiceNeededError for what is still left open.
    """
    if not path.exists() and ":" not in path.name:  # a Python object is named module:name
        raise OpenError(f"There is nothing at {path}. Check the path.")
    given = dict(options or {})
    try:
        return opening.read(path, given, allow_code=allow_code, unpacked=unpacked)
    except ChoiceNeededError as error:
        if error.option != "shape" or shape is None or "shape" in given:
            raise
        if unpacked is not None:
            shutil.rmtree(unpacked)
            unpacked.mkdir()
        return opening.read(path, {**given, "shape": list(shape)}, allow_code=allow_code, unpacked=unpacked)


def wrapped(thing: Any, options: Mapping[str, Any] | None = None, shape: Shape | None = None) -> Foreign:
    """Return a Python object with encode and decode as a model, or codes [N, d] (or a dict of them) without one.

    Raises OpenError, and ChoiceNeededError for the shape of an example that neither object nor data tell.
    """
    from vae.opened import calls
    from vae.opened.readers import codes_file, python_object

    if isinstance(thing, np.ndarray) or (isinstance(thing, Mapping) and "means" in thing):
        return codes_file.of_arrays(thing if isinstance(thing, Mapping) else {"means": thing})
    return calls.wrapped(thing, dict(options or {}), python_object.KIND, shape)


def detected(foreign: Foreign, given: brought_data.Examples | None, answers: Mapping[str, Any]) -> Conventions:
    """Return a model's conventions on examples, or, without any, what its file says of them."""
    if given is None:
        return without_data.stated(foreign, answers)
    x, columns, binary = given
    return conventions.detect(foreign, x, columns, answers, binary)


def bring(
    model: Any,
    given_data: Any = None,
    *,
    name: str = "",
    labels: Any = None,
    answers: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    allow_code: bool = False,
    strict: bool = False,
    decodes: bool = False,
    owner: str = "local",
    say: Say = lambda share, text: None,
) -> Brought:
    """Return a model that was opened with data as a run of this machine: its map is there, nothing else is measured.

    `model` is a path, module:name, or an object that `wrapped` takes. A run of that name that was opened before is
    replaced. `strict`: raise AmbiguousError where an answer is not clear; `decodes`: refuse codes without a model.
    Raises OpenError and DataError.
    """
    began = time.monotonic()
    seconds = {}
    given_path = isinstance(model, str | Path)
    path = Path(model) if given_path else Path(type(model).__name__)
    say(0.05, "reading the data")
    data_name = ""
    if given_data is not None:
        data_name = brought_data.name_of(given_data, labels, **dict(data_options or {}))
    seconds["data"] = time.monotonic() - began
    say(0.25, "reading the model")
    shape = describe(data_name).shape if data_name else None
    with tempfile.TemporaryDirectory(prefix="opened-") as unpacked:
        if given_path:
            foreign = read(path, options, shape, allow_code=allow_code, unpacked=Path(unpacked))
        else:
            foreign = wrapped(model, options, shape)
        seconds["model"] = time.monotonic() - began
        if foreign.run is not None:
            source, name = foreign.run, name or brought_data.run_name(path.stem)
            run = placed(name, lambda folder: copy_run(source, folder, path.name, {"title": name, "owner": owner}))
            return Brought(run, foreign, None, data_name or run.spec.data, seconds)
        if foreign.codes is not None:
            if decodes:
                raise OpenError("These are codes without a model: nothing can be checked. `vae open` shows their map.")
            name = name or brought_data.run_name(path.stem)
            run = placed(name, lambda folder: write_codes(foreign, folder, {"title": name, "owner": owner}))
            return Brought(run, foreign, None, "", seconds)
    say(0.45, "finding out how to read it")
    given = brought_data.examples(data_name, EXAMPLES) if data_name else None
    found = detected(foreign, given, answers or {})
    if strict:
        clear(found)
    seconds["conventions"] = time.monotonic() - began
    say(0.6, "drawing the map")
    name = name or brought_data.run_name(path.stem if path.is_file() else path.name)
    meta = {"title": name, "owner": owner}
    run = placed(
        name,
        lambda folder: making.write(folder, foreign, found, data_name or NO_DATA, bool(data_name), meta),
    )
    seconds["map"] = time.monotonic() - began
    say(1.0, "opened")
    return Brought(run, foreign, found, data_name, seconds)


def clear(found: Conventions) -> None:
    """Raise AmbiguousError for answers that are not clear enough to go on without a word."""
    unclear = [
        one for one in found.asks if one.name != "beta" and (one.margin or 0) < AMBIGUOUS and one.name != "likelihood"
    ]
    if unclear:
        words = "; ".join(
            f"--{one.name} {' or '.join(repr(c) if ' ' in c else c for c in one.choices)}" for one in unclear
        )
        titles = ", ".join(f"{one.title.lower()} ({one.shown})" for one in unclear)
        raise AmbiguousError(
            f"This is not clear: {titles}. Say which: {words}; or --accept.", tuple(one.name for one in unclear)
        )


def placed(name: str, write: Callable[[Path], Run]) -> Run:
    """Return the run `name` that `write` makes in a hidden folder, which appears whole; an opened one is replaced."""
    root = user_runs()
    root.mkdir(parents=True, exist_ok=True)
    target = root / name
    if (target / "spec.json").exists() and "opened" not in Run(target).meta:
        raise RunError(f"There is a run {name} already, which was trained here. Choose another name.")
    place = root / f".opening-{uuid.uuid4().hex}"
    place.mkdir()
    try:
        write(place)
        if target.exists():
            shutil.rmtree(target)
        place.rename(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Run(target)


def copy_run(source: Path, folder: Path, file: str, about: Mapping[str, Any]) -> Run:
    """Write a copy of a run folder into an empty folder, without what could run code; raises RunError."""
    from vae.runs import files

    for part in sorted(source.iterdir()):
        if part.is_file() and not part.is_symlink() and part.suffix in COPIED:
            shutil.copyfile(part, folder / part.name)
    run = Run(folder)
    run.weights()  # says what is wrong with damaged ones
    opened = {"kind": "run", "origin": {"files": [file]}, "notes": [], "found": [], "missing": []}
    files.write_json(folder / "meta.json", {**run.meta, **about, "created": time.time(), "opened": opened})
    if not (folder / "codes.npz").is_file():
        from vae.runs.load import load_model
        from vae.training import finish

        finish.encode(run, load_model(run))
    return Run(folder)


def write_codes(foreign: Foreign, folder: Path, about: Mapping[str, Any]) -> Run:
    """Write codes without a model into an empty folder as a run; raises RunError."""
    assert foreign.codes is not None
    opened = {"kind": foreign.kind, "origin": dict(foreign.origin), "notes": [], "found": [], "missing": []}
    return codes_only.write(folder, {**about, "opened": opened}, **foreign.codes)


def reconstructions(found: Conventions, foreign: Foreign, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return examples [n, *own] and their reconstructions, [] where there is nothing to redraw."""
    if not abilities.takes(foreign) or not abilities.gives(foreign):
        return []
    return [x, found.shown(foreign, x)]
