"""Datasets by name: `load` reads or draws them with numpy alone; vae.data.download fetches what this package does not hold.

digits, glyphs, sprites and linear-gaussian need no download. Nothing here imports torch, torchvision or scikit-learn,
and no pickle is read.
"""

import difflib
import gzip
import importlib.util
import os
import sys
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data import glyphs, linear_gaussian, sprites

SPLITS = ("train", "valid", "test")
DRAWN = frozenset({"glyphs", "sprites", "linear-gaussian"})  # by a generator, as many as asked for


class DataError(Exception):
    """Data cannot be had or do not fit; the message says what, why and what to do."""


@dataclass(frozen=True)
class Dataset:
    """One split: images [N, C, H, W] uint8 (or float32 vectors [N, D]), int64 labels [N], factors [N] by name.

    A pixel's value in [0, 1] is images / levels. `binary` says that all values are 0 or `levels`. `index` [N] is each
    example's position in its split, so that what belongs to an example stays with it in any subset.
    """

    name: str
    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    factors: dict[str, NDArray[Any]] | None = None
    levels: int = 255
    split: str = "train"
    binary: bool = False
    index: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.images.shape[1:]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Description:
    """What a dataset is; `megabytes` is the download's size, 0 where `embedded`; `sizes` follow SPLITS."""

    title: str
    sentence: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    sizes: tuple[int, int, int]
    megabytes: float
    source: str
    licence: str
    folder: str = ""  # torchvision's, below the data root
    levels: int = 255  # the largest value of a pixel

    @property
    def embedded(self) -> bool:
        """Whether it needs no download."""
        return self.megabytes == 0


_DIGITS = tuple("0123456789")
_FASHION = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_IDX = (55_000, 5_000, 10_000)

_DESCRIPTIONS = {
    "digits": Description(
        "Digits 8×8",
        "1,797 small handwritten digits with 17 grey levels: a model trains in seconds.",
        (1, 8, 8), _DIGITS, (1_297, 140, 360), 0,
        "E. Alpaydin and C. Kaynak 1998, UCI Machine Learning Repository; within scikit-learn", "CC BY 4.0", levels=16,
    ),
    "mnist": Description(
        "MNIST",
        "70,000 handwritten digits, the field's common ground.",
        (1, 28, 28), _DIGITS, _IDX, 11.6, "Y. LeCun, C. Cortes and C. Burges 1998", "CC BY-SA 3.0", "MNIST/raw",
    ),
    "fashion-mnist": Description(
        "Fashion-MNIST",
        "70,000 grey pictures of clothes in ten kinds, harder than digits.",
        (1, 28, 28), _FASHION, _IDX, 30.9, "H. Xiao, K. Rasul and R. Vollgraf 2017", "MIT", "FashionMNIST/raw",
    ),
    "kmnist": Description(
        "Kuzushiji-MNIST",
        "70,000 cursive Japanese characters, ten kinds with several shapes each.",
        (1, 28, 28), ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"), _IDX, 21.2,
        "T. Clanuwat et al. 2018, ROIS-DS Center for Open Data in the Humanities", "CC BY-SA 4.0", "KMNIST/raw",
    ),
    "cifar10": Description(
        "CIFAR-10",
        "60,000 small colour photographs of animals and vehicles.",
        (3, 32, 32), _CIFAR, (45_000, 5_000, 10_000), 170.5, "A. Krizhevsky 2009", "none stated by its author",
    ),
    "glyphs": Description(
        "Glyphs",
        "Grey letters with known slant, size, thickness and position, drawn here.",
        (1, 28, 28), glyphs.CLASSES, (10_000, 1_000, 2_000), 0, "this project; font DejaVu Sans", "DejaVu font licence",
    ),
    "sprites": Description(
        "Sprites",
        "Squares, ellipses and hearts over dSprites' five factors, 737,280 black-and-white images drawn here.",
        (1, 64, 64), sprites.CLASSES, (60_000, 4_000, 4_096), 0,
        "this project; factors of L. Matthey et al. 2017 (dSprites)", "this project's", levels=1,
    ),
    "linear-gaussian": Description(
        "Linear-Gaussian",
        "Vectors x = W z + b + s e with two latents, whose log p(x) is known exactly.",
        (8,), (), (10_000, 1_000, 2_000), 0, "this project", "this project's", levels=1,
    ),
}  # fmt: skip
NAMES = tuple(_DESCRIPTIONS)
SIZES = {name: dict(zip(SPLITS, d.sizes, strict=True)) for name, d in _DESCRIPTIONS.items()}


def describe(name: str) -> Description:
    """Return what a dataset is, without reading it; raises DataError for an unknown name."""
    if name not in _DESCRIPTIONS:
        near = difflib.get_close_matches(str(name).lower().replace("_", "-"), NAMES, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise DataError(f"There is no dataset {name!r}.{hint} There are: {', '.join(NAMES)}.")
    return _DESCRIPTIONS[name]


def data_root() -> Path:
    """Return the folder for downloads and runs: $LATENT_DATA, else this user's data folder; it need not exist yet."""
    if chosen := os.environ.get("LATENT_DATA"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "latent-space-explorer"


def train_size(name: str, size: int | None = None) -> int:
    """Return how many training examples a set gives where `size` are asked for; one that is drawn gives any number."""
    most = describe(name).sizes[0]
    return most if size is None else size if name in DRAWN else min(size, most)


def load(
    name: str, split: str = "train", n: int | None = None, seed: int = 0, root: str | Path | None = None
) -> Dataset:
    """Return a dataset's train, valid or test split, or at most n of it; raises DataError, which says what to do.

    The splits share no example, whatever the seed. Of a set with fixed examples, all come in their own order, n of them
    are the first n of the permutation that `seed` gives. Glyphs and linear-gaussian are drawn, as many as asked for,
    from `seed` and the split; n defaults to SIZES. Sprites are n of the split's share of all 737,280. In each case the
    first m of n examples are the m examples of the same seed. The real sets' validation examples are the last 5,000 of
    their official training set.
    """
    description = describe(name)
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}: choose train, valid or test.")
    if n is not None and n < 1:
        raise DataError(f"n is the number of examples wanted, at least 1, not {n}.")
    drawn = {"glyphs": _glyphs, "sprites": _sprites, "linear-gaussian": _linear_gaussian}
    if name in drawn:
        return drawn[name](split, n or SIZES[name][split], seed)
    base = data_root() if root is None else Path(root)
    if name == "digits":
        images, labels = _digits(split)
    elif name == "cifar10":
        images, labels = _cifar10(split, base)
    else:
        images, labels = _idx_split(name, split, base)
    index = np.arange(len(images))
    if n is not None:
        index = np.random.default_rng([seed, SPLITS.index(split)]).permutation(len(images))[:n]
        images, labels = images[index], labels[index]
    return Dataset(name, images, labels, description.classes, None, description.levels, split, index=index)


def available(name: str, root: str | Path | None = None) -> bool:
    """Return whether a dataset can be loaded now, judged by its files' presence and size; raises for unknown names."""
    description = describe(name)
    base = data_root() if root is None else Path(root)
    if description.embedded:
        return True
    if name == "cifar10":
        return (base / CIFAR_FILE).is_file()
    folder = base / description.folder
    return all(
        (plain.is_file() and plain.stat().st_size == size) or (folder / f"{stem}.gz").is_file()
        for stem, size in IDX_FILES.items()
        for plain in [folder / stem]
    )


# The embedded sets


@cache
def _digits_table() -> NDArray[np.uint8]:
    """Return scikit-learn's table [1797, 65], pixels then label; importing scikit-learn would take 1.8 s."""
    found = importlib.util.find_spec("sklearn")
    places = list(found.submodule_search_locations or []) if found else []
    try:
        path = Path(places[0]) / "datasets" / "data" / "digits.csv.gz"
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    except (IndexError, OSError, ValueError) as error:
        raise DataError(f"digits come with scikit-learn, which is not installed whole ({error}): pip install "
                        "scikit-learn.") from error  # fmt: skip
    table.flags.writeable = False
    return table


def _digits(split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    table = _digits_table()
    labels = table[:, -1].astype(np.int64)
    # Ranks within each class, shuffled and spread over [0, 1): any stretch of that order holds all classes alike.
    place = np.empty(len(labels))
    rng = np.random.default_rng(0)
    for k in range(10):
        members = rng.permutation(np.flatnonzero(labels == k))
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    order = np.argsort(place, kind="stable")
    chosen = {"test": order[:360], "valid": order[360:500], "train": order[500:]}[split]
    return table[chosen, :-1].reshape(-1, 1, 8, 8), labels[chosen]


def _glyphs(split: str, n: int, seed: int) -> Dataset:
    factors = glyphs.draw(n, np.random.default_rng([seed, SPLITS.index(split), 1]))
    labels = factors["class"].astype(np.int64)
    images = glyphs.render(*factors.values())
    known = {**factors, "class": labels}
    return Dataset("glyphs", images, labels, glyphs.CLASSES, known, 255, split, False, np.arange(n))


@cache
def _shares() -> dict[str, NDArray[np.int64]]:
    """Return the splits' shares of all sprites: 80, 10 and 10 per cent of one permutation that never changes."""
    order = np.random.default_rng(737_280).permutation(sprites.COUNT)
    tenth = sprites.COUNT // 10
    return {"test": order[:tenth], "valid": order[tenth : 2 * tenth], "train": order[2 * tenth :]}


def _sprites(split: str, n: int, seed: int) -> Dataset:
    index = np.random.default_rng([seed, SPLITS.index(split)]).permutation(_shares()[split])[:n]
    factors = sprites.factors(index)
    return Dataset(
        "sprites", sprites.images(index), factors["shape"], sprites.CLASSES, dict(factors), 1, split, True, index
    )


def _linear_gaussian(split: str, n: int, seed: int) -> Dataset:
    # The seed draws examples, never the model: else a test could be of another model than its training was.
    x, z = linear_gaussian.parameters().sample(n, np.random.default_rng([seed, SPLITS.index(split), 2]))
    factors = {f"z{k}": z[:, k - 1] for k in range(1, z.shape[1] + 1)}
    return Dataset("linear-gaussian", x.astype(np.float32), None, (), factors, 1, split, False, np.arange(n))


# The sets on disk

IDX_FILES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 784,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 784,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}
CIFAR_FILE = "cifar10.npz"
WITHOUT = "digits, glyphs and sprites need no download."


def _missing(name: str, base: Path) -> DataError:
    d = describe(name)
    return DataError(
        f"{d.title} is not in {base}. Fetch it ({d.megabytes} MB, python -m vae fetch {name}), or set "
        f"LATENT_DATA to the folder that holds {d.folder or CIFAR_FILE}. {WITHOUT}"
    )


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path} is damaged: {why}. Delete it and fetch the dataset again.")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return an idx file of unsigned bytes, plain or as PATH.gz; raises FileNotFoundError, or DataError if damaged.

    Source: Y. LeCun's description of the format: two zero bytes, type 8, rank, big-endian sizes, then the bytes.
    """
    plain = path.is_file()
    path = path if plain else path.with_name(f"{path.name}.gz")
    try:
        content = path.read_bytes() if plain else gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes((0, 0, 8, dimensions)):
        raise _damaged(path, f"it does not begin as an idx file of rank {dimensions}")
    shape = tuple(int(k) for k in np.frombuffer(content, ">u4", dimensions, 4))
    expected = int(np.prod(shape, dtype=object))
    if len(content) - start != expected:
        raise _damaged(path, f"it holds {len(content) - start:,} bytes of data where its header says {expected:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _idx_split(name: str, split: str, base: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    d = describe(name)
    part, count = ("t10k", 10_000) if split == "test" else ("train", 60_000)
    images_path, labels_path = (base / d.folder / f"{part}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    try:
        images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    except FileNotFoundError as error:
        raise _missing(name, base) from error
    for path, array, shape in ((images_path, images, (count, *d.shape[1:])), (labels_path, labels, (count,))):
        if array.shape != shape:
            raise _damaged(path, f"it holds {list(array.shape)}, and {d.title} has {list(shape)}")
    if labels.max() >= len(d.classes):
        raise _damaged(labels_path, f"it holds the label {labels.max()}")
    chosen = {"train": slice(0, _IDX[0]), "valid": slice(_IDX[0], None), "test": slice(None)}[split]
    # Copied: torch wants to own what it is given, and the other split's pixels need not stay in memory.
    return images[chosen, None].copy(), labels[chosen].astype(np.int64)


def _cifar10(split: str, base: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    path, part = base / CIFAR_FILE, "test" if split == "test" else "train"
    try:
        with np.load(path, allow_pickle=False) as file:
            images, labels = file[f"{part}_images"], file[f"{part}_labels"].astype(np.int64)
    except FileNotFoundError as error:
        raise _missing("cifar10", base) from error
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    count = 10_000 if part == "test" else 50_000
    if images.shape != (count, 3, 32, 32) or images.dtype != np.uint8 or labels.shape != (count,):
        raise _damaged(path, f"it holds {images.dtype} {list(images.shape)}")
    if part == "train":
        chosen = slice(0, 45_000) if split == "train" else slice(45_000, None)
        images, labels = images[chosen].copy(), labels[chosen]
    return images, labels


# Likelihoods and pixels


def static(dataset: Dataset, seed: int = 0) -> NDArray[np.uint8]:
    """Return a dataset's images as 0 or 1: one Bernoulli draw a pixel, P(1) = value / levels exactly, always the same.

    The draw belongs to the dataset, the split and the example's index, so an image has the same one in every subset.
    Raises DataError for data that are no pixels.
    """
    if dataset.images.dtype != np.uint8:
        raise DataError(f"{dataset.name} holds real numbers: there is nothing to binarise. Choose binarisation none.")
    if dataset.binary:
        return (dataset.images > 0).astype(np.uint8)
    index = np.arange(len(dataset)) if dataset.index is None else dataset.index
    rng = np.random.default_rng([seed, zlib.crc32(f"{dataset.name}/{dataset.split}".encode())])
    noise = rng.integers(0, dataset.levels, (int(index.max(initial=-1)) + 1, *dataset.shape), np.uint8)
    return (dataset.images > noise[index]).astype(np.uint8)


def check_likelihood(likelihood: str, dataset: Dataset, binarisation: str, levels: int | None = None) -> None:
    """Raise DataError, naming the alternatives, where a likelihood is no density of what the model would be shown.

    `levels` is the largest pixel value that a likelihood of grey levels counts to, None where that is still open.
    """
    if binarisation not in ("dynamic", "static", "none"):
        raise DataError(f"There is no binarisation {binarisation!r}: choose dynamic, static or none.")
    if dataset.images.dtype != np.uint8:
        if likelihood != "normal" and likelihood != "laplace":
            raise DataError(
                f"{dataset.name} holds real numbers of any size, which the {likelihood} likelihood does not cover. "
                "Choose normal or laplace."
            )
        return
    if likelihood == "discretised_logistic":
        if binarisation != "none" and not dataset.binary:
            raise DataError(
                f"The discretised logistic is one of a pixel's grey levels, and binarisation {binarisation} leaves "
                f"{dataset.name} none. Choose binarisation none, or the likelihood bernoulli."
            )
        if levels is not None and levels != dataset.levels:
            raise DataError(
                f"The pixels of {dataset.name} are whole numbers from 0 to {dataset.levels}, and this likelihood "
                f"counts to {levels}. Give the discretised logistic levels {dataset.levels}."
            )
    if likelihood == "bernoulli" and binarisation == "none" and not dataset.binary:
        raise DataError(
            f"The Bernoulli likelihood is one of 0 and 1, and {dataset.name} has grey pixels: with them it is no "
            "likelihood, and its bound bounds nothing. Choose binarisation dynamic or static, or the likelihood "
            "continuous_bernoulli or normal."
        )
