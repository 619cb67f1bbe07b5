"""Datasets in the format of MNIST: two idx files of images and two of labels."""

import gzip
import math
import shutil
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import Description, Examples
from vae.data.downloaded import DownloadedSource, RemoteFile, damaged
from vae.data.root import data_root
from vae.data.sources import Root

IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
STEMS = (f"train-{IMAGES}", f"train-{LABELS}", f"t10k-{IMAGES}", f"t10k-{LABELS}")


class IdxSource(DownloadedSource):
    """Grey images and labels below a folder of the data root; the last of the training files are the valid split.

    `mirrors` are addresses that end in / and provide the four files as .gz; `md5` are their checksums, in the order of
    them.
    """

    def __init__(
        self, about: Description, folder: str, mirrors: tuple[str, ...], md5: tuple[str, str, str, str]
    ) -> None:
        self.about, self.place = about, folder
        self.files = tuple(f"{folder}/{stem}" for stem in STEMS)
        self.remote = tuple(
            RemoteFile(f"{stem}.gz", tuple(f"{mirror}{stem}.gz" for mirror in mirrors), checksum)
            for stem, checksum in zip(STEMS, md5, strict=True)
        )
        train, valid, test = about.sizes
        pixels = math.prod(about.shape)
        self.bytes = [size for count in (train + valid, test) for size in (16 + count * pixels, 8 + count)]

    def available(self, root: Root = None) -> bool:
        """Return whether each file is present, plain with the right size, or as .gz."""
        base = data_root() if root is None else Path(root)
        paths = [base / file for file in self.files]
        return all(
            (path.is_file() and path.stat().st_size == size) or path.with_name(f"{path.name}.gz").is_file()
            for path, size in zip(paths, self.bytes, strict=True)
        )

    def unpack(self, folder: Path) -> None:
        """Decompress the four files into their place."""
        (folder / self.place).mkdir(parents=True)
        for stem in STEMS:
            with gzip.open(folder / f"{stem}.gz") as packed, (folder / self.place / stem).open("wb") as plain:
                shutil.copyfileobj(packed, plain)

    def read(self, split: str, root: Path) -> Examples:
        """Return a split; raises DataError if its files are missing, damaged or of another dataset."""
        train, valid, test = self.about.sizes
        part, count = ("t10k", test) if split == "test" else ("train", train + valid)
        images_path, labels_path = (root / self.place / f"{part}-{kind}" for kind in (IMAGES, LABELS))
        try:
            images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
        except FileNotFoundError as error:
            raise self.missing(root) from error
        expected = (images_path, images, (count, *self.about.shape[1:])), (labels_path, labels, (count,))
        for path, array, shape in expected:
            if array.shape != shape:
                raise damaged(path, f"it holds {list(array.shape)}, and {self.about.title} has {list(shape)}")
        if labels.max() >= len(self.about.classes):
            raise damaged(labels_path, f"it holds the label {labels.max()}")
        chosen = slice(None) if split == "test" else self.about.part(split)
        # Copied: torch needs a writable array, and the other split's pixels can be freed.
        return Examples(images[chosen, None].copy(), labels[chosen].astype(np.int64))


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
        raise damaged(path, f"it cannot be read ({error})") from error
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes((0, 0, 8, dimensions)):
        raise damaged(path, f"it does not begin as an idx file of rank {dimensions}")
    shape = tuple(int(k) for k in np.frombuffer(content, ">u4", dimensions, 4))
    expected = int(np.prod(shape, dtype=object))
    if len(content) - start != expected:
        raise damaged(path, f"it holds {len(content) - start:,} bytes of data where its header says {expected:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


_SIZES = (55_000, 5_000, 10_000)

MNIST = IdxSource(
    Description(
        name="mnist",
        title="MNIST",
        sentence="70,000 handwritten digits, the field's common ground.",
        example="digit",
        examples="handwritten digits",
        shape=(1, 28, 28),
        sizes=_SIZES,
        source="Y. LeCun, C. Cortes and C. Burges 1998",
        classes=tuple("0123456789"),
        megabytes=11.6,
        rate=7.0,
    ),
    "MNIST/raw",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)

FASHION_MNIST = IdxSource(
    Description(
        name="fashion-mnist",
        title="Fashion-MNIST",
        sentence="70,000 grey pictures of clothes in ten kinds, harder than digits.",
        example="piece of clothing",
        examples="pieces of clothing",
        shape=(1, 28, 28),
        sizes=_SIZES,
        source="H. Xiao, K. Rasul and R. Vollgraf 2017",
        classes=(
            "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"
        ),
        megabytes=30.9,
    ),
    "FashionMNIST/raw",
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)  # fmt: skip

KMNIST = IdxSource(
    Description(
        name="kmnist",
        title="Kuzushiji-MNIST",
        sentence="70,000 cursive Japanese characters, ten kinds with several shapes each.",
        example="character",
        examples="handwritten characters",
        shape=(1, 28, 28),
        sizes=_SIZES,
        source="T. Clanuwat et al. 2018, ROIS-DS Center for Open Data in the Humanities",
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        megabytes=21.2,
    ),
    "KMNIST/raw",
    ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    (
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
)
