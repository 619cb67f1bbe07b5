"""Downloads, from a server that the tests replace: they arrive whole or not at all, and errors say what to do."""

import errno
import gzip
import hashlib
import http.server
import io
import tarfile
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from idx_files import places

from vae import data
from vae.data import DataError, cifar10, download, sets

CIFAR_RECORDS = 100  # in each file of the tests' archive, where the real one has 10,000
EMBEDDED = ("digits", "glyphs", "sprites", "linear-gaussian")


class Response:
    def __init__(self, content: bytes, length: int | None = None) -> None:
        self.content, self.at, self.length = content, 0, len(content) if length is None else length

    def read(self, n: int) -> bytes:
        self.at += n
        return self.content[self.at - n : self.at]

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def serve(monkeypatch, name: str, files: dict[str, bytes]) -> list[str]:
    """Let the addresses of a dataset give these files, whose checksums it publishes; return the addresses asked for."""
    source, asked = sets.SETS[name], []
    remote = tuple(replace(f, md5=hashlib.md5(files[f.name]).hexdigest()) for f in source.remote)
    monkeypatch.setattr(source, "remote", remote)

    def urlopen(request, timeout=None):
        assert timeout == download.TIMEOUT
        asked.append(request.full_url)
        return Response(files[request.full_url.rsplit("/", 1)[1]])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def packed(fashion: Path) -> dict[str, bytes]:
    return {f"{f.name}.gz": gzip.compress(f.read_bytes(), 1) for f in (fashion / "FashionMNIST/raw").iterdir()}


def test_a_download_reports_arrives_whole_and_is_not_repeated(fashion, tmp_path, monkeypatch):
    files, heard = packed(fashion), []
    asked = serve(monkeypatch, "fashion-mnist", files)
    broken = tmp_path / "FashionMNIST/raw/train-images-idx3-ubyte"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"half")
    data.fetch("fashion-mnist", tmp_path, heard.append)
    assert len(asked) == 4
    assert (places(data.load("fashion-mnist", "valid", root=tmp_path)) == np.arange(55_000, 60_000)).all()
    assert [p.name for p in tmp_path.iterdir()] == ["FashionMNIST"]
    for name in files:
        own = [h for h in heard if h.file == name]
        assert own[0].done == 0 and own[-1].fraction == 1.0 and "Fashion-MNIST: " in str(own[-1])
        assert [h.done for h in own] == sorted({h.done for h in own})
    data.fetch("fashion-mnist", tmp_path, heard.append)
    assert len(asked) == 4


def test_a_server_of_this_machine_gives_a_file_in_chunks(tmp_path):
    content, heard = np.random.default_rng(0).bytes(500_000), []
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file").write_bytes(content)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        digest = hashlib.md5(content).hexdigest()
        download.download([f"{address}/absent", f"{address}/file"], digest, tmp_path / "file", "A title", heard.append)
        with pytest.raises(download.DownloadError, match="the server answered: HTTP Error 404"):
            download.download([f"{address}/absent"], digest, tmp_path / "other", "A title")
        server.shutdown()
    assert (tmp_path / "file").read_bytes() == content
    assert [h.done for h in heard] == [0, 131_072, 262_144, 393_216, 500_000] and heard[-1].total == 500_000


def test_checksums_and_addresses_are_those_published():
    """The numbers stand on the pages of MNIST, Fashion-MNIST, Kuzushiji-MNIST and CIFAR-10."""
    assert [f.md5[:8] for name in ("mnist", "fashion-mnist", "kmnist", "cifar10") for f in sets.SETS[name].remote] == [
        "f68b3c2d", "d53e105e", "9fb629c4", "ec29112d", "8d4fb7e6", "25c81989", "bef4ecab", "bb300cfd",
        "bdb82020", "e144d726", "5c965bf0", "7320c461", "c32a1d4a"]  # fmt: skip
    for name in ("mnist", "fashion-mnist", "kmnist", "cifar10"):
        for file in sets.SETS[name].remote:
            assert len(file.md5) == 32 and all(address.endswith(f"/{file.name}") for address in file.addresses)


def test_what_arrives_damaged_never_enters_the_root(tmp_path, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout=None: Response(b"<html>log in</html>"))
    for name in ("kmnist", "cifar10"):
        with pytest.raises(DataError, match="what arrived is damaged or another page, such as one to log in"):
            data.fetch(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cut_connection_is_a_damaged_file(tmp_path, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout=None: Response(b"begin", 1_000))
    with pytest.raises(DataError, match=r"damaged \(train-images-idx3-ubyte.gz ended after 5 of 1,000 bytes\)"):
        data.fetch("kmnist", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_second_address_is_asked_when_the_first_fails(fashion, tmp_path, monkeypatch):
    asked = serve(monkeypatch, "fashion-mnist", packed(fashion))
    answer = urllib.request.urlopen

    def urlopen(request, timeout=None):
        if "github" not in request.full_url:
            raise urllib.error.HTTPError(request.full_url, 404, "Not Found", None, None)
        return answer(request, timeout)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    data.fetch("fashion-mnist", tmp_path)
    assert len(asked) == 4 and data.available("fashion-mnist", tmp_path)


def test_a_server_that_refuses_is_quoted(tmp_path, monkeypatch):
    def urlopen(request, timeout=None):
        raise urllib.error.HTTPError(request.full_url, 503, "Service Unavailable", None, None)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="the server answered: HTTP Error 503: Service Unavailable. Correct that"):
        data.fetch("mnist", tmp_path)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout=None: Response(b"bytes"))
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode="r": Full(path, mode) if mode == "wb" else opened(path, mode))
    with pytest.raises(DataError, match=r"could not be stored \(.*No space left on device\)"):
        data.fetch("mnist", tmp_path)
    assert not list(tmp_path.iterdir())


def cifar_archive() -> bytes:
    """Return an archive in the format of CIFAR-10's binary version, of records in which all pixels of a plane agree."""
    record = np.zeros((CIFAR_RECORDS, 1 + 3072), np.uint8)
    record[:, 0] = np.arange(CIFAR_RECORDS) % 10
    for plane, value in enumerate((10, 20, 30)):
        record[:, 1 + 1024 * plane : 1 + 1024 * (plane + 1)] = value
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for k, name in enumerate(sum(cifar10.PARTS.values(), ())):
            record[:, 1] = k  # the first pixel names the file
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = record.nbytes
            archive.addfile(member, io.BytesIO(record.tobytes()))
    return buffer.getvalue()


def test_cifar10_is_converted_once_and_read_without_pickle(tmp_path, monkeypatch):
    about = data.describe("cifar10")
    assert about.sizes == (45_000, 5_000, 10_000)
    small = tuple(size * CIFAR_RECORDS // 10_000 for size in about.sizes)
    monkeypatch.setattr(sets.SETS["cifar10"], "about", replace(about, sizes=small))
    asked = serve(monkeypatch, "cifar10", {cifar10.ARCHIVE: cifar_archive()})
    data.fetch("cifar10", tmp_path)
    assert data.available("cifar10", tmp_path) and [p.name for p in tmp_path.iterdir()] == ["cifar10.npz"]
    train, valid, test = (data.load("cifar10", split, root=tmp_path) for split in data.SPLITS)
    assert tuple(len(s) for s in (train, valid, test)) == small == (450, 50, 100)
    assert train.shape == (3, 32, 32) and train.images[7, :, 0, 1].tolist() == [10, 20, 30] and train.labels[13] == 3
    assert (np.concatenate([train.images, valid.images, test.images])[::CIFAR_RECORDS, 0, 0, 0] == np.arange(6)).all()
    data.fetch("cifar10", tmp_path)
    assert len(asked) == 1
    (tmp_path / "cifar10.npz").write_bytes((tmp_path / "cifar10.npz").read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged"):
        data.load("cifar10", root=tmp_path)


def test_an_archive_without_its_files_is_damaged(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    tarfile.open(fileobj=buffer, mode="w:gz").close()
    serve(monkeypatch, "cifar10", {cifar10.ARCHIVE: buffer.getvalue()})
    with pytest.raises(DataError, match=r"cifar-10-binary.tar.gz is damaged"):
        data.fetch("cifar10", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ("mnist", "cifar10"))
def test_without_a_network_the_message_says_what_works(name, tmp_path, monkeypatch):
    def urlopen(request, timeout=None):
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="network could not be reached.*timed out.*digits, glyphs and sprites"):
        data.fetch(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_embedded_sets_are_never_fetched(monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("the network was asked"))
    for name in EMBEDDED:
        data.fetch(name)
