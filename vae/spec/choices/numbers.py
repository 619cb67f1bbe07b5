"""The options of a spec that are numbers with bounds, or one of a few words."""

from vae.spec.fields import LARGEST_SEED, MOST_LATENTS, Choice, Scalar

CHOICES = {
    "binarisation": Choice(
        "Binarisation", "Grey pixels to 0 and 1: drawn anew at each step, once, or not.", "dynamic",
        ("dynamic", "static", "none"),
    ),
    "keep": Choice("Keep", "Which weights are kept: the best on validation, or the last.", "best", ("best", "last")),
}  # fmt: skip
NUMBERS = {
    "latent": Scalar(
        "Latent size", "How many numbers stand for an image; two can be drawn whole.", 2, 1, MOST_LATENTS,
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 50, 64, 128), whole=True,
    ),
    "epochs": Scalar(
        "Epochs", "How often training goes through all examples.", 20, 1, 10**6,
        (1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 80, 100, 150, 200, 300, 400), whole=True,
        recommended="so many as take about half a minute",
    ),
    "samples": Scalar(
        "Samples K", "Draws of z for each image and step; more cost K times the decoder's work.", 1, 1, 10_000,
        (1, 2, 5, 10, 20, 50), "K", whole=True,
    ),
    "learning_rate": Scalar(
        "Learning rate", "The size of Adam's steps; too large diverges, too small crawls.", 1e-3, 0, 10.0,
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
