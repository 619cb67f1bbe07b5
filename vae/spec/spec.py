"""A spec describes a model, its data and its training in one frozen object that can be written as JSON."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from vae.spec import check, formulas, json_text, plans, rules
from vae.spec.choices import LIKELIHOODS, OBJECTIVES, POSTERIORS, PRIORS
from vae.spec.kinds import Likelihood, Objective, Posterior, Prior
from vae.spec.layers import Layer, Shape
from vae.spec.presets import PRESETS
from vae.spec.schedules import Number

Options = dict[str, Any]


class SpecError(ValueError):
    """Invalid spec; `problems` lists the entries at fault, each with a sentence."""

    def __init__(self, text: str, problems: list[check.Problem] | None = None) -> None:
        super().__init__(text)
        self.problems = problems or []


@dataclass(frozen=True)
class Spec:
    """A model and its training: p(z), p(x|z), q(z|x), two networks, the objective, and the optimisation.

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
        for name in ("shape", "terms"):
            if isinstance(getattr(self, name), list):  # as JSON has it
                object.__setattr__(self, name, tuple(getattr(self, name)))
        if found := check.problems(vars(self)):
            raise SpecError(" ".join(text for _, text in found), found)

    @property
    def likelihood_kind(self) -> Likelihood:
        """The entry of p(x|z) in vae.spec.choices."""
        return LIKELIHOODS[self.likelihood["kind"]]

    @property
    def posterior_kind(self) -> Posterior:
        """The entry of q(z|x) in vae.spec.choices."""
        return POSTERIORS[self.posterior["kind"]]

    @property
    def prior_kind(self) -> Prior | None:
        """The entry of p(z) in vae.spec.choices, None for a plain autoencoder."""
        return None if self.prior is None else PRIORS[self.prior["kind"]]

    @property
    def objective_kind(self) -> Objective:
        """The entry of the objective in vae.spec.choices."""
        return OBJECTIVES[self.objective["kind"]]

    @property
    def labels(self) -> int:
        """The number of labels that the model is conditioned on, 0 for none."""
        return plans.labels(vars(self))

    def encoder_layers(self) -> list[Layer]:
        """Return the layers of x -> parameters of q(z|x)."""
        return plans.encoder(vars(self))

    def decoder_layers(self) -> list[Layer]:
        """Return the layers of z -> parameters of p(x|z); a family with scales doubles the first axis."""
        return plans.decoder(vars(self))

    @property
    def probabilistic(self) -> bool:
        """Whether q(z|x) has a density, so that a bound on log p(x) exists; False for a plain autoencoder."""
        return rules.probabilistic(vars(self))

    @property
    def standard_prior(self) -> bool:
        """Whether the prior is N(0, I) for every example."""
        return rules.standard_prior(vars(self))

    @property
    def other_prior(self) -> str:
        """How the prior differs from N(0, I), to follow "the prior" ("is learned"), or "" if it is N(0, I)."""
        return rules.other_prior(vars(self))

    @property
    def normal_posterior(self) -> bool:
        """Whether q(z|x) is a Normal with independent dimensions, which a mean and a sigma describe."""
        return self.posterior_kind.distribution == "normal"

    @property
    def closed_rate(self) -> bool:
        """Whether KL(q(z|x) || p(z)) has a closed form; otherwise it is the mean over the samples."""
        return rules.closed_rate(vars(self))

    def fits(self, **changes: Any) -> bool:
        """Return whether the spec with these changes is a valid combination."""
        return rules.fits(vars(self), changes)

    @property
    def data_name(self) -> str:
        """The dataset's name with its binarisation; results on differently binarised data are not comparable."""
        names = {"dynamic": f"{self.data}, dynamically binarised", "static": f"{self.data}, statically binarised"}
        return names.get(self.binarisation, self.data)

    def formula(self) -> str:
        """Return the model as LaTeX: prior, likelihood, posterior."""
        return formulas.model(self)

    def objective_formula(self) -> str:
        """Return the objective for one example as LaTeX, with the chosen distributions."""
        return formulas.objective(self)

    def to_json(self) -> str:
        """Return the spec as JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Spec":
        """Return the spec of a JSON text; raises SpecError on unknown, missing or impossible entries."""
        try:
            entries = json_text.loads(text)
        except ValueError as error:
            raise SpecError(f"Not valid JSON: {error}.") from error
        if not isinstance(entries, dict):
            raise SpecError("A spec is a JSON object.")
        unknown = set(entries) - {f.name for f in fields(cls)}
        if unknown:
            raise SpecError(f"Unknown entries {sorted(unknown)}.")
        return cls(**entries)


def preset(name: str, **changes: Any) -> Spec:
    """Return a preset's spec with changes; raises SpecError."""
    if name not in PRESETS:
        raise SpecError(f"There is no preset {name!r}. Choose one of {', '.join(sorted(PRESETS))}.")
    try:
        return Spec(**{"preset": name, **PRESETS[name].entries, **changes})
    except TypeError as error:
        raise SpecError(f"A spec cannot be made of this: {error}.") from error
