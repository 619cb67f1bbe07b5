"""A vector's picture and its row: what Python draws and says is what the browser draws and says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from node import evaluate

from vae.data import units
from vae.page import vectors

PICTURES = """async (asked) => {
    const { vectorPicture } = await use("js/vectors.js");
    return asked.map(({ values, lines }) => Array.from(vectorPicture(values, lines)));
}"""
ROWS = """async ({ columns, rows }) => {
    const { rowCells } = await use("js/rows.js");
    return rows.map((row) => rowCells(columns, row));
}"""


def cases():
    rng = np.random.default_rng(0)
    for size in (1, 2, 8, 18, 19, 72, 200):
        yield rng.normal(0, 1, size), None
        yield rng.normal(0, 40, size), None
    for lines in ((1, 1), (1, 2), (1, 60), (3, 25), (5, 200)):
        yield rng.normal(0, 1, lines[0] * lines[1]), lines
    yield np.zeros(5), None


def test_browser_and_server_draw_the_same():
    asked = [{"values": values.tolist(), "lines": lines} for values, lines in cases()]
    for (values, lines), drawn in zip(cases(), evaluate(PICTURES, asked), strict=True):
        picture = vectors.picture(values, lines)
        np.testing.assert_array_equal(np.reshape(drawn, picture.shape), picture, f"{len(values)} {lines}")


@settings(max_examples=25, deadline=None)
@given(some.lists(some.floats(-50, 50), min_size=1, max_size=15))
def test_each_bar_reaches_its_value(values):
    """The bar of value v goes from the axis to v, up where v is positive: read back from the picture."""
    picture = vectors.picture(np.array(values)) == vectors.INKS[0]
    limit = 3.0
    while limit < max(map(abs, values)):
        limit *= 2
    for k, value in enumerate(values):
        columns = [x for x in range(vectors.WIDTH) if x * len(values) // vectors.WIDTH == k]
        rows = np.flatnonzero(picture[:, columns[0]])
        axis = (vectors.HEIGHT - 1) / 2
        far = rows[np.abs(rows - axis).argmax()]
        assert abs((axis - far) / axis * limit - value) <= limit / axis


def test_a_line_is_joined_and_has_the_values_heights():
    values = np.sin(np.linspace(0, 6, 60))
    picture = vectors.picture(values, (1, 60)) == vectors.INKS[0]
    assert picture.any(0).all()
    middle = [float(np.flatnonzero(column).mean()) for column in picture.T]
    expected = np.interp(np.linspace(0, 59, vectors.WIDTH), np.arange(60), values)
    axis = (vectors.HEIGHT - 1) / 2
    np.testing.assert_allclose((axis - np.array(middle)) / axis * 3, expected, atol=3 * 1.6 / axis)


COLUMNS = [
    {"kind": "number", "name": "height", "unit": "cm", "offset": 170.0, "scale": 9.7},
    {"kind": "number", "name": "gain", "unit": "", "offset": 0.001, "scale": 0.0002},
    {"kind": "number", "name": "income", "unit": "€", "offset": 3e6, "scale": 4e5},
    {"kind": "words", "name": "soil", "words": ["clay", "loam", "sand"]},
    {"kind": "missing", "name": "gain missing"},
]


@pytest.mark.parametrize("seed", [0, 1])
def test_browser_and_server_say_the_same_row(seed):
    rows = np.random.default_rng(seed).normal(0, 1, (20, 7))
    said = evaluate(ROWS, {"columns": COLUMNS, "rows": rows.tolist()})
    for row, found in zip(rows, said, strict=True):
        expected = [[cell.name, cell.text + (f" {cell.unit}" if cell.unit else "")] for cell in units.row(COLUMNS, row)]
        expected = [[name, "missing" if text.startswith("missing") else text] for name, text in expected]
        assert found == expected
