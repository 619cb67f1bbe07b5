"""A spec says in one frozen object which model is trained on which data, and how; it goes to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from vae import networks, schedules
from vae.networks import Layer, Shape
from vae.schedules import Number

if TYPE_CHECKING:
    from vae.model import LatentModel
    from vae.objectives import Objective

Options = dict[str, Any]


class SpecError(ValueError):
    """A spec that describes no trainable model."""


@dataclass(frozen=True)
class Head:
    """What one family makes of a network's raw output: values per event dimension, and the mean's formula."""

    parts: int
    mean: str  # "sigmoid" | "continuous_bernoulli" | "identity": the browser's decoder knows these
    symbol: str


def head(family: Mapping[str, Any]) -> Head:
    """Return the torch-free description of a family given as {"kind": ..., **options}."""
    kind = family.get("kind")
    heads = {
        "bernoulli": Head(1, "sigmoid", r"\mathrm{Bernoulli}"),
        "continuous_bernoulli": Head(1, "continuous_bernoulli", r"\mathcal{CB}"),
        "normal": Head(2 if family.get("sigma", "each") == "each" else 1, "identity", r"\mathcal{N}"),
        "delta": Head(1, "identity", r"\delta"),
    }
    if kind not in heads:
        raise SpecError(f"unknown distribution {kind!r}; choose one of {sorted(heads)}")
    return heads[kind]


@dataclass(frozen=True)
class Spec:
    """p(z), p(x|z), q(z|x), two networks, what to climb, and how to climb it.

    Distributions, networks and the objective are {"kind": name, **options}; `decoder` None mirrors `encoder`; numbers
    of the objective and `learning_rate` may be schedules (see vae.schedules). `shape` is the data's, one example's.
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
    corruption: Options | None = None
    learning_rate: Number = 1e-3
    weight_decay: float = 0.0
    clip: float | None = None
    batch: int = 128
    epochs: int = 20
    keep: str = "best"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
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
        try:
            schedules.check(self.learning_rate, "learning_rate")
            schedules.check(self.weight_decay, "weight_decay")
            for name, value in self.objective.items():
                if name != "kind":
                    schedules.check(value, f"objective's {name}")
            self.encoder_layers(), self.decoder_layers()
        except (networks.NetworkError, schedules.ScheduleError) as error:
            raise SpecError(str(error)) from error

    def encoder_layers(self) -> list[Layer]:
        """Return the layers of x -> parameters of q(z|x)."""
        return networks.plan(self.encoder, self.shape, (head(self.posterior).parts * self.latent,))

    def decoder_layers(self) -> list[Layer]:
        """Return the layers of z -> parameters of p(x|z); a family with two parts doubles the first axis."""
        out = (head(self.likelihood).parts * self.shape[0], *self.shape[1:])
        if self.decoder is None:
            return networks.plan(self.encoder, (self.latent,), out, mirrored=True)
        return networks.plan(self.decoder, (self.latent,), out)

    @property
    def probabilistic(self) -> bool:
        """Whether q(z|x) has a density, so that a bound on log p(x) exists; False for a plain autoencoder."""
        return self.posterior["kind"] != "delta" and self.prior is not None

    @property
    def data_name(self) -> str:
        """The data with its binarisation, as it must stand beside every number: three MNISTs are not comparable."""
        names = {"dynamic": "dynamically binarised", "static": "statically binarised"}
        return f"{self.data}, {names[self.binarisation]}" if self.binarisation != "none" else self.data

    def formula(self) -> str:
        """Return the model as LaTeX: prior, likelihood, posterior."""
        sigma = self.likelihood.get("sigma", "each")
        spread = {"each": r",\,\sigma_\theta^2(z)", "shared": r",\,\sigma^2"}.get(sigma, rf",\,{sigma}^2")
        p = f"p(x|z) = {head(self.likelihood).symbol}(x;\\, f_\\theta(z)"
        p += (spread if self.likelihood["kind"] == "normal" else "") + ")"
        if not self.probabilistic:
            return rf"z = g_\phi(x),\quad {p}"
        return (
            rf"p(z) = \mathcal{{N}}(0, I),\quad {p},\quad q(z|x) = \mathcal{{N}}(z;\, \mu_\phi(x),\, \sigma_\phi^2(x))"
        )

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
        from vae.build import model

        return model(self)

    def build_objective(self) -> "Objective":
        """Return the objective, a function of a Draw and the step."""
        from vae.build import objective

        return objective(self)


_ELBO: Options = {"kind": "elbo", "beta": 1.0}

PRESETS: dict[str, tuple[str, Options]] = {
    "autoencoder": (
        "Encodes to a point and decodes it; no prior, so nothing says where to sample.",
        {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}},
    ),
    "denoising-autoencoder": (
        "An autoencoder that sees a corrupted image and must return the clean one.",
        {
            "posterior": {"kind": "delta"},
            "prior": None,
            "objective": {"kind": "reconstruction"},
            "corruption": {"kind": "mask", "rate": 0.3},
        },
    ),
    "linear-vae": (
        "Affine encoder and decoder with Gaussian noise: its optimum is probabilistic PCA.",
        {
            "encoder": {"kind": "linear"},
            "likelihood": {"kind": "normal", "sigma": "shared"},
            "binarisation": "none",
            "objective": _ELBO,
        },
    ),
    "vae": ("The variational autoencoder: Normal posterior, standard Normal prior, the ELBO.", {"objective": _ELBO}),
    "beta-vae": ("A VAE whose rate costs beta times as much.", {"objective": {"kind": "elbo", "beta": 4.0}}),
    "sigma-vae": (
        "A VAE with Gaussian noise whose one sigma is learned: the data choose beta.",
        {"likelihood": {"kind": "normal", "sigma": "shared"}, "binarisation": "none", "objective": _ELBO},
    ),
    "iwae": ("A VAE trained on the tighter importance-weighted bound.", {"objective": {"kind": "iwae"}, "samples": 5}),
}


def preset(name: str, **changes: Any) -> Spec:
    """Return a named point of prior x likelihood x posterior x objective, with changes; raises SpecError."""
    if name not in PRESETS:
        raise SpecError(f"unknown preset {name!r}; choose one of {sorted(PRESETS)}")
    try:
        return replace(Spec(preset=name), **{**PRESETS[name][1], **changes})
    except TypeError as error:
        raise SpecError(str(error)) from error
