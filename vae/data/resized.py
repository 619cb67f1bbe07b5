"""The images of one dataset in the shape and the grey levels of another, so that a model of the other can take them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import DataError, Dataset, Description


def resized(dataset: Dataset, like: Description) -> Dataset:
    """Return images [N, C, H, W] of a dataset as those of another are: in its size, its channels and its levels.

    Sizes are changed by the mean over areas, colours become grey by their mean, and grey is repeated in three channels.
    Images of binary data are set to 0 and 1 at one half. Raises DataError if either holds no images.
    """
    if len(dataset.shape) != 3 or not like.pixels:
        other = dataset.name if len(dataset.shape) != 3 else like.name
        raise DataError(f"{other} holds no images. Choose two datasets of images.")
    channels, height, width = like.shape
    made = np.empty((len(dataset.images), channels, height, width), np.uint8)
    for i, image in enumerate(dataset.images):
        share = image.astype(np.float32) / dataset.levels
        if len(share) != channels:
            share = np.repeat(share.mean(0, keepdims=True), channels, 0)
        small = np.stack([_area(one, height, width) for one in share])
        made[i] = np.rint(small * like.levels) if not like.binary else small > 0.5
    return replace(dataset, images=made, levels=like.levels, binary=like.binary)


def _area(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return an image [H, W] in another size."""
    from PIL import Image

    if image.shape == (height, width):
        return image
    shrinks = image.shape[0] >= height and image.shape[1] >= width
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((width, height), how), np.float32).clip(0, 1)
