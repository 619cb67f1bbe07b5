"""The progress of a long command, as a bar on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[float, str], None]


@contextmanager
def bar(title: str) -> Iterator[Say]:
    """Yield a function that shows the share of the work that is done, in [0, 1], and what is done now."""
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
    with tqdm(total=1.0, desc=title, bar_format=form, disable=None, leave=False) as shown:

        def say(share: float, text: str) -> None:
            shown.set_postfix_str(text, refresh=False)
            shown.update(share - shown.n)
            shown.refresh()

        yield say
