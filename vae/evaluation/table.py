"""The evaluation table of a model, row by row, each with its standard error: `list(measure(...))`."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributions import Independent, Normal

from vae.data.batches import Batches
from vae.evaluation import codes
from vae.evaluation.annealing import ais
from vae.evaluation.estimate import Estimate
from vae.evaluation.gaps import split
from vae.evaluation.importance import KS, Bounds, bounds
from vae.evaluation.information import decomposition, information_bounds, subset
from vae.evaluation.missing import log_seen
from vae.evaluation.quadrature import exact
from vae.model import LatentModel
from vae.model.families import bits_per_dim

PARTS = ("bounds", "truth", "information", "codes")  # in the order of the table


@dataclass(frozen=True)
class Row:
    """One number: its name, its symbol in LaTeX, the estimate, its unit, and a note."""

    name: str
    symbol: str
    estimate: Estimate
    units: str = "nats"
    note: str = ""


@dataclass(frozen=True)
class Sizes:
    """The numbers of examples and samples of each part of the table; 0 omits a part.

    `subset` is the largest number of examples for MI, TC and dim-KL, stated in the row. `probe` training codes fit
    kNN and the linear probe. `tolerance` (nats) is of each integral of the gap.
    """

    examples: int = 1000
    ks: tuple[int, ...] = KS
    subset: int = 4096
    exact: int = 1000
    gaps: int = 20
    tolerance: float = 1e-4
    ais: int = 20
    chains: int = 16
    temperatures: int = 100
    probe: int = 5000
    rows: int = 50


def measure(
    model: LatentModel,
    batches: Batches,
    sizes: Sizes = Sizes(),
    labels: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    train: Batches | None = None,
    train_labels: np.ndarray | None = None,
    seed: int = 0,
    parts: Collection[str] = PARTS,
) -> Iterator[Row]:
    """Yield the rows of a model's table on held-out data, or of `parts` of it, each as soon as it is known.

    The caller stops the evaluation by not asking for the next row.

    Every part takes the first examples, binarised from `seed`, and its rows say how many. Parts that do not apply
    are omitted: bounds without a prior, quadrature beyond two latents (there AIS cross-checks), classes without
    labels, probes without a labelled training set, MI and gaps for a q without marginals. A model conditioned on labels
    has only bounds: its log p(x|y) and I(x; z|y) are other quantities. Raises only what its parts raise.
    """
    was_training = model.training
    model.eval()
    try:
        if "bounds" in parts:
            yield from _bounds(model, batches, sizes, labels, classes, seed)
        if batches.labels is not None:
            return
        if "truth" in parts:
            yield from _truth(model, batches, sizes, seed)
        if "information" in parts:
            yield from _information(model, batches, sizes, seed)
        if "codes" in parts:
            yield from _codes(model, batches, sizes, labels, train, train_labels, seed)
    finally:
        model.train(was_training)


def factorised(model: LatentModel, batches: Batches) -> bool:
    """Return whether q(z|x) is a Normal with independent dimensions."""
    with torch.no_grad():
        q = model.encode(batches.take(slice(0, 1)))
    return isinstance(q, Independent) and isinstance(q.base_dist, Normal)


def _generator(batches: Batches, seed: int) -> torch.Generator:
    return torch.Generator(device=batches.examples.device).manual_seed(seed)


def _bounds(
    model: LatentModel,
    batches: Batches,
    sizes: Sizes,
    labels: np.ndarray | None,
    classes: tuple[str, ...],
    seed: int,
) -> Iterator[Row]:
    n = min(sizes.examples, len(batches))
    if not n:
        return
    x, generator = subset(batches, n, seed), _generator(batches, seed + 1)
    parts: list[Bounds] = []
    for start in range(0, n, sizes.rows):
        part = slice(start, min(start + sizes.rows, n))
        parts.append(bounds(model.given(batches.given(part)), x[part], sizes.ks, generator))
    distortion = torch.cat([part.distortion for part in parts])
    drawn, note = f"the mean of {parts[0].k:,} samples of q", "reconstruction: the decoder at the code"
    if model.prior is not None:
        note = f"reconstruction: {drawn}"
    yield Row("distortion", r"-\mathbb{E}_q[\log p(x|z)]", Estimate.of(distortion), note=note)
    if model.prior is not None:
        rate, elbo = (torch.cat([getattr(part, name) for part in parts]) for name in ("rate", "elbo"))
        note = "rate, computed in closed form" if parts[0].exact_rate else f"rate, computed {drawn}"
        yield Row("rate", r"\mathrm{KL}(q(z|x)\,\|\,p(z))", Estimate.of(rate), note=note)
        yield Row("elbo", r"\mathrm{ELBO}", Estimate.of(elbo), note="minus both: a lower bound of log p(x)")
        for rungs in zip(*[part.ladder for part in parts], strict=True):
            k = rungs[0].k
            log_px = Estimate.of(torch.cat([rung.log_px for rung in rungs]))
            ess = Estimate.of(torch.cat([rung.ess for rung in rungs]))
            yield Row(
                f"log_px_{k}", rf"\mathcal{{L}}_{{{k}}}", log_px, note=f"effective sample size {ess.value:.1f} of {k}"
            )
        best = Estimate.of(torch.cat([part.ladder[-1].log_px for part in parts]))
        dims = x[0].numel()
        bits = Estimate(bits_per_dim(-best.value, dims), bits_per_dim(best.se, dims), best.n)
        note = f"from L_{sizes.ks[-1]}: an upper bound; of densities it may be negative"
        yield Row("bits_per_dim", r"-\mathcal{L}_K / (D \ln 2)", bits, "bits", note)
    if labels is not None:
        for name, estimate in codes.by_class(distortion, labels[:n], classes).items():
            yield Row(
                f"distortion of {name}", rf"D_\text{{{name}}}", estimate, note="reconstruction error of one class"
            )


def _truth(model: LatentModel, batches: Batches, sizes: Sizes, seed: int) -> Iterator[Row]:
    """Yield log p(x): by quadrature for one or two latents, else by AIS."""
    if model.prior is None:
        return
    if model.prior().event_shape[0] > 2:
        if sizes.ais:
            x = subset(batches, min(sizes.ais, len(batches)), seed)
            found = ais(model, x, sizes.chains, sizes.temperatures, generator=_generator(batches, seed + 2))
            within = found.se.square().mean().sqrt().item()
            note = f"AIS, {sizes.chains} chains: a stochastic lower bound, each image ± {within:.2f}"
            if found.disagree is not None:
                note = f"{note}; the higher of those from q and from the prior"
                count = int(found.disagree.sum())
                if count:
                    note = f"{note}, which disagree for {count} of {len(x)} images: q misses modes, or both do"
            yield Row("log_px_ais", r"\log p(x)", Estimate.of(found.log_px), note=note)
        return
    if sizes.exact:
        x = subset(batches, min(sizes.exact, len(batches)), seed)
        truth = exact(model, x)
        note = f"quadrature; at most {truth.outside.max().item():.0e} of a posterior's mass left out"
        yield Row("log_px", r"\log p(x)", Estimate.of(truth.log_px), note=note)
        if x.ndim == 4:
            upper = torch.zeros(x.shape[1:], dtype=torch.bool, device=x.device)
            upper[:, : x.shape[2] // 2] = True
            note = "the lower half of each image, given the upper one"
            lower = Estimate.of(truth.log_px - log_seen(model, x, upper))
            yield Row("log_missing", r"\log p(x_m|x_o)", lower, note=note)
    if sizes.gaps and factorised(model, batches):
        gap = split(model, subset(batches, min(sizes.gaps, len(batches)), seed), tolerance=sizes.tolerance)
        note = f"|ELBO + KL(q‖p(z|x)) − log p(x)| ≤ {gap.residual.abs().max().item():.0e} per image"
        yield Row("gap", r"\mathrm{KL}(q(z|x)\,\|\,p(z|x))", Estimate.of(gap.kl), note=note)
        yield Row(
            "amortisation_gap",
            r"\mathrm{ELBO}(q^*) - \mathrm{ELBO}(q)",
            Estimate.of(gap.amortisation),
            note="gain of the best q of this family for each image",
        )
        yield Row(
            "approximation_gap",
            r"\log p(x) - \mathrm{ELBO}(q^*)",
            Estimate.of(gap.approximation),
            note="remaining gap of the best q of this family",
        )


@torch.no_grad()
def _information(model: LatentModel, batches: Batches, sizes: Sizes, seed: int) -> Iterator[Row]:
    n = min(sizes.subset, len(batches))
    if not n:
        return
    x, generator = subset(batches, n, seed), _generator(batches, seed + 3)
    over = f"over the first {n:,} examples"
    if model.prior is not None and factorised(model, batches):
        parts = decomposition(model.encode(x), model.prior(), 1, generator)
        cap = f"{over}; cannot exceed log N = {parts.cap:.2f}"
        cap = f"{cap}, and is there" if parts.capped else cap
        yield Row("mutual_information", r"I(x; z)", parts.mutual_information, note=cap)
        yield Row("total_correlation", r"\mathrm{TC}(z)", parts.total_correlation, note=over)
        yield Row("dimension_kl", r"\sum_j \mathrm{KL}(q(z_j)\,\|\,p(z_j))", parts.dimension_kl, note=over)
    few = torch.unique(x[: sizes.examples].flatten(1), dim=0).unflatten(1, x.shape[1:])
    if len(few) < 2:
        return
    found = information_bounds(model, few, 1, generator)
    over = f"over {len(few):,} different examples, H = log N = {found.entropy:.2f}"
    yield Row("information_plain", r"H - D", found.plain, note=f"{over}; the decoder as it is")
    yield Row("information_lower", r"H - D_N", found.lower, note=f"{over}; the decoder choosing among them")
    exactly = f"{over}; z is a function of x, so this is I(x; z); R is infinite"
    note = exactly if found.deterministic else f"{over}; min(R, log N)"
    yield Row("information_upper", r"I \leq", found.upper, note=note)


def _codes(
    model: LatentModel,
    batches: Batches,
    sizes: Sizes,
    labels: np.ndarray | None,
    train: Batches | None,
    train_labels: np.ndarray | None,
    seed: int,
) -> Iterator[Row]:
    found = codes.means(model, batches, sizes.subset or None, seed)
    if len(found) > 1:
        units = codes.active_units(found)
        least = ", ".join(f"{v:.2g}" for v in units.variance.tolist()[:20])
        note = f"of {len(units.variance)}: Var E[z_j|x] > {codes.ACTIVE} over {units.n:,} examples ({least})"
        yield Row("active_units", r"\mathrm{AU}", Estimate.exactly(units.count, units.n), "units", note)
    if labels is None or train is None or train_labels is None or not sizes.probe:
        return
    known = codes.means(model, train, sizes.probe, seed).numpy()
    arguments = known, train_labels[: len(known)], found.numpy(), labels[: len(found)]
    note = f"fitted to {len(known):,} training codes"
    yield Row("knn_accuracy", r"\mathrm{acc}_{5\mathrm{NN}}", codes.knn_accuracy(*arguments), "share", note)
    yield Row("linear_accuracy", r"\mathrm{acc}_\mathrm{linear}", codes.linear_accuracy(*arguments), "share", note)
