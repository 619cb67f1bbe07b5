r"""Is q(z|x) the model's posterior? Simulation-based calibration.

    z ~ p(z),  x ~ p(x|z),  rank_j = #{l: z_j^l < z_j},  z^1 .. z^L ~ q(z|x)

For q(z|x) = p(z|x) every rank from 0 to L is equally likely, in every dimension and for every model. Ranks at both ends
say that q is too narrow, ranks in the middle that it is too wide, ranks at one end that it is shifted. Source: Talts et
al. 2018. Only the model's own images count, so this says nothing about the data.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vae.evaluation.estimate import Estimate
from vae.model import LatentModel
from vae.model.families import sample

UNIFORM = 12.0  # one over the variance of a uniform variable on [0, 1]
ROWS = 500


@dataclass(frozen=True)
class Ranks:
    """Ranks [N, d], whole numbers from 0 to `of`, of N simulated z among as many samples of q(z|x)."""

    ranks: Tensor
    of: int

    @property
    def places(self) -> Tensor:
        """The ranks as numbers in (0, 1), (rank + 1/2) / (L + 1), which are uniform for the true posterior."""
        return (self.ranks.double() + 0.5) / (self.of + 1)

    def histogram(self, bins: int = 16) -> Tensor:
        """Return the counts [d, bins] of the ranks; raises ValueError unless L + 1 is a multiple of `bins`.

        Other bins would hold unequal numbers of ranks, and the histogram of a true posterior would not be flat.
        """
        if (self.of + 1) % bins:
            raise ValueError(f"{self.of + 1} ranks do not fill {bins} bins evenly")
        index = self.ranks // ((self.of + 1) // bins)
        return torch.stack([torch.bincount(column, minlength=bins) for column in index.long().T])

    def shift(self) -> list[Estimate]:
        """Return by dimension where z lies in q(z|x), mean(u) - 1/2: above 0 where q is too low, in [-1/2, 1/2]."""
        return [Estimate.of(column - 0.5) for column in self.places.T]

    def spread(self) -> list[Estimate]:
        """Return by dimension the spread of the ranks, 12 E(u - 1/2)^2 with its value 1 for a true posterior.

        Above 1 q is too narrow, below 1 too wide, between 0 and 3. A shift counts as spread too.
        """
        least = 1 - 1 / (self.of + 1) ** 2  # of L + 1 equally likely ranks
        return [Estimate.of(UNIFORM * (column - 0.5).square() / least) for column in self.places.T]


@torch.no_grad()
def ranks(model: LatentModel, n: int = 1000, of: int = 127, seed: int = 0) -> Ranks:
    """Return the ranks of n simulated z among `of` samples of q(z|x) each; raises ValueError for an autoencoder.

    A model that is conditioned on labels is given them by `LatentModel.given` before.
    """
    if model.prior is None:
        raise ValueError("an autoencoder has no prior to simulate from")
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for start in range(0, n, ROWS):
        count = min(ROWS, n - start)
        z = sample(model.prior(), count, generator)
        z = z.reshape(count, -1)
        x = sample(model.decode(z), 1, generator)[0]
        drawn = sample(model.encode(x), of, generator)
        parts.append((drawn < z).sum(0))
    return Ranks(torch.cat(parts), of)
