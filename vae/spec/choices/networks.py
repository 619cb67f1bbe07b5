"""The kinds of network for encoder and decoder."""

from vae.spec.fields import LARGEST_LAYER, Choice, Layers, Scalar, Sizes
from vae.spec.kinds import Network
from vae.spec.layers import ACTIVATIONS

_ACTIVATION = Choice("Activation", "The function between the layers; ReLU is the usual one.", "relu", ACTIVATIONS)
NETWORKS = {
    "linear": Network(
        "Linear", "One affine map, so that a Gaussian model is probabilistic PCA.", "vae.spec.layers:linear"
    ),
    "mlp": Network(
        "Multilayer perceptron",
        "Fully connected layers; for small images and vectors.",
        "vae.spec.layers:mlp",
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
    "conv": Network(
        "Convolutional",
        "Convolutions that halve the image's sides, then a dense layer; for larger images.",
        "vae.spec.layers:conv",
        {
            "channels": Sizes(
                "Channels",
                "A layer each, from the image inwards, with commas between them; each halves the sides.",
                (32, 32, 64, 64),
                ((16, 32), (16, 32, 64), (32, 64, 128), (8, 16, 32, 32), (32, 32, 64, 64)),
            ),
            "hidden": Scalar(
                "Dense layer", "The width of the layer between the convolutions and the latent.",
                256, 1, LARGEST_LAYER, (32, 64, 128, 256, 512), whole=True,
            ),
            "activation": _ACTIVATION,
        },
        images=True,
    ),
    "given": Network(
        "Given",
        "The layers that another library's model came with, each as it is.",
        "vae.spec.given:given",
        {"layers": Layers("Layers", "Each layer, from input to output.", ())},
        by_hand=False,
    ),
}  # fmt: skip
