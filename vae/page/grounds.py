"""The map that a command names: a pair of dimensions, the principal components, or a map that was made before."""

import re

from vae.geometry import embedding
from vae.geometry import plane as planes
from vae.geometry.plane import Ground
from vae.runs import Codes, Run, RunError

PAIR = re.compile(r"([1-9]\d{0,4}),([1-9]\d{0,4})")


def named(run: Run, text: str, codes: Codes | None = None) -> Ground:
    """Return the map that `text` names: "" (the default plane), "3,7" counted from 1, "pca", "tsne" or "umap".

    `codes` are those that it shows (None: the run's own). Raises RunError for any other name, and for a map that was
    not made yet.
    """
    latent = run.spec.latent
    codes = codes if codes is not None else run.codes
    if not text:
        return planes.default(codes)
    if text in embedding.METHODS and latent > 2:
        found = embedding.kept(codes, text)
        if found is None:
            raise RunError(
                f"{run.name} has no {embedding.TITLES[text]} map yet: run `python -m vae embed {run.name} "
                f"--method {text}`."
            )
        return embedding.bent(codes, found)
    pair = PAIR.fullmatch(text)
    two = (int(pair[1]), int(pair[2])) if pair else (0, 0)
    if pair and latent > 1 and two[0] != two[1] and max(two) <= latent:
        return planes.pair(latent, two[0] - 1, two[1] - 1)
    if text == "pca" and codes.components is not None:
        return planes.principal(codes)
    known = f'two different dimensions from 1 to {latent}, such as "1,2"'
    more = f", or {', '.join(['pca', *embedding.METHODS])}" if latent > 2 else ""
    raise RunError(f"{run.name} has no map {text!r}: choose {known}{more}.")
