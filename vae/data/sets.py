"""The table of datasets, and functions that take a dataset's name. One entry adds a dataset to app and shell."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from vae.data.cifar10 import Cifar10
from vae.data.dataset import DataError, Dataset, Description, MissingData
from vae.data.digits import Digits
from vae.data.glyphs import Glyphs
from vae.data.idx import FASHION_MNIST, KMNIST, MNIST
from vae.data.linear_gaussian import LinearGaussianSource
from vae.data.own.names import RESERVED
from vae.data.own.source import every, find
from vae.data.sources import Report, Root, Source
from vae.data.sprites import Sprites

SETS: dict[str, Source] = {}
NAMES = SETS.keys()  # in the order of the app's lists
LOCAL = "local"  # the owner of what was made without a browser
DEFAULT = Digits.about.name  # small and always available: for the first run, lessons and examples


def register(source: Source) -> None:
    """Add a dataset; raises DataError if its name is taken."""
    name = source.describe().name
    if name in SETS:
        raise DataError(f"There is a dataset {name!r} already. Choose another name.")
    SETS[name] = source
    RESERVED.add(name)


for _source in (Digits(), MNIST, FASHION_MNIST, KMNIST, Cifar10(), Glyphs(), Sprites(), LinearGaussianSource()):
    register(_source)


def _of(name: str, root: Root = None) -> Source:
    if name not in SETS and (own := find(name, root)) is not None:
        return own
    if name not in SETS:
        near = difflib.get_close_matches(str(name).lower().replace("_", "-"), NAMES, 1)
        there = f"There are: {', '.join(NAMES)}."
        if near:
            raise DataError(f"There is no dataset {name!r}. Did you mean {near[0]}? {there}")
        raise DataError(f"There is no dataset {name!r}. {there}")
    return SETS[name]


def names(owner: str | None = None) -> list[str]:
    """Return the names of all datasets: the project's, then own ones, or those of one owner and of the shell."""
    own = [source.about.name for source in every() if owner is None or source.owner in (owner, LOCAL)]
    return [*SETS, *(name for name in own if name not in SETS)]


def describe(name: str) -> Description:
    """Return a dataset's description, without reading its files; raises DataError for an unknown name."""
    return _of(name).describe()


def available(name: str, root: Root = None) -> bool:
    """Return whether a dataset's files are present with the right size; raises DataError for unknown names."""
    return _of(name, root).available(root)


def train_size(name: str, size: int | None = None) -> int:
    """Return how many training examples a dataset provides if `size` are requested; a drawn one provides any number."""
    return _of(name).train_size(size)


def load(name: str, split: str = "train", n: int | None = None, seed: int = 0, root: Root = None) -> Dataset:
    """Return a dataset's train, valid or test split, or at most n of its examples; raises DataError with the remedy.

    The splits share no example, whatever the seed. Of a set with fixed examples, all come in their own order, n of them
    are the first n of the permutation that `seed` gives. Glyphs and linear-gaussian are drawn, as many as asked for,
    from `seed` and the split; n defaults to the description's size. Sprites are n of the split's share of all 737,280.
    In each case the first m of n examples are the m examples of the same seed. The real sets' validation examples are
    the last 5,000 of their official training set.
    """
    source = _of(name, root)
    with _naming_the_embedded():
        return source.load(split, n, seed, root)


def fetch(name: str, root: Root = None, progress: Report | None = None) -> None:
    """Download a dataset into the data root, unless it is complete or needs no download; raises DataError.

    `progress` is called at each file's beginning, after every further 1 % and at its end.
    """
    source = _of(name, root)
    with _naming_the_embedded():
        source.fetch(root, progress)


@contextmanager
def _naming_the_embedded() -> Iterator[None]:
    """If a dataset is missing, add the names of image datasets that need no download to the error."""
    try:
        yield
    except MissingData as error:
        found = [d.name for source in SETS.values() if (d := source.describe()).embedded and d.pixels]
        there = f"{', '.join(found[:-1])} and {found[-1]} need no download."
        raise MissingData(f"{error} {there}") from error.__cause__
