"""Named models: each is a point of prior x likelihood x posterior x objective x networks, and one entry here."""

from dataclasses import dataclass
from typing import Any

Options = dict[str, Any]

_POINT: Options = {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}}
_ELBO: Options = {"objective": {"kind": "elbo", "beta": 1.0}}
# from above 0, where the rate's gradient vanishes, to what two latents of small images can say; `steps` follow the run
_RISING: Options = {"schedule": "linear", "start": 0.5, "stop": 3.0, "steps": 5000}


@dataclass(frozen=True)
class Preset:
    """A named model: its title within its `group` of presets, a sentence, and the entries of a spec that it sets.

    `full_title` is its title where the group's name is not shown. `illness`: it shows an illness, and its sentence says
    so; every other preset is healthy by vae.diagnosis, with what is recommended on the embedded data.
    """

    title: str
    group: str
    sentence: str
    entries: Options
    full_title: str = ""
    illness: bool = False


PRESETS: dict[str, Preset] = {
    "vae": Preset(
        "VAE",
        "Classic",
        "The variational autoencoder: Normal posterior, standard Normal prior, the ELBO.",
        _ELBO,
    ),
    "linear-vae": Preset(
        "Linear VAE",
        "Classic",
        "Affine encoder and decoder with Gaussian noise: its optimum is probabilistic PCA.",
        {
            "encoder": {"kind": "linear"},
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
            **_ELBO,
        },
    ),
    "cvae": Preset(
        "Conditional VAE",
        "Classic",
        "A VAE conditioned on the label. Its latents encode what the label does not determine.",
        {"condition": {"kind": "labels", "classes": 10, "prior": False}, **_ELBO},
    ),
    "autoencoder": Preset(
        "Plain",
        "Autoencoder",
        "Encodes an image to a point and decodes it. It has no prior to sample from.",
        _POINT,
        full_title="Autoencoder",
    ),
    "denoising-autoencoder": Preset(
        "Denoising",
        "Autoencoder",
        "An autoencoder that sees a corrupted image and must return the clean one.",
        {**_POINT, "corruption": {"kind": "mask", "rate": 0.3}},
        full_title="Denoising autoencoder",
    ),
    "contractive-autoencoder": Preset(
        "Contractive",
        "Autoencoder",
        "An autoencoder whose code changes little when a pixel changes.",
        {**_POINT, "terms": ({"kind": "jacobian", "weight": 0.1},)},
        full_title="Contractive autoencoder",
    ),
    "sparse-autoencoder": Preset(
        "Sparse",
        "Autoencoder",
        "An autoencoder with a penalty on every latent dimension it uses.",
        {**_POINT, "terms": ({"kind": "sparsity", "weight": 1.0},)},
        full_title="Sparse autoencoder",
    ),
    "vq-vae": Preset(
        "VQ-VAE",
        "Autoencoder",
        "An autoencoder whose codes are the points of a learned codebook: each image is one of them.",
        {
            **_POINT,
            "posterior": {"kind": "quantised", "codes": 64, "size": 2},
            "terms": ({"kind": "codebook", "weight": 1.0}, {"kind": "commitment", "weight": 0.25}),
        },
    ),
    "iwae": Preset(
        "IWAE",
        "Bound",
        "A VAE trained on the tighter importance-weighted bound.",
        {"objective": {"kind": "iwae"}, "samples": 5},
    ),
    "beta-vae": Preset(
        "β-VAE",
        "Rate",
        "A VAE whose rate costs beta times as much. A fault: at beta = 4 the latents of small images collapse.",
        {"objective": {"kind": "elbo", "beta": 4.0}},
        illness=True,
    ),
    "capacity-vae": Preset(
        "Capacity",
        "Rate",
        "A VAE whose rate follows a target that rises during training.",
        # a larger gamma drowns the likelihood: the rate is then bought by moving all codes, and says nothing
        {"objective": {"kind": "capacity", "gamma": 4.0, "capacity": _RISING}},
        full_title="Capacity VAE",
    ),
    "free-bits-vae": Preset(
        "Free bits",
        "Rate",
        "The first 0.25 nats of every dimension are free, so that no dimension collapses early.",
        {"objective": {"kind": "free_bits", "floor": 0.25}},
        full_title="Free-bits VAE",
    ),
    "beta-tcvae": Preset(
        "β-TCVAE",
        "Codes",
        "A VAE with an extra penalty on the total correlation of its latents.",
        {"objective": {"kind": "tc", "beta": 4.0}},
    ),
    "info-vae": Preset(
        "InfoVAE",
        "Codes",
        "A VAE whose aggregate posterior must match the prior; single posteriors need not.",
        {"objective": {"kind": "mmd", "weight": 3.0, "beta": 0.5}},
    ),
    "wae": Preset(
        "Wasserstein",
        "Codes",
        "A Wasserstein autoencoder: all codes have one small width, and a distance pulls them to the prior.",
        {"posterior": {"kind": "normal", "sigma": 0.25}, "objective": {"kind": "mmd", "weight": 10.0, "beta": 0.0}},
        full_title="Wasserstein AE",
    ),
    "sigma-vae": Preset(
        "σ-VAE",
        "Noise",
        "A VAE with Gaussian noise and one learned sigma, which acts as a beta.",
        {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none", **_ELBO},
    ),
    "laplace-vae": Preset(
        "Laplace",
        "Noise",
        "A VAE with Laplace noise: the cost of an error grows with its size, not its square, so edges stay sharp.",
        {"likelihood": {"kind": "laplace", "sigma": "shared"}, "binarisation": "none", **_ELBO},
        full_title="Laplace VAE",
    ),
    "logistic-vae": Preset(
        "Grey levels",
        "Noise",
        "A VAE that gives every grey level a probability, so its bound can be read in bits.",
        {"likelihood": {"kind": "discretised_logistic", "sigma": "shared"}, "binarisation": "none", **_ELBO},
        full_title="Grey-level VAE",
    ),
    "full-covariance-vae": Preset(
        "Full covariance",
        "Posterior",
        "A VAE whose posterior ellipses may have any direction.",
        {"posterior": {"kind": "full_normal"}, **_ELBO},
        full_title="Full-covariance VAE",
    ),
    "flow-posterior-vae": Preset(
        "Flow",
        "Posterior",
        "A VAE whose posteriors are bent by a flow.",
        {"posterior": {"kind": "flow"}, **_ELBO},
        full_title="Flow-posterior VAE",
    ),
    "mixture-vae": Preset(
        "Mixture",
        "Prior",
        "A VAE whose prior is a learned mixture of Normals.",
        {"prior": {"kind": "mixture"}, **_ELBO},
        full_title="Mixture-prior VAE",
    ),
    "vamp-vae": Preset(
        "VampPrior",
        "Prior",
        "A VAE whose prior is the mixture of its own posteriors at a hundred learned images.",
        {"prior": {"kind": "vamp"}, **_ELBO},
        full_title="VampPrior VAE",
    ),
    "flow-prior-vae": Preset(
        "Flow",
        "Prior",
        "A VAE whose prior is bent by a flow to fit the codes.",
        {"prior": {"kind": "flow"}, **_ELBO},
        full_title="Flow-prior VAE",
    ),
}


def groups() -> dict[str, tuple[str, ...]]:
    """Return the names of the presets by group, in the order to offer them."""
    names = dict.fromkeys(preset.group for preset in PRESETS.values())
    return {group: tuple(name for name, preset in PRESETS.items() if preset.group == group) for group in names}


def title(name: str, full: bool = False) -> str:
    """Return a preset's title ("Denoising"); `full` for use without its group ("Denoising autoencoder").

    A name that is no preset is returned unchanged.
    """
    preset = PRESETS.get(name)
    return name if preset is None else (preset.full_title if full else "") or preset.title
