"""What a file's content is: which array holds the examples, how its axes and numbers are read, and what labels it.

Pure functions of the content and of corrections by name; whatever is found is a `Choice` that can be corrected.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae.data.own import grey, limits, tabular, vectors
from vae.data.own.content import Choice, Content, OwnDataError, Rows, len_of, some
from vae.data.own.labelled import labels_of_arrays, labels_of_column
from vae.data.own.layouts import IMAGE, SERIES, SHORTEST, VECTOR, Layout, choose, layouts, rows_last
from vae.data.own.pictures import Pictures
from vae.data.own.prepared import Prepared, split
from vae.data.own.splits_given import words_column

LOOKED = 512  # examples of a look
EXAMPLES = ("x", "images", "image", "data", "examples", "features", "inputs", "samples", "img", "pixel_values")
SQUARE = 25  # columns from which a table's row can be an image
Asked = Callable[[str, Mapping[str, str]], str]


def prepare(content: Content, chosen: Mapping[str, Any]) -> Prepared:
    """Return content as it will be kept, under corrections; raises OwnDataError for what cannot be examples."""

    def asked(name: str, offered: Mapping[str, str]) -> str:
        value = chosen.get(name)
        return value if isinstance(value, str) and value in offered else ""

    seed = chosen.get("seed", 0)
    seed = seed if isinstance(seed, int) and 0 <= seed < 2**31 else 0
    made = _of_table(content, asked, seed) if content.table is not None else _of_arrays(content, asked, seed)
    made.found = content.found + made.found
    made.done = content.notes + made.done
    return made


def _of_arrays(content: Content, asked: Asked, seed: int) -> Prepared:
    arrays = {name: _rows_first(array, content) for name, array in content.arrays.items()}
    fit = {
        name: name for name, array in arrays.items() if len(array.shape) > 1 and np.dtype(array.dtype).kind in "biuf"
    }
    if not fit:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in list(arrays.items())[:4])
        raise OwnDataError(
            f"No array holds examples [N, …] of numbers ({shapes or 'there are none'}). Save one of them."
        )
    named = [name for name in fit if name.lower().split("/")[-1] in EXAMPLES]
    usual = max(named or fit, key=lambda name: np.prod(arrays[name].shape, dtype=float))
    name = asked("examples", fit) or usual
    rows = arrays[name]
    found = [] if len(fit) == 1 else [Choice("examples", "Examples", name, fit, None, f"{list(rows.shape)}")]
    labels, classes, choices = labels_of_arrays(arrays, name, content.classes, asked)
    found += choices
    return _examples(rows, content, found, labels, classes, asked, seed)


def _rows_first(array: Rows, content: Content) -> Rows:
    """Return an array with its examples along the first axis."""
    lengths = [len_of(other) for other in content.arrays.values() if len(other.shape) == 1]
    if isinstance(array, np.ndarray) and rows_last(array.shape, lengths):
        return np.moveaxis(array, -1, 0)
    return array


def _layout(rows: Rows, asked: Asked) -> tuple[Layout, Choice, NDArray[Any]]:
    offered = layouts(rows.shape[1:])
    if isinstance(rows, Pictures):  # decoded here, so that their axes are known
        offered = [one for one in offered if one.name == "NHWC"]
    if not offered:
        raise OwnDataError(
            f"An example has the shape {list(rows.shape[1:])}, which is neither an image of at most {limits.SIDE} "
            f"pixels a side nor a vector of at most {limits.VALUES:,} values. Make it smaller."
        )
    look = some(rows, LOOKED, 8 if isinstance(rows, _Matrix) else 64)
    best, margin, reason = choose(offered, np.nan_to_num(look) if look.dtype.kind == "f" else look)
    titles = {one.name: one.title for one in offered}
    picked = asked("layout", titles)
    layout = next((one for one in offered if one.name == picked), best)
    return layout, Choice("layout", "Layout", layout.name, titles, margin if layout is best else None, reason), look


def _examples(
    rows: Rows,
    content: Content,
    found: list[Choice],
    labels: NDArray[np.int64] | None,
    classes: tuple[str, ...],
    asked: Asked,
    seed: int,
) -> Prepared:
    n = len_of(rows)
    layout, choice, look = _layout(rows, asked)
    found = [*found, choice] if len(choice.choices) > 1 else found
    given = content.parts if content.parts is not None and len(content.parts) == n else None
    if layout.form == IMAGE:
        choices, greys, done = grey.find(layout.arrange(look), lambda name, offered: asked(name, offered))
        parts, splitting = split(np.ones(n, bool), given, asked, seed)

        def convert(start: int, stop: int) -> NDArray[Any]:
            return greys.convert(layout.arrange(np.asarray(rows[start:stop])), start)

        return Prepared(
            IMAGE, layout.shape, convert, np.ones(n, bool), greys.levels, [], None, labels, classes, parts, seed,
            [*found, *choices, *splitting], done,
        )  # fmt: skip
    size = layout.shape[0]
    names = content.names if len(content.names) == size else [f"x{k + 1}" for k in range(size)]
    matrix = vectors.of_array(rows, layout.arrange, names)
    return _vectors(layout.form, n, matrix, [], layout.lines, found, labels, classes, given, asked, seed)


def _vectors(
    form: str,
    n: int,
    matrix: vectors.Numbers,
    worded: list[vectors.Words],
    lines: tuple[int, int] | None,
    found: list[Choice],
    labels: NDArray[np.int64] | None,
    classes: tuple[str, ...],
    given: NDArray[np.int8] | None,
    asked: Asked,
    seed: int,
) -> Prepared:
    scaling = asked("scaling", vectors.SCALINGS) or ("all" if form == SERIES and lines and lines[0] == 1 else "each")
    made = vectors.Vectors(matrix, worded, scaling, "drop", lines if form == SERIES else None)
    whole = made.whole(n)
    share = 1 - whole.mean()
    keep = np.ones(n, bool)
    choices = [
        Choice("scaling", "Numbers", scaling, vectors.SCALINGS, None, "so that each counts as much as the others")
    ]
    done = []
    if share > 0:
        usual = "drop" if share <= vectors.FEW_MISSING else "mean"
        made.missing = asked("missing", vectors.MISSING) or usual
        said = f"{n - int(whole.sum()):,} of {n:,} rows have a missing value"
        choices.append(Choice("missing", "Missing values", made.missing, vectors.MISSING, None, said))
        keep = whole if made.missing == "drop" else keep
        left = n - int(whole.sum())
        if made.missing == "drop":
            done.append(f"{left:,} rows with a missing value were left out.")
        elif len(made.marked):
            done.append("Missing values are the column's mean; a column says where.")
        else:
            done.append("Missing values are the column's mean.")
    if labels is not None and (labels < 0).any():
        done.append(f"{int((labels < 0)[keep].sum()):,} rows without a label were left out.")
        keep = keep & (labels >= 0)
    parts, splitting = split(keep, given, asked, seed)
    made.fit(keep & (parts == 0))
    if scaling != "none":
        done.append(vectors.SCALED["line" if made.lines and scaling == "each" else scaling])
    done += [f"“{column.name}” became {len(column.words)} columns of 0 and 1." for column in worded]
    return Prepared(
        form, (made.width,), made.convert, keep, 1, made.columns(tabular.unit), made.lines, labels, classes, parts,
        seed, [*found, *choices, *splitting], done,
    )  # fmt: skip


def _of_table(content: Content, asked: Asked, seed: int) -> Prepared:
    table = content.table
    assert table is not None
    decimal = next((choice.value for choice in content.found if choice.name == "decimal"), ".")
    uses = tabular.uses(table, decimal, asked)
    found = [use.choice() for use in uses]
    done = [f"“{use.name}” was left out: {use.reason}." for use in uses if use.use == tabular.OUT][:20]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    given = content.parts
    for use in uses:
        if use.use == tabular.LABEL:
            labels, classes = labels_of_column(table.column(use.name), use.words, content.classes.get(use.name, ()))
        if use.use == tabular.SPLIT:
            given = words_column(table.column(use.name).to_pylist())
    names = [use.name for use in uses if use.use == tabular.NUMBER]
    worded = [vectors.words_of(table, use.name, use.words) for use in uses if use.use == tabular.WORDS]
    if not names and not worded:
        raise OwnDataError(
            "No column is left to learn from: all are labels, names or empty. Choose another use of one."
        )
    if table.num_rows * max(1, len(names)) > limits.CELLS:
        raise OwnDataError(f"The table has more than {limits.CELLS // limits.MB} million numbers. Use a part of it.")
    matrix = vectors.of_table(table, names, decimal)
    n = table.num_rows
    layout, choice, lines = None, None, None
    # a column of pixels that are all black has one value, and belongs to the image
    alike = [use for use in uses if use.constant and not asked(use.choice_name, tabular.USES)]
    every = [use.name for use in uses if use.use == tabular.NUMBER or use in alike]
    if not worded and len(every) >= SQUARE and len(every) > len(names):
        layout, choice = _row_layout(vectors.of_table(table, every, decimal), n, asked)
        if layout is not None and layout.form == IMAGE:
            names, matrix = every, vectors.of_table(table, every, decimal)
            found = [replace(use, use=tabular.NUMBER).choice() if use.name in every else use.choice() for use in uses]
            done = [text for text in done if not any(f"“{name}”" in text for name in every)]
        else:
            layout = None
    if layout is None and not worded and len(names) >= SHORTEST:
        layout, choice = _row_layout(matrix, n, asked)
    found += [] if choice is None else [choice]
    if layout is not None and layout.form == IMAGE:
        inner = Content(content.kind, {"rows": _Matrix(matrix, n)}, parts=given)
        made = _examples(
            inner.arrays["rows"],
            inner,
            [],
            labels,
            classes,
            lambda k, o: layout.name if k == "layout" else asked(k, o),
            seed,
        )
        made.found = [*found, *(one for one in made.found if one.name != "layout")]
        made.done = done + made.done
        return made
    form = VECTOR if layout is None else layout.form
    lines = None if layout is None else layout.lines
    made = _vectors(form, n, matrix, worded, lines, found, labels, classes, given, asked, seed)
    made.done = done + made.done
    return made


class _Matrix:
    """A table's numbers as an array whose rows are read when they are asked for."""

    def __init__(self, matrix: vectors.Numbers, n: int) -> None:
        self.matrix, self.shape, self.dtype = matrix, (n, len(matrix.names)), np.dtype(np.float64)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        start, stop, _ = rows.indices(self.shape[0])
        return self.matrix.block(start, stop)


def _row_layout(matrix: vectors.Numbers, n: int, asked: Asked) -> tuple[Layout | None, Choice | None]:
    """Return how a row of numbers is read, if it can be an image or a series: pixels, or steps in a row."""
    layout, choice, look = _layout(_Matrix(matrix, n), asked)
    offered = dict(choice.choices)
    if not asked("layout", offered) and layout.form == SERIES and not _steps(matrix.names):
        layout = next(one for one in layouts((len(matrix.names),)) if one.form == VECTOR)
        choice = Choice("layout", "Layout", layout.name, offered, None, "the columns' names are no steps of one series")
    if layout.form == IMAGE and not np.isfinite(look).all() and not asked("layout", offered):
        layout = next(one for one in layouts((len(matrix.names),)) if one.form == VECTOR)
    return layout, choice


def _steps(names: Any) -> bool:
    """Return whether columns' names count: 0, 1, 2 or t0, t1, t2."""
    digits = ["".join(c for c in name if c.isdigit()) for name in names]
    numbers = [int(part[:9]) for part in digits if part]
    return len(numbers) == len(digits) and all(b > a for a, b in pairwise(numbers))
