"""Datasets by name: `load` reads or draws them with numpy only, `fetch` downloads the others.

Nothing here imports torch or scikit-learn, and no pickle is read.
"""

from vae.data.binarisation import check_likelihood, static
from vae.data.dataset import SPLITS, DataError, Dataset, Description, Examples
from vae.data.root import data_root
from vae.data.sets import DEFAULT, NAMES, available, describe, fetch, load, names, register, train_size
from vae.data.sources import DrawnSource, Source, StoredSource

__all__ = [
    "DEFAULT",
    "NAMES",
    "SPLITS",
    "DataError",
    "Dataset",
    "Description",
    "DrawnSource",
    "Examples",
    "Source",
    "StoredSource",
    "available",
    "check_likelihood",
    "data_root",
    "describe",
    "fetch",
    "load",
    "names",
    "register",
    "static",
    "train_size",
]
