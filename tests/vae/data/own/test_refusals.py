"""What is damaged, hostile or no data is refused with what, why and what to do, and nothing is left behind."""

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import own_files
import pytest

from vae import data
from vae.data import own
from vae.data.own import limits, names


def archive(folder, **members):
    """Write a zip of members by name."""
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("DOTS", ".."), content)
    return path


def text(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lying_png():
    """Return a PNG that says it has 60,000 × 60,000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def npy(dtype, shape, content):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + content


def with_nan(x, row):
    return np.where(np.arange(len(x)).reshape(-1, 1, 1, 1) == row, np.nan, x)


def bomb(folder):
    return archive(folder, **{"a.npy": npy("|u1", (50_000_000,), bytes(50_000_000))})


def tar_with_link(folder):
    path = folder / "data.tar"
    with tarfile.open(path, "w") as made:
        link = tarfile.TarInfo("images/0.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        made.addfile(link)
    return path


def zip_with_link(folder):
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w") as made:
        info = zipfile.ZipInfo("images/0.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/hostname")
    return path


def folder_with_link(folder):
    (folder / "pictures").mkdir()
    for i, image in enumerate(own_files.smooth(12)):
        (folder / "pictures" / f"{i}.png").write_bytes(own_files.png(image))
    (folder / "pictures" / "link.png").symlink_to("/etc/hostname")
    return folder / "pictures"


def images_with(folder, name, content):
    x = own_files.smooth(12)
    return archive(
        folder, **{f"p__{i}.png": own_files.png(image) for i, image in enumerate(x)}, **{f"p__{name}": content}
    )


GOOD = own_files.png(own_files.smooth(1)[0])
CASES = {
    "empty file": (lambda f: text(f, ""), "is empty. Save it again"),
    "no data": (lambda f: text(f, os.urandom(64) + b"\0\1\2", "x.csv"), "is none of the files that are read here"),
    "a pickle": (lambda f: text(f, b"\x80\x04\x95", "x.npy"), "is a pickle: reading it could run any code"),
    "objects": (
        lambda f: own_files.write_npz(f, np.array([{}, 1], object), own_files.labels(2)),
        "“images” holds Python objects",
    ),
    "complex": (lambda f: own_files.write_npy(f, np.ones((20, 4), complex), None), "holds complex numbers"),
    "short array": (lambda f: text(f, npy("<f4", (1000, 8), b"\0" * 64), "x.npy"), "and has 64. It was cut short"),
    "huge header": (lambda f: text(f, npy("<f4", (10**12, 8), b""), "x.npy"), "It was cut short"),
    "scalar": (lambda f: own_files.write_npy(f, np.float32(3), None), "No array holds examples"),
    "too few": (lambda f: own_files.write_npy(f, own_files.smooth(5), None), "5 examples are too few"),
    "too large": (lambda f: own_files.write_npy(f, np.zeros((10, 999, 999), np.uint8), None), "at most 256 pixels"),
    "NaN in images": (
        lambda f: own_files.write_npy(f, with_nan(own_files.smooth(20), 7), 0),
        "Example 7 holds nan",
    ),
    "labels too short": (
        lambda f: own_files.write_npz(f, own_files.smooth(20), own_files.labels(19)),
        "“labels” holds 19 labels for 20 examples",
    ),
    "short idx": (lambda f: text(f, own_files.idx(own_files.smooth(9)[:, 0])[:-5], "x-ubyte"), "It was cut short"),
    "archive bomb": (bomb, "more than is read|unpacks to more"),
    "gzip bomb": (lambda f: text(f, gzip.compress(bytes(60_000_000)), "x.csv.gz"), "unpacks to more than"),
    "path traversal": (lambda f: archive(f, DOTS__DOTS__evil=b"x"), "leads out of its folder"),
    "absolute path": (lambda f: archive(f, **{"__tmp__evil": b"x"}), "leads out of its folder"),
    "link in a zip": (zip_with_link, "is a link or a device"),
    "link in a tar": (tar_with_link, "is a link or a device"),
    "link in a folder": (folder_with_link, "is a link, which may point anywhere"),
    "damaged zip": (lambda f: text(f, own_files.write_zip(f, *PAIR).read_bytes()[:-40], "x.zip"), "cannot be unpacked"),
    "many kinds": (lambda f: archive(f, a=b"1", b=b"2"), "holds 2 files"),
    "pixel bomb": (lambda f: images_with(f, "z.png", lying_png()), "z.png says that it has more than 40"),
    "cut image": (lambda f: images_with(f, "z.png", GOOD[: len(GOOD) // 2]), "z.png is damaged"),
    "one image": (lambda f: text(f, GOOD, "x.png"), "is one image, and a model learns from many"),
    "ragged rows": (lambda f: text(f, "a,b\n1,2\n3\n" * 9), "Line 3 of table.csv has 1 cells, and the first 2"),
    "ragged lists": (
        lambda f: _lists(f, [[1.0, 2.0]] * 12 + [[1.0]]),
        "lists of different lengths",
    ),
    "one line": (lambda f: text(f, "a,b\n"), "has 1 lines"),
    "words alone": (lambda f: text(f, "name\n" + "".join(f"p{k}\n" for k in range(2000))), "No column is left"),
    "damaged parquet": (lambda f: text(f, b"PAR1" + b"\0" * 99, "x.parquet"), "cannot be read as Parquet"),
    "damaged arrow": (lambda f: text(f, b"ARROW1\0\0" + b"\1" * 99, "x.arrow"), "cannot be read as Arrow"),
    "damaged hdf5": (lambda f: text(f, b"\x89HDF\r\n\x1a\n" + b"\1" * 99, "x.h5"), "cannot be read as HDF5"),
    "damaged mat": (lambda f: text(f, b"MATLAB 5.0 MAT-file" + b"\1" * 200, "x.mat"), "cannot be read as MATLAB"),
    "too large numbers": (
        lambda f: own_files.write_npy(f, np.full((20, 4), 1e300) * np.arange(20)[:, None], None),
        "Example . holds a number that is too large",
    ),
}  # fmt: skip
PAIR = own_files.smooth(20), own_files.labels(20)


def _lists(folder, rows):
    import pyarrow as pa
    import pyarrow.feather as feather

    feather.write_feather(pa.table({"x": rows}), folder / "x.arrow")
    return folder / "x.arrow"


@pytest.mark.parametrize("case", CASES)
def test_bad_data_are_refused_in_one_sentence(case, data_folder):
    written, said = CASES[case]
    (data_folder / "files").mkdir()
    path = written(data_folder / "files")
    before = set(data_folder.rglob("*"))
    chosen = {"scaling": "none"} if case == "too large numbers" else {}
    with pytest.raises(data.DataError, match=said) as caught:
        own.add(path, "mine", **chosen)
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 420 and sentence.endswith(".")
    after = {found for found in data_folder.rglob("*") if found != names.folder(data_folder)}
    assert after == before and own.find("mine") is None


def test_a_missing_library_is_named_with_its_line(data_folder, monkeypatch):
    path = own_files.write_h5(data_folder, *PAIR)
    monkeypatch.setattr("vae.data.own.reader.find_spec", lambda name: None)
    with pytest.raises(data.DataError, match=r"pip install 'latent-space-explorer\[hdf5\]'"):
        own.add(path, "mine")


@pytest.mark.parametrize("name", ["", "../evil", "UPPER", "a b", "x" * 50, "digits", "-a"])
def test_a_name_that_cannot_be_is_refused(name, data_folder):
    with pytest.raises(data.DataError, match="is no name for data|already"):
        own.add(own_files.smooth(20), name or "é")
    assert not list(names.folder().glob("*"))


def test_a_name_is_taken_once(data_folder):
    own.add(own_files.smooth(20), "mine")
    with pytest.raises(data.DataError, match="“mine” already"):
        own.add(own_files.smooth(30), "mine")
    assert len(data.load("mine")) == 16
    own.remove("mine")
    with pytest.raises(data.DataError, match="There is no dataset 'mine'"):
        data.load("mine")


def test_too_many_members_are_refused(data_folder, monkeypatch):
    monkeypatch.setattr(limits, "MEMBERS", 10)
    with pytest.raises(data.DataError, match="more than 10 files"):
        own.add(own_files.write_zip(data_folder, *PAIR), "mine")


def test_a_kill_while_writing_leaves_nothing(data_folder):
    def kill(what, done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own.add(own_files.smooth(40), "mine", progress=kill)
    assert not list(names.folder().iterdir()) and own.every() == []


def test_damaged_own_data_are_named(data_folder):
    source = own.add(own_files.smooth(40), "mine")
    file = source.path / names.EXAMPLES
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(data.DataError, match="“mine” are damaged"):
        data.load("mine")
    (source.path / names.META).write_text("{")
    assert own.find("mine") is None and own.every() == []
