"""Fit a density to a trained model's codes, to sample from; needed for a model without a prior.

A Gaussian mixture (scikit-learn) or a RealNVP flow, on codes that are standardised first. Source: Ghosh et al. 2020,
ex-post density estimation.
"""

import io
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import (
    AffineTransform,
    Categorical,
    Distribution,
    MixtureSameFamily,
    MultivariateNormal,
    TransformedDistribution,
)

from vae import data, runs
from vae.data.batches import Batches, prepare
from vae.model import LatentModel, optimisers
from vae.model.families import Coupling, sample
from vae.model.families.flow import FlowDistribution
from vae.model.priors import FlowPrior, normal
from vae.runs import Run, RunError
from vae.spec import SpecError, settings

KINDS = ("mixture", "flow")
COMPONENTS = (1, 2, 3, 5, 10, 15, 20, 30, 50)  # components, chosen by the Bayesian information criterion
HELD_OUT = 10  # one code in so many is held out, to select the flow's best step
ROWS = 1000


@dataclass(frozen=True)
class Density:
    """A fitted density over codes [d], stored as its kind and its arrays."""

    kind: str
    arrays: dict[str, np.ndarray]

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name])

    @cached_property
    def distribution(self) -> Distribution:
        """The density as a torch distribution, event shape [d]."""
        shift, scale = self._tensor("shift"), self._tensor("scale")
        if self.kind == "mixture":
            parts = MultivariateNormal(self._tensor("mean"), scale_tril=self._tensor("factor"), validate_args=False)
            inner: Distribution = MixtureSameFamily(
                Categorical(logits=self._tensor("logits"), validate_args=False), parts, validate_args=False
            )
        else:
            names = [name.removeprefix("layers.") for name in self.arrays if name.startswith("layers.")]
            count = 1 + max(int(name.split(".")[0]) for name in names)
            hidden, latent = self.arrays["layers.0.inner.weight"].shape
            with torch.random.fork_rng(devices=[]):  # the random initial weights are replaced at once
                layers = nn.ModuleList(Coupling(latent, i % 2, hidden, 0) for i in range(count)).to(shift.dtype)
            layers.load_state_dict({name: self._tensor(f"layers.{name}") for name in names})
            inner = FlowDistribution(normal(torch.zeros_like(shift), torch.ones_like(shift)), list(layers))
        return TransformedDistribution(inner, [AffineTransform(shift, scale, event_dim=1)], validate_args=False)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Return n draws [n, d]; the generator is the only randomness."""
        return sample(self.distribution, n, generator)

    @torch.no_grad()
    def log_prob(self, z: Tensor) -> Tensor:
        """Return log densities [...] of codes z [..., d], nats."""
        return self.distribution.log_prob(z.to(self._tensor("shift").dtype))

    def save(self, path: Path) -> None:
        """Write the density into a run folder, as arrays."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays)
        runs.write(file(path, self.kind), buffer.getvalue())


def file(path: Path, kind: str) -> Path:
    """Return the path of the density of a kind in a run folder."""
    return path / f"expost-{kind}.npz"


def load(path: Path, kind: str) -> Density:
    """Return the density saved in a run folder; raises RunError if it is missing or damaged."""
    remedy = f"Fit it again: python -m vae expost {path.name} --kind {kind}."
    try:
        with np.load(file(path, kind), allow_pickle=False) as arrays:
            density = Density(kind, {name: arrays[name] for name in arrays.files})
        density.log_prob(density.sample(1, torch.Generator().manual_seed(0)))
    except FileNotFoundError as error:
        raise RunError(f"{path.name} has no fitted density of kind {kind!r}. {remedy}") from error
    except (ValueError, OSError, EOFError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RunError(f"{path.name}/expost-{kind}.npz is damaged: {error}. {remedy}") from error
    return density


def fit(
    codes: np.ndarray,
    kind: str = "mixture",
    components: int | None = None,
    seed: int = 0,
    steps: int = 1000,
    batch: int = 512,
    learning_rate: float = 5e-3,
    say: Callable[[float, str], None] = lambda share, text: None,
) -> Density:
    """Return a density fitted to codes [N, d] by maximum likelihood.

    A mixture of `components` full-covariance Normals (None: chosen by the Bayesian information criterion), or a
    flow after `steps` steps of Adam, at its best step on held-out codes. `say` receives the progress: the share that is
    done, and what is done now. Raises ValueError for fewer than ten codes, for more components than different codes,
    and for a flow of one latent.
    """
    codes = np.asarray(codes, np.float64)
    if kind not in KINDS:
        raise ValueError(f"a density is one of {list(KINDS)}, not {kind!r}")
    if codes.ndim != 2 or len(codes) < 10 or not np.isfinite(codes).all():
        raise ValueError(f"a density needs ten or more finite codes [N, d], not an array {list(codes.shape)}")
    if kind == "flow" and codes.shape[1] < 2:
        raise ValueError(
            "a coupling flow of one latent can only shift and scale a Normal, for there is no second latent that could "
            "bend it; a mixture fits codes of one latent"
        )
    different = len(np.unique(codes, axis=0))
    settings.check(components=components)
    if components is not None and components > different:
        raise ValueError(f"there are {different:,} different codes, too few for {components:,} components")
    shift, scale = codes.mean(0), codes.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    white = (codes - shift) / scale
    if kind == "mixture":
        arrays = _mixture(white, components, seed, say)
    else:
        arrays = _flow(torch.from_numpy(white).float(), seed, steps, batch, learning_rate, say)
    dtype = next(iter(arrays.values())).dtype
    return Density(kind, {"shift": shift.astype(dtype), "scale": scale.astype(dtype), **arrays})


def _mixture(
    white: np.ndarray, components: int | None, seed: int, say: Callable[[float, str], None]
) -> dict[str, np.ndarray]:
    from sklearn.mixture import GaussianMixture

    most = min(len(white) // 10, len(np.unique(white, axis=0)))  # a codebook has few distinct codes
    counts = [c for c in COMPONENTS if c <= most] if components is None else [components]
    fitted = []
    for done, count in enumerate(counts):
        say(done / len(counts), f"a mixture of {count}")
        fitted.append(GaussianMixture(count, random_state=seed).fit(white))
    best = fitted[0] if len(fitted) == 1 else min(fitted, key=lambda m: m.bic(white))
    return {"logits": np.log(best.weights_), "mean": best.means_, "factor": np.linalg.cholesky(best.covariances_)}


def _flow(
    white: Tensor, seed: int, steps: int, batch: int, learning_rate: float, say: Callable[[float, str], None]
) -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    white = white[torch.randperm(len(white), generator=generator)]
    held, train = white[: len(white) // HELD_OUT], white[len(white) // HELD_OUT :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        prior = FlowPrior(nn.Identity(), white.shape[1], white.shape[1:]).to(white.dtype)
    optimiser = optimisers.Adam(prior.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    best, weights = -math.inf, {}
    for step in range(steps + 1):
        say(step / (steps + 1), f"step {step:,} of {steps:,}")
        if step % max(1, steps // 20) == 0:
            with torch.no_grad():
                score = prior().log_prob(held).mean().item()
            if score > best:
                best, weights = score, {k: v.clone() for k, v in prior.state_dict().items()}
        index = torch.randint(len(train), (min(batch, len(train)),), generator=generator)
        optimiser.zero_grad()
        (-prior().log_prob(train[index]).mean()).backward()
        optimiser.step()
        schedule.step()
    return {name: weight.numpy() for name, weight in weights.items()}


@torch.no_grad()
def codes(model: LatentModel, batches: Batches, seed: int = 0) -> np.ndarray:
    """Return one draw of q(z|x) for each example [N, d], which are draws of the aggregate posterior."""
    generator = torch.Generator(device=batches.examples.device).manual_seed(seed)
    parts = []
    for start in range(0, len(batches), ROWS):
        part = slice(start, start + ROWS)
        q = model.given(batches.given(part)).encode(batches.take(part, generator))
        parts.append(sample(q, 1, generator)[0])
    return torch.cat(parts).cpu().numpy()


def of_run(run: Run, kind: str = "mixture", n: int | None = 10_000, **options: Any) -> Density:
    """Fit a density to the codes of n training examples of a run (None: all), save it in the run, and return it.

    Options are those of `fit`. Raises RunError if no such density can be fitted, DataError if the data are missing.
    """
    from vae.runs.load import load_model

    train = data.load(run.spec.data, "train", n=min(n, run.spec.size or n) if n is not None else run.spec.size)
    points = codes(load_model(run), prepare(train, run.spec), run.spec.seed)
    try:
        density = fit(points, kind, seed=run.spec.seed, **options)
    except SpecError:
        raise
    except ValueError as error:
        raise RunError(f"No {kind} can be fitted to the codes of {run.name}: {error}.") from error
    density.save(run.path)
    return density
