"""Pickled networks, on the user's own machine: reading a pickle runs what is in it."""

import pickle
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vae.opened import calls, tensors
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign

KIND = "pickled"
SUFFIXES = (".pkl", ".pickle", ".joblib")


def recognises(path: Path) -> bool:
    """Return whether a path is a pickle, a file of torch.save, or a folder of pythae with networks of its own."""
    if path.is_dir():
        return (path / "encoder.pkl").is_file() and (path / "decoder.pkl").is_file()
    return path.suffix.lower() in SUFFIXES or tensors.is_saved_by_torch(path)


class Pair:
    """An encoder and a decoder as one model."""

    def __init__(self, encoder: Any, decoder: Any, shape: Any) -> None:
        self.encoder, self.decoder = encoder, decoder
        if shape is not None:
            self.shape = tuple(shape)


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the model of a pickle; raises OpenError, with the pip line of a package that it needs."""
    if path.is_dir():
        thing: Any = _pythae(path)
        found = ["encoder.pkl", "decoder.pkl"]
    else:
        thing, found = _network(_unpickled(path), path), [path.name]
    return replace(calls.wrapped(thing, options, KIND), origin={"files": found})


def _network(content: Any, path: Path) -> Any:
    """Return the network of a pickle: itself, or what a checkpoint holds under a usual name."""
    for name in ("model", "network", "net", "vae"):
        if isinstance(content, Mapping) and not isinstance(content.get(name, {}), Mapping):
            return content[name]
    if isinstance(content, Mapping):
        raise OpenError(f"{path.name[:80]} holds weights without their network. Open it without --allow-code.")
    return content


def _unpickled(path: Path) -> Any:
    sys.path.insert(0, str(path.resolve().parent))  # where the classes of a script beside it are
    try:
        if tensors.is_saved_by_torch(path):
            return torch.load(path, map_location="cpu", weights_only=False)
        with open(path, "rb") as file:
            return pickle.load(file)
    except ModuleNotFoundError as error:
        raise OpenError(f"{path.name[:80]} needs the package {error.name}. Type: pip install {error.name}") from error
    except Exception as error:  # a pickle raises what it wants
        raise OpenError(f"{path.name[:80]} cannot be unpickled here: {error}. Export the model as ONNX.") from error
    finally:
        sys.path.pop(0)


def _pythae(path: Path) -> Pair:
    """Return the networks of a pythae folder with its weights."""
    weights, _ = tensors.load(path / "model.pt")
    config = tensors.read_json(path / "model_config.json") if (path / "model_config.json").is_file() else {}
    made = []
    for role in ("encoder", "decoder"):
        network = _unpickled(path / f"{role}.pkl")
        if not isinstance(network, nn.Module):
            raise OpenError(f"{role}.pkl holds no network, but {type(network).__name__}.")
        own = {n.removeprefix(f"{role}."): torch.from_numpy(v) for n, v in weights.items() if n.startswith(f"{role}.")}
        network.load_state_dict(own, strict=False)
        made.append(network.eval())
    encoder, decoder = made
    return Pair(encoder, decoder, config.get("input_dim"))
