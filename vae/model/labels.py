"""Conditioning on labels: a network's first linear layer also takes the label, as a one-hot vector."""

import copy
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LabelLinear(nn.Linear):
    """W [h, one-hot(y)] + b, computed by adding the label's column of W."""

    def __init__(self, n_in: int, labels: int, n_out: int) -> None:
        super().__init__(n_in + labels, n_out)
        self.n_in = n_in

    def forward(self, h: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the layer's output [N, out] for h [N, in] and labels [N]; raises TypeError without labels."""
        if labels is None:
            raise TypeError("this model is conditioned on labels: ask model.given(labels) instead of the model")
        seen, by_label = self.weight[:, : self.n_in], self.weight[:, self.n_in :]
        return F.linear(h, seen, self.bias) + by_label.T[labels]


class LabelNet(nn.Sequential):
    """A sequence of layers; passes the labels to the layers that take them."""

    def forward(self, h: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the network's output for h [N, ...] and labels [N]."""
        for layer in self:
            h = layer(h, labels) if isinstance(layer, LabelLinear) else layer(h)
        return h


class Labelled(nn.Module):
    """A module that can be conditioned on labels: `given` returns a shallow copy that shares every weight."""

    labels: Tensor | None = None

    @property
    def label_count(self) -> int:
        """How many labels there are, 0 for a module that takes none."""
        layers = (layer for layer in self.modules() if isinstance(layer, LabelLinear))
        return next((layer.in_features - layer.n_in for layer in layers), 0)

    def given(self, labels: Tensor) -> Self:
        """Return this module conditioned on labels [...], which broadcast over its batch.

        Raises ValueError for a module that takes no labels, and for labels that are none of its own.
        """
        check(labels, self.label_count)
        twin = copy.copy(self)
        twin.__dict__["labels"] = labels
        return twin


def check(labels: Tensor, known: int) -> None:
    """Raise ValueError unless labels are whole numbers from 0 to known - 1."""
    if not known:
        raise ValueError("this model is not conditioned on labels: use it as it is")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are whole numbers from 0 to {known - 1}, not of type {labels.dtype}")
    if torch.compiler.is_exporting():  # the program that is traced has no labels yet
        return
    wrong = (labels < 0) | (labels >= known)
    if wrong.any():
        raise ValueError(f"this model has the labels 0 to {known - 1}, and {int(labels[wrong][0])} is none of them")


def over(labels: Tensor, h: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return labels [...] and h [..., *input of so many axes] broadcast to the same leading axes.

    Raises ValueError where they do not fit, as 50 labels for 200 examples.
    """
    shape = h.shape[: h.ndim - rank]
    try:
        lead = torch.broadcast_shapes(shape, labels.shape)
    except RuntimeError as error:
        raise ValueError(f"labels of shape {list(labels.shape)} do not fit examples of shape {list(shape)}") from error
    return labels.expand(lead), h.expand(*lead, *h.shape[h.ndim - rank :])
