"""What page Open asks of a model that somebody brought, as functions from JSON to JSON that run in the sandbox.

`data` is {} for none, {"name": a dataset}, or {"file": a path, "chosen": corrections of how it is read}.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vae.data.dataset import DataError
from vae.data.own.keep import silent
from vae.data.sandbox import Report
from vae.model.operators import GraphError
from vae.opened import brought_data, making, missing, report_html
from vae.opened.conventions import EXAMPLES, Conventions
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Foreign
from vae.opened.table import READERS
from vae.opened.to_run import NO_DATA, copy_run, detected, read, reconstructions, write_codes
from vae.runs import RunError
from vae.spec import SpecError
from vae.spec.layers import NetworkError

SHOWN = 5
MOST_NUMBERS = 512  # of a row that are shown
STEPS = 4


def look(
    model: str,
    scratch: str,
    root: str,
    data: Mapping[str, Any],
    answers: Mapping[str, Any],
    options: Mapping[str, Any],
    progress: Report = silent,
) -> dict[str, Any]:
    """Return what a model is: its facts, `found` with margins and choices, examples and how it redraws them.

    A model whose file leaves a choice gives {"choice": {option, candidates, text}} instead. `scratch` is a folder to
    write into, `root` the data folder. Raises DataError.
    """
    os.environ["LATENT_DATA"] = root
    began = time.monotonic()
    try:
        progress("reading the data", 1, STEPS)
        given = _examples(data, scratch)
        shape = None if given is None else given[0].shape[1:]
        with tempfile.TemporaryDirectory(dir=scratch) as unpacked:
            progress("reading the model", 2, STEPS)
            foreign = read(Path(model), options, shape, unpacked=Path(unpacked))
            if foreign.run is not None or foreign.codes is not None:
                about = {"found": [], "run": True, "missing": [] if foreign.run is not None else [missing.MODEL]}
                return facts(foreign) | about | {"seconds": time.monotonic() - began}
        progress("finding out how to read it", 3, STEPS)
        found = _detected(foreign, given, answers)
        made = facts(foreign) | {"found": [one.to_json() for one in found.found], "run": False}
        made |= _pictures(found, foreign, given)
        made["missing"] = making.lacking(foreign, found, given is not None)
        return made | {"seconds": time.monotonic() - began}
    except ChoiceNeededError as error:
        return {"choice": {"option": error.option, "candidates": list(error.candidates), "text": str(error)}}
    except (OpenError, GraphError, NetworkError, SpecError, RunError) as error:
        raise DataError(str(error)) from error


def _examples(data: Mapping[str, Any], scratch: str) -> brought_data.Examples | None:
    if "file" in data:
        with tempfile.TemporaryDirectory(dir=scratch) as place:
            return brought_data.examples_of_file(Path(data["file"]), Path(place), EXAMPLES, data.get("chosen", {}))
    return brought_data.examples(data["name"], EXAMPLES) if data.get("name") else None


def _detected(foreign: Foreign, given: brought_data.Examples | None, answers: Mapping[str, Any]) -> Conventions:
    """Return the conventions; answers that belong to other data, and that these cannot have, are left out."""
    try:
        return detected(foreign, given, answers)
    except OpenError:
        if not answers:
            raise
        return detected(foreign, given, {})


def facts(foreign: Foreign) -> dict[str, Any]:
    """Return what a reader says of a model."""
    networks = [network for network in (foreign.encoder, foreign.decoder) if network is not None]
    return {
        "kind": foreign.kind,
        "title": READERS[foreign.kind].title if foreign.kind in READERS else foreign.kind,
        "latents": foreign.d,
        "shape": list(foreign.shape),
        "parameters": sum(network.parameters for network in networks),
        "in_browser": foreign.in_browser,
        "notes": list(foreign.notes),
        "candidates": {
            name: [{"name": one.name, "shape": list(one.shape)} for one in several]
            for name, several in foreign.candidates.items()
        },
    }


def _pictures(found: Conventions, foreign: Foreign, given: brought_data.Examples | None) -> dict[str, Any]:
    """Return examples and their reconstructions: images as PNG, rows as numbers; and how close they are."""
    pair = [] if given is None else reconstructions(found, foreign, _spread(given[0]))
    image = len(found.own) == 3 and found.own[0] in (1, 3)
    shown = [
        [report_html.data_url(x) if image else np.nan_to_num(x).reshape(-1)[:MOST_NUMBERS].tolist() for x in part]
        for part in pair
    ]
    return {
        "image": image,
        "originals": shown[0] if shown else [],
        "redrawn": shown[1] if shown else [],
        "error": found.error,
        "variance": found.variance,
    }


def _spread(x: Any) -> Any:
    return x[np.linspace(0, len(x) - 1, min(SHOWN, len(x))).astype(int)]


def make(
    model: str,
    root: str,
    folder: str,
    data: str,
    about: Mapping[str, Any],
    answers: Mapping[str, Any],
    options: Mapping[str, Any],
    progress: Report = silent,
) -> dict[str, Any]:
    """Write the run folder of a model on the dataset `data`, "" for none, into an empty folder, for the map.

    `about` has title and owner. Raises DataError.
    """
    os.environ["LATENT_DATA"] = root
    try:
        progress("reading the data", 1, STEPS)
        given = brought_data.examples(data, EXAMPLES) if data else None
        shape = None if given is None else given[0].shape[1:]
        with tempfile.TemporaryDirectory(dir=Path(folder).parent) as unpacked:
            foreign = read(Path(model), options, shape, unpacked=Path(unpacked))
            if foreign.run is not None:
                copy_run(foreign.run, Path(folder), Path(model).name, about)
                return {"kind": foreign.kind, "missing": []}
            if foreign.codes is not None:
                write_codes(foreign, Path(folder), about)
                return {"kind": foreign.kind, "missing": [missing.MODEL]}
        progress("finding out how to read it", 2, STEPS)
        found = detected(foreign, given, answers)
        progress("drawing the map", 3, STEPS)
        making.write(Path(folder), foreign, found, data or NO_DATA, bool(data), about)
        return {"kind": foreign.kind, "missing": making.lacking(foreign, found, bool(data))}
    except (OpenError, GraphError, NetworkError, SpecError, RunError) as error:
        raise DataError(str(error)) from error


def kept_data(
    file: str, folder: str, about: Mapping[str, Any], chosen: Mapping[str, Any], progress: Report = silent
) -> dict[str, Any]:
    """Keep a file's examples in an empty folder, most of them for looking; return their description."""
    return brought_data.keep_for_looking(file, folder, about, chosen, progress)
