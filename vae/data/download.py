"""Download one file whose checksum its source publishes; nothing is ever unpickled."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 5.0  # seconds without data before a server is given up
CHUNK = 1 << 17  # bytes
AGENT = "latent-space-explorer"  # some servers refuse Python's own name


class DownloadError(Exception):
    """No address provided the file; the message is the reason, as the end of a sentence."""


@dataclass(frozen=True)
class Progress:
    """Progress of one file's download: bytes done and in total (None if unknown); str() gives a line of text."""

    title: str
    file: str
    done: int
    total: int | None

    @property
    def fraction(self) -> float | None:
        """The downloaded share of the file, in [0, 1]."""
        return min(self.done / self.total, 1.0) if self.total else None

    def __str__(self) -> str:
        total = f" of {self.total / 1e6:.1f}" if self.total else ""
        return f"{self.title}: {self.file}, {self.done / 1e6:.1f}{total} MB"


def download(
    addresses: Iterable[str], md5: str, target: Path, title: str, progress: Callable[[Progress], None] | None = None
) -> None:
    """Download a file to `target` from the first address that provides it with this checksum (MD5, hexadecimal).

    `progress` is called at the beginning, after every further 1 % and at the end; `title` names the dataset in it.
    Raises DownloadError if no address provides the file, and OSError if it cannot be stored.
    """
    reasons = []
    for address in addresses:
        try:
            return _from(address, md5, target, title, progress)
        except DownloadError as error:
            reasons.append(str(error))
    raise DownloadError("; ".join(dict.fromkeys(reasons)))


def _from(address: str, md5: str, target: Path, title: str, progress: Callable[[Progress], None] | None) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    done = reported = 0
    with target.open("wb") as out, _opened(address) as response:
        total = response.length
        step = max((total or 0) / 100, CHUNK)
        while True:
            if progress and (done in (0, total) or done - reported >= step):
                reported = done
                progress(Progress(title, target.name, done, total))
            if not (chunk := _read(response)):
                break
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
    if total is not None and done < total:
        raise DownloadError(f"what arrived is damaged ({target.name} ended after {done:,} of {total:,} bytes)")
    if digest.hexdigest() != md5:
        raise DownloadError(
            f"what arrived is damaged or another page, such as one to log in ({done:,} bytes of {target.name}, whose "
            f"checksum is not {md5})"
        )


def _opened(address: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(address, headers={"User-Agent": AGENT})
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        raise DownloadError(f"the server answered: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error) from error


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> DownloadError:
    return DownloadError(f"the network could not be reached ({getattr(error, 'reason', error)})")
