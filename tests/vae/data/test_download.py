"""Downloads, from a server that the tests replace: they arrive whole or not at all, and errors say what to do."""

import gzip
import hashlib
import urllib.request

import numpy as np
import pytest
from idx_files import places

from vae import data
from vae.data import download
from vae.data import DataError

EMBEDDED = ("digits", "glyphs", "sprites", "linear-gaussian")


class Response:
    def __init__(self, content: bytes) -> None:
        self.content, self.at, self.length = content, 0, len(content)

    def read(self, n: int) -> bytes:
        self.at += n
        return self.content[self.at - n : self.at]

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_a_download_reports_arrives_whole_and_is_not_repeated(fashion, tmp_path, monkeypatch):
    datasets, asked, heard = download.torchvision_datasets(), [], []
    before = datasets.utils._urlretrieve
    packed = {f.name: gzip.compress(f.read_bytes(), 1) for f in (fashion / "FashionMNIST/raw").iterdir()}
    resources = [(f"{name}.gz", hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)

    def urlopen(request, timeout=None):
        assert timeout == download.TIMEOUT
        asked.append(request.full_url)
        return Response(packed[request.full_url.rsplit("/", 1)[1].removesuffix(".gz")])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    broken = tmp_path / "FashionMNIST/raw/train-images-idx3-ubyte"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"half")
    download.fetch("fashion-mnist", tmp_path, heard.append)
    assert len(asked) == 4 and datasets.utils._urlretrieve is before
    assert (places(data.load("fashion-mnist", "valid", root=tmp_path)) == np.arange(55_000, 60_000)).all()
    assert [p.name for p in tmp_path.iterdir()] == ["FashionMNIST"]
    for name in packed:
        own = [h for h in heard if h.file == f"{name}.gz"]
        assert own[0].done == 0 and own[-1].fraction == 1.0 and "Fashion-MNIST: " in str(own[-1])
        assert [h.done for h in own] == sorted({h.done for h in own})
    download.fetch("fashion-mnist", tmp_path, heard.append)
    assert len(asked) == 4


def test_what_arrives_damaged_never_enters_the_root(tmp_path, monkeypatch):
    download.torchvision_datasets()
    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout=None: Response(b"<html>log in</html>"))
    for name in ("kmnist", "cifar10"):
        with pytest.raises(DataError, match="what arrived is damaged"):
            download.fetch(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_cifar10_is_converted_once_and_read_without_pickle(tmp_path, monkeypatch):
    class Source:
        def __init__(self, root, train, download):
            count = 50_000 if train else 10_000
            self.data = np.zeros((count, 32, 32, 3), np.uint8)
            self.data[:, 0, 0] = [10, 20, 30]
            self.targets = [k % 10 for k in range(count)]

    datasets = download.torchvision_datasets()
    monkeypatch.setattr(datasets, "CIFAR10", Source)
    download.fetch("cifar10", tmp_path)
    assert data.available("cifar10", tmp_path) and [p.name for p in tmp_path.iterdir()] == ["cifar10.npz"]
    train, valid, test = (data.load("cifar10", split, root=tmp_path) for split in data.SPLITS)
    assert [len(s) for s in (train, valid, test)] == [45_000, 5_000, 10_000]
    assert train.shape == (3, 32, 32) and train.images[7, :, 0, 0].tolist() == [10, 20, 30] and train.labels[13] == 3
    (tmp_path / "cifar10.npz").write_bytes((tmp_path / "cifar10.npz").read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged"):
        data.load("cifar10", root=tmp_path)


@pytest.mark.parametrize("name", ("mnist", "cifar10"))
def test_without_a_network_the_message_says_what_works(name, tmp_path, monkeypatch):
    def urlopen(request, timeout=None):
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="network could not be reached.*timed out.*digits, glyphs and sprites"):
        download.fetch(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_embedded_sets_are_never_fetched(monkeypatch):
    monkeypatch.setattr(download, "torchvision_datasets", lambda: pytest.fail("torchvision was asked for"))
    for name in EMBEDDED:
        download.fetch(name)
