"""The penalties that can be subtracted from an objective."""

from vae.spec.choices.shared import weight
from vae.spec.kinds import Options, Sized, Term
from vae.spec.work import Work, effort

_NATS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


def _jacobian(options: Options, spec: Sized) -> Work:
    # a backward pass for each latent, each differentiated once more
    return Work(example=spec.latent * effort(spec.encoder_layers(), spec.shape))


TERMS = {
    "jacobian": Term(
        "Contraction",
        "Penalty on the encoder's squared Jacobian: the code changes little when a pixel changes.",
        "vae.model.objectives:jacobian",
        {"weight": weight("Weight of the squared Jacobian.", 0.1, (0.01, 0.1, 1.0, 10.0))},
        _jacobian,
        formula=r"\left\|\partial \mathbb{E}_q[z] / \partial x\right\|_F^2",
    ),
    "sparsity": Term(
        "Sparsity",
        "Penalty on the absolute values of the code, so that most of them are near 0.",
        "vae.model.objectives:sparsity",
        {"weight": weight("Price of one unit of |z|, in nats.", 1.0, (0.1, 0.5, 1.0, 2.0, 5.0))},
        formula=r"\mathbb{E}_q \|z\|_1",
    ),
    "codebook": Term(
        "Codebook",
        "Pulls each entry of the codebook to the encoder outputs near it.",
        "vae.model.objectives:codebook",
        {"weight": weight("Weight of the term, in nats.", 1.0, _NATS)},
        formula=r"\left\|\mathrm{sg}[g_\phi(x)] - e(x)\right\|^2",
        needs=("codebook",),
    ),
    "commitment": Term(
        "Commitment",
        "Pulls each encoder output to its entry of the codebook.",
        "vae.model.objectives:commitment",
        {"weight": weight("Weight of the term, in nats.", 0.25, _NATS)},
        formula=r"\left\|g_\phi(x) - \mathrm{sg}[e(x)]\right\|^2",
        needs=("codebook",),
    ),
}
