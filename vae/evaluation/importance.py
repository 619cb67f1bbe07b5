"""Bounds on log p(x) from samples of q(z|x): distortion, rate, ELBO, and L_K for many K from the same samples."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vae.data.batches import Batches
from vae.evaluation.estimate import Estimate
from vae.model import Draw, LatentModel, draw
from vae.spec import settings

KS = (1, 5, 50, 500, 5000)
ROWS, CHUNK = 50, 50  # examples, and samples of each, that are decoded at once
LEAST = 500  # random examples that are measured however slow the decoder is


@dataclass(frozen=True)
class Rung:
    """L_K [N] in nats and the effective sample size [N] of its K samples, means over disjoint groups of K."""

    k: int
    log_px: Tensor
    ess: Tensor


@dataclass(frozen=True)
class Bounds:
    """Per-example values [N], nats: distortion, rate, ELBO, the importance-weighted bound L_K and its ESS of K.

    `ladder` holds L_K for every requested K in ascending order; the last one is `log_px` and `ess`.
    `exact_rate`: the rate has a closed form and is no mean over the K samples.
    """

    distortion: Tensor
    rate: Tensor | None
    elbo: Tensor | None
    log_px: Tensor | None
    ess: Tensor | None
    k: int
    ladder: tuple[Rung, ...] = ()
    exact_rate: bool = False


class _Groups:
    """Running log sums of weights over groups of K samples; chunks of samples can have any size."""

    def __init__(self, k: int, like: Tensor) -> None:
        self.k, self.groups, self.filled = k, 0, 0
        self.log_px = torch.zeros_like(like, dtype=torch.float64)
        self.ess = self.log_px.clone()
        self._open()

    def _open(self) -> None:
        self.filled = 0
        self.sum = torch.full_like(self.log_px, -math.inf)
        self.square = self.sum.clone()

    def _close(self, log_sum: Tensor, log_square: Tensor) -> None:
        """Add complete groups [G, N]."""
        self.log_px += (log_sum - math.log(self.k)).sum(0)
        self.ess += (2 * log_sum - log_square).exp().sum(0)
        self.groups += len(log_sum)

    def _fill(self, log_w: Tensor) -> None:
        self.sum = torch.logaddexp(self.sum, log_w.logsumexp(0))
        self.square = torch.logaddexp(self.square, (2 * log_w).logsumexp(0))
        self.filled += len(log_w)
        if self.filled == self.k:
            self._close(self.sum[None], self.square[None])
            self._open()

    def push(self, log_w: Tensor) -> None:
        """Add the next log weights [C, N]."""
        if self.filled:
            room = self.k - self.filled
            self._fill(log_w[:room])
            log_w = log_w[room:]
        whole = len(log_w) // self.k
        if whole:
            blocks = log_w[: whole * self.k].unflatten(0, (whole, self.k))
            self._close(blocks.logsumexp(1), (2 * blocks).logsumexp(1))
        if len(log_w) > whole * self.k:
            self._fill(log_w[whole * self.k :])

    def rung(self) -> Rung:
        """Return the means over the complete groups; an incomplete group does not count."""
        return Rung(self.k, self.log_px / self.groups, self.ess / self.groups)


def stream(
    model: LatentModel, x: Tensor, k: int, generator: torch.Generator | None = None, chunk: int = CHUNK
) -> Iterator[Draw]:
    """Yield K samples of q(z|x) for x [B, ...] in draws of at most `chunk`; memory does not grow with K."""
    if k < 1:
        raise ValueError(f"K must be at least 1, not {k}")
    for done in range(0, k, chunk):
        yield draw(model, x, min(chunk, k - done), generator=generator)


@torch.no_grad()
def bounds(
    model: LatentModel,
    x: Tensor,
    k: int | Sequence[int] = 100,
    generator: torch.Generator | None = None,
    chunk: int = CHUNK,
) -> Bounds:
    r"""Return the bounds of examples x [B, ...] from K samples each, streamed in chunks of samples.

    ELBO = -D - R with D = -(1/K) sum_k log p(x|z_k) and R = KL(q||p) in closed form where torch has one;
    L_K = log (1/K) sum_k w_k, w_k = p(x, z_k) / q(z_k|x); ESS = (sum w)^2 / sum w^2. Of several K, the largest is
    drawn, and a smaller one is the mean over the disjoint groups of K among them: unbiased for E[L_K], which grows
    with K (Burda et al. 2016, Thm 1). An autoencoder has distortion only. Raises ValueError for K below 1.
    """
    ks = (k,) if isinstance(k, int) else tuple(sorted(set(k)))
    if not ks or ks[0] < 1:
        raise ValueError(f"K must be at least 1, not {k}")
    if model.prior is None:
        return Bounds(draw(model, x, 1, generator=generator).distortion, None, None, None, None, 1)
    total_px = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    total_kl = total_px.clone()
    groups = [_Groups(size, total_px) for size in ks]
    exact: Tensor | None = None
    for sample in stream(model, x, ks[-1], generator, chunk):
        total_px += sample.log_px.double().sum(0)
        if sample.rate_is_exact:
            exact = sample.rate
        else:
            total_kl += (sample.log_qz - sample.log_pz).double().sum(0)
        log_w = sample.log_w.double()
        for group in groups:
            group.push(log_w)
    distortion = -total_px / ks[-1]
    rate = exact.double() if exact is not None else total_kl / ks[-1]
    ladder = tuple(group.rung() for group in groups)
    return Bounds(
        distortion, rate, -distortion - rate, ladder[-1].log_px, ladder[-1].ess, ks[-1], ladder, exact is not None
    )


def evaluate(
    model: LatentModel,
    batches: Batches,
    k: int = 100,
    seed: int = 0,
    n: int | None = None,
    rows: int = ROWS,
    say: Callable[[float, str], None] = lambda share, text: None,
    seconds: float | None = None,
) -> dict[str, Estimate]:
    """Return distortion, rate, elbo, log_px (L_K) and ess over the first n examples (default all), with errors.

    Binarisation and samples come from `seed`; `rows` examples are in memory at a time. `measure` returns the whole
    table. `say` receives the progress: the share that is done, and what is done now. Where all would take more than
    `seconds` at the pace of the first ones, as many random ones are measured as that allows, at least `LEAST`. Raises
    SpecError for K or n below 1.
    """
    settings.check(k=k, n=n)
    generator = torch.Generator(device=batches.examples.device).manual_seed(seed)
    count = len(batches) if n is None else min(n, len(batches))
    was_training = model.training
    model.eval()
    parts: list[Bounds] = []
    began = time.monotonic()
    while (start := rows * len(parts)) < count:
        part = slice(start, min(start + rows, count))
        x = batches.take(part, generator)
        parts.append(bounds(model.given(batches.given(part)), x, k, generator))
        say(part.stop / count, f"{part.stop:,} of {count:,} images, K = {k:,}")
        if seconds is not None:
            affordable = max(LEAST, int(seconds * part.stop / (time.monotonic() - began)))
            if affordable < count:
                # random ones: the first of a split that is in order would all be of one class
                chosen = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:affordable]
                batches, count, parts = batches.part(chosen.sort().values), affordable, []
                generator.manual_seed(seed)
            seconds = None
    model.train(was_training)
    result = {}
    for name in ("distortion", "rate", "elbo", "log_px", "ess"):
        values = [getattr(part, name) for part in parts]
        if all(v is not None for v in values):
            result[name] = Estimate.of(torch.cat(values))
    return result
