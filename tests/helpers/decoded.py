"""Decoders with random weights, and what PyTorch makes of random z."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from vae import runs
from vae.model import build
from vae.runs.load import load_model
from vae.spec import Spec, preset


def untrained(path: Path, **changes: Any) -> runs.Run:
    """Return a run with random weights, large enough for its activations to bend."""
    spec: Spec = preset("vae", binarisation="none", **changes)
    run = runs.create(path, spec)
    model = build.model(spec)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(2.0 if name.endswith("weight") else 1.0)
    save_file(model.state_dict(), run.path / "model.safetensors")
    return run


def means(run: runs.Run, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return z float32 [count, d] and PyTorch's mean of p(x|z) for each, [count, C, H, W]."""
    z = np.random.default_rng(0).normal(size=(count, run.spec.latent)).astype(np.float32) * 1.5
    with torch.no_grad():
        expected = load_model(run).decode(torch.from_numpy(z)).mean.numpy()
    assert expected.std() > 1e-3
    return z, expected
