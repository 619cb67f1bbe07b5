"""The data that a model is looked at with: a dataset's name, or a file of one's own, kept mostly as test examples."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae import data
from vae.data.own import keep, names, source
from vae.data.own.content import reading
from vae.data.own.prepared import MOST_HELD_OUT, SEED, TEST, TRAIN, VALID, Prepared
from vae.data.root import data_root
from vae.data.sandbox import Report

SHARES = {TEST: 0.8, VALID: 0.01}  # of data that nothing is trained on; the rest is for baselines
Examples = tuple[NDArray[np.float32], tuple[Mapping[str, Any], ...], bool]  # x [n, ...], columns, whether binary


def name_of(given: str | Path | Any, labels: Any = None, progress: Report = keep.silent, **chosen: Any) -> str:
    """Return the name of a dataset: `given` itself if it is one, else that under which a file or object was kept.

    A file that was kept before, read in the same way, is not read again. `chosen` are corrections of what is found.
    Raises DataError.
    """
    if isinstance(given, str) and given in data.names():
        return given
    if isinstance(given, str | Path) and not Path(given).exists():
        known = ", ".join(data.names())
        raise data.DataError(f"There are no data {str(given)!r}: no file, and none of {known}.")
    root = data_root()
    is_path = isinstance(given, str | Path)
    digest = keep.checksum(Path(given)) if is_path else _checksum(given, labels)
    for known_source in source.every(root) if digest else ():
        meta = known_source.meta
        origin = meta.get("origin") or {}
        if origin.get("sha256") == digest and origin.get("for") == "looking" and origin.get("chosen") == chosen:
            return known_source.about.name
    base = names.suggested(Path(given).stem) if is_path else "data"
    name, number = base, 2
    while names.taken(name, root):
        name, number = f"{base[:36]}-{number}", number + 1
    with keep.making(root) as place:
        write(
            given,
            place,
            labels,
            {"title": name, "owner": "local"},
            {"sha256": digest, "chosen": chosen},
            chosen,
            progress,
        )
        keep.appear(place, name, root)
    return name


def _checksum(given: Any, labels: Any) -> str:
    """Return the SHA-256 of arrays with their shapes, "" for any other object, whose content is not looked at twice."""
    made = hashlib.sha256()
    for array in (given, labels):
        if array is not None and not (hasattr(array, "__array__") and hasattr(array, "dtype")):
            return ""
        values = np.ascontiguousarray([] if array is None else array)
        if values.dtype.hasobject:
            return ""
        made.update(f"{values.dtype} {values.shape}".encode() + values.tobytes())
    return made.hexdigest()


def keep_for_looking(
    file: str, folder: str, about: Mapping[str, Any], chosen: Mapping[str, Any], progress: Report = keep.silent
) -> dict[str, Any]:
    """Write a file's content into a folder that exists, for the sandbox; return its description. Raises DataError."""
    origin = {"sha256": keep.checksum(Path(file)), "chosen": dict(chosen)}
    told = {name: value for name, value in about.items() if name != "file"}
    return write(Path(file), Path(folder), None, told, origin, chosen, progress)


def write(
    given: Any,
    place: Path,
    labels: Any,
    about: Mapping[str, Any],
    origin: Mapping[str, Any],
    chosen: Mapping[str, Any],
    progress: Report,
) -> dict[str, Any]:
    """Write a file's or an object's examples into an empty folder, most of them as test examples."""
    import tempfile

    from vae.data.own.detect import prepare
    from vae.data.own.objects import content_of
    from vae.data.own.recognise import read

    is_path = isinstance(given, str | Path)
    name = Path(given).name if is_path else type(given).__name__
    with reading(name), tempfile.TemporaryDirectory(dir=place) as scratch:
        content = read(Path(given), Path(scratch), chosen) if is_path else content_of(given, labels)
        prepared = prepare(content, chosen)
        mostly_test(prepared)
        told = {"file": name if is_path else "", "kind": content.kind, **origin, "for": "looking"}
        return keep.write(prepared, place, {**about, "origin": told}, progress)


def mostly_test(prepared: Prepared) -> None:
    """Make most examples test examples, which a map shows, unless the file itself names its splits."""
    how = next((choice.value for choice in prepared.found if choice.name == "split"), SEED)
    if how != SEED:
        return
    index = np.flatnonzero(prepared.keep)
    order = np.random.default_rng([prepared.seed, len(index)]).permutation(index)
    test = max(1, min(MOST_HELD_OUT, round(SHARES[TEST] * len(order))))
    valid = max(1, round(SHARES[VALID] * len(order)))
    test = min(test, len(order) - valid - 1)
    prepared.parts[order] = TRAIN
    prepared.parts[order[:test]] = TEST
    prepared.parts[order[test : test + valid]] = VALID


def examples_of_file(file: Path, scratch: Path, n: int, chosen: Mapping[str, Any]) -> Examples:
    """Return examples of a file as they would be kept, like `examples`; raises DataError."""
    from vae.data.own.detect import prepare
    from vae.data.own.recognise import read

    with reading(file.name):
        prepared = prepare(read(file, scratch, chosen), chosen)
        kept = np.flatnonzero(prepared.keep)
        rows = kept[np.linspace(0, len(kept) - 1, min(n, len(kept))).astype(int)]
        x = np.stack([prepared.convert(int(i), int(i) + 1)[0] for i in rows])
    binary = x.dtype == np.uint8 and bool(((x == 0) | (x == prepared.levels)).all())
    made = (x / (prepared.levels if len(prepared.shape) == 3 else 1)).astype(np.float32)
    return made, tuple(prepared.columns), binary


def examples(name: str, n: int) -> Examples:
    """Return test examples [n, ...] as models here take them, pixels in [0, 1]; the columns; whether they are binary.

    Raises DataError.
    """
    found = data.load(name, "test", n=None)
    rows = np.linspace(0, len(found) - 1, min(n, len(found))).astype(int)
    x = np.asarray(found.images[rows])
    made = (x / (found.levels if x.dtype == np.uint8 else 1)).astype(np.float32)
    return made, getattr(data.describe(name), "columns", ()), found.binary


def run_name(given: str) -> str:
    """Return a name for a run from a model's file: small letters, digits and dashes."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", given.lower()).strip("-._")[:60]
    return plain or "model"
