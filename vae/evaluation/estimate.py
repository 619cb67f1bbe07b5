"""A mean with its standard error and the number of examples."""

import math
from dataclasses import dataclass

from torch import Tensor

from vae.runs import RunError


class NotFiniteError(RunError, ValueError):
    """A measurement some of whose values are no numbers; the message says how many, and what to do."""


@dataclass(frozen=True)
class Estimate:
    """A mean over n examples with its standard error, s / sqrt(n)."""

    value: float
    se: float
    n: int

    @classmethod
    def of(cls, values: Tensor) -> "Estimate":
        """Return the estimate of per-example values [N], `se` nan for one; raises NotFiniteError for any value that is
        no number, ValueError for none."""
        values = values.double()
        if not len(values):
            raise ValueError("a mean needs at least one value")
        wrong = int((~values.isfinite()).sum())
        if wrong:
            raise NotFiniteError(
                f"{wrong:,} of {len(values):,} values are not finite, so their mean is no number: the model's weights "
                "have grown too large. Train it again with a smaller learning rate or a clipped gradient."
            )
        se = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return cls(values.mean().item(), se, len(values))

    @classmethod
    def exactly(cls, value: float, n: int) -> "Estimate":
        """Return an exact number for n examples: its standard error is 0."""
        return cls(value, 0.0, n)

    def __truediv__(self, by: float) -> "Estimate":
        """Return the estimate in another unit."""
        return Estimate(self.value / by, self.se / abs(by), self.n)
