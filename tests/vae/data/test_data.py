"""Datasets: what is read is what was written, splits are disjoint, and errors say what to do."""

import gzip
import subprocess
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest
from idx_files import places, write_idx

from vae import data
from vae.data import DataError, linear_gaussian
from vae.data.idx import read_idx

EMBEDDED = ("digits", "glyphs", "sprites", "linear-gaussian")


# Reading


def test_importing_and_loading_need_no_torch_nor_scikit_learn():
    code = (
        "import sys; from vae import data; [data.load(n, 'test', 5) for n in ('digits', 'glyphs', 'sprites')];"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'sklearn', 'torchvision', 'scipy'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_real_mnist_has_its_known_counts(mnist_root):
    train, valid, test = (data.load("mnist", split, root=mnist_root) for split in data.SPLITS)
    assert [len(s) for s in (train, valid, test)] == [55_000, 5_000, 10_000]
    assert np.bincount(np.concatenate([train.labels, valid.labels])).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # fmt: skip
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9] and test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert train.shape == (1, 28, 28) and train.images.dtype == np.uint8 and train.images.flags.writeable
    assert np.concatenate([train.images, valid.images]).mean() / 255 == pytest.approx(0.1306604762738429, abs=1e-12)
    assert data.available("mnist", mnist_root)


def test_official_order_and_borders_of_the_splits(fashion):
    train, valid, test = (data.load("fashion-mnist", split, root=fashion) for split in data.SPLITS)
    assert (places(train) == np.arange(55_000)).all() and (places(valid) == np.arange(55_000, 60_000)).all()
    assert (places(test) == 100_000 + np.arange(10_000)).all()
    assert train.classes[9] == "Ankle boot" and train.levels == 255 and not train.binary


def test_a_subset_is_a_seeded_permutations_beginning(fashion):
    some, more = (data.load("fashion-mnist", "valid", n, root=fashion) for n in (100, 400))
    assert (places(more)[:100] == places(some)).all() and len(set(places(more))) == 400
    assert (places(some) == 55_000 + some.index).all() and (some.labels == places(some) % 10).all()
    assert (places(data.load("fashion-mnist", "valid", 100, seed=1, root=fashion)) != places(some)).any()
    assert len(data.load("fashion-mnist", "valid", 9_999, root=fashion)) == 5_000


def test_gzipped_files_are_read_as_they_are(fashion, tmp_path):
    for file in (fashion / "FashionMNIST/raw").glob("t10k*"):
        to = tmp_path / "FashionMNIST/raw" / f"{file.name}.gz"
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(gzip.compress(file.read_bytes(), 1))
    assert len(data.load("fashion-mnist", "test", root=tmp_path)) == 10_000
    to = tmp_path / "FashionMNIST/raw/t10k-images-idx3-ubyte.gz"
    to.write_bytes(to.read_bytes()[:-500])
    with pytest.raises(DataError, match="damaged.*Delete it and fetch"):
        data.load("fashion-mnist", "test", root=tmp_path)


@pytest.mark.parametrize(
    "damage, why",
    [
        (lambda b: b[:-1], "39,199 bytes of data where its header says 39,200"),
        (lambda b: b + b"x", "39,201 bytes"),
        (lambda b: b[:7], "does not begin as an idx file"),
        (lambda b: b"", "does not begin"),
        (lambda b: b[:2] + b"\x0d" + b[3:], "does not begin"),
        (lambda b: b[:4] + b"\xff" * 12 + b[16:], "its header says"),
    ],
)
def test_damaged_idx_files_are_named_with_the_remedy(tmp_path, damage, why):
    path = tmp_path / "images"
    path.write_bytes(damage(write_idx(path, np.zeros((50, 28, 28), np.uint8))))
    with pytest.raises(DataError, match=f"images is damaged: .*{why}.* Delete it and fetch"):
        read_idx(path, 3)


def test_a_set_of_the_wrong_size_or_labels_is_refused(fashion, tmp_path):
    folder = tmp_path / "KMNIST/raw"
    write_idx(folder / "t10k-images-idx3-ubyte", np.zeros((10_000, 28, 28), np.uint8))
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(9_000, np.uint8))
    with pytest.raises(DataError, match="labels-idx1-ubyte is damaged: it holds"):
        data.load("kmnist", "test", root=tmp_path)
    write_idx(folder / "t10k-labels-idx1-ubyte", np.full(10_000, 10, np.uint8))
    with pytest.raises(DataError, match="label 10"):
        data.load("kmnist", "test", root=tmp_path)


def test_what_is_missing_and_what_is_unknown(tmp_path):
    assert not any(data.available(n, tmp_path) for n in ("mnist", "kmnist", "cifar10"))
    for name in ("mnist", "cifar10"):
        with pytest.raises(DataError, match="is not in .*Fetch it.*LATENT_DATA.*need no download"):
            data.load(name, root=tmp_path)
    with pytest.raises(DataError, match="Did you mean fashion-mnist.*There are: digits"):
        data.load("fashion_mnist")
    for arguments in (("digits", "dev"), ("digits", "test", 0)):
        with pytest.raises(DataError):
            data.load(*arguments)


def test_the_root_is_chosen_then_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    assert data.data_root() == tmp_path
    monkeypatch.delenv("LATENT_DATA")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "x"))
    assert data.data_root() == tmp_path / "x" / "latent-space-explorer"


# Embedded sets


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sets_are_as_described_and_repeatable(name):
    about = data.describe(name)
    assert about.embedded and data.available(name)
    for split, size in zip(data.SPLITS, about.sizes, strict=True):
        whole = data.load(name, split)
        assert len(whole) == size and whole.shape == about.shape and whole.split == split
        assert whole.classes == about.classes and (whole.labels is None or whole.labels.max() < len(about.classes))
        again = data.load(name, split, 50, seed=4)
        assert (again.images == data.load(name, split, 80, seed=4).images[:50]).all()
        assert (again.images != data.load(name, split, 50, seed=5).images).any()


@pytest.mark.parametrize("name", ("digits", "glyphs", "sprites", "linear-gaussian"))
def test_the_same_in_every_process(name):
    code = f"import zlib; from vae.data import load; print(zlib.crc32(load({name!r}, 'valid', 64, 2).images.tobytes()))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(other) == zlib.crc32(data.load(name, "valid", 64, seed=2).images.tobytes())


def test_digits_are_scikit_learns_split_by_class():
    from sklearn.datasets import load_digits

    sets = [data.load("digits", split) for split in data.SPLITS]
    mine = np.concatenate([s.images.reshape(len(s), -1) for s in sets])
    theirs, labels = load_digits(return_X_y=True)
    assert sorted(map(bytes, mine)) == sorted(map(bytes, theirs.astype(np.uint8)))
    assert mine.max() == sets[0].levels == 16
    expected = np.bincount(labels) / len(labels)
    for s in sets:
        assert np.abs(np.bincount(s.labels, minlength=10) - expected * len(s)).max() < 2
    lookup = {bytes(x): y for x, y in zip(theirs.astype(np.uint8), labels, strict=True)}
    assert all(lookup[x.tobytes()] == y for s in sets for x, y in zip(s.images, s.labels, strict=True))


def test_sprites_never_cross_the_splits_whatever_the_seeds():
    chosen = [set(data.load("sprites", split, 20_000, seed).index.tolist())
              for seed, split in enumerate(data.SPLITS)]  # fmt: skip
    assert not (chosen[0] & chosen[1] or chosen[0] & chosen[2] or chosen[1] & chosen[2])
    some = data.load("sprites", "test", 500)
    assert some.binary and some.levels == 1 and (some.labels == some.factors["shape"]).all()
    assert tuple(some.factors) == ("shape", "scale", "orientation", "x", "y")
    counts = np.bincount(data.load("sprites", "train", 6_000).factors["orientation"], minlength=40)
    assert np.square(counts - 150).sum() / 150 < 75  # chi-squared, 39 degrees of freedom: p = 0.0005


def test_glyphs_of_different_splits_differ():
    sets = [data.load("glyphs", split, 1_000) for split in data.SPLITS]
    assert len({x.tobytes() for s in sets for x in s.images}) == 3_000
    assert (sets[0].labels == sets[0].factors["class"]).all() and tuple(sets[0].factors) == (
        "class", "slant", "size", "thickness", "x", "y")  # fmt: skip


def test_linear_gaussian_log_px_is_the_normal_density():
    from scipy.stats import multivariate_normal

    model = linear_gaussian.parameters(3, dim=6, latent=2)
    x, z = model.sample(200, np.random.default_rng(0))
    W, b, s = model
    assert W.shape == (6, 2) and z.shape == (200, 2)
    oracle = multivariate_normal(b, W @ W.T + s**2 * np.eye(6)).logpdf(x)
    assert np.abs(model.log_px(x) - oracle).max() < 1e-10


def test_linear_gaussian_examples_come_from_its_parameters():
    model, n = linear_gaussian.parameters(), 10_000
    s = data.load("linear-gaussian")
    z = np.stack(list(s.factors.values()), 1)
    noise = (s.images - z @ model.W.T - model.b) / model.s
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size) and abs(noise.var() - 1) < 4 * np.sqrt(2 / noise.size)
    entropy = -model.log_px(s.images)  # its mean is 4 (1 + log 2 pi) + log det / 2, its variance D / 2
    exact = 4 * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(model.W @ model.W.T + model.s**2 * np.eye(8))[1] / 2
    assert abs(entropy.mean() - exact) < 4 * np.sqrt(4 / n)
    assert s.labels is None and s.images.dtype == np.float32 and s.shape == (8,)


# Binarisation


def test_static_binarisation_is_unbiased_at_every_grey():
    n = 4_000
    for levels in (16, 255):
        grey = np.broadcast_to(np.arange(levels + 1, dtype=np.uint8), (n, 1, 1, levels + 1))
        drawn = data.static(data.Dataset("greys", grey, None, (), levels=levels))
        assert set(np.unique(drawn)) == {0, 1} and drawn.dtype == np.uint8
        p = np.arange(levels + 1) / levels
        difference = drawn.mean((0, 1, 2)) - p
        assert difference[0] == difference[-1] == 0
        z = difference[1:-1] / np.sqrt(p * (1 - p) / n)[1:-1]
        assert np.abs(z).max() < 4.5 and np.abs(z.std() - 1) < 0.45


def test_static_binarisation_belongs_to_the_image():
    """Static binarisation belongs to the image not to the subset."""
    whole, some = data.load("digits", "train"), data.load("digits", "train", 100, seed=3)
    fixed = data.static(whole)
    assert (fixed[some.index] == data.static(some)).all() and (fixed == data.static(whole)).all()
    assert (fixed != data.static(whole, seed=1)).any()
    as_test = replace(whole, split="test")
    assert (fixed != data.static(as_test)).any()


def test_binary_images_stay_and_vectors_are_refused():
    s = data.load("sprites", "test", 20)
    assert (data.static(s) == s.images).all()
    with pytest.raises(DataError, match="real numbers"):
        data.static(data.load("linear-gaussian", "test", 5))


@pytest.mark.parametrize(
    "name, likelihood, binarisation, fits",
    [
        ("digits", "bernoulli", "none", False),
        ("digits", "bernoulli", "dynamic", True),
        ("digits", "bernoulli", "static", True),
        ("digits", "continuous_bernoulli", "none", True),
        ("digits", "normal", "none", True),
        ("digits", "normal", "sometimes", False),
        ("sprites", "bernoulli", "none", True),
        ("linear-gaussian", "bernoulli", "none", False),
        ("linear-gaussian", "bernoulli", "dynamic", False),
        ("linear-gaussian", "continuous_bernoulli", "none", False),
        ("linear-gaussian", "normal", "none", True),
    ],
)
def test_a_likelihood_must_be_one_of_what_is_shown(name, likelihood, binarisation, fits):
    dataset = data.load(name, "test", 5)
    if fits:
        data.check_likelihood({"kind": likelihood, "levels": dataset.levels}, dataset, binarisation)
    else:
        with pytest.raises(DataError, match="[Cc]hoose"):
            data.check_likelihood({"kind": likelihood, "levels": dataset.levels}, dataset, binarisation)
