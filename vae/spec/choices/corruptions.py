"""The corruptions of the encoder's input."""

from vae.spec.fields import Scalar
from vae.spec.kinds import Kind

CORRUPTIONS = {
    "mask": Kind(
        "Mask",
        "Hides pixels of the input; the decoder must return the clean image.",
        "vae.model.objectives:mask",
        {"rate": Scalar("Share hidden", "The share of pixels set to 0.", 0.3, 0, 1, (0.1, 0.2, 0.3, 0.5, 0.7))},
    ),
    "noise": Kind(
        "Gaussian noise",
        "Adds noise to the input; the decoder must return the clean image.",
        "vae.model.objectives:noise",
        {
            "sigma": Scalar(
                "Noise level", "σ of the noise, pixels being in [0, 1].", 0.3, 0, 1e3, (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
            )
        },
    ),
}
