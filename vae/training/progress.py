"""A progress bar of training in the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from vae.training.loop import Step


@contextmanager
def progress(name: str, shown: bool | None = None) -> Iterator[Callable[[Step, int], None]]:
    """Yield a function of each step and the total number that updates the bar; it also shows the last validation, nats.

    `shown` None shows the bar only on a terminal.
    """
    numbers: dict[str, str] = {}
    with tqdm(unit="step", desc=name, mininterval=0.5, disable=None if shown is None else not shown) as bar:

        def watch(step: Step, total: int) -> None:
            bar.total = total
            bar.update(step.step - bar.n)
            if step.valid is not None:
                numbers.update({k: f"{v:.2f}" for k, v in step.valid.items() if v is not None})
                bar.set_postfix(epoch=step.epoch + 1, **numbers)

        yield watch
