"""Programs of torch.export (.pt2), on the user's own machine: reading one unpickles what is in it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vae.opened import exported, files
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.graph import Graph
from vae.opened.readers import onnx_model

KIND = "exported"


def recognises(path: Path) -> bool:
    """Return whether a path is a program of torch.export, or a folder that holds one or two."""
    return 0 < len(_files(path)) <= 2


def _files(path: Path) -> list[Path]:
    found = files.listing(path) if path.is_dir() else [path]
    return [file for file in found if files.has_entries(file, "archive_format")]


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the model of one or two programs; raises OpenError."""
    found = _files(path)
    if not path.is_dir() and (other := onnx_model.partner(path)) is not None and _files(other):
        found = [path, other]
    made = onnx_model.of_graphs({file: _graph(file) for file in found}, options)
    return replace(made, kind=KIND, origin={"files": [file.name for file in found]})


def _graph(file: Path) -> Graph:
    try:
        program = torch.export.load(str(file))
        module = program.module()
        names = program.graph_signature.user_inputs
        (value,) = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
        sizes = [n if isinstance(n, int) else 2 for n in value.shape]  # a fixed batch is opened like that of any graph
        return exported.graph(exported.Call(module, []), torch.rand(sizes))
    except Exception as error:  # torch raises whatever the file makes it raise
        text = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise OpenError(f"{file.name[:80]} is no program of torch.export that can be opened: {text}.") from error
