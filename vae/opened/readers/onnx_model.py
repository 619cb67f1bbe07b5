"""ONNX models: an encoder and a decoder, one file with several outputs, one file from x to its reconstruction."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vae.model.operators import GraphError
from vae.opened import files, onnx_file, onnx_weights
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.graph import Graph
from vae.opened.one_graph import of_one
from vae.opened.two_graphs import PARTS, of_two, role
from vae.spec.layers import NetworkError


def recognises(path: Path) -> bool:
    """Return whether a path is an ONNX file or a folder that holds one."""
    return bool(_models(path))


def _models(path: Path) -> list[Path]:
    found = files.listing(path) if path.is_dir() else [path]
    return [file for file in found if file.is_file() and (file.suffix.lower() == ".onnx" or _looks_like_onnx(file))]


def _looks_like_onnx(path: Path) -> bool:
    """Return whether a file begins as an ONNX model does: the field of the IR version, then the producer or graph."""
    try:
        with open(path, "rb") as file:
            start = file.read(3)
    except OSError:
        return False
    return len(start) == 3 and start[0] == 0x08 and 3 <= start[1] <= 20 and start[2] in (0x12, 0x1A, 0x3A, 0x42, 0x22)


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return an ONNX model; raises OpenError."""
    found = _models(path)
    if not path.is_dir() and (other := partner(path)) is not None:
        found = [path, other]
    if len(found) > 2 and sorted(filter(None, map(role, found))) == sorted(PARTS[0]):
        found = [file for file in found if role(file)]  # beside a file of the whole model
    if len(found) > 2:
        names = ", ".join(file.name for file in found)
        raise OpenError(f"Here are {len(found)} ONNX files: {names[:200]}. Open the encoder and the decoder alone.")
    graphs = {file: onnx_file.read(_content(file), onnx_weights.beside(file.parent)) for file in found}
    about = next(iter(graphs.values())).about
    return replace(of_graphs(graphs, options), origin={"files": [file.name for file in found], **about})


def of_graphs(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> Foreign:
    """Return the model of one graph or of two, by the files that they come from; raises OpenError."""
    try:
        return of_two(graphs, options) if len(graphs) == 2 else of_one(next(iter(graphs.values())), options)
    except (GraphError, NetworkError) as error:
        text = str(error)
        why = text[:1].upper() + text[1:].rstrip(".") + "."
        raise OpenError(f"This model cannot be run here. {why}") from error


def _content(path: Path) -> bytes:
    if path.stat().st_size > onnx_file.LARGEST_FILE:
        raise OpenError("This ONNX file is larger than 2 GB. Export its weights as external data.")
    return path.read_bytes()


def partner(path: Path) -> Path | None:
    """Return the decoder beside an encoder's file, or the encoder beside a decoder's, by their names."""
    for pair in PARTS:
        for one, other in (pair, pair[::-1]):
            if one in path.name.lower():
                name = path.name.lower().replace(one, other)
                return next(
                    (f for f in path.parent.glob(f"*{path.suffix}") if f.name.lower() == name and f != path), None
                )
    return None
