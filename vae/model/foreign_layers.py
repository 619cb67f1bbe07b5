"""Small layers that networks of other libraries need: what comes before and after what they were trained with."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST = 1e-7  # of a probability: its float32 neighbours 0 and 1 have no finite logit
SMALLEST = 1e-30  # of a variance or sigma, whose logarithm is taken


class Permute(nn.Module):
    """The axes of each example in another order, such as [H, W, C] for [C, H, W]."""

    def __init__(self, axes: list[int]) -> None:
        super().__init__()
        self.axes = [0, *(axis + 1 for axis in axes)]

    def forward(self, x: Tensor) -> Tensor:
        """Return x [N, ...] with its axes in the other order."""
        return x.permute(self.axes)


class Pad(nn.Module):
    """Zeros at [top, left, bottom, right] of an image; negative numbers crop it."""

    def __init__(self, pads: list[int]) -> None:
        super().__init__()
        top, left, bottom, right = pads
        self.pads = [left, right, top, bottom]

    def forward(self, x: Tensor) -> Tensor:
        """Return the padded image [N, C, H, W]."""
        return F.pad(x, self.pads)


class Affine(nn.Module):
    """x * weight + bias, of one number or one for each entry of the first axis."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Return x [N, C, ...] scaled and shifted."""
        shape = [-1, *[1] * (x.ndim - 2)]
        return x * self.weight.reshape(shape) + self.bias.reshape(shape)


class Clamp(nn.Module):
    """x within [low, high]; None is no bound."""

    def __init__(self, low: float | None, high: float | None) -> None:
        super().__init__()
        self.low, self.high = (-math.inf if low is None else low), (math.inf if high is None else high)

    def forward(self, x: Tensor) -> Tensor:
        """Return the clamped x."""
        return x.clamp(self.low, self.high)


class Logit(nn.Module):
    """log p / (1 - p), of probabilities that are kept 1e-7 away from 0 and 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of probabilities."""
        return torch.logit(x, LEAST)


class LogSigma(nn.Module):
    """Means, then log sigma, from means and a second head that is sigma, log sigma, the variance or its logarithm."""

    def __init__(self, reading: str) -> None:
        super().__init__()
        self.reading = reading

    def forward(self, x: Tensor) -> Tensor:
        """Return means and log sigmas [N, 2d] of means and second heads [N, 2d]."""
        mean, second = x.chunk(2, 1)
        if not self.reading.startswith("log "):
            second = second.clamp(min=SMALLEST).log()
        return torch.cat([mean, second / 2 if self.reading.endswith("variance") else second], 1)
