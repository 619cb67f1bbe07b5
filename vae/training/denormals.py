"""Flush denormal numbers to zero, for speed: in a separate process or while a command runs, never on import."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def flush() -> None:
    """Treat numbers below the smallest normal one (1e-38 in float32) as 0, in this thread and those that it starts.

    Probabilities of clearly black pixels are that small, and arithmetic with them is several times slower: flushing
    reduces a quadrature from 103 to 37 ms, and a training step from 7.1 to 6.0 ms. Call it before torch starts its
    threads. Python's floats are flushed too, which some libraries do not accept.
    """
    torch.set_flush_denormal(True)


@contextmanager
def flushed() -> Iterator[None]:
    """Flush denormal numbers during a `with` block, in a process that runs other code too."""
    flush()
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
