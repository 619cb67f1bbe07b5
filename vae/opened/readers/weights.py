"""Weights by name alone: of networks that names and shapes tell, in files of torch.save or safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.opened import files, tensors
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.opened.layer_lists import ARCHITECTURES
from vae.spec.layers import NetworkError

KIND = "weights"


def recognises(path: Path) -> bool:
    """Return whether a path is a file of weights, or a folder that holds one."""
    return len(_files(path)) == 1


def _files(path: Path) -> list[Path]:
    found = files.listing(path) if path.is_dir() else [path]
    return [file for file in found if tensors.is_safetensors(file) or tensors.is_saved_by_torch(file)]


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the model of a state_dict; raises OpenError where names and shapes do not tell its layers."""
    (file,) = _files(path)
    weights, rest = tensors.load(file)
    weights = {k: v for k, v in tensors.without_prefix(weights).items() if not k.endswith("num_batches_tracked")}
    for architecture in ARCHITECTURES.values():
        if architecture.fits(weights):
            break
    else:
        raise OpenError(_unknown(file, weights))
    try:
        built = architecture.build(weights, options)
    except NetworkError as error:
        raise OpenError(f"The layers of {file.name[:80]} do not follow on each other: {error}.") from error
    d = built.decoder.in_shape
    layout = "flat" if len(built.encoder.in_shape) == 1 else "NCHW"
    stated = {**built.stated, "model": architecture.title}
    origin = {"files": [file.name], **{k: v for k, v in rest.items() if k in ("epoch", "global_step")}}
    declared = Declared(built.encoder.in_shape, layout=layout)
    return Foreign(
        KIND, declared, d, built.encoder, built.decoder, built.second, stated=stated, origin=origin, notes=built.notes
    )


def _unknown(file: Path, weights: Mapping[str, Any]) -> str:
    names = ", ".join(list(weights)[:4])
    return (
        f"The names in {file.name[:80]} ({names[:150]}, ...) do not tell the network's layers, which a state_dict does "
        "not hold. Export encoder and decoder with torch.onnx.export, or type on your own machine: "
        "vae check module:function --allow-code, where the function returns the model."
    )
