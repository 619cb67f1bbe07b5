"""Runs of this program, and weights of torch.save or safetensors beside one of its specs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vae.opened import files, tensors
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.opened.network import Network, Step
from vae.runs.run import Run, RunError
from vae.spec import Spec, SpecError
from vae.spec.layer_kinds import KINDS, Layer, Shape

KIND = "run"
WEIGHTS = "model.safetensors"


def recognises(path: Path) -> bool:
    """Return whether a folder holds a spec of this program."""
    return path.is_dir() and (path / "spec.json").is_file()


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return a run, or the model of a spec and a file of weights; raises OpenError."""
    try:
        spec = Run(path).spec
    except RunError as error:
        raise OpenError(str(error)) from error
    file = path / WEIGHTS
    if not file.is_file():
        found = [f for f in files.listing(path) if tensors.is_safetensors(f) or tensors.is_saved_by_torch(f)]
        found = [f for f in found if f.name not in ("state.pt", "previous.pt")]
        if len(found) != 1:
            raise OpenError(
                f"Beside spec.json there must be one file of weights, such as {WEIGHTS}; here are {len(found)}."
            )
        file = found[0]
    weights, _ = tensors.load(file)
    try:
        encoder = network(spec.encoder_layers(), weights, "encoder.net.", spec.shape)
        decoder = network(spec.decoder_layers(), weights, "decoder.net.", (spec.latent,))
    except SpecError as error:
        raise OpenError(str(error)) from error
    second = "log sigma" if spec.normal_posterior and encoder.out_shape == (2 * spec.latent,) else None
    return Foreign(
        KIND,
        Declared(spec.shape, layout="NCHW" if len(spec.shape) == 3 else "flat"),
        (spec.latent,),
        encoder,
        decoder,
        second,
        stated=_stated(spec, second),
        origin={"files": ["spec.json", file.name]},
        run=path if file.name == WEIGHTS else None,
    )


def _stated(spec: Spec, second: str | None) -> dict[str, str]:
    stated = {"likelihood": str(spec.likelihood["kind"]), "model": spec.preset, "data": spec.data}
    return stated | ({"second": second} if second else {})


def network(layers: list[Layer], weights: Mapping[str, np.ndarray], prefix: str, shape: Shape) -> Network:
    """Return layers with their weights; raises OpenError where one is missing or of another shape."""
    steps = []
    for i, layer in enumerate(layers):
        if layer.get("labels"):
            raise OpenError("This model is conditioned on labels; only its own run folder can be opened.")
        own = {}
        for name, expected in KINDS[layer["kind"]].weights(layer).items():
            found = weights.get(f"{prefix}{i}.{name}")
            if found is None or found.shape != expected:
                shape_found = "missing" if found is None else list(found.shape)
                raise OpenError(
                    f"The weight {prefix}{i}.{name} is {shape_found}, and the spec says {list(expected)}: they are of "
                    "two models. Restore the pair."
                )
            own[name] = found
        steps.append(Step(layer, own))
    return Network(tuple(steps), shape).check()
