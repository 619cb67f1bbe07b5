"""What a diagnosis rests on: plain numbers with their standard errors, which go to JSON and back. Nats per example."""

from dataclasses import dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Number(NamedTuple):
    """A mean over n examples with its standard error, as evaluation.Estimate is, without torch."""

    value: float
    se: float
    n: int

    def above(self, level: float, errors: float = 3.0) -> bool:
        """Return whether it lies above a level by more than so many standard errors."""
        return self.value - errors * self.se > level

    def below(self, level: float, errors: float = 3.0) -> bool:
        """Return whether it lies below a level by more than so many standard errors."""
        return self.value + errors * self.se < level


@dataclass(frozen=True)
class Codes:
    """What the saved codes say of each dimension [d].

    `rates` is KL(q(z_j|x) || N(0, 1)), `variance` Var_x E[z_j|x]; `mean` and `sigma` are those of the aggregate
    posterior q(z_j), sigma^2 = Var E[z_j|x] + E Var[z_j|x]; `saturated` the share of examples whose log sigma stands at
    its bound. An autoencoder has no rates, and its sigma is that of its points.
    """

    n: int
    rates: tuple[Number, ...] | None
    variance: tuple[Number, ...]
    mean: tuple[float, ...]
    sigma: tuple[float, ...]
    saturated: tuple[float, ...]


@dataclass(frozen=True)
class Training:
    """What the record of training says: epochs made of those asked for, and a weight that had not reached its end.

    `unfinished` is (name, value at the last step, value it was to reach), `skipped` the steps that were not finite.
    """

    epochs: int
    asked: int
    skipped: int
    unfinished: tuple[str, float, float] | None


@dataclass(frozen=True)
class Bound:
    """The bound on held-out examples, and what the latents buy over none: `gain` is the paired ELBO - `baseline`.

    An autoencoder has -distortion in the place of the ELBO, and no rate.
    """

    elbo: Number
    distortion: Number
    rate: Number | None
    baseline: Number
    gain: Number


@dataclass(frozen=True)
class Gap:
    """How far the ELBO lies below log p(x), by `gaps` of single examples and their mean `gap`.

    log p(x) is `truth`, by quadrature, where d <= 2, else L_K, itself a lower bound; `ess` of K = `k` samples are
    effective. `elbo` is over the same examples as what it is held against.
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
    """Where the prior puts mass and the data do not, over dimensions `pair` (counted from 0).

    `values` [G * G], rows upwards along `y`, are log q - log p of these dimensions in nats (kind "ratio"), or the
    distance to the nearest code in typical neighbour distances (kind "distance"). `share` is of `source` draws that lie
    in holes; `strays` is the share of codes that would count as lying in one, each left out in turn.
    """

    kind: str
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
    """Rate = I(x; z) + TC + sum of dim-KL over n examples; `cap` is log n, which I cannot exceed."""

    mutual_information: Number
    total_correlation: Number
    dimension_kl: Number
    by_dimension: tuple[float, ...] | None
    rate: Number
    cap: float
    capped: bool


@dataclass(frozen=True)
class Likelihood:
    """Whether p(x|z) means what it says.

    kind "sigma": `predicted` and `residual` sigma, and the `cost` of their ratio in nats per example; kind
    "probability": pixel probabilities, `error` the expected calibration error. Bins: prediction, what came, how many.
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
    """How much of the pixels' variance over the data each dimension moves [d], the others as they are in the data."""

    share: tuple[Number, ...]


@dataclass(frozen=True)
class Reconstruction:
    """Reconstruction errors: distortion by class, the worst examples (numbers in the split, their distortions), and the
    squared error of an image decoded at its code's mean, beside PCA's with as many dimensions fitted to training data.

    `saved` is the paired difference PCA - model of squared errors, summed over pixels.
    """

    distortion: Number
    classes: dict[str, Number]
    worst: tuple[int, ...]
    worst_values: tuple[float, ...]
    error: Number
    pca: Number
    saved: Number


@dataclass(frozen=True)
class Overfitting:
    """The ELBO (an autoencoder's -distortion) on training and on held-out examples, and their difference."""

    train: Number
    test: Number
    difference: Number


PARTS: dict[str, type[Any]] = {
    "codes": Codes,
    "training": Training,
    "bound": Bound,
    "decoder": Decoder,
    "likelihood": Likelihood,
    "width": Width,
    "overfitting": Overfitting,
    "reconstruction": Reconstruction,
    "holes": Holes,
    "surgery": Surgery,
    "gap": Gap,
}  # in the order in which they are measured
QUICK = ("codes", "training")  # without torch


@dataclass(frozen=True)
class Evidence:
    """What is known of a model so far; a part that is None is not there yet, or the model has none."""

    codes: Codes | None = None
    training: Training | None = None
    bound: Bound | None = None
    overfitting: Overfitting | None = None
    reconstruction: Reconstruction | None = None
    holes: Holes | None = None
    likelihood: Likelihood | None = None
    width: Width | None = None
    decoder: Decoder | None = None
    surgery: Surgery | None = None
    gap: Gap | None = None


def plain(value: Any) -> Any:
    """Return evidence as JSON holds it."""
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
    """Return the evidence of JSON content; raises KeyError or TypeError where it is of another form."""
    hints = get_type_hints(kind)
    return kind(**{f.name: _value(hints[f.name], content[f.name]) for f in fields(kind)})  # type: ignore[arg-type]


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if hint is Number:
        return Number(*value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        inner = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_value(kind, item) for kind, item in zip(inner, value, strict=True))
    if origin is dict:
        return {name: _value(arguments[1], item) for name, item in value.items()}
    return value
