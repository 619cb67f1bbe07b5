"""Write an opened model as an ordinary run folder, which every page then shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from vae.opened.errors import OpenError
from vae.opened.network import Network
from vae.runs import Run, files
from vae.spec import Spec, SpecError


def spec(encoder: Network, decoder: Network, **entries: Any) -> Spec:
    """Return the spec of two networks; `entries` are the rest of it: data, shape, latent, likelihood, posterior, ...

    Raises OpenError where they do not go together, such as an encoder of other outputs than the posterior's.
    """
    networks = {
        name: {"kind": "given", "layers": network.layers}
        for name, network in (("encoder", encoder), ("decoder", decoder))
    }
    try:
        return Spec(**{**networks, **entries})
    except (SpecError, TypeError) as error:
        raise OpenError(f"This model cannot be written as a run: {error}") from error


def write(folder: Path, made: Spec, encoder: Network, decoder: Network, meta: Mapping[str, Any] | None = None) -> Run:
    """Write spec and weights (and `meta`, such as the title) to a folder that is there; return the run."""
    weights: dict[str, np.ndarray] = {}
    for role, network in (("encoder", encoder), ("decoder", decoder)):
        weights |= {
            f"{role}.net.{name}": np.array(value, dtype=np.float32, order="C")
            for name, value in network.weights.items()
        }
    files.write(folder / "spec.json", made.to_json())
    files.write(folder / "model.safetensors", save(weights))
    if meta:
        files.write_json(folder / "meta.json", dict(meta))
    return Run(folder)
