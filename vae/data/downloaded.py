"""Datasets that are not part of this package: files are downloaded once, checked, and read from the data root."""

import os
import tempfile
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

from vae.data.dataset import DataError, MissingData
from vae.data.root import data_root
from vae.data.sources import Report, Root, StoredSource


@dataclass(frozen=True)
class RemoteFile:
    """A file's name, the addresses that hold it, tried in order, and the MD5 checksum that its source publishes."""

    name: str
    addresses: tuple[str, ...]
    md5: str


class DownloadedSource(StoredSource):
    """A dataset to download: the `remote` files are downloaded and converted to `files` below the root."""

    remote: tuple[RemoteFile, ...]
    files: tuple[str, ...]
    place: str  # the file or folder that people look for below the root

    @abstractmethod
    def unpack(self, folder: Path) -> None:
        """Make `files` in a folder from the `remote` files in it."""

    def available(self, root: Root = None) -> bool:
        """Return whether all files are present."""
        base = data_root() if root is None else Path(root)
        return all((base / file).is_file() for file in self.files)

    def missing(self, root: Path) -> MissingData:
        """Return the error for files that are missing in the root; it says what to do."""
        return MissingData(
            f"{self.about.title} is not in {root}. Fetch it ({self.about.megabytes} MB, python -m vae fetch "
            f"{self.about.name}), or set LATENT_DATA to the folder that holds {self.place}."
        )

    def fetch(self, root: Root = None, progress: Report | None = None) -> None:
        """Download the dataset into the root, unless it is present and readable; damaged files are replaced.

        Files move into the root only after their checksums were right and they were read, so that stopping at any time
        leaves the previous files. Raises DataError.
        """
        from vae.data.download import DownloadError, download  # its imports take longer than all others here

        base = data_root() if root is None else Path(root)
        if self.available(base) and self._readable(base):
            return
        try:
            base.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=base) as folder:
                for file in self.remote:
                    download(file.addresses, file.md5, Path(folder, file.name), self.about.title, progress)
                self.unpack(Path(folder))
                for split in ("train", "test"):
                    self.load(split, n=1, root=folder)
                for name in self.files:
                    (base / name).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(Path(folder, name), base / name)
        except (DownloadError, OSError) as error:
            why = str(error) if isinstance(error, DownloadError) else f"it could not be stored ({error})"
            raise MissingData(
                f"{self.about.title} is not in {base}, and {why}. Correct that and fetch it again "
                f"({self.about.megabytes} MB), or set LATENT_DATA to a folder that holds {self.place}."
            ) from error

    def _readable(self, base: Path) -> bool:
        try:
            return all(len(self.load(split, n=1, root=base)) for split in ("train", "test"))
        except DataError:
            return False


def damaged(path: Path, why: str) -> DataError:
    """Return the error for a file that cannot be used; it says why and what to do."""
    return DataError(f"{path} is damaged: {why}. Delete it and fetch the dataset again.")
