"""The likelihoods p(x|z)."""

from vae.spec.choices.shared import shared_sigma, sigma
from vae.spec.fields import LARGEST_PIXEL, Scalar
from vae.spec.kinds import BINARY, LEVELS, UNIT, Likelihood

# what a choice of the noise means
NOISE = "Fixed value, one learned value, or one per pixel. Pixels run from 0 to 1."

LIKELIHOODS = {
    "bernoulli": Likelihood(
        "Bernoulli",
        "For pixels that are 0 or 1; grey pixels are binarised first.",
        "vae.model.families:Bernoulli",
        symbol=r"\mathrm{Bernoulli}",
        support=BINARY,
        mean="sigmoid",
        baseline="vae.evaluation.baseline:bernoulli",
    ),
    "continuous_bernoulli": Likelihood(
        "Continuous Bernoulli",
        "A normalised density of grey pixels in [0, 1]; cross-entropy alone is not normalised.",
        "vae.model.families:ContinuousBernoulli",
        symbol=r"\mathcal{CB}",
        support=UNIT,
        mean="continuous_bernoulli",
        baseline="vae.evaluation.baseline:continuous_bernoulli",
    ),
    "discretised_logistic": Likelihood(
        "Discretised logistic",
        "The probability of each grey level, so the bound can be read in bits; the image shows the locations.",
        "vae.model.families:DiscretisedLogistic",
        {
            "sigma": sigma(
                "Scale s of p(x|z)", NOISE, "Per pixel", "s"
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
        "Gaussian noise around the decoder's mean; σ sets the cost of an error.",
        "vae.model.families:Normal",
        {"sigma": sigma("Noise σ of p(x|z)", NOISE, "Per pixel")},
        shared_sigma,
        symbol=r"\mathcal{N}",
        spread=r"\sigma",
        power="^2",
        baseline="vae.evaluation.baseline:normal",
    ),
    "laplace": Likelihood(
        "Laplace",
        "Noise with long tails: the cost of an error grows with its size, not with its square.",
        "vae.model.families:Laplace",
        {
            "sigma": sigma(
                "Scale b of p(x|z)", NOISE, "Per pixel", "b"
            )
        },
        shared_sigma,
        symbol=r"\mathrm{Laplace}",
        spread="b",
        baseline="vae.evaluation.baseline:laplace",
    ),
    "cross_entropy": Likelihood(
        "Cross-entropy",
        "A Bernoulli's mean log p over pixels that are drawn from grey ones, as other libraries train on them.",
        "vae.model.families:CrossEntropy",
        symbol=r"\mathrm{Bernoulli}",
        support=UNIT,
        mean="sigmoid",
        baseline="vae.evaluation.baseline:bernoulli",
        drawn=True,
        by_hand=False,
    ),
}  # fmt: skip
