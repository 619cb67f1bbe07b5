"""Files to try page Open with: made when they are asked for, out of data that come with the project."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from vae.data.digits import Digits
from vae.data.root import data_root

COUNT = 300  # images of the zip
SERIES = (400, 60)  # series, and steps of each


@dataclass(frozen=True)
class Sample:
    """One file: what it is, its name, and what makes its content."""

    title: str
    sentence: str
    file: str
    content: Callable[[], bytes]


@cache
def images() -> bytes:
    """Return a zip of digits as PNG, a folder for each class."""
    found = Digits().load("train", COUNT, 0, data_root())
    assert found.labels is not None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i, (image, label) in enumerate(zip(found.images, found.labels, strict=True)):
            picture = io.BytesIO()
            Image.fromarray(np.round(image[0] * (255 / found.levels)).astype(np.uint8)).save(picture, "PNG")
            archive.writestr(f"digits/{label}/{i:04}.png", picture.getvalue())
    return buffer.getvalue()


@cache
def table() -> bytes:
    """Return a table of made plants, with units, words, missing cells and a class."""
    rng = np.random.default_rng(0)
    lines = ["height (cm),leaf width (mm),soil,petals,kind"]
    kinds = {"aster": (40, 12, 30), "bellflower": (70, 22, 5), "clover": (20, 15, 4)}
    for _ in range(80):
        for kind, (height, width, petals) in kinds.items():
            soil = rng.choice(["clay", "sand", "loam"])
            leaf = "" if rng.random() < 0.02 else f"{rng.normal(width, 2):.1f}"
            lines.append(f"{rng.normal(height, 5):.1f},{leaf},{soil},{max(3, round(rng.normal(petals, 1)))},{kind}")
    return ("\n".join(lines) + "\n").encode()


@cache
def series() -> bytes:
    """Return an .npz of noisy waves of two kinds, with labels."""
    rng = np.random.default_rng(0)
    n, steps = SERIES
    t, phase = np.linspace(0, 4 * np.pi, steps), rng.uniform(0, 2 * np.pi, (n, 1))
    kind = rng.integers(0, 2, n)
    wave = np.where(kind[:, None] == 0, np.sin(t + phase), np.abs(np.sin(t / 2 + phase)) * 2 - 1)
    buffer = io.BytesIO()
    values = (wave * rng.uniform(0.5, 1.5, (n, 1)) + 0.05 * rng.standard_normal((n, steps))).astype(np.float32)
    np.savez_compressed(buffer, series=values, labels=kind, names=np.array(["wave", "bounce"]))
    return buffer.getvalue()


SAMPLES = {
    "images": Sample("Images (zip)", f"{COUNT} digits, a folder for each class", "digits.zip", images),
    "table": Sample("Table (CSV)", "240 plants: numbers with units, words, a class", "plants.csv", table),
    "series": Sample("Series (npz)", "400 waves of 60 steps, two kinds", "waves.npz", series),
}
