"""torch's optimisers without torch's compiler, which their first use loads although nothing here is compiled.

Loading it takes 1.5 s of each process that trains, almost as long as loading torch.
"""

import inspect
from typing import Any

import torch
from torch import optim


def _plain(method: Any) -> Any:
    """Return a method without the mark for the compiler that torch has put around it."""
    return inspect.unwrap(method)


class _Plain:
    """The methods of every optimiser, without the mark."""

    state_dict = _plain(optim.Optimizer.state_dict)
    load_state_dict = _plain(optim.Optimizer.load_state_dict)
    zero_grad = _plain(optim.Optimizer.zero_grad)
    add_param_group = _plain(optim.Optimizer.add_param_group)


class Adam(_Plain, optim.Adam):
    """torch.optim.Adam, whose steps cannot be differentiated."""

    step = torch.no_grad()(_plain(optim.Adam.step))


class AdamW(_Plain, optim.AdamW):
    """torch.optim.AdamW, whose steps cannot be differentiated."""

    step = torch.no_grad()(_plain(optim.AdamW.step))


class LBFGS(_Plain, optim.LBFGS):
    """torch.optim.LBFGS."""
