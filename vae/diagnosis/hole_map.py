"""Measure holes, where the prior has mass and no codes are: a map of a plane, and the share of the prior's draws."""

import numpy as np
import torch
from numpy.typing import NDArray

from vae.density import holes
from vae.diagnosis.evidence import Holes, Number
from vae.evaluation.estimate import Estimate
from vae.model import LatentModel
from vae.model.families import sample
from vae.runs import Run

DRAWS, SIDE = 2048, 48  # draws of the prior, and nodes along each side of the map
REACH = 3.4  # least radius of the map, in sigmas of the prior
SEED = 7


def _pair(means: NDArray[np.float64], scales: NDArray[np.float64] | None) -> list[int]:
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


@torch.no_grad()
def found(
    run: Run,
    means: NDArray[np.float64],
    scales: NDArray[np.float64] | None,
    split: str,
    model: LatentModel | None,
) -> Holes:
    spec, pair = run.spec, _pair(means, scales)
    rng = np.random.default_rng(SEED)
    # other priors may have no closed-form marginals: use all dimensions
    other = spec.probabilistic and not spec.standard_prior
    if other and spec.latent > 2:
        pair = list(range(spec.latent))
    codes = holes.Aggregate.of_population(means[:, pair], None if scales is None else scales[:, pair])
    if other:
        assert model is not None and model.prior is not None
        prior = model.prior()

        def log_p(z: NDArray[np.float64]) -> NDArray[np.float64]:
            return prior.log_prob(torch.from_numpy(z.astype(np.float32))).double().numpy()

        drawn = sample(prior, DRAWS, torch.Generator().manual_seed(SEED))[..., pair].double().numpy()
        source = "the learned prior" if spec.prior_kind and spec.prior_kind.learned else "the prior"
    elif scales is not None:

        def log_p(z: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(-0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * np.log(2 * np.pi))

        drawn, source = rng.normal(size=(DRAWS, len(pair))), "the prior N(0, I)"
    else:
        chosen = means[:, pair]
        spread = np.cov(chosen.T, ddof=0).reshape(len(pair), -1)
        factor = np.linalg.cholesky(spread + 1e-12 * max(1.0, np.trace(spread)) * np.eye(len(pair)))
        drawn = chosen.mean(0) + rng.normal(size=(DRAWS, len(pair))) @ factor.T
        source = "a Normal fitted to the codes"
    judged = None if scales is None else log_p(codes.means[codes.judges()])
    trust = holes.calibrate(codes, judged)

    def look(z: NDArray[np.float64]) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
        if trust.trusted:
            return codes.log_prob(z) - log_p(z), np.zeros(len(z))
        return None, codes.nearest(z)[1]

    inside = holes.inside(trust, *look(drawn))
    share = Estimate.of(torch.from_numpy(~inside))
    kind = "ratio" if trust.trusted else "distance"
    strays = trust.strays if trust.strays is not None else 0.0
    if kind == "distance":
        away = codes.nearest(codes.means[codes.judges()], codes.judges())[1]
        strays = float((away >= holes.FAR * trust.spacing).mean())
    x, y, values = np.zeros(0), np.zeros(0), np.zeros(0)
    if len(pair) <= 2:
        low, high = np.quantile(codes.means, 0.005, 0), np.quantile(codes.means, 0.995, 0)
        if scales is not None:
            low, high = np.minimum(low, -REACH), np.maximum(high, REACH)
        else:
            low, high = low - 0.15 * (high - low), high + 0.15 * (high - low)
        axes = [np.linspace(a, b, SIDE) for a, b in zip(low, high, strict=True)]
        x, y = axes[0], axes[1] if len(axes) > 1 else np.zeros(1)
        grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, len(axes))
        ratio, distance = look(grid)
        values = distance / trust.spacing if ratio is None else np.maximum(ratio, -20.0)
    rounded = tuple(round(float(v), 3) for v in values)
    return Holes(
        kind,
        source,
        tuple(pair),
        tuple(x.tolist()),
        tuple(y.tolist()),
        rounded,
        Number(share.value, share.se, share.n),
        strays,
        len(means),
        split,
    )
