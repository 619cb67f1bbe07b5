"""What the pool does with a call that comes in turns, in this process."""

from collections.abc import Callable
from typing import Any

from vae.jobs.calls import Partial


def in_turns(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what the call answers in the end, however slow the machine is."""
    found = function(*args, **kwargs)
    while isinstance(found, Partial):
        found = function(*args, **kwargs, so_far=found.state)
    return found
