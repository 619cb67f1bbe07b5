"""The priors p(z)."""

import math
from dataclasses import replace

from vae.spec.choices.shared import COUPLED, MOST_PARTS, hidden, layers
from vae.spec.fields import Scalar
from vae.spec.kinds import Options, Prior, Sized
from vae.spec.work import Work, couplings, effort, normals


def _mixture(options: Options, spec: Sized) -> Work:
    return replace(normals(options["components"], spec.latent), weights=options["components"] * (2 * spec.latent + 1))


def _vamp(options: Options, spec: Sized) -> Work:
    inputs = options["inputs"]
    encoded = inputs * effort(spec.encoder_layers(), spec.shape)
    return replace(normals(inputs, spec.latent), weights=inputs * math.prod(spec.shape), step=encoded)


PRIORS = {
    "standard_normal": Prior(
        "Standard Normal",
        "N(0, I): centred at 0, with equal width in every direction, and not learned.",
        "vae.model.priors:StandardNormal",
        symbol=r"\mathcal{N}(0, I)",
        distribution="normal",
        standard=True,
        factorised=True,
        by_label="vae.model.priors:ByLabel",
    ),
    "mixture": Prior(
        "Mixture of Normals",
        "A learned mixture; each component has a weight, a mean and a σ.",
        "vae.model.priors:Mixture",
        {
            "components": Scalar(
                "Components",
                "How many components the mixture has.",
                10,
                1,
                MOST_PARTS,
                (2, 5, 10, 20, 50, 100),
                whole=True,
            )
        },
        _mixture,
        symbol=r"\textstyle\sum_c w_c\, \mathcal{N}(m_c, s_c^2)",
        distribution="mixture",
        learned=True,
        reparametrised=False,
    ),
    "vamp": Prior(
        "VampPrior",
        "The mixture of the approximate posteriors of learned pseudo-inputs.",
        "vae.model.priors:Vamp",
        {
            "inputs": Scalar(
                "Pseudo-inputs",
                "How many pseudo-inputs the prior has.",
                100,
                1,
                MOST_PARTS,
                (10, 20, 50, 100, 500),
                whole=True,
            )
        },
        _vamp,
        symbol=r"\textstyle\frac{1}{C} \sum_c q_\phi(\cdot|u_c)",
        distribution="mixture",
        learned=True,
        reparametrised=False,
        no_labels="has pseudo-inputs without labels",
    ),
    "flow": Prior(
        "Flow",
        "A standard Normal, bent by a RealNVP flow to fit the codes.",
        "vae.model.priors:FlowPrior",
        {"layers": layers(6), "hidden": hidden(64)},
        lambda options, spec: couplings(options["layers"], options["hidden"], spec.latent),
        symbol=r"\mathrm{Flow}_\theta",
        distribution="flow",
        learned=True,
        least_latents=COUPLED,
    ),
}
