"""Read a model that somebody brought in a process of its own, with limits; what comes back are numbers and shapes.

The process parses the files, turns them into layers and runs these once. It writes spec-like JSON and safetensors to a
folder, which are checked again when they are read here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from vae.data import sandbox
from vae.data.dataset import DataError
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Candidate, Declared, Foreign, example
from vae.opened.network import Network, Step
from vae.spec.given import Layers
from vae.spec.layer_kinds import KINDS
from vae.spec.layers import NetworkError

LIMITS = sandbox.Limits(memory=8e9, seconds=120.0)
FACTS, WEIGHTS = "opened.json", "opened.safetensors"
ROLES = ("encoder", "decoder")
LARGEST_FACTS = 256 * 2**20


def read(
    path: Path,
    folder: Path,
    options: Mapping[str, Any] | None = None,
    limits: sandbox.Limits = LIMITS,
    cancelled: Callable[[], bool] = lambda: False,
) -> Foreign:
    """Return the model in a file, folder or zip, read by a process that writes into `folder` alone, an empty folder.

    Raises OpenError and ChoiceNeededError with the reader's sentences, and OpenError for what broke a limit or the
    reader. No reader that runs code is used.
    """
    arguments = {"path": str(path.resolve()), "folder": str(folder.resolve()), "options": dict(options or {})}
    try:
        found = sandbox.run("vae.opened.sandbox:work", arguments, folder, limits, cancelled=cancelled)
    except sandbox.Cancelled:
        raise
    except DataError as error:
        raise OpenError(str(error)) from error
    if "error" in found:
        if found.get("option"):
            raise ChoiceNeededError(found["error"], found["option"], found["candidates"])
        raise OpenError(found["error"])
    return restored(folder)


def work(path: str, folder: str, options: Mapping[str, Any], progress: sandbox.Report) -> dict[str, Any]:
    """Read, run once and write a model, in the process of the sandbox; return {} or what is wrong with it."""
    from vae.opened import opening

    unpacked = Path(folder) / "unpacked"
    unpacked.mkdir()
    try:
        progress("reading the model", 0, 2)
        made = opening.read(path, options, unpacked=unpacked)
        progress("running it once", 1, 2)
        tried(made)
        kept(made, Path(folder))
    except ChoiceNeededError as error:
        return {"error": str(error), "option": error.option, "candidates": list(error.candidates)}
    except OpenError as error:
        return {"error": str(error)}
    return {}


def tried(made: Foreign) -> None:
    """Run a model on random numbers; raises OpenError where it gives no finite numbers or cannot run."""
    from vae.model.operators import GraphError

    try:
        found = [made.encode(example(made))["mean"]] if made.encoder is not None else []
        if made.decoder is not None:
            found.append(made.decode(found[0] if found else torch.zeros(2, made.d)))
    except (GraphError, NetworkError, RuntimeError) as error:
        raise OpenError(f"This model cannot run: {str(error).splitlines()[0][:200].rstrip('.')}.") from error
    if not all(value.isfinite().all() for value in found):
        raise OpenError("This model gives NaN or infinity for random pixels in [0, 1]: its weights are damaged.")


def kept(made: Foreign, folder: Path) -> None:
    """Write a model's facts and weights to a folder."""
    facts = {
        "kind": made.kind, "input": asdict(made.input), "latent": made.latent, "second": made.second,
        "candidates": {name: [asdict(one) for one in found] for name, found in made.candidates.items()},
        "stated": dict(made.stated), "origin": dict(made.origin), "notes": made.notes,
        "run": None if made.run is None else str(made.run),
    }  # fmt: skip
    weights: dict[str, np.ndarray] = {}
    for role in ROLES:
        network: Network | None = getattr(made, role)
        if network is not None:
            facts[role] = {"layers": network.layers, "shape": network.in_shape}
            weights |= {f"{role}.{name}": np.array(value, order="C") for name, value in network.weights.items()}
    save_file(weights, folder / WEIGHTS)
    (folder / FACTS).write_text(json.dumps(facts))


def restored(folder: Path) -> Foreign:
    """Return the model that `kept` wrote, its layers checked against all bounds; raises OpenError."""
    try:
        content = (folder / FACTS).read_bytes()
        if len(content) > LARGEST_FACTS:
            raise OpenError("This model has too many layers to be opened here.")
        facts = json.loads(content)
        weights = load_file(folder / WEIGHTS)
        networks = {role: _network(facts[role], weights, role) for role in ROLES if role in facts}
        candidates = {
            name: tuple(Candidate(one["name"], tuple(one["shape"])) for one in found)
            for name, found in facts["candidates"].items()
        }
        declared = Declared(**{**facts["input"], "shape": tuple(facts["input"]["shape"])})
    except (OSError, ValueError, KeyError, TypeError, NetworkError, RecursionError) as error:
        raise OpenError(f"This model could not be handed over by its reader: {error}. Open it again.") from error
    return Foreign(
        facts["kind"],
        declared,
        tuple(facts["latent"]),
        networks.get("encoder"),
        networks.get("decoder"),
        facts["second"],
        candidates,
        facts["stated"],
        facts["origin"],
        tuple(facts["notes"]),
        run=None if facts["run"] is None else Path(facts["run"]),
    )


def _network(facts: Mapping[str, Any], weights: Mapping[str, np.ndarray], role: str) -> Network:
    if wrong := Layers("The layers", "").problem(facts["layers"]):
        raise OpenError(wrong)
    steps = []
    for i, layer in enumerate(facts["layers"]):
        shapes = KINDS[layer["kind"]].weights(layer)
        own = {name: weights[f"{role}.{i}.{name}"] for name in shapes}
        if any(own[name].shape != shape for name, shape in shapes.items()):
            raise OpenError(f"Layer {i + 1} of the {role} has weights of another shape than it says. Open it again.")
        steps.append(Step(layer, own))
    return Network(tuple(steps), tuple(facts["shape"])).check()
