"""Runs with seeded random weights and codes, made without torch: what the pages show does not depend on training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from vae import runs
from vae.model import build
from vae.runs import Codes, Run
from vae.spec import Spec, preset
from vae.spec import layers as networks

# the embedded digits, so a run with real images, and networks that are quick
SMALL: dict[str, Any] = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [16]}}


def weights(spec: Spec, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random decoder weights whose activations neither die nor explode."""
    made = {}
    for i, layer in enumerate(spec.decoder_layers()):
        if not (shapes := networks.weights(layer)):
            continue
        shape = shapes["weight"]
        fan_in = layer["in"] * (4 if layer["kind"] == "conv_transpose2d" else 1)
        made[f"decoder.net.{i}.weight"] = rng.normal(0, 1.4 / fan_in**0.5, shape).astype(np.float32)
        made[f"decoder.net.{i}.bias"] = rng.normal(0, 0.1, layer["out"]).astype(np.float32)
    return made


def codes(spec: Spec, rng: np.random.Generator, n: int) -> Codes:
    """Return codes in ten clusters, with their PCA where d > 2."""
    centres = rng.normal(0, 1.3 if spec.probabilistic else 8.0, (10, spec.latent))
    labels = rng.integers(0, 10, n)
    means = (centres[labels] + rng.normal(0, 0.35, (n, spec.latent))).astype(np.float32)
    pca: dict[str, Any] = {}
    if spec.latent > 2:
        _, sizes, axes = np.linalg.svd(means - means.mean(0), full_matrices=False)
        pca = {"mean": means.mean(0), "components": axes[:2], "explained": (sizes**2 / (sizes**2).sum())[:2]}
    scales = np.full_like(means, 0.2) if spec.probabilistic else None
    return Codes(means, scales, labels, tuple("0123456789"), "test", **pca)


def make_run(folder: Path, name: str, preset_name: str = "vae", n: int = 500, **changes: Any) -> Run:
    """Make a whole run folder of a preset with changes; the same arguments give the same run."""
    spec = preset(preset_name, **changes)
    run = runs.create(folder / name, spec)
    rng = np.random.default_rng(1)
    save_file(weights(spec, rng), run.path / "model.safetensors")
    runs.write(run.path / "codes.npz", codes(spec, rng, n).to_bytes())
    lines = []
    for step in range(1, 101):
        distortion = 150 + 100 * np.exp(-step / 30)
        rate = 6 - 5 * np.exp(-step / 20) if spec.probabilistic else None
        record = {"step": 50 * step, "epoch": step // 10, "distortion": distortion, "rate": rate, "gradient_norm": 1.0}
        record |= {"objective": -distortion - (rate or 0), "learning_rate": 1e-3, "seconds": 0.5 * step}
        if step % 10 == 0:
            record["valid"] = {"distortion": distortion + 2, "rate": rate, "objective": -distortion - 2}
        lines.append(json.dumps(record) + "\n")
    runs.write(run.path / "history.jsonl", "".join(lines))
    numbers: dict[str, Any] = {"data": spec.data_name, "split": "test", "train_seconds": 50.0}
    numbers["command"] = f"python -m vae train {preset_name} --data {spec.data} --name {name}"
    values = {"distortion": 151.2, "elbo": -157.83, "rate": 6.63} if spec.probabilistic else {"distortion": 151.2}
    numbers |= {key: {"value": value, "se": 0.41, "n": 10_000, "units": "nats"} for key, value in values.items()}
    runs.write_json(run.path / "metrics.json", numbers)
    runs.write(run.path / "card.md", f"# {name}\n\nRandom weights, for tests.\n")
    return runs.Run(run.path)


def complete(run: Run) -> Run:
    """Give a run seeded weights of all its networks, as torch initialises them, so that it can encode too."""
    import torch
    from safetensors.torch import save_file as save_tensors

    torch.manual_seed(0)
    save_tensors(build.model(run.spec).state_dict(), run.path / "model.safetensors")
    return run
