"""Named models: each is a point of prior x likelihood x posterior x objective x networks, and one entry here."""

from typing import Any

Options = dict[str, Any]

_ELBO: Options = {"kind": "elbo", "beta": 1.0}

PRESETS: dict[str, tuple[str, Options]] = {
    "autoencoder": (
        "Encodes to a point and decodes it; no prior, so nothing says where to sample.",
        {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}},
    ),
    "denoising-autoencoder": (
        "An autoencoder that sees a corrupted image and must return the clean one.",
        {
            "posterior": {"kind": "delta"},
            "prior": None,
            "objective": {"kind": "reconstruction"},
            "corruption": {"kind": "mask", "rate": 0.3},
        },
    ),
    "linear-vae": (
        "Affine encoder and decoder with Gaussian noise: its optimum is probabilistic PCA.",
        {
            "encoder": {"kind": "linear"},
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
            "objective": _ELBO,
        },
    ),
    "vae": ("The variational autoencoder: Normal posterior, standard Normal prior, the ELBO.", {"objective": _ELBO}),
    "beta-vae": ("A VAE whose rate costs beta times as much.", {"objective": {"kind": "elbo", "beta": 4.0}}),
    "sigma-vae": (
        "A VAE with Gaussian noise whose one sigma is learned: the data choose beta.",
        {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none", "objective": _ELBO},
    ),
    "iwae": ("A VAE trained on the tighter importance-weighted bound.", {"objective": {"kind": "iwae"}, "samples": 5}),
}
