"""Named models: each is a point of prior x likelihood x posterior x objective x networks, and one entry here."""

from typing import Any

Options = dict[str, Any]

_POINT: Options = {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}}
_ELBO: Options = {"objective": {"kind": "elbo", "beta": 1.0}}
_RISING: Options = {"schedule": "linear", "start": 0.0, "stop": 10.0, "steps": 5000}

PRESETS: dict[str, tuple[str, Options]] = {
    "autoencoder": ("Encodes to a point and decodes it; no prior, so nothing says where to sample.", _POINT),
    "denoising-autoencoder": (
        "An autoencoder that sees a corrupted image and must return the clean one.",
        {**_POINT, "corruption": {"kind": "mask", "rate": 0.3}},
    ),
    "contractive-autoencoder": (
        "An autoencoder whose code may hardly move when a pixel does.",
        {**_POINT, "terms": ({"kind": "jacobian", "weight": 0.1},)},
    ),
    "sparse-autoencoder": (
        "An autoencoder that pays for every latent it uses.",
        {**_POINT, "terms": ({"kind": "sparsity", "weight": 1.0},)},
    ),
    "vq-vae": (
        "An autoencoder whose codes are the points of a learned codebook: each image is one of them.",
        {
            **_POINT,
            "posterior": {"kind": "quantised", "codes": 64, "size": 2},
            "terms": ({"kind": "codebook", "weight": 1.0}, {"kind": "commitment", "weight": 0.25}),
        },
    ),
    "linear-vae": (
        "Affine encoder and decoder with Gaussian noise: its optimum is probabilistic PCA.",
        {
            "encoder": {"kind": "linear"},
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
            **_ELBO,
        },
    ),
    "vae": ("The variational autoencoder: Normal posterior, standard Normal prior, the ELBO.", _ELBO),
    "beta-vae": ("A VAE whose rate costs beta times as much.", {"objective": {"kind": "elbo", "beta": 4.0}}),
    "sigma-vae": (
        "A VAE with Gaussian noise whose one sigma is learned: the data choose beta.",
        {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none", **_ELBO},
    ),
    "laplace-vae": (
        "A VAE with Laplace noise: errors cost their size, not their square, so edges stay sharp.",
        {"likelihood": {"kind": "laplace", "sigma": "shared"}, "binarisation": "none", **_ELBO},
    ),
    "logistic-vae": (
        "A VAE that gives every grey level its probability, so that its bound counts bits.",
        {"likelihood": {"kind": "discretised_logistic", "sigma": "shared"}, "binarisation": "none", **_ELBO},
    ),
    "cvae": (
        "A VAE that is told the label, so that its latents hold only what the label leaves open.",
        {"condition": {"kind": "labels", "classes": 10, "prior": False}, **_ELBO},
    ),
    "iwae": ("A VAE trained on the tighter importance-weighted bound.", {"objective": {"kind": "iwae"}, "samples": 5}),
    "capacity-vae": (
        "A VAE that must send a set number of nats, more and more of them while it learns.",
        {"objective": {"kind": "capacity", "gamma": 30.0, "capacity": _RISING}},
    ),
    "free-bits-vae": (
        "A VAE that gets the first quarter nat of every latent for nothing, so that none dies early.",
        {"objective": {"kind": "free_bits", "floor": 0.25}},
    ),
    "beta-tcvae": (
        "A VAE that pays extra for what its latents say in common, and for nothing else.",
        {"objective": {"kind": "tc", "beta": 4.0}},
    ),
    "info-vae": (
        "A VAE whose codes must look like the prior all together, not each by itself.",
        {"objective": {"kind": "mmd", "weight": 100.0, "beta": 0.0}},
    ),
    "wae": (
        "A Wasserstein autoencoder: codes of one small width, held to the prior by their distance alone.",
        {"posterior": {"kind": "normal", "sigma": 0.1}, "objective": {"kind": "mmd", "weight": 100.0, "beta": 0.0}},
    ),
    "full-covariance-vae": (
        "A VAE whose posterior ellipses tilt.",
        {"posterior": {"kind": "full_normal"}, **_ELBO},
    ),
    "flow-posterior-vae": ("A VAE whose posteriors bend through a flow.", {"posterior": {"kind": "flow"}, **_ELBO}),
    "mixture-vae": ("A VAE whose prior is a learned mixture of Normals.", {"prior": {"kind": "mixture"}, **_ELBO}),
    "vamp-vae": (
        "A VAE whose prior is the mixture of its own posteriors at a hundred learned images.",
        {"prior": {"kind": "vamp"}, **_ELBO},
    ),
    "flow-prior-vae": ("A VAE whose prior is bent by a flow to fit the codes.", {"prior": {"kind": "flow"}, **_ELBO}),
}

# the presets by what sets them apart, in the order to offer them
FAMILIES: dict[str, tuple[str, ...]] = {
    "Classic": ("vae", "linear-vae", "cvae"),
    "Autoencoder": (
        "autoencoder",
        "denoising-autoencoder",
        "contractive-autoencoder",
        "sparse-autoencoder",
        "vq-vae",
    ),
    "Bound": ("iwae",),
    "Rate": ("beta-vae", "capacity-vae", "free-bits-vae"),
    "Codes": ("beta-tcvae", "info-vae", "wae"),
    "Noise": ("sigma-vae", "laplace-vae", "logistic-vae"),
    "Posterior": ("full-covariance-vae", "flow-posterior-vae"),
    "Prior": ("mixture-vae", "vamp-vae", "flow-prior-vae"),
}

# as people write it: within its family, and alone where the family's name is missed
TITLES = {
    **{"vae": "VAE", "cvae": "Conditional VAE", "iwae": "IWAE", "wae": "Wasserstein", "vq-vae": "VQ-VAE"},
    **{"beta-vae": "β-VAE", "sigma-vae": "σ-VAE", "beta-tcvae": "β-TCVAE", "info-vae": "InfoVAE"},
    **{"autoencoder": "Plain", "denoising-autoencoder": "Denoising", "contractive-autoencoder": "Contractive"},
    **{"sparse-autoencoder": "Sparse", "full-covariance-vae": "Full covariance", "flow-posterior-vae": "Flow"},
    **{"mixture-vae": "Mixture", "vamp-vae": "VampPrior", "flow-prior-vae": "Flow"},
    **{"laplace-vae": "Laplace", "logistic-vae": "Grey levels", "capacity-vae": "Capacity"},
    **{"free-bits-vae": "Free bits", "linear-vae": "Linear VAE"},
}
ALONE = {
    **{"autoencoder": "Autoencoder", "denoising-autoencoder": "Denoising autoencoder", "wae": "Wasserstein AE"},
    **{"contractive-autoencoder": "Contractive autoencoder", "sparse-autoencoder": "Sparse autoencoder"},
    **{"full-covariance-vae": "Full-covariance VAE", "flow-posterior-vae": "Flow-posterior VAE"},
    **{"mixture-vae": "Mixture-prior VAE", "vamp-vae": "VampPrior VAE", "flow-prior-vae": "Flow-prior VAE"},
    **{"laplace-vae": "Laplace VAE", "logistic-vae": "Grey-level VAE", "capacity-vae": "Capacity VAE"},
    **{"free-bits-vae": "Free-bits VAE"},
}


def title(name: str, alone: bool = False) -> str:
    """Return a preset's name as people write it, β-VAE or Denoising; `alone` without its family's beside it: Denoising
    autoencoder. Somebody's own name stays as it is."""
    known = ALONE.get(name) if alone else None
    return known or TITLES.get(name) or name
