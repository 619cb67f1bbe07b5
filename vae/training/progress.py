"""A progress bar of training in the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from vae.training.loop import Step


class Progress:
    """The bar of one training: called with each step, and told how far the measuring afterwards is."""

    def __init__(self, bar: "tqdm[None]") -> None:
        self.bar = bar
        self.numbers: dict[str, str] = {}

    def __call__(self, step: Step, total: int) -> None:
        """Update the bar by a step of `total`; it also shows the last validation, nats."""
        self.bar.total = total
        self.bar.update(step.step - self.bar.n)
        if step.valid is not None:
            self.numbers.update({k: f"{v:.2f}" for k, v in step.valid.items() if v is not None})
            self.bar.set_postfix(epoch=step.epoch + 1, **self.numbers)

    def finishing(self, share: float, text: str) -> None:
        """Show what is done after the last step, and which share of it, in [0, 1]."""
        self.bar.set_postfix_str(f"{text}: {share:.0%}")


@contextmanager
def progress(name: str, shown: bool | None = None) -> Iterator[Progress]:
    """Yield the progress of a training as a bar; `shown` None shows it only on a terminal."""
    with tqdm(unit="step", desc=name, mininterval=0.5, disable=None if shown is None else not shown) as bar:
        yield Progress(bar)
