"""log q(z) of the aggregate posterior as its formula says: every code by itself, from differences, nothing expanded."""

import numpy as np
from scipy.special import logsumexp


def log_q(means, scales, z):
    """Return log (1/N) sum_n N(z; m_n, diag s_n^2) [M] of z [M, d] in nats, for codes [N, d]."""
    means, scales, z = (np.asarray(v, np.float64) for v in (means, scales, z))
    away = (z[:, None] - means) / scales
    each = -0.5 * (away**2).sum(2) - np.log(scales).sum(1) - 0.5 * means.shape[1] * np.log(2 * np.pi)
    return logsumexp(each, axis=1) - np.log(len(means))
