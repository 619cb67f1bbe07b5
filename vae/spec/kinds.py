"""The classes of the entries in vae.spec.choices: a prior, a likelihood, an objective and so on.

An entry holds all facts about a kind that need no torch. The form, the command line, the checks, the formulas,
the estimate of time and the documentation read it, and no other code names the kind. Differences between kinds are
properties of the entry, so that no code has to compare names.
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
    """The sizes of a spec, on which the work of its parts depends."""

    @property
    def latent(self) -> int: ...
    @property
    def shape(self) -> Shape: ...
    def encoder_layers(self) -> list[Layer]: ...


def loaded(code: str) -> Any:
    """Return the object that "module:name" names."""
    module, _, name = code.partition(":")
    return getattr(import_module(module), name)


def no_work(options: Options, spec: Sized) -> Work:
    """Return the work of a kind that adds nothing to that of the two networks."""
    return Work()


@dataclass(frozen=True)
class Kind:
    """One kind: a title, a sentence, its code ("module:name", imported when it is built), and its options by name.

    `work(options, spec)` returns the kind's work in a training step; `options` holds all options, defaults included.
    `by_hand` False: it comes with a model of another library only, and no form or command line offers it.
    """

    title: str
    sentence: str
    code: str
    options: Mapping[str, Option] = field(default_factory=dict)
    work: Callable[[Options, Sized], Work] = no_work
    by_hand: bool = field(default=True, kw_only=True)

    def load(self) -> Any:
        """Return the class or function; imports torch if its module does."""
        return loaded(self.code)

    def filled(self, entry: Options) -> dict[str, Any]:
        """Return all options of an entry; missing options get their defaults."""
        return {name: entry.get(name, option.default) for name, option in self.options.items()}


@dataclass(frozen=True)
class Network(Kind):
    """A network between two shapes; `images` says that one of them must be an image [C, H, W]."""

    images: bool = False


def nothing_more(n: int, options: Options) -> int:
    """Return 0: the family takes no numbers besides locations and scales."""
    return 0


@dataclass(frozen=True)
class Family(Kind):
    """A distribution whose parameters are a network's output: locations, scales if `sigma` is "each", `extra` numbers.

    `symbol`, `spread` and `power` are LaTeX: its name, the letter of its scale, and the exponent of the scale.
    """

    symbol: str = ""
    spread: str = ""
    power: str = ""
    extra: Callable[[int, Options], int] = nothing_more

    def width(self, n: int, entry: Options) -> int:
        """Return the number of channels of raw output for an event with n channels."""
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
    `drawn`: grey pixels are the probabilities of binary ones, over whose draws it takes the mean.
    """

    support: str = REAL
    mean: str = "identity"
    baseline: str = ""
    drawn: bool = False

    @property
    def counted(self) -> bool:
        """Whether its means are probabilities of events that can be counted."""
        return self.binary or self.drawn

    @property
    def binary(self) -> bool:
        """Whether it is a probability on {0, 1}, so that grey pixels must be binarised first."""
        return self.support == BINARY

    @property
    def bits(self) -> bool:
        """Whether it is a probability on grey levels, so that bits per dimension are defined."""
        return self.support == LEVELS

    @property
    def bounded(self) -> bool:
        """Whether it accepts only pixels in [0, 1]."""
        return self.support != REAL

    @property
    def shown(self) -> str:
        """The name of the value that the decoder's image shows: the mean, or the location if that is not the mean."""
        return "location" if self.support == LEVELS else "mean"


@dataclass(frozen=True)
class Posterior(Family):
    """q(z|x). `distribution` is the torch distribution it makes, as rules.CLOSED_RATES names it.

    `density`: it has a density; without one there is no rate and no bound. `factorised`: over dimensions. `scalable`:
    it is location plus scale times noise, so one factor makes it wider. `codebook`: its points form a codebook.
    `least_latents` is the least number of latents for which it is more than a simpler family.
    """

    distribution: str = ""
    density: bool = True
    factorised: bool = False
    scalable: bool = False
    codebook: bool = False
    least_latents: int = 1


@dataclass(frozen=True)
class Prior(Kind):
    """p(z). `symbol` is its LaTeX, `distribution` the torch distribution it makes, as rules.CLOSED_RATES names it.

    `standard`: it is N(0, I). `learned`: it has weights. `factorised`: over dimensions. `reparametrised`: its samples
    carry a gradient. `by_label` is the code of its variant with a mean and sigma for each label; `no_labels` says why
    it cannot be used with labels at all. `least_latents` is as for a posterior.
    """

    symbol: str = ""
    distribution: str = ""
    standard: bool = False
    learned: bool = False
    factorised: bool = False
    reparametrised: bool = True
    by_label: str = ""
    no_labels: str = ""
    least_latents: int = 1

    def load_by_label(self) -> Any:
        """Return the class of the variant with a mean and sigma for each label."""
        return loaded(self.by_label)


class Notation(Protocol):
    """The parts of an objective's formula (see vae.spec.formulas)."""

    fit: str  # E_q[log p(x|z)]
    rate: str  # KL(q(z|x) || p(z))
    q: str  # q(z|x), as the chosen distribution
    p: str  # p(z)
    k: int  # samples of z
    model: str  # prior, likelihood and posterior, each as its formula

    def number(self, name: str) -> str:
        """Return one of the objective's options: its value, or a symbol if it is scheduled."""

    def minus(self, factor: str, what: str) -> str:
        """Return " - factor what", without a factor of 1, and nothing where the factor is 0."""


def reconstruction_formula(of: Notation) -> str:
    """Return the formula of an objective without a rate."""
    return of.fit


ANY_PATH = ("reparametrised", "reparametrised-mc", "stl", "dreg", "score")
REPARAMETRISED = ("reparametrised", "reparametrised-mc")


@dataclass(frozen=True)
class Objective(Kind):
    """An objective, which training maximises; its options can be schedules.

    `needs` are names of rules.NEEDS, `paths` the gradient paths that it allows, `samples` the usual K in training.

    `bound`: at its default numbers it is a bound on log p(x). `couples_batch`: it compares a batch's examples with each
    other. `aggregate_weight` names the option that weighs how far all codes together are from the prior, `asked_rate`
    the one that is the rate it asks for, in nats.
    """

    formula: Callable[[Notation], str] = reconstruction_formula
    needs: tuple[str, ...] = ("density",)
    paths: tuple[str, ...] = ANY_PATH
    samples: int = 1
    bound: bool = False
    couples_batch: bool = False
    aggregate_weight: str = ""
    asked_rate: str = ""

    @property
    def density(self) -> bool:
        """Whether it needs a prior and a posterior with a density."""
        return "density" in self.needs


@dataclass(frozen=True)
class Term(Kind):
    """A penalty: the objective minus `weight` (an option) times it; `formula` is its LaTeX."""

    formula: str = ""
    needs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ANY_PATH


@dataclass(frozen=True)
class GradientPath(Kind):
    """An estimator of the gradient with respect to q; `density`: q must have a density; `least`: the minimal K."""

    density: bool = True
    least: int = 1


@dataclass(frozen=True)
class Role:
    """A field of a spec that chooses one kind of a table; `optional`: it can be None."""

    title: str
    sentence: str
    kinds: Mapping[str, Kind]
    optional: bool = False
