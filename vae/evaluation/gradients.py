"""The gradient of a bound with respect to the encoder's output, by each estimator, from one set of samples.

For q = N(m, diag s^2) and z = m + s e, every estimator is a mean over samples of the same few numbers: log w, its
gradient dz = d log p(x, z) / dz, and e. So all of them, for any K, follow from one pass through the decoder. The page's
script (ui/theory_gradients.js) computes the same sums.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """S samples: noise e [S, d], gradients [S, d] of log p(x, z) and of log p(x|z) in z, log w [S]; q's scale [d].

    `rate_slope` [2 d] is the gradient of KL(q || p) in (m, log s), if it has a closed form.
    """

    noise: Array
    slope: Array
    slope_px: Array
    log_w: Array
    scale: Array
    rate_slope: Array | None = None

    def groups(self, k: int) -> "list[Samples]":
        """Return the disjoint groups of k samples in their order; remaining samples are dropped."""
        if not 1 <= k <= len(self.noise):
            raise ValueError(f"K must lie between 1 and the {len(self.noise)} samples, not {k}")
        parts = [slice(i * k, (i + 1) * k) for i in range(len(self.noise) // k)]
        return [
            Samples(self.noise[p], self.slope[p], self.slope_px[p], self.log_w[p], self.scale, self.rate_slope)
            for p in parts
        ]


def _through(s: Samples, slope: Array) -> Array:
    """Return the gradients [K, 2 d] in (m, log s) of a function of z = m + s e with these gradients [K, d] in z."""
    return np.concatenate([slope, slope * s.scale * s.noise], 1)


def _score(s: Samples) -> Array:
    """Return d log q(z) / d(m, log s) [K, 2 d] at fixed z."""
    return np.concatenate([s.noise / s.scale, s.noise**2 - 1], 1)


def _total(s: Samples) -> Array:
    """Return d log w / d(m, log s) [K, 2 d]: -log q(m + s e) = log s + ..., whose derivative in log s is 1."""
    return _through(s, s.slope) + np.concatenate([np.zeros_like(s.noise), np.ones_like(s.noise)], 1)


def _landed(s: Samples) -> Array:
    """Return `_total` without the score: the parameters of log q are held constant."""
    return _through(s, s.slope + s.noise / s.scale)


def reparametrised(s: Samples) -> Array:
    """Return the ELBO's gradient [2 d] through z = m + s e (Kingma & Welling 2014), log q by samples."""
    return np.asarray(_total(s).mean(0))


def closed(s: Samples) -> Array:
    """Return the ELBO's gradient with the rate's in closed form; raises ValueError without a closed form."""
    if s.rate_slope is None:
        raise ValueError("the rate of this model has no closed form")
    return np.asarray(_through(s, s.slope_px).mean(0) - s.rate_slope)


def landing(s: Samples) -> Array:
    """Return the ELBO's gradient without the score term: sticking the landing (Roeder et al. 2017)."""
    return np.asarray(_landed(s).mean(0))


def score(s: Samples) -> Array:
    """Return the ELBO's gradient by the score function, E[log w d log q] (Williams 1992)."""
    return np.asarray((s.log_w[:, None] * _score(s)).mean(0))


def baseline(s: Samples) -> Array:
    """Return `score` with the mean of the other K - 1 samples as baseline (Mnih & Rezende 2016); needs K >= 2."""
    k = len(s.log_w)
    if k < 2:
        raise ValueError("a baseline of the other samples needs at least two")
    advantage = (s.log_w - s.log_w.mean()) * k / (k - 1)
    return np.asarray((advantage[:, None] * _score(s)).mean(0))


def _shares(s: Samples) -> Array:
    w = np.exp(s.log_w - s.log_w.max())
    return np.asarray(w / w.sum())


def weighted(s: Samples) -> Array:
    """Return the gradient [2 d] of L_K = log (1/K) sum w through z = m + s e (Burda et al. 2016)."""
    return np.asarray(_shares(s) @ _total(s))


def doubly(s: Samples) -> Array:
    """Return `weighted` without the score: samples are weighted by their squared shares (DReG, Tucker et al. 2019)."""
    return np.asarray(_shares(s) ** 2 @ _landed(s))


def weighted_score(s: Samples) -> Array:
    """Return L_K's gradient by the score function: L_K sum_k d log q(z_k) - sum_k w~_k d log q(z_k)."""
    log_mean = np.log(np.exp(s.log_w - s.log_w.max()).mean()) + s.log_w.max()
    return np.asarray((log_mean - _shares(s)) @ _score(s))


def vimco(s: Samples) -> Array:
    """Return `weighted_score` with L_K without the k-th sample as baseline (VIMCO, Mnih & Rezende 2016)."""
    k = len(s.log_w)
    if k < 2:
        raise ValueError("a baseline of the other samples needs at least two")
    top = s.log_w.max()
    others = (s.log_w.sum() - s.log_w) / (k - 1)
    replaced = np.where(np.eye(k, dtype=bool), others[:, None], s.log_w[None])
    peak = replaced.max(1)
    without = np.log(np.exp(replaced - peak[:, None]).sum(1)) + peak
    advantage = np.log(np.exp(s.log_w - top).sum()) + top - without
    return np.asarray((advantage - _shares(s)) @ _score(s))


Estimator = Callable[[Samples], Array]
# by bound: an estimator has another form if K weights are inside the logarithm
ELBO: dict[str, Estimator] = {
    "reparametrised": reparametrised,
    "closed": closed,
    "landing": landing,
    "score": score,
    "baseline": baseline,
}
WEIGHTED: dict[str, Estimator] = {
    "reparametrised": weighted,
    "landing": doubly,
    "score": weighted_score,
    "baseline": vimco,
}


def cloud(samples: Samples, estimator: Estimator, k: int) -> Array:
    """Return the estimates [S // k, 2 d] by disjoint groups of k samples."""
    return np.stack([estimator(group) for group in samples.groups(k)])


def variance(estimates: Array) -> float:
    """Return the sum of the variances of the components of estimates [G, 2 d]; nan for one estimate."""
    return float(estimates.var(0, ddof=1).sum()) if len(estimates) > 1 else math.nan
