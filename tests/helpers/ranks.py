"""What test_parallel starts in each process: one epoch of several specs in float64, with every step's gradient."""

import os
import sys

import numpy as np
import torch

from vae.data import load
from vae.data.batches import prepare
from vae.spec import preset
from vae.training.loop import State, fit
from vae.training.parallel import SINGLE_PROCESS, Team, join

MLP = {"kind": "mlp", "widths": [16]}
# 129 examples in batches of 64 end in a batch of one, which no team can divide; 64 is uneven for three
SPECS = {
    name: preset(kind, **{"data": "digits", "shape": (1, 8, 8), "batch": 64, "epochs": 1, "encoder": MLP, **changes})
    for name, kind, changes in (
        ("elbo", "vae", {}),
        ("iwae", "iwae", {"clip": 1.0}),
        ("shared-sigma", "sigma-vae", {}),
        ("corrupted", "denoising-autoencoder", {}),
        ("contractive", "contractive-autoencoder", {}),
        ("flow", "flow-posterior-vae", {"path": "stl"}),
        ("dreg", "iwae", {"path": "dreg", "posterior": {"kind": "full_normal"}}),
        ("score", "vamp-vae", {"path": "score", "samples": 3, "posterior": {"kind": "laplace"}}),
        ("labels", "cvae", {"condition": {"kind": "labels", "classes": 10, "prior": True}}),
        ("conv", "vae", {"encoder": {"kind": "conv", "channels": [4, 8]}, "binarisation": "static"}),
    )
}


def epoch(name: str, team: Team = SINGLE_PROCESS) -> dict[str, np.ndarray]:
    """Return the numbers [steps, 4] and flat gradients [steps, P] of a spec's epoch on 129 digits."""
    spec = SPECS[name]
    state = State.fresh(spec)
    numbers, gradients = [], []
    train = prepare(load("digits", "train", n=129), spec)
    for step in fit(state, spec, train, team=team):
        numbers.append(
            [step.objective, step.distortion, np.nan if step.rate is None else step.rate, step.gradient_norm]
        )
        gradients.append(torch.cat([p.grad.flatten() for p in state.model.parameters()]).numpy())
    return {
        "numbers": np.array(numbers),
        "gradients": np.array(gradients),
        "noise": state.generator.get_state().numpy(),
    }


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    out = sys.argv[1]
    with join()[0] as team:
        assert team.size == int(os.environ["WORLD_SIZE"])
        assert team.agree(3.5 + team.rank, -1) == [3.5, -1]
        for spec_name in SPECS:
            np.savez(f"{out}/{spec_name}-{team.rank}.npz", **epoch(spec_name, team))
