"""Each kind of file gives back the images and labels that were written into it."""

import numpy as np
import own_files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from vae import data
from vae.data import own
from vae.data.own.recognise import recognise

GREY = (
    own_files.write_npy,
    own_files.write_npz,
    own_files.write_compressed,
    own_files.write_folder,
    own_files.write_zip,
    own_files.write_idx,
    own_files.write_parquet,
    own_files.write_saved,
    own_files.write_lists,
    own_files.write_h5,
    own_files.write_flat_csv,
)
COLOUR = (own_files.write_npz, own_files.write_zip, own_files.write_parquet, own_files.write_mat)
UNLABELLED = (own_files.write_npy,)
GIVEN = (own_files.write_compressed, own_files.write_idx, own_files.write_saved)


def every(name):
    """Return all images and labels of a dataset, sorted by their content, since splits are in another order."""
    parts = [data.load(name, split) for split in data.SPLITS]
    images = np.concatenate([part.images for part in parts])
    known = [part.labels for part in parts]
    labels = np.zeros(len(images), int) if known[0] is None else np.concatenate(known)
    order = np.lexsort([labels, *images.reshape(len(images), -1).T])
    return images[order], labels[order]


def check(written, x, y, folder):
    write = written.__name__
    source = own.add(written(folder, x, y), "mine")
    images, labels = every("mine")
    expected = np.lexsort([y, *x.reshape(len(x), -1).T])
    if written in UNLABELLED:
        expected = np.lexsort(x.reshape(len(x), -1).T)
        assert source.about.classes == ()
    else:
        np.testing.assert_array_equal(labels, y[expected], write)
        assert len(source.about.classes) == y.max() + 1
    np.testing.assert_array_equal(images, x[expected], write)
    assert images.dtype == np.uint8 and isinstance(data.load("mine").images, np.memmap)
    if written in GIVEN:
        test = data.load("mine", "test")
        np.testing.assert_array_equal(test.images, x[-9:])
        np.testing.assert_array_equal(test.labels, y[-9:])


@pytest.mark.parametrize("written", GREY, ids=lambda write: write.__name__)
def test_grey_images_come_back(written, data_folder):
    check(written, own_files.smooth(60), own_files.labels(60), data_folder)


@pytest.mark.parametrize("written", COLOUR, ids=lambda write: write.__name__)
def test_colour_images_come_back(written, data_folder):
    check(written, own_files.smooth(60, channels=3), own_files.labels(60), data_folder)


@pytest.mark.parametrize("written", GREY, ids=lambda write: write.__name__)
def test_a_file_is_known_by_its_content(written, data_folder):
    path = written(data_folder, own_files.smooth(20), own_files.labels(20))
    known = recognise(path)
    other = path.rename(data_folder / "renamed.jpg")
    assert recognise(other) is known


@settings(max_examples=12, deadline=None)
@given(
    x=arrays.arrays(np.float32, (20, 5), elements=some.floats(-1e6, 1e6, width=32)),
    scaling=some.sampled_from(["each", "all", "none"]),
)
def test_vectors_come_back_in_their_units(x, scaling, tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    source = own.add(x, "rows", root=root, layout="vector", scaling=scaling)
    split = source.load("train", root=root)
    columns = source.about.columns
    offset, scale = (np.array([column[name] for column in columns]) for name in ("offset", "scale"))
    back = split.images * scale + offset
    close = 1e-5 * (1 + np.abs(x).max() + np.abs(offset).max())
    assert all(np.abs(x - row).max(1).min() <= close for row in back)
    if scaling == "each":
        spread = split.images.astype(float).std(0)
        assert np.all((np.abs(spread - 1) < 1e-3) | (spread < 1e-3))


@pytest.mark.parametrize("layout", ["NHWC", "NCHW", "HWCN", "NHW", "flat", "flat planes", "flat pixels"])
def test_a_layout_is_found(layout, tmp_path):
    x = own_files.smooth(80, 16, 1 if layout in ("NHW", "flat") else 3)
    laid = {
        "NHWC": lambda: np.moveaxis(x, 1, -1),
        "NCHW": lambda: x,
        "HWCN": lambda: np.moveaxis(x, (0, 1), (3, 2)),
        "NHW": lambda: x[:, 0],
        "flat": lambda: x.reshape(80, -1),
        "flat planes": lambda: x.reshape(80, -1),
        "flat pixels": lambda: np.moveaxis(x, 1, -1).reshape(80, -1),
    }[layout]()
    source = own.add(laid, "mine", root=tmp_path)
    assert source.about.shape == x.shape[1:]
    train = source.load("train", root=tmp_path).images
    assert {image.tobytes() for image in train} <= {image.tobytes() for image in x}
    found = {choice["name"]: choice for choice in source.meta["found"]}
    assert found["layout"]["margin"] > 1.3


@pytest.mark.parametrize(
    ("change", "found", "levels", "changed"),
    [
        (lambda x: x, "0..255", 255, 0),
        (lambda x: x / np.float32(255), "0..1", 255, 0),
        (lambda x: x / np.float32(127.5) - 1, "-1..1", 255, 0),
        (lambda x: x.astype(np.uint16) * 257, "0..65535", 255, 0),
        (lambda x: x // 16, "0..16", 16, None),
        (lambda x: x > 99, "0..1", 1, None),
        (lambda x: np.sqrt(x / 255), "0..1", 255, None),
    ],
)
def test_a_range_is_found(change, found, levels, changed, tmp_path):
    x = own_files.smooth(40)
    source = own.add(change(x), "mine", root=tmp_path, split="seed")
    said = {choice["name"]: choice["value"] for choice in source.meta["found"]}
    assert said["range"] == found and source.about.levels == levels
    assert source.about.binary == (levels == 1)
    train = source.load("train", root=tmp_path).images
    if changed is not None:
        assert {image.tobytes() for image in train} <= {image.tobytes() for image in x}
    if changed is None and levels == 255:
        assert any("rounded" in text for text in source.meta["conversions"])


def test_series_are_lines(tmp_path):
    t = np.linspace(0, 6, 40)
    phase = np.random.default_rng(0).uniform(0, 6, (60, 1))
    x = np.stack([np.sin(t + phase), 5 + np.cos(t + phase)], -1)
    source = own.add({"data": x, "y": own_files.labels(60)}, "mine", root=tmp_path)
    assert source.about.lines == (2, 40) and source.about.shape == (80,)
    row = source.load("train", root=tmp_path).images[0]
    scales = [(source.about.columns[40 * k]["offset"], source.about.columns[40 * k]["scale"]) for k in range(2)]
    lines = np.stack([row[40 * k : 40 * k + 40] * s + o for k, (o, s) in enumerate(scales)], -1)
    assert np.abs(x - lines).max((1, 2)).min() < 1e-5


def test_splits_follow_the_seed_and_share_nothing(tmp_path):
    x = own_files.smooth(100)
    kept = {seed: own.add(x, f"s{seed}", root=tmp_path, seed=seed % 2) for seed in (0, 1, 2)}
    held = {seed: {i.tobytes() for i in source.load("test", root=tmp_path).images} for seed, source in kept.items()}
    assert held[0] == held[2] != held[1] and kept[0].about.sizes == (80, 10, 10)
    splits = [{i.tobytes() for i in kept[0].load(split, root=tmp_path).images} for split in data.SPLITS]
    assert sum(len(split) for split in splits) == len(set.union(*splits)) == 100
