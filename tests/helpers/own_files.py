"""Files of own data, written by other libraries than those that read them, or by hand."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def smooth(n: int, side: int = 12, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return images uint8 [n, C, H, W] of one bright spot each, whose neighbours are alike."""
    rng = np.random.default_rng(seed)
    x = np.arange(side)
    centre = rng.uniform(2, side - 2, (2, n, channels, 1, 1))
    far = (x[:, None] - centre[0]) ** 2 + (x - centre[1]) ** 2
    return np.round(255 * np.exp(-far / 8)).astype(np.uint8)


def labels(n: int, classes: int = 3) -> np.ndarray:
    """Return labels [n]."""
    return np.arange(n) % classes


def png(image: np.ndarray, kind: str = "PNG") -> bytes:
    """Return an image [C, H, W] as a file's content."""
    buffer = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)).save(buffer, kind)
    return buffer.getvalue()


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in MNIST's format."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(k.to_bytes(4, "big") for k in array.shape) + array.tobytes()


def write_npy(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    np.save(folder / "digits.npy", x)
    return folder / "digits.npy"


def write_npz(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    np.savez(folder / "digits.npz", images=x, labels=y)
    return folder / "digits.npz"


def write_compressed(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    np.savez_compressed(folder / "small.npz", x_train=x[:-9], y_train=y[:-9], x_test=x[-9:], y_test=y[-9:])
    return folder / "small.npz"


def write_folder(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        place = folder / "pictures" / f"kind{label}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i:04}.png").write_bytes(png(image))
    return folder / "pictures"


def write_zip(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        archive.writestr("__MACOSX/pictures/0000.png", b"none")
        for i, (image, label) in enumerate(zip(x, y, strict=True)):
            archive.writestr(f"pictures/kind{label}/{i:04}.png", png(image))
    return folder / "pictures.zip"


def write_idx(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    (folder / "raw").mkdir()
    for part, rows in (("train", slice(0, -9)), ("t10k", slice(-9, None))):
        (folder / "raw" / f"{part}-images-idx3-ubyte").write_bytes(idx(x[rows, 0]))
        packed = gzip.compress(idx(y[rows].astype(np.uint8)))
        (folder / "raw" / f"{part}-labels-idx1-ubyte.gz").write_bytes(packed)
    return folder / "raw"


def _table(x: np.ndarray, y: np.ndarray):
    import pyarrow as pa

    classes = {"_type": "ClassLabel", "names": [f"kind{k}" for k in range(int(y.max()) + 1)]}
    note = {"info": {"features": {"label": classes, "image": {"_type": "Image"}}}}
    rows = [{"bytes": png(image), "path": None} for image in x]
    return pa.table({"image": rows, "label": y}).replace_schema_metadata({"huggingface": json.dumps(note)})


def write_parquet(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(_table(x, y), folder / "images.parquet")
    return folder / "images.parquet"


def write_saved(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    """Write what `DatasetDict.save_to_disk` writes."""
    import pyarrow as pa

    root = folder / "saved"
    for name, rows in (("train", slice(0, -9)), ("test", slice(-9, None))):
        table = _table(x[rows], y[rows])
        (root / name).mkdir(parents=True)
        half = len(y[rows]) // 2
        files = [f"data-0000{k}-of-00002.arrow" for k in range(2)]
        for file, part in zip(files, (table.slice(0, half), table.slice(half)), strict=True):
            with pa.OSFile(str(root / name / file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(part)
        (root / name / "state.json").write_text(json.dumps({"_data_files": [{"filename": file} for file in files]}))
    (root / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return root


def write_lists(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    import pyarrow as pa
    import pyarrow.feather as feather

    feather.write_feather(pa.table({"image": x[:, 0].tolist(), "label": y}), folder / "lists.arrow", "uncompressed")
    return folder / "lists.arrow"


def write_mat(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    from scipy.io import savemat

    savemat(folder / "digits.mat", {"X": np.moveaxis(x, (0, 1), (3, 2)), "y": y[:, None]})
    return folder / "digits.mat"


def write_h5(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    import h5py

    with h5py.File(folder / "digits.h5", "w") as file:
        file.create_dataset("images", data=x[:, 0], compression="gzip")
        file["labels"] = y
        file["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/x")
    return folder / "digits.h5"


def write_flat_csv(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    names = ["label", *(f"pixel{k}" for k in range(x[0].size))]
    rows = [",".join(map(str, [label, *image.ravel()])) for label, image in zip(y, x, strict=True)]
    (folder / "pixels.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    return folder / "pixels.csv"
