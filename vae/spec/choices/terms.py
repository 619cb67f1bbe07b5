"""The penalties that can be subtracted from an objective."""

from vae.spec.choices.shared import weight
from vae.spec.kinds import Options, Sized, Term
from vae.spec.work import Work, operations

_NATS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


def _jacobian(options: Options, spec: Sized) -> Work:
    # a backward pass for each latent, each differentiated once more
    return Work(example=spec.latent * operations(spec.encoder_layers(), spec.shape))


TERMS = {
    "jacobian": Term(
        "Contraction",
        "The code may hardly move when a pixel does: the encoder's squared Jacobian costs this much.",
        "vae.model.objectives:jacobian",
        {"weight": weight("What the squared Jacobian costs.", 0.1, (0.01, 0.1, 1.0, 10.0))},
        _jacobian,
        formula=r"\left\|\partial \mathbb{E}_q[z] / \partial x\right\|_F^2",
    ),
    "sparsity": Term(
        "Sparsity",
        "Latents that are not zero cost their size.",
        "vae.model.objectives:sparsity",
        {"weight": weight("What a unit of |z| costs, in nats.", 1.0, (0.1, 0.5, 1.0, 2.0, 5.0))},
        formula=r"\mathbb{E}_q \|z\|_1",
    ),
    "codebook": Term(
        "Codebook",
        "Draws each code to what is encoded next to it.",
        "vae.model.objectives:codebook",
        {"weight": weight("How strongly, in nats.", 1.0, _NATS)},
        formula=r"\left\|\mathrm{sg}[g_\phi(x)] - e(x)\right\|^2",
        needs=("codebook",),
    ),
    "commitment": Term(
        "Commitment",
        "Draws what is encoded to its code.",
        "vae.model.objectives:commitment",
        {"weight": weight("How strongly, in nats.", 0.25, _NATS)},
        formula=r"\left\|g_\phi(x) - \mathrm{sg}[e(x)]\right\|^2",
        needs=("codebook",),
    ),
}
