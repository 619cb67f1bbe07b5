"""A mean with its standard error and the number of examples."""

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Estimate:
    """A mean over n examples with its standard error, s / sqrt(n)."""

    value: float
    se: float
    n: int

    @classmethod
    def of(cls, values: Tensor) -> "Estimate":
        """Return the estimate of per-example values [N]."""
        values = values.double()
        se = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return cls(values.mean().item(), se, len(values))

    @classmethod
    def exactly(cls, value: float, n: int) -> "Estimate":
        """Return an exact number for n examples: its standard error is 0."""
        return cls(value, 0.0, n)

    def __truediv__(self, by: float) -> "Estimate":
        """Return the estimate in another unit."""
        return Estimate(self.value / by, self.se / abs(by), self.n)
