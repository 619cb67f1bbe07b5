"""Measure holes, where the prior has mass and no codes are: a map of a plane, and the share of the prior's draws."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vae.density import holes
from vae.diagnosis.evidence import Holes, Number
from vae.diagnosis.limits import SEED
from vae.evaluation.estimate import Estimate
from vae.model import LatentModel
from vae.model.families import sample
from vae.runs import Run

Array = NDArray[np.float64]

DRAWS, SIDE = 2048, 48  # draws of the prior, and nodes along each side of the map
REACH = 3.4  # least radius of the map, in sigmas of the prior


def _pair(means: Array, scales: Array | None) -> list[int]:
    """Return the two dimensions of highest KL (of highest variance for an autoencoder), or the only one."""
    spread = means.var(0)
    if scales is not None:
        spread = (0.5 * (means**2 + scales**2 - 1) - np.log(scales)).mean(0)
    return sorted(np.argsort(-spread)[:2].tolist())


def saved(run: Run) -> Holes:
    """Return the holes of a run's saved codes, for a standard Normal prior or none; needs no data."""
    codes = run.codes
    scales = None if codes.scales is None else codes.scales.astype(np.float64)
    return found(run, codes.means.astype(np.float64), scales, codes.split, None)


@dataclass(frozen=True)
class _Judged:
    """Codes in some dimensions, the log-density log p of these, and how holes are told among them."""

    codes: holes.Aggregate
    log_p: Callable[[Array], Array] | None
    trust: holes.Calibration

    @classmethod
    def of(cls, means: Array, scales: Array | None, log_p: Callable[[Array], Array] | None) -> "_Judged":
        codes = holes.Aggregate.of_population(means, scales)
        known = None if log_p is None else log_p(codes.means[codes.judges()])
        return cls(codes, log_p, holes.calibrate(codes, known))

    @property
    def kind(self) -> str:
        return "ratio" if self.trust.trusted else "distance"

    def look(self, z: Array) -> tuple[Array | None, Array]:
        """Return log q - log p [M], None if it is unreliable, and then the distance to the nearest code [M]."""
        if self.trust.trusted and self.log_p is not None:
            return self.codes.log_prob(z) - self.log_p(z), np.zeros(len(z))
        return None, self.codes.nearest(z)[1]

    def values(self, z: Array) -> Array:
        """Return what the map shows at z [M, 1 or 2]."""
        ratio, distance = self.look(z)
        return distance / self.trust.far if ratio is None else np.maximum(ratio, -20.0)


def _standard(z: Array) -> Array:
    """Return log N(z; 0, I) [M]."""
    return np.asarray(-0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * np.log(2 * np.pi))


def _prior(run: Run, means: Array, model: LatentModel | None) -> tuple[Callable[[Array], Array] | None, Array, str]:
    """Return the log-density of what is drawn from (None for an autoencoder), DRAWS of it, and its name."""
    spec, rng = run.spec, np.random.default_rng(SEED)
    if not spec.probabilistic:
        d = means.shape[1]
        spread = np.cov(means.T, ddof=0).reshape(d, d)
        factor = np.linalg.cholesky(spread + 1e-12 * max(1.0, np.trace(spread)) * np.eye(d))
        return None, means.mean(0) + rng.normal(size=(DRAWS, d)) @ factor.T, "a Normal fitted to the codes"
    if spec.standard_prior:
        return _standard, rng.normal(size=(DRAWS, means.shape[1])), "the prior N(0, I)"
    assert model is not None and model.prior is not None
    prior = model.prior()

    def log_p(z: Array) -> Array:
        return prior.log_prob(torch.from_numpy(z.astype(np.float32))).double().numpy()

    drawn = sample(prior, DRAWS, torch.Generator().manual_seed(SEED)).double().numpy()
    return log_p, drawn, "the learned prior" if spec.prior_kind and spec.prior_kind.learned else "the prior"


@torch.no_grad()
def found(run: Run, means: Array, scales: Array | None, split: str, model: LatentModel | None) -> Holes:
    """Return the holes in all dimensions of codes [N, d], and the map of the two that say most, where it has one.

    Of a prior that is not N(0, I), two dimensions of more have no density in closed form, and there is no map.
    """
    log_p, drawn, source = _prior(run, means, model)
    whole = _Judged.of(means, scales, log_p)
    share = Estimate.of(torch.from_numpy(~holes.inside(whole.trust, *whole.look(drawn))))
    strays = (whole.trust.strays or 0.0) if whole.kind == "ratio" else round(1 - holes.NEAR, 6)
    pair, part = _pair(means, scales), whole
    drawable = means.shape[1] <= 2 or log_p in (None, _standard)
    if means.shape[1] > 2 and drawable:
        part = _Judged.of(means[:, pair], None if scales is None else scales[:, pair], log_p)
    x, y, values = _map(part) if drawable else (np.zeros(0),) * 3
    return Holes(
        whole.kind,
        part.kind,
        source,
        tuple(pair),
        tuple(x.tolist()),
        tuple(y.tolist()),
        tuple(round(float(v), 3) for v in values),
        Number(share.value, share.se, share.n),
        strays,
        len(means),
        split,
    )


def _map(part: _Judged) -> tuple[Array, Array, Array]:
    """Return the axes of a map over the codes and the prior's middle, and its values [G * G]."""
    means = part.codes.means
    low, high = np.quantile(means, 0.005, 0), np.quantile(means, 0.995, 0)
    if part.codes.scales is not None:
        low, high = np.minimum(low, -REACH), np.maximum(high, REACH)
    else:
        low, high = low - 0.15 * (high - low), high + 0.15 * (high - low)
    axes = [np.linspace(a, b, SIDE) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, len(axes))
    return axes[0], axes[1] if len(axes) > 1 else np.zeros(1), part.values(grid)
