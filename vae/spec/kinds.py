"""What an entry of the tables in vae.spec.choices says of a prior, a likelihood, an objective and so on.

An entry is all that the project knows of a kind without torch: the form, the command line, the checks, the formulas,
the estimate of time and the documentation read it, and nothing else names the kind. What differs between kinds is a
property here, so that nobody has to ask for a name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from vae.spec.fields import Option
from vae.spec.layers import Layer, Shape
from vae.spec.work import Work

Options = Mapping[str, Any]


class Sized(Protocol):
    """What the work of a part depends on: the sizes of a spec."""

    @property
    def latent(self) -> int: ...
    @property
    def shape(self) -> Shape: ...
    def encoder_layers(self) -> list[Layer]: ...


def loaded(code: str) -> Any:
    """Return what "module:name" names."""
    module, _, name = code.partition(":")
    return getattr(import_module(module), name)


def no_work(options: Options, spec: Sized) -> Work:
    """Return the work of what adds nothing to the two networks."""
    return Work()


@dataclass(frozen=True)
class Kind:
    """A title, a sentence, where the code is ("module:name", imported when it is built), and the options by name.

    `work` returns what the kind adds to a training step, given its options, all of them spelt out, and the spec.
    """

    title: str
    sentence: str
    code: str
    options: Mapping[str, Option] = field(default_factory=dict)
    work: Callable[[Options, Sized], Work] = no_work

    def load(self) -> Any:
        """Return the class or function; imports torch where the code does."""
        return loaded(self.code)

    def filled(self, entry: Options) -> dict[str, Any]:
        """Return an entry's options, those that it leaves out at their defaults."""
        return {name: entry.get(name, option.default) for name, option in self.options.items()}


@dataclass(frozen=True)
class Network(Kind):
    """A network between two shapes; `images` says that one of them must be an image [C, H, W]."""

    images: bool = False


def nothing_more(n: int, options: Options) -> int:
    """Return how many numbers a family takes beyond locations and scales: none."""
    return 0


@dataclass(frozen=True)
class Family(Kind):
    """A distribution made of a network's raw output: locations, scales where `sigma` is "each", then `extra` numbers.

    `symbol`, `spread` and `power` are its LaTeX: its name, its scale's letter, and the power the scale is written with.
    """

    symbol: str = ""
    spread: str = ""
    power: str = ""
    extra: Callable[[int, Options], int] = nothing_more

    def width(self, n: int, entry: Options) -> int:
        """Return how many channels of raw output an event with n of them takes."""
        options = self.filled(entry)
        return n * (2 if options.get("sigma") == "each" else 1) + self.extra(n, options)


BINARY, UNIT, LEVELS, REAL = "binary", "unit", "levels", "real"


@dataclass(frozen=True)
class Likelihood(Family):
    """p(x|z). `support` is what it is a density or probability of: BINARY 0 and 1, UNIT [0, 1], LEVELS whole grey
    levels, REAL any numbers.

    `mean` is the formula of what is shown: "sigmoid" | "continuous_bernoulli" | "identity", which the browser's decoder
    knows. The identity is the mean of Normal and Laplace, and the location of the discretised logistic: its mean before
    rounding and, rounded, its median. `baseline` is where the best model without latents is fitted ("module:name").
    """

    support: str = REAL
    mean: str = "identity"
    baseline: str = ""

    @property
    def binary(self) -> bool:
        """Whether it is a probability of 0 and 1 alone, so that grey pixels are binarised first."""
        return self.support == BINARY

    @property
    def bits(self) -> bool:
        """Whether it is a probability of grey levels, so that bits per dimension mean something."""
        return self.support == LEVELS

    @property
    def bounded(self) -> bool:
        """Whether it takes pixels of [0, 1] alone."""
        return self.support != REAL

    @property
    def shown(self) -> str:
        """What the decoder's picture is called: the mean, or the location where that is no mean."""
        return "location" if self.support == LEVELS else "mean"


@dataclass(frozen=True)
class Posterior(Family):
    """q(z|x). `distribution` is the torch distribution it makes, as rules.CLOSED_RATES names it.

    `density`: it has one, else there is no rate and no bound. `factorised`: over dimensions. `scalable`: it is location
    plus width times noise, so that one factor makes it wider. `codebook`: its points are those of a codebook.
    """

    distribution: str = ""
    density: bool = True
    factorised: bool = False
    scalable: bool = False
    codebook: bool = False


@dataclass(frozen=True)
class Prior(Kind):
    """p(z). `symbol` is its LaTeX, `distribution` the torch distribution it makes, as rules.CLOSED_RATES names it.

    `standard`: it is N(0, I). `learned`: it has weights. `factorised`: over dimensions. `reparametrised`: its samples
    carry a gradient. `by_label` is where its variant with a mean and sigma for each label is; `no_labels` says why it
    cannot stand beside labels at all.
    """

    symbol: str = ""
    distribution: str = ""
    standard: bool = False
    learned: bool = False
    factorised: bool = False
    reparametrised: bool = True
    by_label: str = ""
    no_labels: str = ""

    def load_by_label(self) -> Any:
        """Return the class of the variant by label."""
        return loaded(self.by_label)


class Notation(Protocol):
    """What an objective's formula is put together from (see vae.spec.formulas)."""

    fit: str  # E_q[log p(x|z)]
    rate: str  # KL(q(z|x) || p(z))
    q: str  # q(z|x), as the chosen distribution
    p: str  # p(z)
    k: int  # samples of z
    model: str  # prior, likelihood and posterior, each as its formula

    def number(self, name: str) -> str:
        """Return one of the objective's numbers: a value, or the symbol of its schedule."""

    def minus(self, factor: str, what: str) -> str:
        """Return " - factor what", without a factor of 1, and nothing where the factor is 0."""


def fit_alone(of: Notation) -> str:
    """Return the formula of an objective without a rate."""
    return of.fit


ANY_PATH = ("reparametrised", "reparametrised-mc", "stl", "dreg", "score")
REPARAMETRISED = ("reparametrised", "reparametrised-mc")


@dataclass(frozen=True)
class Objective(Kind):
    """What is climbed; its options may be schedules. `needs` are names of rules.NEEDS, `paths` the gradient paths that
    it can take, `samples` the K that it is usually trained with.

    `bound`: at its default numbers it is a bound on log p(x). `couples_batch`: it compares a batch's examples with each
    other. `aggregate_weight` names the option that weighs how far all codes together are from the prior.
    """

    formula: Callable[[Notation], str] = fit_alone
    needs: tuple[str, ...] = ("density",)
    paths: tuple[str, ...] = ANY_PATH
    samples: int = 1
    bound: bool = False
    couples_batch: bool = False
    aggregate_weight: str = ""

    @property
    def density(self) -> bool:
        """Whether it needs a prior and a posterior with a density."""
        return "density" in self.needs


@dataclass(frozen=True)
class Term(Kind):
    """A penalty that is taken off the objective, times its option `weight`; `formula` is its LaTeX."""

    formula: str = ""
    needs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ANY_PATH


@dataclass(frozen=True)
class GradientPath(Kind):
    """How the gradient reaches q; `density`: it needs a posterior with one, `least`: so many samples."""

    density: bool = True
    least: int = 1


@dataclass(frozen=True)
class Role:
    """An entry of a spec that chooses one of a table's kinds; `optional`: it may be None."""

    title: str
    sentence: str
    kinds: Mapping[str, Kind]
    optional: bool = False
