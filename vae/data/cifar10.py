"""CIFAR-10, read from its binary version (plain bytes) and stored as arrays in one .npz file."""

import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from vae.data.dataset import Description, Examples
from vae.data.downloaded import DownloadedSource, RemoteFile, damaged

FILE = "cifar10.npz"
ARCHIVE = "cifar-10-binary.tar.gz"
PARTS = {"train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test": ("test_batch.bin",)}


class Cifar10(DownloadedSource):
    """Colour photographs; the last 5,000 of the training files are the valid split."""

    about = Description(
        name="cifar10",
        title="CIFAR-10",
        sentence="60,000 small colour photographs of animals and vehicles.",
        example="photograph",
        examples="small photographs",
        shape=(3, 32, 32),
        sizes=(45_000, 5_000, 10_000),
        source="A. Krizhevsky 2009",
        classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        megabytes=170.1,
        settings={
            "encoder": {"kind": "conv", "channels": [16, 32, 64], "hidden": 128},
            "size": 10_000,
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
        },
    )
    files = (FILE,)
    place = FILE
    remote = (
        RemoteFile(ARCHIVE, (f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",), "c32a1d4ab5d03f1284b67883e8d87530"),
    )

    def unpack(self, folder: Path) -> None:
        """Write the archive's records (1 byte of label and 3,072 bytes of pixels each) as arrays.

        Source: A. Krizhevsky's description of the binary version: red, green and blue planes, row by row.
        """
        arrays = {}
        try:
            with tarfile.open(folder / ARCHIVE) as archive:
                members = {Path(member.name).name: member for member in archive if member.isfile()}
                for part, names in PARTS.items():
                    content = b"".join(archive.extractfile(members[name]).read() for name in names)  # type: ignore
                    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
                    arrays[f"{part}_images"] = records[:, 1:].reshape(-1, 3, 32, 32)
                    arrays[f"{part}_labels"] = records[:, 0].astype(np.int64)
        except (tarfile.TarError, EOFError, KeyError, ValueError, zlib.error) as error:
            raise damaged(folder / ARCHIVE, f"it cannot be read ({error})") from error
        np.savez(folder / FILE, allow_pickle=False, **arrays)

    def read(self, split: str, root: Path) -> Examples:
        """Return a split; raises DataError if the file is missing or damaged."""
        path, part = root / FILE, "test" if split == "test" else "train"
        try:
            with np.load(path, allow_pickle=False) as file:
                images, labels = file[f"{part}_images"], file[f"{part}_labels"].astype(np.int64)
        except FileNotFoundError as error:
            raise self.missing(root) from error
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise damaged(path, f"it cannot be read ({error})") from error
        train, valid, test = self.about.sizes
        count = test if part == "test" else train + valid
        if images.shape != (count, *self.about.shape) or images.dtype != np.uint8 or labels.shape != (count,):
            raise damaged(path, f"it holds {images.dtype} {list(images.shape)}")
        if part == "train":
            chosen = self.about.part(split)
            images, labels = images[chosen].copy(), labels[chosen]
        return Examples(images, labels)
