"""What the pool does with a call that comes in turns, in this process."""

from collections.abc import Callable
from typing import Any

from vae.answers.process import Partial


def in_turns(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what the call answers in the end, however slow the machine is."""
    found = function(*args, **kwargs)
    while isinstance(found, Partial):
        found = function(*args, **kwargs, so_far=found.state)
    return found


class AtOnce:
    """What the pool's `ask` gives back, without a pool: the call is answered in this process when it is asked for."""

    done = True

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.call = lambda: in_turns(function, *args, **kwargs)

    def result(self, timeout: float | None = None) -> Any:
        """Return the answer, computed once, or raise what the call raises."""
        if not hasattr(self, "value"):
            self.value = self.call()
        return self.value

    def drop(self) -> None:
        """Leave it, as a page does that asks for something else."""


class Answer:
    """What the pool gives back of a call that is over: a value, or an error that reading it raises."""

    done = True

    def __init__(self, found: Any) -> None:
        self.found = found

    def result(self) -> Any:
        """Return the value, or raise the error."""
        if isinstance(self.found, Exception):
            raise self.found
        return self.found
