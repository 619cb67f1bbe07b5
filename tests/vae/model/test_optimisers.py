"""The optimisers step as torch's own do, bit for bit, and load no compiler."""

import sys

import pytest
import torch
from torch import optim

from vae.model import optimisers


def path(make, closed=False):
    """Return the weights after each of five steps, the last two from a saved state."""
    weight = torch.linspace(-1, 2, 12).reshape(3, 4).requires_grad_()
    other = torch.ones(3, requires_grad=True)
    target = torch.arange(4.0)

    def loss():
        optimiser.zero_grad()
        found = ((weight - target).square() * weight.exp()).sum() + (other * weight.sum(1)).square().sum()
        found.backward()
        return found

    def step():
        if closed:
            optimiser.step(loss)
        else:
            loss()
            optimiser.step()
        return torch.cat([weight.detach().flatten(), other.detach()]).clone()

    parameters = [weight] if closed else [weight, other]  # LBFGS takes one group
    optimiser = make([weight])
    if not closed:
        optimiser.add_param_group({"params": [other]})
    found = [step() for _ in range(3)]
    kept = optimiser.state_dict()
    optimiser = make([{"params": [parameter]} for parameter in parameters])
    optimiser.load_state_dict(kept)
    return torch.stack(found + [step() for _ in range(2)])


@pytest.mark.parametrize(
    ("ours", "torchs", "options"),
    [
        (optimisers.Adam, optim.Adam, {"lr": 0.1}),
        (optimisers.AdamW, optim.AdamW, {"lr": 0.1, "weight_decay": 0.01, "fused": True}),
        (optimisers.LBFGS, optim.LBFGS, {"max_iter": 3, "line_search_fn": "strong_wolfe"}),
    ],
)
def test_steps_are_torchs_and_load_no_compiler(ours, torchs, options, monkeypatch):
    closed = torchs is optim.LBFGS
    expected = path(lambda parameters: torchs(parameters, **options), closed)
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # whoever imports it now fails
    found = path(lambda parameters: ours(parameters, **options), closed)
    assert torch.equal(found, expected) and not torch.equal(found[0], found[-1])
