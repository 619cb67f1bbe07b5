"""Report times: median and 95th percentile, and the machine's load."""

import math
import os
import statistics
import sys
from collections.abc import Sequence
from typing import NoReturn


def median_and_p95(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile of one or more values: the least that 95 % of them do not exceed."""
    return statistics.median(values), sorted(values)[math.ceil(0.95 * len(values)) - 1]


def finish(good: bool) -> NoReturn:
    """Print the machine's load, without which no time means much; exit with 0 where the limits are kept, else 1."""
    print(f"\nLoad {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")
    sys.exit(int(not good))
