"""Look at a file or an object, and keep it as own data: what page, shell and notebook call.

`look` and `keep_file` take and return what JSON has, so that they run in the sandbox.
"""

import base64
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vae.data import units
from vae.data.own import keep, names, source
from vae.data.own.content import Content, reading
from vae.data.own.detect import prepare
from vae.data.own.objects import content_of
from vae.data.own.prepared import Prepared
from vae.data.own.recognise import read
from vae.data.root import data_root
from vae.data.sandbox import Report

SHOWN = 5  # examples that are drawn
MOST_CELLS = 200  # of a row that are shown
LOCAL = "local"


def look(file: str, scratch: str, chosen: Mapping[str, Any], progress: Report = keep.silent) -> dict[str, Any]:
    """Return what a file holds under corrections, with five examples: what page Open shows. Raises DataError."""
    with reading(Path(file).name), tempfile.TemporaryDirectory(dir=scratch) as place:
        content = read(Path(file), Path(place), chosen)
        return described(content, prepare(content, chosen))


def described(content: Content, prepared: Prepared) -> dict[str, Any]:
    """Return prepared data as JSON has it, with five examples: images as PNG, rows in their units, series as values."""
    kept = np.flatnonzero(prepared.keep)
    rows = kept[np.linspace(0, len(kept) - 1, SHOWN).astype(int)] if len(kept) > SHOWN else kept
    examples = []
    for i in rows.tolist():
        x = prepared.convert(i, i + 1)[0]
        shown: dict[str, Any] = {"label": _label(prepared, i)}
        if x.ndim == 3:
            shown["png"] = png(x, prepared.levels)
        else:
            shown["values"] = x.tolist()[:5000]
            if prepared.lines is None:
                cells = units.row(prepared.columns, x)[:MOST_CELLS]
                shown["row"] = [[cell.name, cell.text, cell.unit] for cell in cells]
        examples.append(shown)
    return {
        "kind": content.kind,
        "form": prepared.form,
        "shape": list(prepared.shape),
        "lines": prepared.lines,
        "sizes": list(prepared.sizes),
        "classes": list(prepared.classes),
        "found": [choice.to_json() for choice in prepared.found],
        "conversions": prepared.done,
        "examples": examples,
    }


def _label(prepared: Prepared, i: int) -> str:
    return "" if prepared.labels is None else prepared.classes[int(prepared.labels[i])]


def png(image: np.ndarray, levels: int) -> str:
    """Return an image [C, H, W] of levels as a data URL."""
    full = np.round(image.astype(np.float64) * (255 / levels)).astype(np.uint8)
    full = full[0] if len(full) != 3 else np.moveaxis(full, 0, -1)
    buffer = io.BytesIO()
    Image.fromarray(full).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def keep_file(
    file: str,
    folder: str,
    about: Mapping[str, Any],
    chosen: Mapping[str, Any],
    progress: Report = keep.silent,
) -> dict[str, Any]:
    """Write a file's content into a folder that exists, and return its description; raises DataError."""
    path = Path(file)
    with reading(path.name), tempfile.TemporaryDirectory(dir=folder) as scratch:
        content = read(path, Path(scratch), chosen)
        origin = {"file": about.get("file") or path.name, "kind": content.kind, "sha256": keep.checksum(path)}
        prepared = prepare(content, chosen)
        told = {name: value for name, value in about.items() if name != "file"}
        return keep.write(prepared, Path(folder), {**told, "origin": origin}, progress)


def add(
    given: Any,
    name: str = "",
    *,
    title: str = "",
    owner: str = LOCAL,
    labels: Any = None,
    progress: Report = keep.silent,
    root: Path | None = None,
    **chosen: Any,
) -> source.OwnSource:
    """Keep a file, a folder, an array, a DataFrame or a PyTorch dataset as own data, and return it as a dataset.

    `name` is what `train(data=…)` takes, by default the file's; `labels` [N] go with an array. `chosen` are corrections
    of what is found, by name: layout="NHWC", range="0..1", separator=";", seed=1. Raises DataError.
    """
    base = data_root() if root is None else Path(root)
    is_path = isinstance(given, str | Path)
    name = name or (names.suggested(Path(given).name) if is_path else "data")
    names.checked(name, base)
    with keep.making(base) as place:
        about = {"title": title or name, "owner": owner}
        if is_path:
            keep_file(str(given), str(place), about, chosen, progress)
        else:
            content = content_of(given, labels)
            origin = {"file": "", "kind": content.kind, "sha256": ""}
            keep.write(prepare(content, chosen), place, {**about, "origin": origin}, progress)
        keep.appear(place, name, base)
    made = source.find(name, base)
    assert made is not None
    return made
