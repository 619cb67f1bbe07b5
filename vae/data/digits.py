"""The 8×8 digits of scikit-learn, read from its folder without importing scikit-learn, which would take 1.8 s."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae.data.dataset import DataError, Description, Examples
from vae.data.sources import StoredSource

CLASSES = tuple("0123456789")


class Digits(StoredSource):
    """1,797 digits; each split has the same class proportions."""

    about = Description(
        name="digits",
        title="Digits 8×8",
        sentence="1,797 small handwritten digits with 17 grey levels: a model trains in seconds.",
        example="digit",
        examples="handwritten digits",
        shape=(1, 8, 8),
        sizes=(1_297, 140, 360),
        source="E. Alpaydin and C. Kaynak 1998, UCI Machine Learning Repository; within scikit-learn",
        classes=CLASSES,
        levels=16,
        settings={"encoder": {"kind": "mlp", "widths": [128, 64]}, "batch": 64},
        rate=3.0,
    )

    def read(self, split: str, root: Path) -> Examples:
        """Return a split; the order of the digits is fixed."""
        table = _table()
        labels = table[:, -1].astype(np.int64)
        # Ranks within each class, shuffled and spread over [0, 1): any part of that order has equal class proportions.
        place = np.empty(len(labels))
        rng = np.random.default_rng(0)
        for k in range(10):
            members = rng.permutation(np.flatnonzero(labels == k))
            place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        order = np.argsort(place, kind="stable")
        chosen = {"test": order[:360], "valid": order[360:500], "train": order[500:]}[split]
        return Examples(table[chosen, :-1].reshape(-1, 1, 8, 8), labels[chosen])


@cache
def _table() -> NDArray[np.uint8]:
    """Return scikit-learn's table [1797, 65], pixels then label."""
    found = importlib.util.find_spec("sklearn")
    places = list(found.submodule_search_locations or []) if found else []
    try:
        path = Path(places[0]) / "datasets" / "data" / "digits.csv.gz"
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    except (IndexError, OSError, ValueError) as error:
        raise DataError(
            f"digits come with scikit-learn, which is not installed whole ({error}): pip install scikit-learn."
        ) from error
    table.flags.writeable = False
    return table
