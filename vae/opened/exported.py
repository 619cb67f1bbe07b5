"""Calls of a Python model as graphs: PyTorch's exporter traces them, and the ONNX reader reads what it writes."""

import io
import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from vae.opened import onnx_file
from vae.opened.graph import Graph

OPSET = 17


class Call(nn.Module):
    """A function of one tensor as a module; modules that it uses are registered, as tracing asks for."""

    def __init__(self, function: Callable[[Tensor], object], parts: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.function = function

    def forward(self, x: Tensor) -> object:
        """Return what the function returns."""
        return self.function(x)

    def train(self, mode: bool = True) -> "Call":
        """Return itself unchanged: exported programs refuse to be switched, and the model stays in evaluation mode."""
        return self


def graph(module: nn.Module, x: Tensor, names: Sequence[str] = ()) -> Graph:
    """Return the graph of a module at x [N, ...], its outputs named; raises whatever the exporter or reader raises."""
    buffer = io.BytesIO()
    axes = {name: {0: "batch"} for name in ("x", *names)}
    loud = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module, (x,), cast(Any, buffer), dynamo=False, opset_version=OPSET, input_names=["x"],
                output_names=list(names) or None, dynamic_axes=axes,
            )  # fmt: skip
    finally:
        logging.getLogger("torch.onnx").setLevel(loud)
    return onnx_file.read(buffer.getvalue())
