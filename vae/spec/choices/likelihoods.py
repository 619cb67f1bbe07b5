"""The likelihoods p(x|z)."""

from vae.spec.choices.shared import shared_sigma, sigma
from vae.spec.fields import LARGEST_PIXEL, Scalar
from vae.spec.kinds import BINARY, LEVELS, UNIT, Likelihood

LIKELIHOODS = {
    "bernoulli": Likelihood(
        "Bernoulli",
        "Of pixels that are 0 or 1; grey ones are binarised first.",
        "vae.model.families:Bernoulli",
        symbol=r"\mathrm{Bernoulli}",
        support=BINARY,
        mean="sigmoid",
        baseline="vae.evaluation.baseline:bernoulli",
    ),
    "continuous_bernoulli": Likelihood(
        "Continuous Bernoulli",
        "A true density of grey pixels in [0, 1], which cross-entropy alone is not.",
        "vae.model.families:ContinuousBernoulli",
        symbol=r"\mathcal{CB}",
        support=UNIT,
        mean="continuous_bernoulli",
        baseline="vae.evaluation.baseline:continuous_bernoulli",
    ),
    "discretised_logistic": Likelihood(
        "Discretised logistic",
        "The probability of each grey level, so that the bound counts bits; the locations are what is shown.",
        "vae.model.families:DiscretisedLogistic",
        {
            "sigma": sigma(
                "Scale s of p(x|z)", "Who decides the scale, in units of the pixels' [0, 1].", "Per pixel", "s"
            ),
            "levels": Scalar(
                "Grey levels", "The largest value of a pixel: 255 for 8 bits, 16 for the digits.",
                LARGEST_PIXEL, 1, 65535, (1, 16, 255), whole=True,
            ),
        },
        shared_sigma,
        symbol=r"\mathrm{DLogistic}",
        spread="s",
        support=LEVELS,
        baseline="vae.evaluation.baseline:histogram",
    ),
    "normal": Likelihood(
        "Normal",
        "Gaussian noise around the decoder's mean; σ sets what a pixel's error costs.",
        "vae.model.families:Normal",
        {"sigma": sigma("Noise σ of p(x|z)", "Who decides the noise, in units of the pixels' [0, 1].", "Per pixel")},
        shared_sigma,
        symbol=r"\mathcal{N}",
        spread=r"\sigma",
        power="^2",
        baseline="vae.evaluation.baseline:normal",
    ),
    "laplace": Likelihood(
        "Laplace",
        "Noise with long tails: errors cost their size, not their square.",
        "vae.model.families:Laplace",
        {
            "sigma": sigma(
                "Scale b of p(x|z)", "Who decides the scale, in units of the pixels' [0, 1].", "Per pixel", "b"
            )
        },
        shared_sigma,
        symbol=r"\mathrm{Laplace}",
        spread="b",
        baseline="vae.evaluation.baseline:laplace",
    ),
}  # fmt: skip
