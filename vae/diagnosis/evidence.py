"""The types of evidence for a diagnosis: numbers with standard errors in nats per example, stored as JSON."""

import math
from dataclasses import dataclass, fields, is_dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from vae.evaluation.estimate import Estimate

T = TypeVar("T")


class Number(NamedTuple):
    """A mean over n examples with its standard error (evaluation.Estimate without torch)."""

    value: float
    se: float
    n: int

    def above(self, level: float, errors: float = 3.0) -> bool:
        """Return whether it is above a level by more than `errors` standard errors."""
        return self.value - errors * self.se > level

    def below(self, level: float, errors: float = 3.0) -> bool:
        """Return whether it is below a level by more than `errors` standard errors."""
        return self.value + errors * self.se < level


def number(found: "Estimate") -> Number:
    """Return an estimate as a Number of the evidence."""
    return Number(found.value, found.se, found.n)


@dataclass(frozen=True)
class Codes:
    """Statistics of the saved codes for each dimension [d].

    `rates` is KL(q(z_j|x) || N(0, 1)), `variance` Var_x E[z_j|x]; `mean` and `sigma` are those of the aggregate
    posterior q(z_j), sigma^2 = Var E[z_j|x] + E Var[z_j|x]; `saturated` the share of examples whose log sigma is at
    its bound. An autoencoder has no rates, and its sigma is that of its codes.
    """

    n: int
    rates: tuple[Number, ...] | None
    variance: tuple[Number, ...]
    mean: tuple[float, ...]
    sigma: tuple[float, ...]
    saturated: tuple[float, ...]


@dataclass(frozen=True)
class Codebook:
    """How often each point of a codebook is the nearest one, over all codes of n examples and all their groups.

    `perplexity` is exp(H) of these shares: the number of points that are used, if all were used equally.
    """

    counts: tuple[int, ...]
    perplexity: Number

    @property
    def used(self) -> int:
        """How many points are used at all."""
        return sum(count > 0 for count in self.counts)


@dataclass(frozen=True)
class Training:
    """Facts about the training: completed and requested epochs, and a weight whose schedule was not finished.

    `unfinished` is (name, value at the last step, final value of the schedule), `skipped` the number of non-finite
    steps.
    """

    epochs: int
    asked: int
    skipped: int
    unfinished: tuple[str, float, float] | None


@dataclass(frozen=True)
class Bound:
    """The bound on held-out examples; `gain` is the paired ELBO - `baseline`, that of the best model without latents.

    An autoencoder has -distortion instead of the ELBO, and no rate.
    """

    elbo: Number
    distortion: Number
    rate: Number | None
    baseline: Number
    gain: Number


@dataclass(frozen=True)
class Gap:
    """The gap log p(x) - ELBO: `gaps` of single examples and their mean `gap`.

    log p(x) is `truth`, by quadrature, where d <= 2, else L_K, itself a lower bound; `ess` of K = `k` samples are
    effective. `elbo` is over the same examples.
    """

    elbo: Number
    log_px: Number
    k: int
    ess: float
    truth: Number | None
    gap: Number
    gaps: tuple[float, ...]


@dataclass(frozen=True)
class Holes:
    """Holes, where the prior has mass and the data have none, in all latent dimensions.

    `share` is that of draws from `source` in holes, by log q - log p (`kind` "ratio") or by the distance to the nearest
    code ("distance"); `strays` is the share of q(z)'s own, each code left out in turn. The map is of the dimensions
    `pair` (counted from 0): `values` [G * G], rows upwards along `y`, are log q - log p of these dimensions in nats
    (`map_kind` "ratio"), or the distance to the nearest code, 1 where a hole begins ("distance").
    """

    kind: str
    map_kind: str
    source: str
    pair: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    values: tuple[float, ...]
    share: Number
    strays: float
    codes: int
    split: str


@dataclass(frozen=True)
class Surgery:
    """Rate = I(x; z) + TC + sum of dim-KL over n examples; `cap` is log n, the upper bound of I."""

    mutual_information: Number
    total_correlation: Number
    dimension_kl: Number
    by_dimension: tuple[float, ...] | None
    rate: Number
    cap: float
    capped: bool


@dataclass(frozen=True)
class Likelihood:
    """The calibration of p(x|z).

    kind "sigma": `predicted` and `residual` sigma, and the `cost` of their ratio in nats per example; kind
    "probability": pixel probabilities, `error` the expected calibration error. Bins: predicted, observed, count.
    """

    kind: str
    predicted: Number | None
    residual: Number | None
    cost: float | None
    error: float | None
    bins: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Width:
    """ELBO(c) - ELBO(1) for q(z|x) made c times as wide, for each of `factors`; `slope` is -dD/dR at c = 1."""

    factors: tuple[float, ...]
    gain: tuple[Number, ...]
    slope: Number | None

    @property
    def best(self) -> int:
        """The index of the factor of the highest ELBO."""
        return max(range(len(self.gain)), key=lambda i: self.gain[i].value)


@dataclass(frozen=True)
class Decoder:
    """The share [d] of the pixels' variance over the data that each dimension causes in the decoder."""

    share: tuple[Number, ...]


@dataclass(frozen=True)
class Reconstruction:
    """Reconstruction errors: distortion by class, the worst examples (numbers in the split, their distortions), and the
    squared error of an image decoded at its code's mean, and that of a classical method of the same size, fitted to
    training data (see `classical`).

    `saved` is the paired difference classical - model of squared errors, summed over pixels; `variance` the squared
    error of the training data's mean.
    """

    distortion: Number
    classes: dict[str, Number]
    worst: tuple[int, ...]
    worst_values: tuple[float, ...]
    error: Number
    classical: Number
    saved: Number
    variance: Number


@dataclass(frozen=True)
class Overfitting:
    """The ELBO (an autoencoder's -distortion) on training and on held-out examples, and their difference."""

    train: Number
    test: Number
    difference: Number


@dataclass(frozen=True)
class Tails:
    """The share `heavy` of images whose K = `k` importance weights have no finite variance by their Pareto shape."""

    heavy: Number
    k: int


@dataclass(frozen=True)
class Simulated:
    """Ranks of n simulated z among samples of q(z|x), by dimension: `shift` 0 and `spread` 1 for the posterior itself.

    `histogram` [d, bins] counts the ranks from below all samples to above all.
    """

    shift: tuple[Number, ...]
    spread: tuple[Number, ...]
    histogram: tuple[tuple[int, ...], ...]
    n: int


@dataclass(frozen=True)
class SampleQuality:
    """Samples against held-out data by k nearest neighbours, and `ceiling`, the same four of data against data.

    `space` "features" are those of a classifier of the data, "codes" the model's own. `kernel` is the kernel distance,
    the squared MMD in units in which real points have a mean square of 1, and `kernel_ceiling` that of data; `classes`
    has the coverage of each class, and that by data.
    """

    space: str
    k: int
    precision: Number
    recall: Number
    density: Number
    coverage: Number
    ceiling: tuple[Number, ...]
    kernel: Number
    kernel_ceiling: Number
    classes: dict[str, tuple[Number, Number]]


@dataclass(frozen=True)
class Memorised:
    """Shares nearer to one of n training than to one of n held-out examples: a half without memory.

    Those of `samples`, of the means of p(x|z) (`decoded`) and of held-out `data`; `training` is the number of all
    training examples, of which n are compared. `space` as in SampleQuality.
    """

    space: str
    n: int
    training: int
    samples: Number
    decoded: Number
    data: Number

    @property
    def copier(self) -> float:
        """The share of a model that does nothing but copy training examples, see `evaluation.memorisation`."""
        return (1 + self.n / self.training) / 2


@dataclass(frozen=True)
class Statistics:
    """Statistics of n samples beside those of n held-out examples, each by its name.

    `distance` is that of their distributions, `p` its corrected p-value (evaluation.predictive), `redrawn` the distance
    of those examples drawn again from their own codes, `middle` the medians of data and samples, and `below` the share
    of samples below each of the data's quantiles, from the 0th to the 100th at equal steps.
    """

    n: int
    distance: dict[str, float]
    p: dict[str, float]
    redrawn: dict[str, float]
    middle: dict[str, tuple[float, ...]]
    below: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Strange:
    """Scores of single examples, by name, of the model's own data and of the dataset `against`, larger is stranger.

    `own_images` and `other_images` are their numbers in the test splits, evenly spread.
    `auc` is the probability that an example of the other dataset has the higher score. In nats, see
    `evaluation.strangeness`.
    """

    against: str
    own_images: tuple[int, ...]
    other_images: tuple[int, ...]
    own: dict[str, tuple[float, ...]]
    other: dict[str, tuple[float, ...]]
    auc: dict[str, Number]


PARTS: dict[str, type[Any]] = {
    "codes": Codes,
    "training": Training,
    "codebook": Codebook,
    "bound": Bound,
    "decoder": Decoder,
    "likelihood": Likelihood,
    "width": Width,
    "overfitting": Overfitting,
    "reconstruction": Reconstruction,
    "holes": Holes,
    "surgery": Surgery,
    "gap": Gap,
    "tails": Tails,
    "simulated": Simulated,
    "samples": SampleQuality,
    "memorised": Memorised,
    "statistics": Statistics,
    "strange": Strange,
}  # in the order in which they are measured
QUICK = ("codes", "training", "codebook")  # without torch


@dataclass(frozen=True)
class Evidence:
    """The evidence of a model so far; a part is None if it is not measured yet or does not apply."""

    codes: Codes | None = None
    training: Training | None = None
    codebook: Codebook | None = None
    bound: Bound | None = None
    overfitting: Overfitting | None = None
    reconstruction: Reconstruction | None = None
    holes: Holes | None = None
    likelihood: Likelihood | None = None
    width: Width | None = None
    decoder: Decoder | None = None
    surgery: Surgery | None = None
    gap: Gap | None = None
    tails: Tails | None = None
    simulated: Simulated | None = None
    samples: SampleQuality | None = None
    memorised: Memorised | None = None
    statistics: Statistics | None = None
    strange: Strange | None = None


def plain(value: Any) -> Any:
    """Return evidence as plain JSON values."""
    if isinstance(value, Number):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def restore(kind: type[T], content: Any) -> T:
    """Return the evidence of JSON content; raises KeyError or TypeError if the content has another form."""
    hints = get_type_hints(kind)
    return kind(**{f.name: _value(hints[f.name], content[f.name]) for f in fields(kind)})  # type: ignore[arg-type]


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return math.nan if hint is float else None  # JSON has no NaN
    if hint is Number:
        number, error, n = value
        return Number(_value(float, number), _value(float, error), n)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        inner = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_value(kind, item) for kind, item in zip(inner, value, strict=True))
    if origin is dict:
        return {name: _value(arguments[1], item) for name, item in value.items()}
    return value
