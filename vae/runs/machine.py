"""What this machine has: processors and how busy they are, training slots, memory, and a limit for a process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SLOTS, MEMORY = "LATENT_SLOTS", "LATENT_MEMORY"
SHARE = 0.75  # of the memory that all training slots together may take
APP, ANSWERS = 0.25, 0.5  # of the memory: most for the app, and for all processes that answer pages together
LEAST = 2.0  # GB, which every process may take
GB = 1e9


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


def slots() -> int:
    """Return how many runs train at once: `LATENT_SLOTS`, by default half the processors."""
    asked = os.environ.get(SLOTS, "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else max(1, cores() // 2)


def memory() -> float:
    """Return the bytes of memory of this machine, or of the container that this process runs in."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            found.append(float(Path(file).read_text()))  # "max" is no number
    return min(found, default=8 * GB)


def free_memory() -> float | None:
    """Return the bytes of `memory` that nothing uses now; None where the system does not tell it."""
    if sys.platform != "linux":
        return None
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = 1024 * float(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))
        with suppress(OSError, ValueError, KeyError):  # in a container with a limit
            free = min(free, float(Path("/sys/fs/cgroup/memory.max").read_text()) - _held())
        return max(0.0, free)
    return None


def _held() -> float:
    """Return the bytes that this container holds, less the files that the system would drop."""
    stat = dict(line.split() for line in Path("/sys/fs/cgroup/memory.stat").read_text().splitlines())
    return float(Path("/sys/fs/cgroup/memory.current").read_text()) - float(stat["inactive_file"])


def run_memory(slots_taken: int = 1) -> float:
    """Return the bytes that a run may take: `LATENT_MEMORY` in GB, by default its slots' part of the memory."""
    asked = os.environ.get(MEMORY, "")
    with suppress(ValueError):
        if float(asked) > 0:
            return float(asked) * GB
    return max(LEAST * GB, SHARE * memory() * slots_taken / slots())


def memory_limit() -> float | None:
    """Return the bytes that `limit_memory` left to this process or one that started it, None for no limit."""
    if sys.platform != "linux":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return None if soft < 0 else float(soft)


@contextmanager
def limited(most: float) -> Iterator[None]:
    """Limit this process, and those that it starts, as `limit_memory` does, during a `with` block."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit_memory(most)
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, before)


def limit_memory(most: float) -> None:
    """Let this process take at most so many bytes: what asks for more gets a MemoryError, and others keep theirs.

    The limit is of RLIMIT_DATA, private memory that can be written: torch and CUDA map many times as much address
    space as they use. A child starts with the same limit and can set another. Linux alone keeps it.
    """
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        wanted = int(max(most, LEAST * GB))
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
