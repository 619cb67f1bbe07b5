"""Files as people bring them to the map of 360 codes: each has its right outcome, by pandas told what each file is."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from vae.data.columns import ColumnError, read

CODES = 360
CASES = Path(__file__).parent / "cases"
# how pandas has to be told to read the file, and the names that the map then has
READ = {
    "decimal-comma-few.csv": ({"sep": ";", "decimal": ","}, ["mass (kg)", "nr"]),
    "decimal-comma-many.csv": ({"sep": ";", "decimal": ","}, ["mass (kg)", "nr"]),
    "one-empty.csv": ({}, ["a", "mass"]),
    "one-missing.csv": ({}, ["mass"]),
    "latin1.csv": ({"encoding": "latin-1"}, ["größe", "b"]),
    "utf16-excel.txt": ({"sep": "\t", "encoding": "utf-16"}, ["size", "b"]),
    "commas-in-names.tsv": ({"sep": "\t"}, ["a, in m", "b, in m", "c, in m"]),
    "selection-comes-home.csv": (
        {"index_col": "index"},
        ["label", "plane_x", "plane_y", "z1", "z2", "scale1", "scale2", "mine"],
    ),
}
REFUSED = {"twelve-words.csv": "“kind” has 12 different words, and 10 can be told apart by colour"}
MISSING = {"one-empty.csv": 1, "one-missing.csv": 1}  # codes that are grey because their cell is empty


def test_every_case_has_its_outcome():
    assert {file.name for file in CASES.iterdir()} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_every_column_arrives_at_its_codes(name):
    told, columns = READ[name]
    table = pandas.read_csv(CASES / name, **told, skip_blank_lines=True)
    found = read((CASES / name).read_bytes(), CODES)
    assert [column.name for column in found.columns] == columns and not found.refused
    joined = "index" in told.get("index_col", "")
    assert ("by the column “index”" if joined else "by position") in found.joined
    rows = table.index.to_numpy() if joined else np.arange(CODES)
    for column in found.columns:
        expected = np.full(CODES, np.nan)
        expected[rows] = table[column.name]
        assert not column.classes
        np.testing.assert_allclose(column.values + column.offset, expected, rtol=1e-6)
        assert np.isnan(expected).sum() == (CODES - len(rows)) + MISSING.get(name, 0) * (column.name == "mass")


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_column_can_show_is_refused_with_the_limit(name):
    with pytest.raises(ColumnError) as refused:
        read((CASES / name).read_bytes(), CODES)
    assert REFUSED[name] in str(refused.value)
