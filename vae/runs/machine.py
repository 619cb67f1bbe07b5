"""What this machine has for a training now: its processors, and how busy they are."""

import os


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slowdown(threads: int, own: int = 0) -> float:
    """Return how many times as long a process of so many threads takes now as it would on the idle machine.

    What else runs is the mean number of busy threads in the last minute, less `own` of them; where the system does not
    tell it, the machine counts as idle.
    """
    try:
        others = max(0.0, os.getloadavg()[0] - own)
    except (AttributeError, OSError):
        return 1.0
    return max(1.0, (others + threads) / cores())
