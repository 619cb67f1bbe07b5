"""log q(z) of the aggregate posterior, in numpy: the app process does not load torch.

`torch_log_q` is the same in torch, with gradients, and ui/js/mixture.js in the browser; tests compare all three.
"""

import math

import numpy as np
from numpy.typing import NDArray

PAIRS = 2**21  # pairs of a point and a code in memory at a time
LOWEST = -700.0  # exponents below it add nothing in float64, but an exp that underflows takes fifteen times as long

Array = NDArray[np.float64]


def log_q(means: Array, scales: Array, z: Array, left_out: NDArray[np.int64] | None = None) -> Array:
    """Return log q(z) [M] of z [M, d], q(z) = (1/N) sum_n N(z; m_n, diag s_n^2), in nats, float64.

    `means` and `scales` are [N, d]. For each point, code number `left_out` [M] is excluded, and the mean is
    over the other N - 1. The sum is exact over all codes and takes O(M N d) time.
    """
    means, scales, z = (np.asarray(v, np.float64) for v in (means, scales, z))
    centre = means.mean(0)  # centred squares are small, so that their cancellation loses little precision
    means, z, precision = means - centre, z - centre, scales**-2.0
    linear = means * precision
    constant = -0.5 * (means * linear).sum(1) - np.log(scales).sum(1) - 0.5 * means.shape[1] * math.log(2 * math.pi)
    found = np.empty(len(z))
    rows = max(1, PAIRS // len(means))
    for start in range(0, len(z), rows):
        part = slice(start, start + rows)
        each = -0.5 * z[part] ** 2 @ precision.T + z[part] @ linear.T + constant
        if left_out is not None:
            each[np.arange(len(each)), left_out[part]] = -np.inf
        found[part] = log_sum_exp(each)
    return found - math.log(len(means) - (left_out is not None))


def log_sum_exp(values: Array) -> Array:
    """Return log sum_n exp(values) [M] of values [M, N], one of each row finite; five times as fast as scipy's."""
    top = values.max(1, keepdims=True)
    return np.asarray(np.log(np.exp(np.maximum(values - top, LOWEST)).sum(1)) + top[:, 0])
