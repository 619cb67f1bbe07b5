"""What a spec may choose from, in words and without torch: each kind's title, its sentence, its options with bounds.

The app's controls are drawn from these tables, and vae.spec.check refuses by them what torch would refuse only once a
trainer has started. A new prior, likelihood, posterior, objective, corruption or path is one entry here, beside its
function.
"""

from collections.abc import Mapping
from typing import Any

from vae.runs.control import HIGHEST_RATE
from vae.spec import layers as networks
from vae.spec.fields import Choice, Kind, Scalar, Sizes
from vae.spec.heads import FLOW_CONTEXT, LEVELS

LARGEST_SEED = 2**31 - 1

_ACTIVATION = Choice(
    "Activation", "The function between the layers; ReLU is the usual one.", "relu", networks.ACTIVATIONS
)
NETWORKS = {
    "linear": Kind("Linear", "One affine map, so that a Gaussian model is probabilistic PCA."),
    "mlp": Kind(
        "Multilayer perceptron",
        "Fully connected layers; for small images and vectors.",
        {
            "widths": Sizes(
                "Widths",
                "The hidden layers from input to output, with commas between them; type any others.",
                (256, 128),
                ((64,), (128, 64), (256, 128), (512, 256), (512, 512, 256)),
            ),
            "activation": _ACTIVATION,
        },
    ),
    "conv": Kind(
        "Convolutional",
        "Convolutions that halve the image's sides, then a dense layer; for larger images.",
        {
            "channels": Sizes(
                "Channels",
                "A layer each, from the image inwards, with commas between them; each halves the sides.",
                (32, 32, 64, 64),
                ((16, 32), (16, 32, 64), (32, 64, 128), (8, 16, 32, 32), (32, 32, 64, 64)),
            ),
            "hidden": Scalar(
                "Dense layer",
                "The width of the layer between the convolutions and the latent.",
                256, 1, 65536, (32, 64, 128, 256, 512), whole=True,
            ),
            "activation": _ACTIVATION,
        },
    ),
}  # fmt: skip


def _sigma(title: str, sentence: str, each: str, symbol: str = r"\sigma") -> Scalar:
    return Scalar(
        title, sentence, "each", 0, 1e3, (0.05, 0.1, 0.2, 0.5, 1.0, 2.0), symbol, above=True,
        words={"each": each, "shared": "One, learned"},
    )  # fmt: skip


def _layers(default: int) -> Scalar:
    return Scalar(
        "Couplings", "How often the flow bends; each leaves half of the latents.", default, 1, 100_000,
        (2, 3, 4, 6, 8, 12), whole=True,
    )  # fmt: skip


def _hidden(default: int) -> Scalar:
    return Scalar(
        "Hidden units", "The width of each coupling's network.", default, 1, 65536, (8, 16, 32, 64, 128), whole=True
    )


LIKELIHOODS = {
    "bernoulli": Kind("Bernoulli", "Of pixels that are 0 or 1; grey ones are binarised first.", binary=True),
    "continuous_bernoulli": Kind(
        "Continuous Bernoulli", "A true density of grey pixels in [0, 1], which cross-entropy alone is not."
    ),
    "discretised_logistic": Kind(
        "Discretised logistic",
        "The probability of each grey level, so that the bound counts bits; the locations are what is shown.",
        {
            "sigma": _sigma(
                "Scale s of p(x|z)", "Who decides the scale, in units of the pixels' [0, 1].", "Per pixel", "s"
            ),
            "levels": Scalar(
                "Grey levels",
                "The largest value of a pixel: 255 for 8 bits, 16 for the digits.",
                LEVELS,
                1,
                65535,
                (1, 16, 255),
                whole=True,
            ),
        },
    ),
    "normal": Kind(
        "Normal",
        "Gaussian noise around the decoder's mean; σ sets what a pixel's error costs.",
        {"sigma": _sigma("Noise σ of p(x|z)", "Who decides the noise, in units of the pixels' [0, 1].", "Per pixel")},
    ),
    "laplace": Kind(
        "Laplace",
        "Noise with long tails: errors cost their size, not their square.",
        {
            "sigma": _sigma(
                "Scale b of p(x|z)", "Who decides the scale, in units of the pixels' [0, 1].", "Per pixel", "b"
            )
        },
    ),
}
POSTERIORS = {
    "normal": Kind(
        "Diagonal Normal",
        "A Gaussian for each image, its axes along the latents.",
        {"sigma": _sigma("Width σ of q(z|x)", "Who decides how wide the posterior is.", "Per image")},
        density=True,
    ),
    "laplace": Kind(
        "Laplace",
        "A peak with long tails for each image.",
        {"sigma": _sigma("Scale b of q(z|x)", "Who decides how wide the posterior is.", "Per image", "b")},
        density=True,
    ),
    "full_normal": Kind("Full-covariance Normal", "A Gaussian for each image whose axes may tilt.", density=True),
    "flow": Kind(
        "Flow",
        "A Gaussian for each image, bent by a RealNVP flow; its rate is estimated by sampling.",
        {
            "layers": _layers(4),
            "hidden": _hidden(32),
            "context": Scalar(
                "Context",
                "How many numbers the encoder tells the flow beside mean and σ.",
                FLOW_CONTEXT,
                0,
                4096,
                (0, 2, 4, 8, 16, 32),
                whole=True,
            ),
        },
        density=True,
    ),
    "quantised": Kind(
        "Codebook (autoencoder)",
        "The nearest of a number of learned points: no density, so no rate and no bound.",
        {
            "codes": Scalar("Codes", "How many points there are.", 64, 1, 65536, (8, 16, 32, 64, 128, 512), whole=True),
            "size": Scalar(
                "Size",
                "How many latents each code stands for; it divides their number.",
                2,
                1,
                4096,
                (1, 2, 4, 8),
                whole=True,
            ),
        },
    ),
    "delta": Kind("Point (autoencoder)", "One point for each image: no density, so no rate and no bound."),
}
PRIORS = {
    "standard_normal": Kind("Standard Normal", "N(0, I): round, centred, the same for every run."),
    "mixture": Kind(
        "Mixture of Normals",
        "Learned bumps, each with its weight, mean and σ.",
        {"components": Scalar("Components", "How many bumps.", 10, 1, 100_000, (2, 5, 10, 20, 50, 100), whole=True)},
    ),
    "vamp": Kind(
        "VampPrior",
        "The mixture of the posteriors at learned pseudo-inputs.",
        {"inputs": Scalar("Pseudo-inputs", "How many of them.", 100, 1, 100_000, (10, 20, 50, 100, 500), whole=True)},
    ),
    "flow": Kind(
        "Flow",
        "A standard Normal, bent by a RealNVP flow to fit the codes.",
        {"layers": _layers(6), "hidden": _hidden(64)},
    ),
}

_BETA = Scalar(
    "β", "What a nat of rate costs in nats of distortion: 1 is the ELBO, more compresses, less reconstructs.",
    1.0, 0, 1e4, (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0), r"\beta", scheduled=True,
)  # fmt: skip
OBJECTIVES = {
    "elbo": Kind(
        "ELBO",
        "Reconstruct well, at a rate that costs β a nat; a bound on log p(x) for β of 1 or more.",
        {"beta": _BETA},
        density=True,
        formula=r"\mathbb{E}_{q}[\log p(x|z)] - \beta\,\mathrm{KL}(q(z|x)\,\|\,p(z))",
    ),
    "iwae": Kind(
        "Importance-weighted bound",
        "Tighter with each of the K samples, at K times the decoder's work.",
        density=True,
        formula=r"\log \tfrac{1}{K} \sum_{k} \tfrac{p(x,\,z_k)}{q(z_k|x)}",
        samples=5,
    ),
    "capacity": Kind(
        "Capacity",
        "A set number of nats has to be sent; usually it rises while the model learns.",
        {
            "gamma": Scalar(
                "γ",
                "What a nat off the capacity costs.",
                30.0,
                0,
                1e6,
                (1.0, 10.0, 30.0, 100.0, 1000.0),
                r"\gamma",
                scheduled=True,
            ),
            "capacity": Scalar(
                "Capacity C",
                "The rate asked for, in nats.",
                5.0,
                0,
                1e4,
                (0.0, 1.0, 2.0, 5.0, 10.0, 25.0),
                "C",
                scheduled=True,
            ),
        },
        density=True,
        formula=r"\mathbb{E}_{q}[\log p(x|z)] - \gamma\,|\mathrm{KL}(q(z|x)\,\|\,p(z)) - C|",
    ),
    "free_bits": Kind(
        "Free bits",
        "Each latent's first nats are free, so that none dies early.",
        {
            "floor": Scalar(
                "Free nats λ",
                "A latent costs at least so much, used or not.",
                0.25,
                0,
                100,
                (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
                r"\lambda",
                scheduled=True,
            )
        },
        density=True,
        formula=r"\mathbb{E}_{q}[\log p(x|z)] - \textstyle\sum_j \max(\lambda,\,"
        r"\mathbb{E}_x\mathrm{KL}(q(z_j|x)\,\|\,p(z_j)))",
    ),
    "tc": Kind(
        "Total correlation",
        "What the latents say in common costs β, everything else as in the ELBO.",
        {
            "beta": Scalar(
                "β",
                "What a nat of total correlation costs; 1 is the ELBO.",
                4.0,
                0,
                1e4,
                (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 16.0),
                r"\beta",
                scheduled=True,
            )
        },
        density=True,
        formula=r"\mathbb{E}_{q}[\log p(x|z)] - \mathrm{KL}(q(z|x)\,\|\,p(z)) - (\beta - 1)\,\mathrm{TC}",
    ),
    "mmd": Kind(
        "Maximum mean discrepancy",
        "All codes together have to look like the prior, not each posterior by itself.",
        {
            "weight": Scalar(
                "λ",
                "What the distance of codes and prior costs.",
                100.0,
                0,
                1e6,
                (1.0, 10.0, 30.0, 100.0, 1000.0),
                r"\lambda",
                scheduled=True,
            ),
            "beta": Scalar(
                "β",
                "What a nat of rate costs beside it.",
                0.0,
                0,
                1e4,
                (0.0, 0.1, 0.25, 0.5, 1.0),
                r"\beta",
                scheduled=True,
            ),
        },
        density=True,
        formula=r"\mathbb{E}_{q}[\log p(x|z)] - \beta\,\mathrm{KL}(q(z|x)\,\|\,p(z)) - \lambda\,"
        r"\mathrm{MMD}^2(q(z),\,p(z))",
    ),
    "reconstruction": Kind(
        "Reconstruction", "The likelihood alone, without any rate.", formula=r"\mathbb{E}_{q}[\log p(x|z)]"
    ),
}
CORRUPTIONS = {
    "mask": Kind(
        "Mask",
        "Hides pixels of what the encoder sees; the clean image must come back.",
        {"rate": Scalar("Share hidden", "The share of pixels set to 0.", 0.3, 0, 1, (0.1, 0.2, 0.3, 0.5, 0.7))},
    ),
    "noise": Kind(
        "Gaussian noise",
        "Adds noise to what the encoder sees; the clean image must come back.",
        {
            "sigma": Scalar(
                "Noise level", "σ of the noise, pixels being in [0, 1].", 0.3, 0, 1e3, (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
            )
        },
    ),
}
TERMS = {
    "jacobian": Kind(
        "Contraction",
        "The code may hardly move when a pixel does: the encoder's squared Jacobian costs this much.",
        {
            "weight": Scalar(
                "Weight",
                "What the squared Jacobian costs.",
                0.1,
                0,
                1e6,
                (0.01, 0.1, 1.0, 10.0),
                r"\lambda",
                scheduled=True,
            )
        },
    ),
    "sparsity": Kind(
        "Sparsity",
        "Latents that are not zero cost their size.",
        {
            "weight": Scalar(
                "Weight",
                "What a unit of |z| costs, in nats.",
                1.0,
                0,
                1e6,
                (0.1, 0.5, 1.0, 2.0, 5.0),
                r"\lambda",
                scheduled=True,
            )
        },
    ),
}
_NATS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
TERMS |= {
    "codebook": Kind(
        "Codebook",
        "Draws each code to what is encoded next to it.",
        {"weight": Scalar("Weight", "How strongly, in nats.", 1.0, 0, 1e6, _NATS, r"\lambda", scheduled=True)},
    ),
    "commitment": Kind(
        "Commitment",
        "Draws what is encoded to its code.",
        {"weight": Scalar("Weight", "How strongly, in nats.", 0.25, 0, 1e6, _NATS, r"\lambda", scheduled=True)},
    ),
}
PATHS = {
    "reparametrised": Kind("Reparametrised", "z = μ + σε: the gradient flows through z into the encoder."),
    "reparametrised-mc": Kind("Reparametrised, sampled rate", "The same, with the rate's gradient by sampling too."),
    "stl": Kind("Sticking the landing", "Leaves out a part that is zero in the mean: no noise at the exact posterior."),
    "dreg": Kind("Doubly reparametrised", "The same for importance-weighted bounds, whose samples it weighs anew."),
    "score": Kind("Score function", "Needs no gradient through z, only two samples or more; noisier."),
}

ROLES: dict[str, tuple[str, str, Mapping[str, Kind]]] = {
    "encoder": ("Network", "The network of the encoder, and mirrored of the decoder.", NETWORKS),
    "decoder": ("Decoder network", "The network of the decoder.", NETWORKS),
    "likelihood": ("Likelihood p(x|z)", "How an image scatters around what the decoder says.", LIKELIHOODS),
    "posterior": ("Posterior q(z|x)", "What the encoder says of an image's latent.", POSTERIORS),
    "prior": ("Prior p(z)", "Where latents come from when the model dreams up an image.", PRIORS),
    "objective": ("Objective", "What training climbs, in nats per example.", OBJECTIVES),
    "corruption": ("Corruption", "What is done to the image that the encoder sees.", CORRUPTIONS),
}
CHOICES = {
    "binarisation": Choice(
        "Binarisation", "Grey pixels to 0 and 1: drawn anew at each step, once, or not.", "dynamic",
        ("dynamic", "static", "none"),
    ),
    "keep": Choice("Keep", "Which weights are kept: the best on validation, or the last.", "best", ("best", "last")),
}  # fmt: skip
NUMBERS = {
    "latent": Scalar(
        "Latent size", "How many numbers stand for an image; two can be drawn whole.", 2, 1, 4096,
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 50, 64, 128), whole=True,
    ),
    "epochs": Scalar(
        "Epochs", "How often training goes through all examples.", 20, 1, 10**6,
        (1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 80, 100, 150, 200, 300, 400), whole=True,
    ),
    "samples": Scalar(
        "Samples K", "Draws of z for each image and step; more cost K times the decoder's work.", 1, 1, 10_000,
        (1, 2, 5, 10, 20, 50), "K", whole=True,
    ),
    "learning_rate": Scalar(
        "Learning rate", "The size of Adam's steps; too large diverges, too small crawls.", 1e-3, 0, HIGHEST_RATE,
        (1e-5, 3e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2), above=True, scheduled=True,
    ),
    "batch": Scalar(
        "Batch", "Examples averaged in one step; larger is steadier, smaller takes more steps an epoch.", 128, 1, 65536,
        (16, 32, 64, 128, 256, 512, 1024), whole=True,
    ),
    "weight_decay": Scalar("Weight decay", "How strongly weights are drawn to 0 (AdamW); 0 is off.", 0.0, 0, 10),
    "clip": Scalar(
        "Gradient clip", "Longer gradients are cut to this norm; empty is off.", None, 0, 1e6, above=True, optional=True
    ),
    "size": Scalar(
        "Examples", "Train on so many of the examples; empty takes all.", None, 1, 10**6, whole=True, optional=True
    ),
    "seed": Scalar(
        "Seed", "Decides weights, order and noise; the same seed repeats the run.", 0, 0, LARGEST_SEED, whole=True
    ),
}  # fmt: skip


def of(role: str, entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an entry with every option spelt out, so that two that mean the same compare equal."""
    if entry is None:
        return None
    defaults = {name: option.default for name, option in ROLES[role][2][entry["kind"]].options.items()}
    return {name: plain(value) for name, value in (defaults | dict(entry)).items()}


def plain(value: Any) -> Any:
    """Return a number, schedule or list of sizes in the one form that compares equal where the meaning is equal."""
    if isinstance(value, Mapping):
        return {"warmup": 0, **value}
    return list(value) if isinstance(value, tuple) else value
