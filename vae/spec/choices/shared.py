"""Options that several kinds share."""

from vae.spec.fields import LARGEST_LAYER, Scalar
from vae.spec.kinds import Options, Sized
from vae.spec.work import Work

MOST_PARTS = 100_000  # components of a mixture, pseudo-inputs, couplings
COUPLED = 2  # a coupling changes one half of the latents by the other


def sigma(title: str, sentence: str, each: str, symbol: str = r"\sigma") -> Scalar:
    """Return the option for a family's scale: from the network, one learned number, or a fixed number."""
    return Scalar(
        title, sentence, "each", 0, 1e3, (0.05, 0.1, 0.2, 0.5, 1.0, 2.0), symbol, above=True,
        words={"each": each, "shared": "One, learned"},
    )  # fmt: skip


def shared_sigma(options: Options, spec: Sized) -> Work:
    """Return the work of a scale: one weight if the scale is shared and learned."""
    return Work(int(options["sigma"] == "shared"))


def layers(default: int) -> Scalar:
    """Return the option for a flow's number of couplings."""
    return Scalar(
        "Couplings", "Coupling layers of the flow; each changes half of the latent dimensions.", default, 1, MOST_PARTS,
        (2, 3, 4, 6, 8, 12), whole=True,
    )  # fmt: skip


def hidden(default: int) -> Scalar:
    """Return the option for the width of a coupling's network."""
    return Scalar(
        "Hidden units", "The width of each coupling's network.", default, 1, LARGEST_LAYER, (8, 16, 32, 64, 128),
        whole=True,
    )  # fmt: skip


def weight(sentence: str, default: float, usual: tuple[float, ...], title: str = "Weight") -> Scalar:
    """Return the option for a penalty's weight; it can be a schedule."""
    return Scalar(title, sentence, default, 0, 1e6, usual, r"\lambda", scheduled=True)
