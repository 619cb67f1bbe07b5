"""Columns for the map from somebody's CSV: what is read, and what each mistake is answered with."""

import numpy as np
import pytest

from vae.data import columns
from vae.data.columns import ColumnError, read


def csv(text):
    return text.encode()


def test_columns_are_read_in_the_order_of_the_codes():
    """Numbers words and units are read in the order of the codes."""
    content = csv("\ufeffindex;mass (kg);kind\r\n0;1.5;b\r\n1;-2e3;a\r\n2;0;b\r\n")
    (mass, kind), refused = read(content, 3)
    assert not refused
    assert (mass.title, mass.unit, mass.classes) == ("mass", "kg", ())
    np.testing.assert_array_equal(mass.values, np.float32([1.5, -2000, 0]))
    assert kind.classes == ("a", "b") and kind.unit == ""
    np.testing.assert_array_equal(kind.values, [1, 0, 1])


def test_quotes_and_line_breaks_within_cells_are_one_row():
    (column,), _ = read(csv('name\n"a, b"\n"two\nlines"\n'), 2)
    assert column.classes == ("a, b", "two\nlines")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"a\n1\n2\n", "2 rows below its names, and the map 3 codes"),
        (b"1\n2\n3\n4\n", "columns need names"),
        (b"a\n1\nnan\n3\n", "row 2 of “a” is nan"),
        (b"a\n1\n2\n-inf\n", "row 3 of “a” is -inf"),
        (b"a\n1\n2\n1e39\n", "row 3 of “a” is 1e39"),
        (b"a,b\n1,2\n3\n4,5\n", "Row 2 has 1 cells, and the line of names 2"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not text"),
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
    with pytest.raises(ColumnError, match="30 different words, and 20"):
        read(csv(words), 30)
    typo = "mass\n" + "".join(f"{i}\n" for i in range(29)) + "3,5\n"
    with pytest.raises(ColumnError, match="Row 30 has 2 cells"):
        read(csv(typo), 30)
    with pytest.raises(ColumnError, match="row 30 of “mass” is “3.5x”, which is no number"):
        read(csv(typo.replace("3,5", "3.5x")), 30)
    with pytest.raises(ColumnError, match="columns; at most"):
        read(csv(",".join("abc"[i % 3] + str(i) for i in range(101)) + "\n" + ",".join("1" * 101) + "\n"), 1)


def test_a_bad_column_leaves_the_good_ones_and_is_told():
    found, refused = read(csv("a,b,a\n1,2,3\n2,inf,4\n"), 2)
    assert [column.name for column in found] == ["a"]
    assert len(refused) == 2 and "“b”" in refused[0] and "two columns" in refused[1]
