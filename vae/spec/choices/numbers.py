"""The options of a spec that are numbers with bounds, or one of a few words."""

from vae.spec.fields import LARGEST_SEED, MOST_LATENTS, Choice, Scalar

CHOICES = {
    "binarisation": Choice(
        "Binarisation", "How grey pixels become 0 or 1: drawn at each step, drawn once, or not.", "dynamic",
        ("dynamic", "static", "none"),
    ),
    "keep": Choice("Keep the weights with", "The weights of the best validation objective, or the "
                                            "last.", "best", ("best", "last")),
}  # fmt: skip
NUMBERS = {
    "latent": Scalar(
        "Latent size", "How many numbers a code has. Two dimensions fit on a map.", 2, 1, MOST_LATENTS,
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 50, 64, 128), whole=True,
    ),
    "epochs": Scalar(
        "Epochs", "How often training goes through all examples.", 20, 1, 10**6,
        (1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 80, 100, 150, 200, 300, 400), whole=True,
        recommended="so many as take about half a minute",
    ),
    "samples": Scalar(
        "Samples K", "Number of samples of z per image and step. The decoder's work grows with K.", 1, 1, 10_000,
        (1, 2, 5, 10, 20, 50), "K", whole=True,
    ),
    "learning_rate": Scalar(
        "Learning rate", "The size of Adam's steps. Too large diverges; too small is slow.", 1e-3, 0, 10.0,
        (1e-5, 3e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2), above=True, scheduled=True,
    ),
    "batch": Scalar(
        "Batch", "Examples per step. A larger batch has less noise; a smaller one makes more steps.", 128, 1, 65536,
        (16, 32, 64, 128, 256, 512, 1024), whole=True,
    ),
    "weight_decay": Scalar("Weight decay", "How strongly weights are pulled to 0 (AdamW); 0 is off.", 0.0, 0, 10),
    "clip": Scalar(
        "Gradient clip", "The largest norm of a gradient; longer ones are scaled down. Empty is "
                         "off.", None, 0, 1e6, above=True, optional=True
    ),
    "size": Scalar(
        "Examples", "How many examples to train on; empty takes all.", None, 1, 10**6, whole=True, optional=True
    ),
    "seed": Scalar(
        "Seed", "Sets initial weights, order and noise. The same seed repeats the run.", 0, 0, LARGEST_SEED, whole=True
    ),
}  # fmt: skip
