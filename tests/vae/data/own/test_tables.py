"""Tables: what is found in their text and columns, what is made of them, and that a row comes back in its units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from vae import data
from vae.data import own, units

N = 60


def choices(source):
    return {choice["name"]: choice for choice in source.meta["found"]}


def values(source):
    return {name: choice["value"] for name, choice in choices(source).items()}


def kept(folder, content, encoding="utf-8", name="table.csv", **chosen):
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return own.add(path, "mine", root=folder, **chosen)


def rows(source, root):
    """Return all rows in their own units, as name -> text."""
    parts = [source.load(split, root=root).images for split in data.SPLITS]
    return [{cell.name: cell.text for cell in units.row(source.about.columns, x)} for x in np.concatenate(parts)]


@settings(max_examples=10, deadline=None)
@given(
    separator=some.sampled_from(",;\t|"),
    decimal=some.sampled_from(".,"),
    header=some.booleans(),
    encoding=some.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    seed=some.integers(0, 99),
)
def test_text_is_read_as_it_was_written(separator, decimal, header, encoding, seed, tmp_path_factory):
    if decimal == "," and separator == ",":
        separator = ";"
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(seed)
    numbers = np.round(rng.normal(0, 50, (N, 3)), 2)
    words = rng.choice(["grün", "blau", "weiß"], N)
    lines = [
        separator.join([*(f"{v:.2f}".replace(".", decimal) for v in r), w]) for r, w in zip(numbers, words, strict=True)
    ]
    if header:
        lines.insert(0, separator.join(["Länge (cm)", "Breite (cm)", "Höhe (cm)", "Farbe"]))
    source = kept(folder, "\n".join(lines) + "\n", encoding)
    found = values(source)
    assert (found["separator"], found["decimal"], found["header"]) == (separator, decimal, "yes" if header else "no")
    assert source.about.classes == ("blau", "grün", "weiß") and source.about.shape == (3,)
    columns = source.about.columns
    if header:
        assert [(c["name"], c["unit"]) for c in columns] == [("Länge", "cm"), ("Breite", "cm"), ("Höhe", "cm")]
    back = [tuple(float(text.replace("−", "-")) for text in row.values()) for row in rows(source, folder)]
    spread = numbers.std(0).max()
    for row in back:
        assert np.abs(numbers - row).max(1).min() < spread / 50


TABLE = ["id,size (mm),colour,age,species"] + [
    f"{k},{1.5 * k},{['red', 'blue'][k % 2]},{'' if k % 6 == 0 else k},{['cat', 'dog', 'emu'][k % 3]}" for k in range(N)
]


def test_each_column_has_its_use(tmp_path):
    source = kept(tmp_path, "\n".join(TABLE))
    found = choices(source)
    uses = {name[7:]: choice["value"] for name, choice in found.items() if name.startswith("column:")}
    assert uses == {"id": "out", "size (mm)": "number", "colour": "words", "age": "number", "species": "label"}
    assert found["missing"]["value"] == "mean" and "10 of 60 rows" in found["missing"]["reason"]
    kinds = [(column["kind"], column["name"]) for column in source.about.columns]
    assert kinds == [("number", "size"), ("number", "age"), ("words", "colour"), ("missing", "age missing")]
    train = source.load("train", root=tmp_path).images
    np.testing.assert_allclose(train[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(train[:, 0].std(), 1, atol=1e-6)
    assert set(train[:, 2:].ravel().tolist()) == {0.0, 1.0} and (train[:, 2:4].sum(1) == 1).all()
    missing = train[:, 4] == 1
    assert missing.any() and (train[missing, 1] == 0).all()
    for row in rows(source, tmp_path):
        k = round(float(row["size"]) / 1.5)
        assert row["colour"] == ["red", "blue"][k % 2]
        assert row["age"] == "missing" if k % 6 == 0 else abs(float(row["age"]) - k) < 0.5


@pytest.mark.parametrize(
    ("chosen", "shape", "classes", "size"),
    [
        ({"missing": "drop"}, (4,), 3, N - 10),
        ({"column:age": "out"}, (3,), 3, N),
        ({"column:colour": "label"}, (6,), 2, N),
        ({"column:species": "words"}, (8,), 0, N),
        ({"column:colour": "out", "column:species": "out", "missing": "mean"}, (3,), 0, N),
        ({"column:id": "number"}, (6,), 3, N),
    ],
)
def test_each_step_can_be_corrected(chosen, shape, classes, size, tmp_path):
    source = kept(tmp_path, "\n".join(TABLE), **chosen)
    assert source.about.shape == shape and len(source.about.classes) == classes and sum(source.about.sizes) == size


@pytest.mark.parametrize("scaling", ["all", "none"])
def test_a_missing_value_is_the_mean_in_any_scaling(scaling, tmp_path):
    source = kept(tmp_path, "\n".join(TABLE), scaling=scaling)
    train = source.load("train", root=tmp_path).images
    missing = train[:, 4] == 1
    np.testing.assert_allclose(train[missing, 1], train[~missing, 1].mean(), rtol=1e-5)


def test_a_word_among_numbers_is_said(tmp_path):
    cells = ["x,y"] + [f"{k},{'broken' if k == 7 else k * k}" for k in range(N)]
    source = kept(tmp_path, "\n".join(cells))
    assert "1 cells are no numbers" in choices(source)["column:y"]["reason"]
    assert sum(source.about.sizes) == N - 1


def test_a_column_of_splits_is_followed(tmp_path):
    parts = ["train"] * 40 + ["test"] * 15 + ["val"] * 5
    cells = ["x,y,split"] + [f"{k},{k * k},{part}" for k, part in enumerate(parts)]
    source = kept(tmp_path, "\n".join(cells))
    assert source.about.sizes == (40, 5, 15) and values(source)["split"] == "given"
    tests = {round(float(row["x"])) for row in rows(source, tmp_path)[-15:]}
    assert tests == set(range(40, 55))


def test_a_thin_guess_is_asked(tmp_path):
    cells = ["size,weight,colour"] + [f"{k},{k * k},{['red', 'blue'][k % 2]}" for k in range(N)]
    assert choices(kept(tmp_path, "\n".join(cells)))["column:colour"]["thin"]


def test_numbers_with_thousands_are_numbers(tmp_path):
    cells = ["a,b"] + [f'"{1000 + k:,}.5",{k}' for k in range(N)]
    source = kept(tmp_path, "\n".join(cells))
    assert {round(float(row["a"]), 1) for row in rows(source, tmp_path)} == {1000.5 + k for k in range(N)}


def test_a_frame_is_a_table(tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"x": np.arange(N) * 1.5, "kind": pd.Categorical(["a", "b"] * (N // 2)), "n": np.arange(N)})
    frame.loc[3, "x"] = np.nan
    source = own.add(frame, "mine", root=tmp_path)
    assert source.about.classes == ("a", "b") and source.about.sizes == (47, 6, 6)
    assert [column["name"] for column in source.about.columns] == ["x", "n"]


def test_a_torch_dataset_is_kept(tmp_path):
    import torch
    from own_files import labels, smooth

    x, y = smooth(30), labels(30)
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    source = own.add(pairs, "mine", root=tmp_path)
    assert source.about.shape == (1, 12, 12) and source.about.classes == ("0", "1", "2")
