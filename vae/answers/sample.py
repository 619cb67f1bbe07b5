"""The Sample page's computations in the pool: samples with densities, their nearest training images, manifolds.

The app never calls these functions itself, so torch is imported inside them (see `process`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae import runs
from vae.answers import process
from vae.answers.loaded import check_finite, encoded_examples, open_model
from vae.answers.process import Partial
from vae.density import holes
from vae.geometry import manifold
from vae.geometry.plane import Plane
from vae.runs import Codes, Run, RunError
from vae.runs.stamp import Stamp, stamp

if TYPE_CHECKING:
    import torch
    from torch.distributions import Distribution

    from vae.density.copies import Images, Search
    from vae.density.draws import Draw
    from vae.model import LatentModel

COLD = 1e-6  # a temperature at which samples are at the centres
STRAIGHT = 1e-3  # latent units by which a sample may deviate from the straight line in T on which the browser moves it
FITTED = 4_000  # codes to which a density is fitted: with more, a mixture changes too little to be seen in its samples
REACH = 3.0  # standard deviations of a Normal prior that a manifold spans to either side
TAIL = 0.005  # share of the codes beyond either end of a manifold without one
PRIOR_DRAWS = 20_000  # of a learned prior, for its quantiles
HELD_OUT = 500  # held-out images whose distances to the training set are compared with the samples'
MOST_REFERENCES = 8  # such distances that a process caches, 4 kB each

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """Samples z [n, d] with their images [n, *shape], in [0, 1] for pixels, and log-densities [n] in nats.

    `centre` [n, d] is each z without its noise, so that z(T) = centre + T / T' (z(T') - centre); None for a flow, which
    is not linear in its noise. `log_p` and `log_q` are None if the model has no such density or it is not computed;
    `inside` says whether each z is in the data, by the ratio if `trusted`, else by the distance to the nearest of
    `count` codes. `strays` is the share of codes that would count as holes, each left out in turn.
    """

    z: Floats
    centre: Floats | None
    images: Floats
    log_p: NDArray[np.float64] | None
    log_q: NDArray[np.float64] | None
    inside: NDArray[np.bool_]
    trusted: bool
    strays: float | None
    count: int


@dataclass(frozen=True)
class Neighbours:
    """The nearest training image of each sample [M] and its distance || x - x_n ||_2 [M], pixels in [0, 1].

    `rank` [M] is the share of `held_out` real images that are as near to a training image or nearer; `images` are uint8
    [M, *shape], 0 to 255, or vectors float32 [M, D]; `labels` [M] or None; `typical` is the held-out images' median
    distance.
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]
    rank: NDArray[np.float64]
    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    typical: float
    held_out: int
    count: int


@dataclass(frozen=True)
class Manifold:
    """Means of p(x|z) [R, C, *shape] on a grid z [R, C, d] whose row 0 is the highest u2; `across` [C] and `up` [R]
    ascend; log-densities, `inside` [R, C] and `trusted` as in Samples."""

    across: NDArray[np.float64]
    up: NDArray[np.float64]
    z: Floats
    images: Floats
    log_p: NDArray[np.float64] | None
    log_q: NDArray[np.float64] | None
    inside: NDArray[np.bool_]
    trusted: bool


def codes_stamp(run: Path) -> int:
    """Return a stamp of a run's codes, their file's time in ns, which can change while the weights stay the same."""
    file = run / "codes.npz"
    return file.stat().st_mtime_ns if file.is_file() else 0


# The model under one label, if it is conditioned on labels, with its codes


@dataclass(frozen=True)
class _Subject:
    """A run under one label: the model, the codes that have that label, and q(z) of them."""

    run: Run
    model: "LatentModel"
    codes: Codes
    index: NDArray[np.int64]
    aggregate: holes.Aggregate
    calibration: holes.Calibration
    exact: bool  # the codes' means and scales describe q(z|x) completely

    @property
    def prior(self) -> "Distribution | None":
        return None if self.model.prior is None else self.model.prior()

    def log_p(self, z: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return log p(z) [n], None without a prior."""
        import torch

        prior = self.prior
        if prior is None:
            return None
        with torch.no_grad():
            return prior.log_prob(torch.from_numpy(z.astype(np.float32))).double().numpy()

    def judged(
        self, z: NDArray[Any]
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, NDArray[np.bool_]]:
        """Return log p(z), log q(z) and whether each z is in the data [n]."""
        log_p = self.log_p(z)
        log_q = self.aggregate.log_prob(z) if self.exact and self.aggregate.scales is not None else None
        ratio = None if log_p is None or log_q is None else log_q - log_p
        return log_p, log_q, holes.inside(self.calibration, ratio, self.aggregate.nearest(z)[1])


def _open(path: Path, label: int) -> _Subject:
    return _subject(path, stamp(path), codes_stamp(path), label)


@lru_cache(maxsize=4)
def _subject(path: Path, version: Stamp, made: int, label: int) -> _Subject:
    import torch

    from vae.model.families import Normal

    run, model = open_model(path)
    codes = run.codes
    index = np.arange(len(codes))
    if run.spec.labels:
        if not 0 <= label < run.spec.labels:
            raise RunError(f"{run.name} has the labels 0 to {run.spec.labels - 1}, and {label} is none of them.")
        model = model.given(torch.tensor(label))
        index = np.flatnonzero(codes.labels == label) if codes.labels is not None else index
    if len(index) < 2:
        raise RunError(f"{run.name} has fewer than two codes here. Run `python -m vae encode {run.name}`.")
    means = codes.means[index].astype(np.float64)
    scales = None if codes.scales is None else codes.scales[index].astype(np.float64)
    aggregate = holes.Aggregate.of_population(means, scales)
    exact = scales is None or isinstance(model.encoder.family, Normal)
    subject = _Subject(run, model, codes, index, aggregate, holes.Calibration(None, 1.0), exact)
    judges = subject.log_p(means[aggregate.judges()]) if exact else None
    return _Subject(run, model, codes, index, aggregate, holes.calibrate(aggregate, judges), exact)


def _posterior(subject: _Subject) -> "Callable[[torch.Tensor], Distribution]":
    """Return q(z|x_i) by index into the subject's codes: from the codes if they describe it, else by encoding."""
    import torch

    from vae.model.families import DeltaDistribution
    from vae.model.priors import normal

    codes = subject.aggregate
    if subject.exact:
        means = torch.from_numpy(codes.means.astype(np.float32))
        if codes.scales is None:
            return lambda i: DeltaDistribution(means[i])
        scales = torch.from_numpy(codes.scales.astype(np.float32))
        return lambda i: normal(means[i], scales[i])
    batches = encoded_examples(subject.run)
    seen = torch.from_numpy(subject.index)

    def posterior(i: "torch.Tensor") -> "Distribution":
        rows = seen[i]
        x = batches.take(rows, torch.Generator().manual_seed(subject.run.spec.seed))
        return subject.model.encode(x)

    return posterior


# The sources


@lru_cache(maxsize=4)
def _density(path: Path, version: Stamp, made: int, kind: str, label: int) -> "Distribution":
    """Return the density saved in the run, or one fitted to draws of its codes."""
    import torch

    from vae.density import expost
    from vae.density.draws import from_aggregate

    subject = _open(path, label)
    if not subject.run.spec.labels and (path / f"expost-{kind}.npz").is_file():
        return expost.load(path, kind).distribution
    generator = torch.Generator().manual_seed(subject.run.spec.seed)
    count = len(subject.index)
    points = from_aggregate(_posterior(subject), count)(min(count, FITTED), generator)
    try:
        return expost.fit(points.numpy(), kind, seed=subject.run.spec.seed).distribution
    except ValueError as error:
        raise RunError(f"No density can be fitted to the codes of {subject.run.name}: {error}.") from error


def _prior(subject: _Subject, label: int, t: float) -> "Draw":
    from vae.density.draws import from_density

    prior = subject.prior
    if prior is None:
        raise RunError(
            f"{subject.run.name} is an autoencoder: it has no prior to draw from. Choose its aggregate posterior, a "
            "density fitted to its codes, or N(0, I) to see what happens if you sample anyway."
        )
    return from_density(prior, t)


def _standard(subject: _Subject, label: int, t: float) -> "Draw":
    import torch

    from vae.density.draws import from_density
    from vae.model.priors import normal

    zeros = torch.zeros(subject.run.spec.latent)
    return from_density(normal(zeros, torch.ones_like(zeros)), t)


def _aggregate(subject: _Subject, label: int, t: float) -> "Draw":
    from vae.density.draws import from_aggregate

    return from_aggregate(_posterior(subject), len(subject.index), t)


def _fitted(kind: str) -> "Callable[[_Subject, int, float], Draw]":
    def source(subject: _Subject, label: int, t: float) -> "Draw":
        from vae.density.draws import from_density

        path = subject.run.path
        return from_density(_density(path, stamp(path), codes_stamp(path), kind, label), t)

    return source


SOURCES: dict[str, "Callable[[_Subject, int, float], Draw]"] = {
    "prior": _prior,
    "aggregate": _aggregate,
    "mixture": _fitted("mixture"),
    "flow": _fitted("flow"),
    "standard": _standard,
}


# What the page asks for


def draw(
    run: Path,
    source: str = "prior",
    t: float = 1.0,
    n: int = 36,
    seed: int = 0,
    noisy: bool = False,
    region: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None,
    label: int = runs.SHOWN_LABEL,
    made: int = 0,
) -> Samples:
    """Return n samples of a source of SOURCES at temperature T, and the means (or, `noisy`, samples) of their p(x|z).

    `region` is (corners [P, 2], origin [d], basis [2, d]) of a polygon on a plane to which z is confined; a model that
    is conditioned on labels uses `label`; `made` is `codes_stamp`, a part of the cache key. Raises RunError for a
    source that the model does not have, a temperature that is not positive, and a region that is hardly ever hit.
    """
    import torch

    from vae.density import draws

    if source not in SOURCES:
        raise RunError(f"There is no source {source!r} of samples. There are: {', '.join(SOURCES)}.")
    subject = _open(run, label)

    def points(t: float) -> "torch.Tensor":
        made = SOURCES[source](subject, label, t)
        if region is not None:
            corners, origin, basis = region
            made = draws.confined(made, draws.Region(corners, Plane(origin, basis, ("", ""))))
        return made(n, torch.Generator().manual_seed(seed)).float()

    try:
        z = points(t)
        # z can leave a region when the temperature changes, and a flow is not linear in its noise
        centre = None if region is not None else points(COLD)
        if centre is not None and not torch.allclose(points(2 * t) - centre, 2 * (z - centre), atol=STRAIGHT):
            centre = None
    except ValueError as error:
        raise RunError(f"{str(error)[0].upper()}{str(error)[1:]}") from error
    generator = torch.Generator().manual_seed(seed + 1) if noisy else None  # other noise than z's
    images = draws.images(subject.model, z, generator).float().numpy()
    check_finite(subject.run, images)
    log_p, log_q, inside = subject.judged(z.numpy())
    found = subject.calibration
    return Samples(
        z.numpy(),
        None if centre is None else centre.numpy(),
        images,
        log_p,
        log_q,
        inside,
        found.trusted,
        found.strays,
        len(subject.index),
    )


@lru_cache(maxsize=2)
def _training_images(path: Path, version: Stamp) -> "tuple[Images, NDArray[np.int64] | None]":
    from vae import data
    from vae.density.copies import Images

    run = Run(path)
    train = data.load(run.spec.data, "train", n=run.spec.size)
    return Images.of(train.images, train.levels, train.binary), train.labels


_references: dict[tuple[Path, Stamp, bool], NDArray[np.float64]] = {}  # complete measurements of this process


@lru_cache(maxsize=2)
def _held_out(path: Path, version: Stamp, noisy: bool) -> NDArray[Any]:
    """Return the held-out images of the comparison, as grey values or as the model's input."""
    import torch

    from vae import data
    from vae.data.batches import prepare

    run = Run(path)
    held_out = data.load(run.spec.data, "test", n=HELD_OUT)
    if noisy:
        generator = torch.Generator().manual_seed(run.spec.seed)
        return prepare(held_out, run.spec).take(slice(None), generator).numpy()
    return held_out.images.astype(np.float32) / np.float32(held_out.levels if held_out.images.dtype == np.uint8 else 1)


def neighbours(
    run: Path,
    images: NDArray[Any],
    noisy: bool = False,
    so_far: "tuple[NDArray[np.float64] | None, Search] | None" = None,
) -> Neighbours | Partial:
    """Return the nearest training images of samples [M, *shape] in [0, 1] (or vectors), and their distances' rank.

    Samples of p(x|z) are compared with held-out images as the model's input (binarised if it is), means with the grey
    images; a process measures these once. The search runs in turns, block by block of the training set. Raises
    DataError if the data are missing.
    """
    from vae.density.copies import Search, rank

    began = time.monotonic()
    key = (run, stamp(run), noisy)
    train, labels = _training_images(*key[:2])
    x = (np.clip(images, 0, 1) if images.ndim == 4 else images).astype(np.float32)
    reference, search = so_far or (None, Search.of(len(x) + HELD_OUT))
    if reference is None:
        reference = _references.get(key)  # the other grid's call may have measured it meanwhile
    if reference is None:
        x = np.concatenate([x, _held_out(*key)])
    search = Search(search.index[: len(x)], search.squares[: len(x)], search.seen)
    while search.seen < len(train):
        search = search.step(x, train)
        seconds = time.monotonic() - began
        if search.seen < len(train) and seconds > process.TURN:
            return Partial(search.seen / len(train), (reference, search), seconds)
    index, distance = search.index[: len(images)], np.sqrt(search.squares)
    if reference is None:
        reference = distance[len(images) :]
        while len(_references) >= MOST_REFERENCES:
            del _references[next(iter(_references))]
        _references[key] = reference
    found = train.floats(index).reshape(images.shape)
    pixels = (found * 255).round().astype(np.uint8) if images.ndim == 4 else found
    return Neighbours(
        index,
        distance[: len(images)],
        rank(distance[: len(images)], reference),
        pixels,
        None if labels is None else labels[index],
        float(np.median(reference)),
        len(reference),
        len(train),
    )


def grid(
    run: Path,
    side: int,
    quantile: bool,
    origin: NDArray[np.float64],
    basis: NDArray[np.float64],
    label: int = runs.SHOWN_LABEL,
    made: int = 0,
) -> Manifold:
    """Return the decoder's means on a grid over a plane (origin [d], basis [2, d]), row 0 the highest.

    Evenly spaced over +-3 sigma of a Normal prior, else over all but 1 % of the codes; or, `quantile`, at the quantiles
    ((i + 1/2) / side) of the prior along each axis, an autoencoder's of its codes. `label` and `made` as for
    `draw`. Raises RunError.
    """
    import torch

    from vae.density import draws

    subject = _open(run, label)
    plane = Plane(origin, basis, ("", ""))
    centre = plane.to_plane(np.zeros(len(origin)))
    values = plane.to_plane(subject.aggregate.means)
    prior = subject.prior
    axes = []
    for k in range(2):
        if subject.run.spec.standard_prior:
            unit = manifold.normal_quantiles(side) if quantile else manifold.linear(-REACH, REACH, side)
            axes.append(centre[k] + unit)
        elif quantile:
            if prior is not None:
                drawn = draws.from_density(prior)(PRIOR_DRAWS, torch.Generator().manual_seed(subject.run.spec.seed))
                values = plane.to_plane(drawn.double().numpy())
            axes.append(manifold.quantiles(values[:, k], side))
        else:
            low, high = np.quantile(values[:, k], (TAIL, 1 - TAIL))
            axes.append(manifold.linear(float(low), float(high) if high > low else float(low) + 1, side))
    z = plane.to_latent(manifold.grid(*axes))
    flat = z.reshape(-1, z.shape[-1])
    images = draws.images(subject.model, torch.from_numpy(flat.astype(np.float32))).float().numpy()
    check_finite(subject.run, images)
    log_p, log_q, inside = subject.judged(flat)
    shaped = (side, side)
    return Manifold(
        axes[0],
        axes[1],
        z.astype(np.float32),
        images.reshape(*shaped, *images.shape[1:]),
        None if log_p is None else log_p.reshape(shaped),
        None if log_q is None else log_q.reshape(shaped),
        inside.reshape(shaped),
        subject.calibration.trusted,
    )
