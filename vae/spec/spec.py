"""A spec says in one frozen object which model is trained on which data, and how; it goes to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from vae.spec import formulas, schedules
from vae.spec import layers as networks
from vae.spec import rules as compose
from vae.spec.heads import PRIORS, Head, heads
from vae.spec.layers import Layer, Shape
from vae.spec.presets import PRESETS
from vae.spec.schedules import Number

if TYPE_CHECKING:
    from vae.model import LatentModel
    from vae.model.objectives import Objective

Options = dict[str, Any]


class SpecError(ValueError):
    """A spec that describes no trainable model."""


def head(family: Mapping[str, Any], n: int = 1) -> Head:
    """Return the torch-free description of a family {"kind": ..., **options} over events whose first axis is n."""
    context = family.get("context", 0)
    if not isinstance(context, int) or isinstance(context, bool) or not 0 <= context <= 4096:
        raise SpecError(f"context must be a whole number from 0 to 4096, not {context!r}")
    known = heads(family, n)
    if family.get("kind") not in known:
        raise SpecError(f"unknown distribution {family.get('kind')!r}; choose one of {sorted(known)}")
    return known[family["kind"]]


@dataclass(frozen=True)
class Spec:
    """p(z), p(x|z), q(z|x), two networks, what to climb, and how to climb it.

    Distributions, networks, the objective and its additive `terms` are {"kind": name, **options}; `decoder` None
    mirrors `encoder`; numbers of the objective and of terms, and `learning_rate`, may be schedules.
    `condition` {"kind": "labels", "classes": 10, "prior": False} shows encoder and decoder, and the prior if it is to
    have a mean and sigma for each label, the example's label. `shape` is the data's, one example's.
    """

    preset: str = "vae"
    data: str = "mnist"
    shape: Shape = (1, 28, 28)
    size: int | None = None
    binarisation: str = "dynamic"
    latent: int = 2
    encoder: Options = field(default_factory=lambda: {"kind": "mlp", "widths": [256, 128]})
    decoder: Options | None = None
    likelihood: Options = field(default_factory=lambda: {"kind": "bernoulli"})
    posterior: Options = field(default_factory=lambda: {"kind": "normal"})
    prior: Options | None = field(default_factory=lambda: {"kind": "standard_normal"})
    objective: Options = field(default_factory=lambda: {"kind": "elbo"})
    samples: int = 1
    path: str = "reparametrised"
    terms: tuple[Options, ...] = ()
    corruption: Options | None = None
    condition: Options | None = None
    learning_rate: Number = 1e-3
    weight_decay: float = 0.0
    clip: float | None = None
    batch: int = 128
    epochs: int = 20
    keep: str = "best"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        object.__setattr__(self, "terms", tuple(self.terms))
        for name, low, high in (("latent", 1, 4096), ("samples", 1, 10_000), ("batch", 1, 65536), ("epochs", 1, 10**6)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise SpecError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        if not all(isinstance(s, int) and s > 0 for s in self.shape) or not self.shape:
            raise SpecError(f"shape must hold positive whole numbers, not {self.shape}")
        if self.binarisation not in ("dynamic", "static", "none"):
            raise SpecError(f"binarisation is dynamic, static or none, not {self.binarisation!r}")
        if self.keep not in ("best", "last"):
            raise SpecError(f"keep is 'best' (on validation) or 'last', not {self.keep!r}")
        for role in ("likelihood", "posterior"):
            family = getattr(self, role)
            if not getattr(head(family), role):
                able = sorted(name for name, other in heads(family).items() if getattr(other, role))
                raise SpecError(f"{family['kind']} cannot be the {role}; choose one of {able}")
        if self.prior is not None:
            if self.prior.get("kind") not in PRIORS:
                raise SpecError(f"unknown prior {self.prior.get('kind')!r}; choose one of {sorted(PRIORS)}")
            if not head(self.posterior).density:
                raise SpecError("an autoencoder's points have no density to hold against a prior: set prior to null")
        self._check_condition()
        try:
            schedules.check(self.learning_rate, "learning_rate")
            schedules.check(self.weight_decay, "weight_decay")
            for what, entry in (("objective", self.objective), *((f"term {t.get('kind')}", t) for t in self.terms)):
                for name, value in entry.items():
                    if name != "kind":
                        schedules.check(value, f"{what}'s {name}")
            self.encoder_layers(), self.decoder_layers()
        except (networks.NetworkError, schedules.ScheduleError) as error:
            raise SpecError(str(error)) from error

    def _check_condition(self) -> None:
        if self.condition is None:
            return
        known = {"kind": "labels", "classes": 10, "prior": False}
        if self.condition.get("kind") != "labels" or set(self.condition) - set(known):
            raise SpecError(f"condition is null or such as {known}, not {self.condition}")
        if not isinstance(self.labels, int) or isinstance(self.labels, bool) or not 1 <= self.labels <= 10_000:
            raise SpecError(f"condition's classes must be a whole number from 1 to 10,000, not {self.labels!r}")
        kind = None if self.prior is None else self.prior["kind"]
        if kind == "vamp":
            raise SpecError("the prior vamp has pseudo-inputs without labels: it cannot be conditioned on them")
        if self.condition.get("prior") and kind != "standard_normal":
            raise SpecError("a prior by label is a Normal for each label: leave the prior standard_normal")

    @property
    def labels(self) -> int:
        """How many labels the model is conditioned on, 0 for none."""
        return 0 if self.condition is None else self.condition.get("classes", 0)

    def encoder_layers(self) -> list[Layer]:
        """Return the layers of x -> parameters of q(z|x)."""
        out = (head(self.posterior, self.latent).width(self.latent),)
        return networks.plan(self.encoder, self.shape, out, labels=self.labels)

    def decoder_layers(self) -> list[Layer]:
        """Return the layers of z -> parameters of p(x|z); a family with two parts doubles the first axis."""
        out = (head(self.likelihood, self.shape[0]).width(self.shape[0]), *self.shape[1:])
        if self.decoder is None:
            return networks.plan(self.encoder, (self.latent,), out, mirrored=True, labels=self.labels)
        return networks.plan(self.decoder, (self.latent,), out, labels=self.labels)

    @property
    def probabilistic(self) -> bool:
        """Whether q(z|x) has a density, so that a bound on log p(x) exists; False for a plain autoencoder."""
        return compose.probabilistic(vars(self))

    @property
    def normal_prior(self) -> bool:
        """Whether the prior is N(0, I) for every example: neither learned, nor another one for each label."""
        by_label = self.condition is not None and self.condition.get("prior", False)
        return (
            self.probabilistic and self.prior is not None and self.prior["kind"] == "standard_normal" and not by_label
        )

    @property
    def closed_rate(self) -> bool:
        """Whether KL(q(z|x) || p(z)) is a closed form; else it is the mean over the samples."""
        return compose.closed_rate(vars(self))

    @property
    def data_name(self) -> str:
        """The data with its binarisation, as it must stand beside every number: three MNISTs are not comparable."""
        names = {"dynamic": "dynamically binarised", "static": "statically binarised"}
        return f"{self.data}, {names[self.binarisation]}" if self.binarisation != "none" else self.data

    def formula(self) -> str:
        """Return the model as LaTeX: prior, likelihood, posterior."""
        return formulas.model(self)

    def objective_formula(self) -> str:
        """Return what is climbed as LaTeX, for one example, with the chosen distributions in it."""
        return formulas.objective(self)

    def to_json(self) -> str:
        """Return the spec as JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Spec":
        """Return the spec of a JSON text; raises SpecError on unknown, missing or impossible entries."""
        try:
            entries = json.loads(text)
        except ValueError as error:
            raise SpecError(f"not valid JSON: {error}") from error
        if not isinstance(entries, dict):
            raise SpecError("a spec is a JSON object")
        unknown = set(entries) - {f.name for f in fields(cls)}
        if unknown:
            raise SpecError(f"unknown entries {sorted(unknown)}")
        try:
            return cls(**entries)
        except (TypeError, KeyError, AttributeError) as error:
            raise SpecError(f"malformed entry: {error}") from error

    def build(self) -> "LatentModel":
        """Return a freshly initialised model; torch's global generator decides the weights."""
        from vae.model.build import model

        return model(self)

    def build_objective(self) -> "Objective":
        """Return the objective, a function of a Draw and the step."""
        from vae.model.build import objective

        return objective(self)


def preset(name: str, **changes: Any) -> Spec:
    """Return a named point of prior x likelihood x posterior x objective, with changes; raises SpecError."""
    if name not in PRESETS:
        raise SpecError(f"unknown preset {name!r}; choose one of {sorted(PRESETS)}")
    try:
        return replace(Spec(preset=name), **{**PRESETS[name][1], **changes})
    except TypeError as error:
        raise SpecError(str(error)) from error
