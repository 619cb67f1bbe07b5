"""A model's map in a notebook, with live decoding under the pointer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vae import data as datasets
from vae import runs
from vae.data import DataError
from vae.notebook import Model, load
from vae.page import content, grounds, images
from vae.runs import Codes, Run, RunError
from vae.training import finish

if TYPE_CHECKING:
    from vae.page.widget import LatentMap

BATCH = 1000  # examples that are encoded at a time
LARGEST = 20_000_000  # bytes that a map in a notebook may take


def explore(
    model: Any,
    data: Any = None,
    labels: Any = None,
    *,
    plane: str = "",
    label: int | None = None,
    allow_code: bool = False,
    **answers: Any,
) -> "LatentMap":
    """Return a model's map for a notebook: it decodes under the pointer, and `z` and `selection` are what is picked.

    `model` is a run, its name or its folder; a model of another library as a file or folder, or a Python object with
    encode(x) and decode(z), which is opened with `data` as `vae open` does and kept as a run; or codes [N, d] without
    a model, as an array or a file. `answers` say how such a model is read where that is not clear, such as
    input="unit" or shape=[1, 28, 28]; `allow_code` lets files run their code.

    `data` are the examples whose codes are shown: a dataset's name (its test split), or an array [N, *shape] with
    `labels` [N]; None for the run's own codes. `plane` is two dimensions such as "1,2", or "pca", "tsne" or "umap";
    `label` is that of a conditional model.

    `view.z` is the pinned point [d] (None: none) and `view.selection` the numbers of the codes in the last lasso; both
    can be set, and `view.observe(handler, "z")` calls a function at each change. Needs anywidget
    (`pip install 'latent-space-explorer[notebook]'`). Raises RunError, DataError or OpenError.
    """
    try:
        from vae.page.widget import LatentMap
    except ImportError as error:
        raise RunError(
            f"A map in a notebook needs anywidget ({error}). Run `pip install 'latent-space-explorer[notebook]'` and "
            "start the notebook again."
        ) from error
    if not _here(model):
        model, data = _opened(model, data, labels, allow_code, answers), None
    run = model.run if isinstance(model, Model) else runs.open_run(model)
    if data is None:
        codes, pixels = run.codes, images.examples_here(run)
    else:
        codes, pixels = _encoded(model if isinstance(model, Model) else load(run), data, labels)
    found = content.content(
        run,
        codes=codes,
        plane=grounds.named(run, plane, codes),
        images=pixels,
        label=label,
        room=LARGEST,
        half=False,
    )
    return LatentMap(found.packet, codes.means, found.every)


def _here(model: Any) -> bool:
    """Return whether a model is a run already: one that is loaded, a run's folder, or a name that is no file."""
    if isinstance(model, Model | Run):
        return True
    if not isinstance(model, str | Path) or ":" in str(model):
        return False
    path = Path(model)
    return (path / "model.safetensors").is_file() or (path / "codes.npz").is_file() or not path.exists()


def _opened(model: Any, data: Any, labels: Any, allow_code: bool, answers: dict[str, Any]) -> Run:
    """Return the run that is made of a model of another library; raises OpenError and DataError."""
    from vae.opened import to_run
    from vae.opened.found import ANSWERS

    said = {name: value for name, value in answers.items() if name in ANSWERS}
    options = {name: value for name, value in answers.items() if name not in ANSWERS}
    if isinstance(model, np.ndarray):
        model, labels = {"means": model} | ({} if labels is None else {"labels": labels}), None
    return to_run.bring(model, data, labels=labels, answers=said, options=options, allow_code=allow_code).run


def _encoded(model: Model, data: Any, labels: Any) -> tuple[Codes, np.ndarray | None]:
    """Return the codes of examples, and these: pixels as uint8, vectors as they are; raises DataError."""
    classes: tuple[str, ...] = ()
    if isinstance(data, str):
        found = datasets.load(data, "test")
        data, labels, classes = found.images, found.labels, found.classes
    x = torch.as_tensor(data)
    y = None if labels is None else torch.as_tensor(labels).long()
    if y is not None and y.shape != x.shape[:1]:
        raise DataError(f"There are {len(x):,} examples and labels of shape {list(y.shape)}: give one for each.")
    with torch.no_grad():
        made = [
            model.encode(part, y[at : at + len(part)] if model.spec.labels and y is not None else None)
            for at, part in zip(range(0, len(x), BATCH), x.split(BATCH), strict=True)
        ]
    means = torch.cat([q.mean for q in made]).numpy()
    scales = torch.cat([q.stddev for q in made]).numpy() if model.spec.probabilistic else None
    given = None if y is None else y.numpy()
    codes = finish.with_components(Codes(means, scales, given, classes, "test"))
    if len(model.spec.shape) != 3:
        return codes, x.float().numpy()
    return codes, _pixels(x.numpy(), datasets.describe(model.spec.data).levels)


def _pixels(x: np.ndarray, levels: int) -> np.ndarray | None:
    """Return images as uint8, 0 to 255, of uint8 from 0 to `levels`; None for floats that are no pixels in [0, 1]."""
    if x.dtype == np.uint8:
        return x if levels == 255 else (x * (255 / levels)).astype(np.uint8)
    inside = np.isfinite(x).all() and x.min(initial=0) >= 0 and x.max(initial=0) <= 1
    return (x * 255).round().astype(np.uint8) if inside else None
