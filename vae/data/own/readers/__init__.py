"""The readers of files, in the order in which they are asked whether a file is theirs. One is a file and an entry."""

from vae.data.own.reader import Reader
from vae.data.own.readers import archive, arrow, gzipped, hdf5, idx, images, matlab, numpy_file, saved, text

READERS: dict[str, Reader] = {
    "npy": numpy_file.NPY,
    "npz": numpy_file.NPZ,
    "saved": saved.SAVED,
    "images": images.IMAGES,
    "idx": idx.IDX,
    "parquet": arrow.PARQUET,
    "arrow": arrow.ARROW,
    "matlab": matlab.MATLAB,
    "hdf5": hdf5.HDF5,
    "gzip": gzipped.GZIP,
    "zip": archive.ZIP,
    "tar": archive.TAR,
    "folder": archive.FOLDER,
    "text": text.TEXT,
}
