"""Codes that a model made elsewhere, as a run without a model: the map, its colours and selections, and no decoding."""

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae.data.dataset import DataError
from vae.data.own.content import Rows, reading
from vae.runs import files, folders, quota
from vae.runs.run import CODES_ONLY, Codes, Run, RunError
from vae.spec import Spec

MEANS = ("mean", "means", "mu", "z", "codes", "latents", "embedding", "embeddings", "x")
SCALES = ("scale", "scales", "sigma", "std", "stddev")
LOG_VARIANCES = ("log_variance", "logvar", "log_var", "logvars")
LABELS = ("label", "labels", "y", "target", "targets", "class", "classes")
MOST, DEEPEST = 5_000_000, 4_096  # codes, and numbers of one


def keep(
    name: str,
    means: ArrayLike,
    *,
    scales: ArrayLike | None = None,
    log_variances: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    classes: tuple[str, ...] = (),
    title: str = "",
    owner: str = quota.LOCAL,
) -> Run:
    """Keep codes [N, d] as a run without a model, and return it; its map is shown like any other.

    `scales` [N, d] are the standard deviations of q(z|x), or `log_variances` the logarithms of their squares; `labels`
    [N] are whole numbers or words. Raises RunError for other shapes, NaN, or a name that is taken.
    """
    if not folders.NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: use lower-case letters, digits, dots, dashes and underscores.")
    target = folders.user_runs() / name
    if target.exists():
        raise RunError(f"There is a run {name!r} already. Choose another name.")
    quota.check(owner)
    place = folders.user_runs() / f".making-{uuid.uuid4().hex}"
    place.mkdir(parents=True)
    try:
        about = {"title": title or name, "owner": owner}
        write(place, about, means, scales=scales, log_variances=log_variances, labels=labels, classes=classes)
        os.rename(place, target)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Run(target)


def write(
    folder: Path,
    about: Mapping[str, Any],
    means: ArrayLike,
    *,
    scales: ArrayLike | None = None,
    log_variances: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    classes: tuple[str, ...] = (),
) -> Run:
    """Write codes, as `keep` takes them, into an empty folder as a run with the metadata `about`; raises RunError."""
    made = _codes(means, scales, log_variances, labels, classes)
    spec = Spec(
        data=CODES_ONLY, shape=(made.means.shape[1],), latent=made.means.shape[1], binarisation="none",
        encoder={"kind": "linear"}, likelihood={"kind": "normal", "sigma": "shared"},
    )  # fmt: skip
    files.write(folder / "spec.json", spec.to_json())
    files.write(folder / "codes.npz", made.to_bytes())
    files.write_json(folder / "meta.json", {"created": time.time(), **about, CODES_ONLY: True})
    return Run(folder)


def of_file(path: Path, scratch: Path) -> dict[str, Any]:
    """Return the codes, scales and labels that a file of arrays holds, by their names; raises DataError for none."""
    from vae.data.own.recognise import read

    with reading(path.name):
        arrays = read(path, scratch, {}).arrays
        found = _named(arrays)
    if "means" not in found:
        raise DataError(
            f"{path.name} holds no array of codes [N, d] named {', '.join(MEANS[:4])} or so: it has "
            f"{', '.join(arrays) or 'none'}. Name it mean."
        )
    return found


def _named(arrays: Mapping[str, Rows]) -> dict[str, NDArray[Any]]:
    """Return the arrays that are codes, scales and labels by their names; one array [N, d] alone is the codes."""
    found = {}
    for argument, names in (
        ("means", MEANS), ("scales", SCALES), ("log_variances", LOG_VARIANCES), ("labels", LABELS)
    ):  # fmt: skip
        name = next((name for name in arrays if name.lower() in names and argument_fits(argument, arrays[name])), None)
        if name is not None:
            found[argument] = np.asarray(arrays[name][0 : arrays[name].shape[0]])
    flat = [array for array in arrays.values() if len(array.shape) == 2]
    if "means" not in found and len(flat) == 1:
        found["means"] = np.asarray(flat[0][0 : flat[0].shape[0]])
    return found


def argument_fits(argument: str, array: Rows) -> bool:
    """Return whether an array has as many axes as labels (one) or codes (two)."""
    return len(array.shape) == (1 if argument == "labels" else 2)


def _codes(
    means: ArrayLike,
    scales: ArrayLike | None,
    log_variances: ArrayLike | None,
    labels: ArrayLike | None,
    classes: tuple[str, ...],
) -> Codes:
    z = _numbers(means, "codes", None)
    n, d = z.shape
    if not 2 <= n <= MOST or not 1 <= d <= DEEPEST:
        raise RunError(f"There are {n:,} codes of {d:,} numbers; from 2 to {MOST:,} of at most {DEEPEST:,} are shown.")
    widths = None
    if log_variances is not None:
        widths = np.exp(_numbers(log_variances, "log-variances", z.shape) / 2).astype(np.float32)
    if scales is not None:
        widths = _numbers(scales, "scales", z.shape)
    if widths is not None and not ((widths > 0) & np.isfinite(widths)).all():
        raise RunError("A scale is 0, negative or too large. Give standard deviations, or log_variances instead.")
    index = None
    if labels is not None:
        given = np.asarray(labels)
        if given.shape != (n,) or given.dtype.kind not in "biuUS":
            raise RunError(f"The labels are {given.dtype} {list(given.shape)} for {n:,} codes. Give each one.")
        words, index = np.unique(given, return_inverse=True)
        index = index.astype(np.int64).reshape(-1)
        classes = classes or tuple(word.decode() if isinstance(word, bytes) else str(word) for word in words)
    mean = components = explained = None
    if d > 2:
        from sklearn.decomposition import PCA

        pca = PCA(2, random_state=0).fit(z.astype(np.float64))
        mean, components, explained = pca.mean_, pca.components_, pca.explained_variance_ratio_
    return Codes(z, widths, index, classes, "test", mean, components, explained)


def _numbers(values: ArrayLike, name: str, shape: tuple[int, ...] | None) -> NDArray[np.float32]:
    """Return an array of numbers [N, d]; raises RunError for another shape, and for the first row with NaN."""
    found = np.asarray(values)
    if found.dtype.kind not in "biuf" or found.ndim != 2 or (shape is not None and found.shape != shape):
        wanted = "[N, d]" if shape is None else str(list(shape))
        raise RunError(f"The {name} are {found.dtype} {list(found.shape)}, and numbers {wanted} are needed.")
    made = found.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(made).all(1))
    if len(wrong):
        raise RunError(f"Row {wrong[0]:,} of the {name} holds NaN, infinity or too large a number. Correct it.")
    return made
