"""The plane, or the nonlinear map, that the address names."""

from ui.shared import library
from ui.state import texts
from ui.state.permalink import PLANE
from ui.state.subject import Subject
from vae.geometry import embedding
from vae.geometry import plane as planes
from vae.geometry.plane import Ground, Plane
from vae.runs import Codes, Run


def choose_map(run: Run, codes: Codes, text: str) -> tuple[Ground, str]:
    """Return the map that `text` names: a plane as `choose_plane` has it, or "tsne" or "umap" once that is made."""
    if text in embedding.METHODS and run.spec.latent > 2:
        found = library.embedding(codes, text)
        return (library.default_plane(run) if found is None else embedding.bent(codes, found)), ""
    return choose_plane(run, codes, text)


def choose_plane(run: Run, codes: Codes, text: str) -> tuple[Plane, str]:
    """Return the plane that `text` names ("", "pca", "3,7" counted from 1), and what was wrong with it, if anything.

    Of a map that bends ("tsne", "umap") it is the default one: what asks here needs a plane.
    """
    subject, default = Subject.of(run), library.default_plane(run)
    found, refused = PLANE.read(text, subject)
    if (two := texts.pair(found, subject.latent)) is not None:
        return planes.pair(subject.latent, *two), ""
    if found != "pca":
        return default, refused
    try:
        return planes.principal(codes), ""
    except ValueError:  # no PCA was kept with these codes
        return default, PLANE.refused(text, subject)
