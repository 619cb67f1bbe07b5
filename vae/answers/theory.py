"""The Theory page's computations in the pool: all numbers of the derivation for one image, and its refined q.

Each function takes a run's folder first, and torch is imported inside (see `process`).
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae.answers.loaded import as_coded, check_finite, loaded
from vae.answers.process import single_threaded
from vae.runs import Run
from vae.runs.stamp import Stamp, stamp

if TYPE_CHECKING:
    import torch
    from torch.distributions import Distribution

    from vae.evaluation.derivation import DecodedPoints
    from vae.evaluation.truth import Lattices
    from vae.model import LatentModel

MOST_SAMPLES, FEWEST_SAMPLES = 512, 64
COST = 5e9  # limit of operations for an image's samples
MOST_CAST = 4096  # samples of the prior
CAST_PIXELS = 2**22  # limit of their decoded values, which are cached
START = 0.05  # initial sigma of an autoencoder's q, as a share of the codes' standard deviation
REFINE, REFINE_MANY = 20, 10  # steps of the optimisation, for at most two latents and for more

Numbers = dict[str, float]
Arrays = dict[str, NDArray[Any]]


class Found(NamedTuple):
    """Numbers by name in nats, and arrays by name, for one image; missing if the model does not have them."""

    numbers: Numbers
    arrays: Arrays


@dataclass(frozen=True)
class _Subject:
    """A run's model as the page uses it: conditioned on a label; an autoencoder has a prior fitted to its codes."""

    run: Run
    model: "LatentModel"
    prior_samples: "DecodedPoints"
    lattices: "Lattices | None"
    grid: "DecodedPoints | None"  # the first lattice, sorted by its coordinates


@lru_cache(maxsize=2)
def _subject(path: Path, version: Stamp, label: int | None) -> _Subject:
    import torch

    from vae.evaluation import derivation
    from vae.evaluation.truth import Lattices

    run, model = loaded(path, version)
    if label is not None:
        model = model.given(torch.tensor(label))
    if model.prior is None:
        model = derivation.with_prior(model, torch.from_numpy(run.codes.means))
    m = int(min(MOST_CAST, 2 ** int(math.log2(max(64, CAST_PIXELS // int(np.prod(run.spec.shape)))))))
    lattices, grid = None, None
    if run.spec.latent <= 2:
        lattices = Lattices.of(model)
        z = lattices.one.z.numpy()
        order = torch.from_numpy(np.lexsort(z.T[::-1]))
        grid = derivation.decode_points(model, lattices.one.z[order])
    return _Subject(run, model, derivation.prior_samples(model, m), lattices, grid)


def sample_count(run: Run) -> int:
    """Return the number of samples of q that this decoder can process quickly, a power of two."""
    from vae.spec import cost, work

    each = work.effort(run.spec.decoder_layers(), (run.spec.latent,)) * cost.PASSES
    fit = 2 ** int(math.log2(max(1.0, COST / max(each, 1.0))))
    return int(min(MOST_SAMPLES, max(FEWEST_SAMPLES, fit)))


def _q(subject: _Subject, x: "torch.Tensor") -> "tuple[Distribution, Any]":
    """Return q(z|x); for an autoencoder, the best Normal q found by optimisation from its code, with its course."""
    import torch

    from vae.evaluation import derivation

    if subject.run.spec.probabilistic:
        with torch.no_grad():
            return subject.model.encode(x), None
    with torch.no_grad():
        code = subject.model.encode(x).mean
        start = START * subject.model.prior().stddev.expand_as(code)  # type: ignore[misc]
    path = derivation.refine_from(subject.model, x, code, start)
    return path.q, path


@single_threaded
def numbers(
    run: Path, image: NDArray[Any], label: int | None = None, seed: int = 0, number: int | None = None
) -> Found:
    """Return everything that the page shows of one image [C, H, W], with its label and number.

    Image `number` of the test split is taken as it was when its saved code was made (see `loaded.as_coded`).
    An autoencoder gets a Gaussian prior fitted to its codes, and the best Gaussian q around its code.
    Raises RunError and DataError.
    """
    import torch

    from vae.evaluation import derivation
    from vae.evaluation.truth import truth

    subject = _subject(run, stamp(run), label)
    model, spec = subject.model, subject.run.spec
    x = as_coded(subject.run, image, number)
    generator = torch.Generator().manual_seed(seed)
    q, path = _q(subject, x)
    near = derivation.as_diagonal_normal(q)
    count = sample_count(subject.run)
    noise = torch.randn(count, 1, spec.latent, generator=generator)
    weighed = derivation.weigh(model, x, near, noise)
    arrays: Arrays = {
        "x": x[0].numpy(),
        "mean": q.mean[0].detach().numpy(),
        "scale": q.stddev[0].detach().numpy(),
        "covariance": _covariance(q),
        "noise": weighed.noise[:, 0].numpy(),
        "z": weighed.z[:, 0].numpy(),
        "log_px": weighed.log_px[:, 0].double().numpy(),
        "log_w": weighed.log_w[:, 0].numpy(),
        "slope_px": weighed.slope_px[:, 0].numpy(),
        "slope": (weighed.slope_px + weighed.slope_pz)[:, 0].numpy(),
    }
    found: Numbers = {"pixels": float(x.numel()), "twin": float(near is not q)}
    if near is not q:
        z, log_px, log_w = derivation.samples(model, x, q, count, generator)
        arrays |= {"twin_log_w": arrays["log_w"], "z": z.numpy(), "log_px": log_px.numpy(), "log_w": log_w.numpy()}
    prior = model.prior()  # type: ignore[misc]
    slope = derivation.rate_slope(near, prior)
    if slope is not None:
        arrays["rate_slope"] = slope.numpy()
    if path is not None:
        found["climbed"] = path.elbo[-1].item()
        arrays |= {"code": subject.model.encode(x).mean[0].detach().numpy()}
        found["distortion_at_code"] = -model.decode(torch.from_numpy(arrays["code"])[None]).log_prob(x).item()
    arrays["prior_log_px"] = subject.prior_samples.log_px(x).double().numpy()
    arrays |= {"squares": weighed.squares[:, 0].numpy(), "absolutes": weighed.absolutes[:, 0].numpy()}
    binary = spec.likelihood_kind.binary
    held = derivation.resistance(model, x, binary, torch.Generator().manual_seed(seed))
    arrays |= {"corrupted": held.corrupted.numpy(), "jacobian": held.jacobian.numpy()}
    found["denoising"] = held.distortion.double().mean().item()
    arrays["resisted"] = held.code.numpy()
    with torch.no_grad():
        found["distortion_plain"] = -model.decode(held.code[None]).log_prob(x).item()
    if subject.lattices is not None and subject.grid is not None and near is q:
        true = truth(model if path is None else derivation.with_posterior(model, q), x, q, subject.lattices)
        errors = ("log_px_error", "elbo_error", "kl_error")
        for name in ("log_px", "elbo", "distortion", "rate", "kl", "residual", "inside", *errors):
            found[name] = float(getattr(true, name))
        arrays |= {
            "posterior_mean": true.mean.numpy(),
            "posterior_covariance": true.covariance.numpy(),
            "mode": true.mode.numpy(),
            "corner": true.corner.numpy(),
            "basis": true.basis.numpy(),
            "density": true.log_density.float().numpy(),
        }
    else:
        log_w, log_px = torch.from_numpy(arrays["log_w"]), torch.from_numpy(arrays["log_px"])
        rate = _closed_rate(q, prior)
        found["distortion"] = -log_px.mean().item()
        found["distortion_se"] = (log_px.std() / math.sqrt(count)).item()
        found["rate"] = (log_px - log_w).mean().item() if rate is None else rate
        found["elbo"] = -found["distortion"] - found["rate"]
        found["elbo_se"] = found["distortion_se"] if rate is not None else (log_w.std() / math.sqrt(count)).item()
    if subject.grid is not None:
        arrays["grid_log_px"] = subject.grid.log_px(x).float().numpy()
        arrays["grid_squares"] = subject.grid.squares(x).float().numpy()
        arrays["grid_absolutes"] = subject.grid.absolutes(x).float().numpy()
    for name, value in arrays.items():
        check_finite(subject.run, np.where(np.isneginf(value), 0, value) if name.startswith("grid") else value)
    return Found(found, arrays)


def _covariance(q: "Distribution") -> NDArray[np.float64]:
    from torch.distributions import MultivariateNormal

    if isinstance(q, MultivariateNormal):
        return np.asarray(q.covariance_matrix[0].detach().double().numpy())
    return np.diag(q.variance[0].detach().double().numpy())


def _closed_rate(q: "Distribution", prior: "Distribution") -> float | None:
    from torch.distributions import kl_divergence

    try:
        return float(kl_divergence(q, prior).item())
    except NotImplementedError:
        return None


@single_threaded
def constants(run: Path, label: int | None = None) -> Arrays:
    """Return the arrays that all images of a model share: samples z of its prior [M, d], and the grid's points."""
    subject = _subject(run, stamp(run), label)
    prior = subject.model.prior()  # type: ignore[misc]
    found = {"prior_z": subject.prior_samples.z.numpy(), "prior_loc": prior.mean.detach().numpy()}
    found["prior_scale"] = prior.stddev.detach().numpy()
    if subject.grid is not None:
        found["grid_z"] = subject.grid.z.numpy()
        found["grid_log_pz"] = prior.log_prob(subject.grid.z).detach().numpy()
    return found


class Refinement(NamedTuple):
    """The course of refining q: means and scales [T, d], ELBO [T] by the optimisation's nodes, and the gain, in nats.

    `elbo` and `best` are by quadrature for d <= 2, else by the optimisation's nodes; `log_px` is exact for d <= 2, else
    None.
    """

    loc: NDArray[np.float32]
    scale: NDArray[np.float32]
    elbo_path: NDArray[np.float64]
    elbo: float
    best: float
    log_px: float | None


@single_threaded
def refined(run: Path, image: NDArray[Any], label: int | None = None, number: int | None = None) -> Refinement:
    """Return the optimisation of q(z|x) for one image [C, H, W] over diagonal Normals; raises RunError, DataError.

    It starts at the encoder's q, an autoencoder's code. For d <= 2 a second one starts at the posterior's mode, and the
    better of the two is returned, as in `gaps.split`.
    """
    import torch
    from torch.distributions import Independent, Normal

    from vae.evaluation import derivation
    from vae.evaluation.truth import elbo, truth

    subject = _subject(run, stamp(run), label)
    model = subject.model
    x = as_coded(subject.run, image, number)
    q, path = _q(subject, x)
    q = derivation.as_diagonal_normal(q)
    two = subject.lattices is not None
    if path is None:
        path = derivation.refine_from(model, x, q.mean, q.stddev, REFINE if two else REFINE_MANY)
    loc, scale, elbo_path = path.loc[:, 0], path.scale[:, 0], path.elbo[:, 0]
    if not two:
        gained = elbo_path[0].item(), elbo_path[-1].item()
        return Refinement(loc.numpy(), scale.numpy(), elbo_path.numpy(), *gained, None)
    start = Independent(Normal(path.loc[0], path.scale[0], validate_args=False), 1, validate_args=False)
    true = truth(derivation.with_posterior(model, start), x, start, subject.lattices)
    sigma = true.covariance.diagonal().sqrt().to(x.dtype)[None]
    other = derivation.refine_from(model, x, true.mode.to(x.dtype)[None], sigma, REFINE)
    ends = [-sum(elbo(model, x, way.q)) for way in (path, other)]
    if ends[1] > ends[0] + 1e-3:
        loc = torch.cat([loc[:1], other.loc[:, 0]])
        scale = torch.cat([scale[:1], other.scale[:, 0]])
        elbo_path = torch.cat([elbo_path[:1], other.elbo[:, 0]])
    best = max(*ends, true.elbo)
    return Refinement(loc.numpy(), scale.numpy(), elbo_path.numpy(), true.elbo, best, true.log_px)
