"""Weights by name from a safetensors file or one of torch.save; nothing is unpickled but numbers."""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vae.opened import files
from vae.opened.errors import OpenError
from vae.opened.onnx_weights import plain
from vae.runs import files as run_files
from vae.runs.run import plain_name
from vae.spec.given import MOST_WEIGHTS

Weights = dict[str, np.ndarray]
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how torch.save began a file before its archives
INNER = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "module", "ema", "vae")
UNKNOWN = re.compile(r"GLOBAL ([\w.]{1,200})")  # how torch names a class that it does not load
MOST_INERT = 50
MOST_NAMES = 20_000
LARGEST_HEADER = 8 * 2**20


def is_safetensors(path: Path) -> bool:
    """Return whether a file begins as safetensors do: the length of a JSON header, and the header."""
    try:
        with open(path, "rb") as file:
            start = file.read(9)
    except OSError:
        return False
    return len(start) == 9 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] <= LARGEST_HEADER


def is_saved_by_torch(path: Path) -> bool:
    """Return whether a file is one of torch.save, and neither TorchScript nor torch.export's."""
    try:
        with open(path, "rb") as file:
            if file.read(len(LEGACY)) == LEGACY:
                return True
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[: files.MOST_FILES]
    except files.DAMAGED:
        return False
    parts = {name.partition("/")[2] for name in names}
    return "data.pkl" in parts and "constants.pkl" not in parts


def load(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Return the weights of a file by their plain names, and what else a checkpoint holds; raises OpenError."""
    found, rest = _safetensors(path) if is_safetensors(path) else _torch(path)
    weights: Weights = {}
    for name, value in found.items():
        made = plain(value, name)
        if not np.isfinite(made).all():
            raise OpenError(f"The weight {name[:80]!r} holds infinity: the training diverged. Save an earlier model.")
        weights[plain_name(name)] = made
    return weights, rest


def _safetensors(path: Path) -> tuple[Weights, dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as tensors:
            names = list(tensors.keys())
            if len(names) > MOST_NAMES:
                raise OpenError(f"{path.name[:80]} holds {len(names):,} tensors, too many to open here.")
            found = {name: _array(tensors.get_tensor(name), name, path) for name in names}
            about = dict(tensors.metadata() or {})
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise OpenError(f"{path.name[:80]} is damaged: {error}. Save or download it again.") from error
    return found, about


class Inert:
    """What stands for any object of a checkpoint but its numbers: it takes everything and holds nothing."""

    def __new__(cls, *_: Any, **__: Any) -> "Inert":
        """Return an object that holds nothing."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        """Forget the state."""


def _torch(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Return weights and settings of a file of torch.save, in which every other object becomes an Inert one."""
    _check_archive(path)
    raw = path.read_bytes()
    inert: dict[str, type] = {}
    while True:
        try:
            with torch.serialization.safe_globals([(kind, name) for name, kind in inert.items()]):
                content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
            break
        except Exception as error:  # the unpickler raises what a damaged file makes it raise
            found = UNKNOWN.search(str(error))
            if found is None or found.group(1) in inert or len(inert) >= MOST_INERT:
                raise OpenError(_pickled(path, error)) from error
            inert[found.group(1)] = type("Inert", (Inert,), {})
    found_state = _state(content)
    if found_state is None:
        text = f"{path.name[:80]} holds no weights by name. Save `model.state_dict()` with torch.save or safetensors."
        raise OpenError(_with_code(path) if inert else text)
    simple = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, str | int | float)}
    return {name: _array(value, name, path) for name, value in found_state.items()}, simple


def _pickled(path: Path, error: Exception) -> str:
    """Return what to say of a file that holds more than numbers, or is damaged."""
    text = str(error)
    if "GLOBAL" in text or "weights_only" in text.lower():
        return _with_code(path)
    return f"{path.name[:80]} is damaged or no file of torch.save: {text.splitlines()[0][:150] if text else error!r}."


def _with_code(path: Path) -> str:
    return (
        f"{path.name[:80]} holds Python objects instead of numbers by name, whose code would run when it is read. Save "
        "`torch.save(model.state_dict(), ...)` instead, or open it on your own machine: "
        f"vae check {path.name[:80]} --allow-code"
    )


def _check_archive(path: Path) -> None:
    """Raise OpenError for an archive that unpacks to much more than its size."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except files.DAMAGED as error:
        raise OpenError(f"{path.name[:80]} is damaged: {error}. Save or download it again.") from error
    if sum(e.file_size for e in entries) > 2 * path.stat().st_size + 2**20:
        raise OpenError(f"{path.name[:80]} is compressed, as torch.save never does. Save it with torch.save.")


def _state(content: Any) -> dict[str, Tensor] | None:
    """Return the names and tensors of a checkpoint: itself, or what it holds under a usual name."""
    for _ in range(4):
        if not isinstance(content, Mapping):
            return None
        named = [content[key] for key in INNER if isinstance(content.get(key), Mapping)]
        holding = [value for value in content.values() if _holds(value)]
        inner = next((value for value in named if _holds(value)), holding[0] if len(holding) == 1 else None)
        found = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
        if inner is None and found and len(found) <= MOST_NAMES:  # beside a state_dict they are a loss, or the like
            return found
        content = inner if inner is not None else next(iter(named), None)
    return None


def _holds(content: Any) -> bool:
    """Return whether something is a map with tensors."""
    return isinstance(content, Mapping) and any(isinstance(value, Tensor) for value in content.values())


def _array(value: Tensor, name: str, path: Path) -> np.ndarray:
    """Return a tensor as an array; raises OpenError for one that claims more numbers than its file holds."""
    if value.is_sparse or value.is_quantized or value.is_complex() or value.layout != torch.strided:
        raise OpenError(f"The weight {name[:80]!r} is sparse, quantised or complex, which is not read. Save it dense.")
    if value.numel() > MOST_WEIGHTS or value.numel() * value.element_size() > path.stat().st_size:
        raise OpenError(f"The weight {name[:80]!r} claims more numbers than its file holds. The file is damaged.")
    return value.detach().float().numpy() if value.is_floating_point() else value.detach().numpy()


def read_json(path: Path) -> dict[str, Any]:
    """Return a small JSON file's object; raises OpenError."""
    try:
        found = run_files.read_json(path)
    except (OSError, ValueError) as error:
        raise OpenError(
            f"{path.name[:80]} cannot be read: {error}. Restore it from where the model was saved."
        ) from error
    if not isinstance(found, dict):
        raise OpenError(f"{path.name[:80]} holds no JSON object. Restore it from where the model was saved.")
    return found


def without_prefix(weights: Weights) -> Weights:
    """Return the weights without the parts that all names share at their beginning."""
    while weights:
        first = {name.partition(".")[0] for name in weights}
        if len(first) > 1 or not all("." in name and name.partition(".")[2] for name in weights):
            return weights
        if all(name.count(".") < 2 for name in weights) and len(weights) <= 2:
            return weights  # one layer: "fc.weight" keeps its name
        weights = {name.partition(".")[2]: value for name, value in weights.items()}
    return weights
