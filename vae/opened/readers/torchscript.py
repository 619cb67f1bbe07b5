"""TorchScript files, on the user's own machine: their code can write files when it runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vae.opened import calls, exported, files
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Foreign
from vae.opened.readers import onnx_model
from vae.opened.two_graphs import role

KIND = "torchscript"


def recognises(path: Path) -> bool:
    """Return whether a path is a TorchScript archive or a folder that holds one or two."""
    return 0 < len(_files(path)) <= 2


def _files(path: Path) -> list[Path]:
    found = files.listing(path) if path.is_dir() else [path]
    return [file for file in found if files.has_entries(file, "constants.pkl", "code/")]


class _Encode(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Any:
        return self.model.encode(x)


class _Decode(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Any:
        return self.model.decode(x)


class Scripted:
    """A scripted model's two methods as modules of their own, which the exporter can write."""

    def __init__(self, model: Any) -> None:
        self.encoder = torch.jit.script(_Encode(model))
        self.decoder = torch.jit.script(_Decode(model))


def load(path: Path) -> Any:
    """Return a TorchScript module in evaluation mode; raises OpenError."""
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except Exception as error:  # torch raises whatever the file makes it raise
        raise OpenError(f"{path.name[:80]} is no TorchScript file that this torch reads: {_first(error)}.") from error


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return a module with encode and decode, two modules, or one from x to its reconstruction."""
    found = _files(path)
    models = {file: load(file) for file in found}
    only = next(iter(models.values()))
    origin = {"files": [file.name for file in found]}
    if len(models) == 1 and all(hasattr(only, name) for name in ("encode", "decode")):
        return replace(calls.wrapped(_parted(only), options, KIND), origin=origin)
    shape = options.get("shape")
    if shape is None:
        raise ChoiceNeededError(
            "A TorchScript file does not say which shape it takes. Give one example's shape as `shape`.", "shape", ()
        )
    made = onnx_model.of_graphs({file: _graph(model, file, options, shape) for file, model in models.items()}, options)
    return replace(made, kind=KIND, origin=origin)


def _parted(model: Any) -> Any:
    try:
        return Scripted(model)
    except Exception:  # whatever torch cannot script again runs as it is
        return model


def _graph(model: Any, file: Path, options: Mapping[str, Any], shape: Any) -> Any:
    """Return the graph of a module; a decoder of a pair takes the latent, whose size its first weight tells."""
    x = torch.rand(2, *(int(n) for n in shape))
    if role(file) == "decoder":
        first = next((p for p in model.parameters() if p.ndim == 2), None)
        if first is None:
            raise OpenError(f"{file.name[:80]} does not say how many latents it takes. Export the pair as ONNX.")
        x = torch.rand(2, first.shape[1])
    try:
        return exported.graph(model, x)
    except Exception as error:
        raise OpenError(
            f"{file.name[:80]} cannot be written as a graph: {_first(error)}. Export it as ONNX."
        ) from error
