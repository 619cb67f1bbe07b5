"""What a model's reconstructions are held against: PCA, or k-means for a model whose codes are points of a list."""

from typing import NamedTuple

from vae.spec import Spec

MOST_POINTS = 512  # beyond so many points k-means takes longer than all other measurements


class Classical(NamedTuple):
    """A classical method of a model's size: its number of axes or of points."""

    method: str
    size: int

    def __str__(self) -> str:
        return f"PCA with {self.size} axes" if self.method == "pca" else f"k-means with {self.size} points"


def counterpart(spec: Spec) -> Classical:
    """Return the classical method that says as much about an image as a model's code does.

    A codebook's code is one of some points, and PCA's are real numbers, which no list of points can match; k-means
    has the same number of points. Where these are more than 512, or codes are real numbers, it is PCA.
    """
    if spec.posterior_kind.codebook:
        points = spec.posterior["codes"] ** (spec.latent // spec.posterior["size"])
        if points <= MOST_POINTS:
            return Classical("k-means", points)
    return Classical("pca", spec.latent)
