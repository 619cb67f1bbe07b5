"""Columns for the map from somebody's CSV: what is read, and what each mistake is answered with."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from vae.data import columns
from vae.data.columns import ColumnError, read
from vae.page import palette

PATIENT = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def csv(text):
    return text.encode()


def test_columns_are_read_in_the_order_of_the_codes():
    """Numbers words and units are read in the order of the codes."""
    content = csv("\ufeffindex;mass (kg);kind\r\n0;1.5;b\r\n1;-2e3;a\r\n2;0;b\r\n")
    found = read(content, 3)
    mass, kind = found.columns
    assert not found.refused and "index" in found.joined
    assert (mass.title, mass.unit, mass.classes) == ("mass", "kg", ())
    np.testing.assert_array_equal(mass.values, np.float32([1.5, -2000, 0]))
    assert kind.classes == ("a", "b") and kind.unit == ""
    np.testing.assert_array_equal(kind.values, [1, 0, 1])


def test_quotes_and_line_breaks_within_cells_are_one_row():
    (column,) = read(csv('name\n"a, b"\n"two\nlines"\n'), 2).columns
    assert column.classes == ("a, b", "two\nlines")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"a\n1\n2\n", "2 rows below its names, and the map 3 codes"),
        (b"1\n2\n3\n4\n", "columns need names"),
        (b'a\nnan\n""\nNA\n', "“a” has no value"),
        (b"a\n1\n2\n-inf\n", "row 3 of “a” is -inf"),
        (b"a\n1\n2\n1e39\n", "row 3 of “a” is 1e39"),
        (b"a,b\n1,2\n3\n4,5\n", "Row 2 has 1 cells, and the line of names 2"),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "no text"),
        (b"a\n1\x00\n2\n3\n", "no text"),
    ],
)
def test_mistakes_are_answered_with_what_is_wrong(content, text):
    with pytest.raises(ColumnError, match=text):
        read(content, 3)


def test_too_large_and_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(columns, "MOST_BYTES", 10)
    with pytest.raises(ColumnError, match="at most"):
        read(b"a\n" + b"1\n" * 10, 10)
    monkeypatch.undo()
    words = "word\n" + "".join(f"w{i}\n" for i in range(30))
    with pytest.raises(ColumnError, match="30 different words, and 10"):
        read(csv(words), 30)
    typo = "mass\n" + "".join(f"{i}\n" for i in range(29)) + "3,5\n"
    with pytest.raises(ColumnError, match="row 30 of “mass” is “3.5x”, which is no number"):
        read(csv(typo.replace("3,5", "3.5x")), 30)
    with pytest.raises(ColumnError, match="columns; at most"):
        read(csv(",".join("abc"[i % 3] + str(i) for i in range(101)) + "\n" + ",".join("1" * 101) + "\n"), 1)


def test_a_bad_column_leaves_the_good_ones_and_is_told():
    table = read(csv("a,b,a\n1,2,3\n2,inf,4\n"), 2)
    refused = table.refused
    assert [column.name for column in table.columns] == ["a"]
    assert len(refused) == 2 and "“b”" in refused[0] and "two columns" in refused[1]


def test_rows_with_an_index_find_their_codes():
    """The product's own file of a selection, with one column more."""
    content = csv("index,label,z1,mine\n4,1,0.5,10\n0,3,-1,20\n2,3,,30\n")
    found = read(content, 6)
    mine = {column.name: column.values for column in found.columns}["mine"]
    np.testing.assert_array_equal(mine, np.float32([20, np.nan, 30, np.nan, 10, np.nan]))
    assert found.joined == "by the column “index”; the other 3 codes are grey"
    assert "by position" in read(csv("mine\n1\n2\n"), 2).joined
    for bad, said in (("6", "from 0 to 5"), ("x", "“x”"), ("1.5", "“1.5”"), ("4", "4 again"), ("", "“”")):
        with pytest.raises(ColumnError, match=f"Row 2 has the index.*{said}"):
            read(csv(f"index,a\n4,1\n{bad},2\n"), 6)


@PATIENT
@given(some.data(), some.integers(2, 40))
def test_any_order_of_indexed_rows_gives_the_same_column(data, n):
    order = data.draw(some.permutations(range(n)))
    values = data.draw(some.lists(some.integers(-999, 999), min_size=n, max_size=n))
    text = "\n".join(["index;a", *(f"{i};{values[i]}" for i in order)])
    (column,) = read(csv(text), n).columns
    np.testing.assert_array_equal(column.values + column.offset, values)


@PATIENT
@given(some.lists(some.integers(-(10**6), 10**6), min_size=3, max_size=30), some.sampled_from([";", "\t"]))
def test_decimal_commas_are_numbers(thousandths, divider):
    cells = [f"{v / 1000:.3f}".replace(".", ",") for v in thousandths]
    text = "\n".join([f"mass{divider}b", *(f"{cell}{divider}{i}" for i, cell in enumerate(cells))])
    mass, b = read(csv(text), len(cells)).columns
    assert not mass.classes
    np.testing.assert_allclose(mass.values + mass.offset, np.array(thousandths) / 1000, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(b.values + b.offset, np.arange(len(cells)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_of_spreadsheets_are_read(encoding):
    (column, _) = read("größe (µm)\tb\n1\t2\n2\t3\n".encode(encoding), 2).columns
    assert (column.title, column.unit) == ("größe", "µm")


def test_separator_is_the_headers_and_not_a_comma_in_a_name():
    found = read(csv("a, in m\tb, in m\n0\t1\n2\t3\n"), 2)
    assert [column.name for column in found.columns] == ["a, in m", "b, in m"]
    assert [column.name for column in read(csv("a;b\n1,5;2,5\n0,5;1\n"), 2).columns] == ["a", "b"]
    assert [column.name for column in read(csv("one\n1\n2\n"), 2).columns] == ["one"]


def test_empty_cells_are_codes_without_a_value():
    mass, kind = read(csv("mass,kind\n1,a\n,b\nNaN,\n4,a\n"), 4).columns
    np.testing.assert_array_equal(mass.values + mass.offset, [1, np.nan, np.nan, 4])
    assert kind.classes == ("a", "b")
    np.testing.assert_array_equal(kind.values, [0, 1, np.nan, 0])


@PATIENT
@given(some.integers(-(10**12), 10**12), some.lists(some.integers(0, 1000), min_size=2, max_size=20))
def test_large_offsets_keep_their_differences(start, steps):
    numbers = [start + step for step in steps]
    (column,) = read(csv("\n".join(["time", *map(str, numbers)])), len(numbers)).columns
    shown = column.values.astype(np.float64) + column.offset
    np.testing.assert_allclose(shown, numbers, atol=max(np.ptp(numbers) / 1000, 1e-3), rtol=0)


def test_more_words_than_colours_are_refused():
    twelve = "kind\n" + "".join(f"kind{i % 12:02}\n" for i in range(36))
    with pytest.raises(ColumnError, match="12 different words, and 10 can be told apart"):
        read(csv(twelve), 36)
    ten = "kind\n" + "".join(f"kind{i % 10}\n" for i in range(36))
    assert len(read(csv(ten), 36).columns[0].classes) == 10 == len(dict.fromkeys(map(palette.of_class, range(10))))
