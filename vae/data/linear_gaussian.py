"""Linear-Gaussian data, whose density is known in closed form, so that every bound can be tested against it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import SPLITS, Description, Examples
from vae.data.sources import DrawnSource


class LinearGaussian(NamedTuple):
    """x = W z + b + s e with z and e standard normal: W [D, d], b [D], s > 0."""

    W: NDArray[np.float64]
    b: NDArray[np.float64]
    s: float

    def log_px(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return log N(x; b, W W' + s² I) of x [N, D], in nats [N], exact in float64."""
        dim = len(self.b)
        factor = np.linalg.cholesky(self.W @ self.W.T + self.s**2 * np.eye(dim))
        white = np.linalg.solve(factor, (np.asarray(x, np.float64) - self.b).T)
        constant = -0.5 * dim * np.log(2 * np.pi) - np.log(np.diag(factor)).sum()
        return np.asarray(constant - 0.5 * (white**2).sum(0))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x [n, D] and its latents z [n, d]; from the same generator, the first m of n equal a draw of m."""
        dim, latent = self.W.shape
        noise = rng.standard_normal((n, latent + dim))
        z = noise[:, :latent]
        return z @ self.W.T + self.b + self.s * noise[:, latent:], z


def parameters(seed: int = 0, dim: int = 8, latent: int = 2) -> LinearGaussian:
    """Return the dataset's W [dim, latent] and b [dim], standard normal from the seed, and s = 0.5."""
    rng = np.random.default_rng([seed, dim, latent])
    return LinearGaussian(rng.standard_normal((dim, latent)), rng.standard_normal(dim), 0.5)


class LinearGaussianSource(DrawnSource):
    """Vectors drawn from the model of `parameters()`; their latents are the factors."""

    about = Description(
        name="linear-gaussian",
        title="Linear-Gaussian",
        sentence="Vectors x = W z + b + s e with two latents, whose log p(x) is known exactly.",
        example="vector",
        examples="vectors",
        shape=(8,),
        sizes=(10_000, 1_000, 2_000),
        source="this project",
        factors=("z1", "z2"),
        levels=1,
        settings={"encoder": {"kind": "mlp", "widths": [32]}, "likelihood": {"kind": "normal", "sigma": "shared"}},
        rate=3.7,
    )

    def draw(self, split: str, n: int, seed: int) -> Examples:
        """Return n vectors of a split."""
        # The seed affects the examples and not the parameters, so that all splits come from the same model.
        x, z = parameters().sample(n, np.random.default_rng([seed, SPLITS.index(split), 2]))
        return Examples(x.astype(np.float32), None, dict(zip(self.about.factors, z.T, strict=True)))
