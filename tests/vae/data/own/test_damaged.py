"""Damaged files of every kind of data: each is read, or refused in a sentence of this program's own."""

import shutil
from contextlib import suppress

import own_files
import pytest
from byte_damage import damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from vae.data import DataError
from vae.data.own.adding import look

CSV = "size (mm),weight,colour,kind\n" + "\n".join(f"{k % 17},{k % 7 + 0.5},red,{'ab'[k % 2]}" for k in range(60))


def write_csv(folder, x, y):
    (folder / "insects.csv").write_text(CSV)
    return folder / "insects.csv"


KINDS = (
    own_files.write_npy, own_files.write_npz, own_files.write_compressed, own_files.write_folder, own_files.write_zip,
    own_files.write_idx, own_files.write_parquet, own_files.write_saved, own_files.write_lists, own_files.write_h5,
    own_files.write_flat_csv, write_csv,
)  # fmt: skip


@pytest.mark.parametrize("write", KINDS, ids=lambda write: write.__name__.removeprefix("write_"))
@pytest.mark.filterwarnings("ignore")
def test_damaged_data_give_our_errors_alone(write, tmp_path):
    """Bytes are flipped, cut out and put in, mostly where the structure is: at the beginning and the end."""
    (tmp_path / "whole").mkdir()
    whole = write(tmp_path / "whole", own_files.smooth(24, 8), own_files.labels(24))
    case = tmp_path / "case"

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(some.data())
    def check(data):
        shutil.rmtree(case, ignore_errors=True)
        (case / "scratch").mkdir(parents=True)
        path = case / whole.name
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, path)
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        file = data.draw(some.sampled_from(files))
        file.write_bytes(damaged(file.read_bytes(), data.draw))
        with suppress(DataError):
            look(str(path), str(case / "scratch"), {})

    check()


def test_what_breaks_a_parser_is_a_sentence(tmp_path):
    """A header without its end, bytes that are no text, and a .mat that is reversed."""
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((  \n" + bytes(64))
    (tmp_path / "b.csv").write_bytes(b"a,b\n1,2\n" * 9 + b"\x01\x80")
    mat = own_files.write_mat(tmp_path, own_files.smooth(24, 8), own_files.labels(24))
    content = bytearray(mat.read_bytes())
    content[128:] = bytes(reversed(content[128:]))
    mat.write_bytes(bytes(content))
    for file in ("a.npy", "b.csv", mat.name):
        with pytest.raises(DataError):
            look(str(tmp_path / file), str(tmp_path), {})
