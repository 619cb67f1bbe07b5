"""What the values of the address are about: one model, and what it offers to choose from."""

from dataclasses import dataclass

from ui.words import say
from vae.geometry.kinds import KINDS
from vae.runs import Codes, Run
from vae.spec import Spec


@dataclass(frozen=True)
class Subject:
    """A model's name, latent dimension d, number of labels and codes, kinds of path, and sources of samples."""

    model: str = ""
    latent: int = 2
    labels: int = 0
    codes: int = 0
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Run, codes: Codes | None = None) -> "Subject":
        """Return what values of a run are about; numbers of images need its codes."""
        return cls.described(run.name, run.spec, 0 if codes is None else len(codes))

    @classmethod
    def described(cls, model: str, spec: Spec, codes: int = 0) -> "Subject":
        """Return what values of a model with that name and spec are about."""
        return cls(model, spec.latent, spec.labels, codes, tuple(kinds(spec)), tuple(sources(spec)))


def kinds(spec: Spec) -> list[str]:
    """Return the kinds of path that a model has."""
    densities = spec.probabilistic and spec.normal_posterior
    return [name for name, kind in KINDS.items() if densities or not kind.densities]


def sources(spec: Spec) -> dict[str, str]:
    """Return the distributions that can be sampled, name -> title: the first two are the defaults of the two grids."""
    fitted = {"mixture": say("ex-post mixture"), "flow": say("ex-post flow")}
    if not spec.probabilistic or spec.prior is None:
        return {
            "aggregate": say("aggregate posterior (its codes)"),
            **fitted,
            "standard": say("N(0, I), although this model has no prior"),
        }
    return {"prior": say("prior p(z)"), "aggregate": say("aggregate posterior q(z)"), **fitted}
