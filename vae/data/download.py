"""Downloads of the datasets that this package does not hold, through torchvision, which is imported here alone.

No pickle is read, but CIFAR-10's, once, after its checksum held.
"""

import os
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vae.data import CIFAR_FILE, IDX_FILES, WITHOUT, DataError, available, data_root, describe, load

TIMEOUT = 5.0  # seconds a server may be silent

_PATCHED = threading.Lock()


@dataclass(frozen=True)
class Progress:
    """How far a download is: bytes done and in total (None if the server does not say) of one file; str() is a line."""

    title: str
    file: str
    done: int
    total: int | None

    @property
    def fraction(self) -> float | None:
        """The file's share that is here, in [0, 1]."""
        return min(self.done / self.total, 1.0) if self.total else None

    def __str__(self) -> str:
        total = f" of {self.total / 1e6:.1f}" if self.total else ""
        return f"{self.title}: {self.file}, {self.done / 1e6:.1f}{total} MB"


def fetch(name: str, root: str | Path | None = None, progress: Callable[[Progress], None] | None = None) -> None:
    """Download a dataset through torchvision into the data root, unless it is there whole; a broken one is replaced.

    `progress` hears of each file's beginning, of every further 1 % and of its end. Files move into place only after
    their checksums held, so stopping at any time leaves what was there. Raises DataError.
    """
    d = describe(name)
    base = data_root() if root is None else Path(root)
    if d.embedded or (available(name, base) and _whole(name, base)):
        return
    datasets = torchvision_datasets()
    failures: list[OSError] = []
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=base) as folder:
            with _downloads(datasets.utils, d.title, progress, failures):
                if name == "cifar10":
                    _convert_cifar10(datasets, Path(folder))
                else:
                    getattr(datasets, d.folder.split("/")[0])(folder, download=True)
            _install(name, Path(folder), base)
    except DataError:
        raise
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError) and not isinstance(error, urllib.error.URLError):
            why = f"it could not be stored ({error})"
        elif failures:
            last = failures[-1]
            answered = isinstance(last, urllib.error.HTTPError)
            reason = getattr(last, "reason", last)
            why = f"the server answered: {last}" if answered else f"the network could not be reached ({reason})"
        else:
            why = f"what arrived is damaged ({error})"
        raise DataError(
            f"{d.title} is not in {base}, and {why}. Mend that and fetch it again ({d.megabytes} MB), or set "
            f"LATENT_DATA to a folder that holds {d.folder or CIFAR_FILE}. {WITHOUT}"
        ) from error


def _whole(name: str, base: Path) -> bool:
    try:
        return all(load(name, split, n=1, root=base) for split in ("train", "test"))
    except DataError:
        return False


def torchvision_datasets() -> Any:
    """Return torchvision.datasets, though its wheel from PyPI lacks its operators beside a CPU build of torch."""
    try:
        try:
            import torchvision.datasets
        except RuntimeError as error:
            if "torchvision::nms" not in str(error):
                raise
            for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
                del sys.modules[module]
            import torch

            # Declared, not implemented: reading files never calls them.
            for operator in ("nms", "qnms"):
                torch.library.define(
                    f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )
            import torchvision.datasets
    except (ImportError, RuntimeError) as error:
        raise DataError(
            f"Downloads need torchvision, which does not load ({error}): pip install torchvision, in the version that "
            f"goes with torch. {WITHOUT}"
        ) from error
    return torchvision.datasets


@contextmanager
def _downloads(
    utils: Any, title: str, progress: Callable[[Progress], None] | None, failures: list[OSError]
) -> Iterator[None]:
    """Let torchvision download with a time-out and report to `progress`; it has neither, only a bar on the terminal."""

    def retrieve(url: str, filename: str | os.PathLike[str], chunk_size: int = 1 << 17) -> None:
        request = urllib.request.Request(url, headers={"User-Agent": utils.USER_AGENT})
        file, done, told = Path(filename).name, 0, 0
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(filename, "wb") as out:
                total = response.length
                while True:
                    if progress and (done == 0 or done == total or done - told >= max((total or 0) / 100, chunk_size)):
                        told = done
                        progress(Progress(title, file, done, total))
                    if not (chunk := response.read(chunk_size)):
                        break
                    out.write(chunk)
                    done += len(chunk)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            failures.append(error)
            raise error if isinstance(error, urllib.error.URLError) else urllib.error.URLError(error) from error

    with _PATCHED:
        # The redirect look-up would be one more request without a time-out; urlopen follows redirects by itself.
        before = utils._urlretrieve, utils._get_redirect_url
        utils._urlretrieve, utils._get_redirect_url = retrieve, lambda url, max_hops=3: url
        try:
            yield
        finally:
            utils._urlretrieve, utils._get_redirect_url = before


def _convert_cifar10(datasets: Any, folder: Path) -> None:
    """Download CIFAR-10 and write it as arrays: its pickles are read here, once, after their checksums held."""
    arrays = {}
    for part in ("train", "test"):
        source = datasets.CIFAR10(folder, train=part == "train", download=True)
        arrays[f"{part}_images"] = np.ascontiguousarray(source.data.transpose(0, 3, 1, 2))
        arrays[f"{part}_labels"] = np.array(source.targets, np.int64)
    np.savez(folder / CIFAR_FILE, allow_pickle=False, **arrays)


def _install(name: str, folder: Path, base: Path) -> None:
    """Move a downloaded dataset into the root, once it proved readable."""
    for split in ("train", "test"):
        load(name, split, n=1, root=folder)
    below = describe(name).folder
    for file in (below + "/" + f for f in IDX_FILES) if below else (CIFAR_FILE,):
        (base / file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder / file, base / file)
