"""The posteriors q(z|x)."""

from vae.spec.choices.shared import COUPLED, hidden, layers, shared_sigma, sigma
from vae.spec.fields import LARGEST_LAYER, MOST_LATENTS, Scalar
from vae.spec.kinds import Posterior
from vae.spec.work import Work, couplings

FLOW_CONTEXT = 8  # size of the context that the encoder passes to a flow's couplings, besides mean and sigma
# what a choice of the width means
WIDTH = "Fixed value, one learned value, or one per image from the encoder."

POSTERIORS = {
    "normal": Posterior(
        "Diagonal Normal",
        "A Gaussian for each image, with axes along the latent dimensions.",
        "vae.model.families:Normal",
        {"sigma": sigma("Width σ of q(z|x)", WIDTH, "Per image")},
        shared_sigma,
        symbol=r"\mathcal{N}",
        spread=r"\sigma",
        power="^2",
        distribution="normal",
        factorised=True,
        scalable=True,
    ),
    "given_normal": Posterior(
        "Diagonal Normal, as given",
        "A Gaussian for each image, its σ as another library's network gives it, without bounds.",
        "vae.model.families:UnboundedNormal",
        {"sigma": sigma("Width σ of q(z|x)", WIDTH, "Per image")},
        shared_sigma,
        symbol=r"\mathcal{N}",
        spread=r"\sigma",
        power="^2",
        distribution="normal",
        factorised=True,
        scalable=True,
        by_hand=False,
    ),
    "laplace": Posterior(
        "Laplace",
        "A Laplace distribution for each image: a peak with long tails.",
        "vae.model.families:Laplace",
        {"sigma": sigma("Scale b of q(z|x)", WIDTH, "Per image", "b")},
        shared_sigma,
        symbol=r"\mathrm{Laplace}",
        spread="b",
        distribution="laplace",
        factorised=True,
        scalable=True,
    ),
    "full_normal": Posterior(
        "Full-covariance Normal",
        "A Gaussian for each image, with axes in any direction.",
        "vae.model.families:FullNormal",
        work=lambda options, spec: Work(launches=0.8),
        symbol=r"\mathcal{N}",
        spread=r"\Sigma",
        extra=lambda n, options: n + n * (n - 1) // 2,
        distribution="full_normal",
        scalable=True,
    ),
    "flow": Posterior(
        "Flow",
        "A Gaussian for each image, bent by a RealNVP flow; its rate is estimated by sampling.",
        "vae.model.families:Flow",
        {
            "layers": layers(4),
            "hidden": hidden(32),
            "context": Scalar(
                "Context", "How many numbers the encoder passes to the flow in addition to mean and σ.",
                FLOW_CONTEXT, 0, MOST_LATENTS, (0, 2, 4, 8, 16, 32), whole=True,
            ),
        },
        lambda options, spec: couplings(options["layers"], options["hidden"], spec.latent, options["context"]),
        symbol=r"\mathrm{Flow}",
        spread=r"\sigma",
        power="^2",
        extra=lambda n, options: n + int(options["context"]),
        distribution="flow",
        least_latents=COUPLED,
    ),
    "quantised": Posterior(
        "Codebook (autoencoder)",
        "The nearest of a list of learned points. It has no density, so there is no rate and no bound.",
        "vae.model.families:Quantised",
        {
            "codes": Scalar(
                "Codes", "How many points there are.", 64, 1, LARGEST_LAYER, (8, 16, 32, 64, 128, 512), whole=True
            ),
            "size": Scalar(
                "Size", "How many latent dimensions one code covers; it must divide the latent size.",
                2, 1, MOST_LATENTS, (1, 2, 4, 8), whole=True,
            ),
        },
        lambda options, spec: Work(options["codes"] * options["size"], example=2.0 * options["codes"] * spec.latent),
        symbol=r"\delta",
        distribution="point",
        density=False,
        factorised=True,
        codebook=True,
    ),
    "delta": Posterior(
        "Point (autoencoder)",
        "One point for each image. It has no density, so there is no rate and no bound.",
        "vae.model.families:Delta",
        symbol=r"\delta",
        distribution="point",
        density=False,
        factorised=True,
    ),
}  # fmt: skip
