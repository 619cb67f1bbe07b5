"""A folder of image files: subfolders are classes, and folders train, valid and test are splits."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vae.data.own import limits
from vae.data.own.content import Choice, Content, OwnDataError, Rows
from vae.data.own.pictures import FORMATS, LOOKED, Pictures, sizes, sizing
from vae.data.own.reader import Chosen, Reader, files_of, head
from vae.data.own.splits_given import UNKNOWN, of_word

MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"GIF8", b"II*\0", b"MM\0*")


def is_image(first: bytes) -> bool:
    """Return whether a file begins as an image."""
    return first.startswith(MAGIC) or (first[:4] == b"RIFF" and first[8:12] == b"WEBP")


def _recognises(path: Path, first: bytes) -> bool:
    if not path.is_dir():
        return is_image(first)
    files = files_of(path)
    few = files[:: max(1, len(files) // 50)]
    return bool(few) and sum(is_image(head(file)) for file in few) > len(few) / 2


def _read(path: Path, scratch: Path, chosen: Chosen) -> Content:
    if path.is_file():
        raise OwnDataError(
            f"{path.name} is one image, and a model learns from many. Give a zip or a folder of images, each class in "
            "a subfolder of its own."
        )
    every = files_of(path)
    files = [file for file in every if is_image(head(file))]
    places = [file.relative_to(path).parts[:-1] for file in files]
    parts = np.array([of_word(place[0]) if place else UNKNOWN for place in places], np.int8)
    given = not (parts == UNKNOWN).any() and len(np.unique(parts)) > 1
    words = ["/".join(place[1:] if given else place) for place in places]
    classes = tuple(sorted(set(words)))
    found, size = sizing(sizes([_content(file) for file in files[:: max(1, len(files) // LOOKED)]]), chosen)
    arrays: dict[str, Rows] = {"images": Pictures([(file.name, _content(file)) for file in files], size)}
    named = {}
    if 1 < len(classes) <= limits.CLASSES:
        index = {word: k for k, word in enumerate(classes)}
        arrays["labels"] = np.array([index[word] for word in words])
        named["labels"] = tuple(word[: limits.WORD] or "(no folder)" for word in classes)
    elif len(classes) > limits.CLASSES:
        reason = f"{len(classes):,} folders are more than {limits.CLASSES:,} classes"
        found.append(Choice("labels", "Labels", "", {"": "none"}, None, reason))
    content = Content("images", arrays, found=found, classes=named, parts=parts if given else None)
    if left := [file.suffix or "no suffix" for file in every if not is_image(head(file))]:
        kinds = ", ".join(f"{n:,} × {kind}" for kind, n in Counter(left).most_common(3))
        content.notes.append(f"{len(left):,} files that are no images were left out ({kinds}).")
    return content


def _content(file: Path) -> Callable[[], bytes]:
    return file.read_bytes


IMAGES = Reader("images", tuple(f".{kind.lower()}" for kind in FORMATS), _recognises, _read)
