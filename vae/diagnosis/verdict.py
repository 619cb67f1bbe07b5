"""The type of verdicts, the format of their numbers, and the severity of faults."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from vae.diagnosis.evidence import Evidence, Number
from vae.diagnosis.limits import ILL, LEAST_SCALE, NOTE
from vae.spec import Spec
from vae.spec.schedules import at


class Severity(IntEnum):
    """The severity of a verdict."""

    PASSED = 0
    NOTE = 1
    PROBLEM = 2


@dataclass(frozen=True)
class Remedy:
    """A change of the spec: a label, why it helps, and the changed entries."""

    label: str
    why: str
    changes: dict[str, Any]

    def applied(self, spec: Spec) -> Spec:
        """Return the spec with the change; raises SpecError if the change does not fit."""
        return replace(spec, **self.changes)


@dataclass(frozen=True)
class Verdict:
    """The verdict of one card. `name` is the diagnosis, "" without a fault."""

    severity: Severity
    sentence: str
    why: str = ""
    name: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class Absent:
    """A card that does not apply to this model, and why."""

    reason: str


Finding = Verdict | Absent | None  # None: the evidence is not measured yet


def without_samples(spec: Spec) -> Absent | None:
    """Return why a model has no samples that could be held against data; None if it has."""
    if spec.prior is None:
        return Absent("A plain autoencoder has no prior, so it has no samples that could be held against the data.")
    if spec.condition is not None:
        return Absent("Models that are conditioned on labels have a distribution of samples for each label.")
    return None


def healthy(sentence: str, why: str = "") -> Verdict:
    """Return a verdict without a fault."""
    return Verdict(Severity.PASSED, sentence, why)


def signed(value: float, digits: int = 2) -> str:
    """Return a number with a real minus sign."""
    return f"{value:,.{digits}f}".replace("-", "−")


def with_error(number: Number, digits: int = 2, units: str = "nats") -> str:
    """Return a number with its standard error and unit."""
    return f"{signed(number.value, digits)} ± {number.se:,.{digits}f}" + (f" {units}" if units else "")


def scale(evidence: Evidence) -> float | None:
    """Return the latents' gain in nats, with which losses are compared; None before it is known."""
    return None if evidence.bound is None else max(evidence.bound.gain.value, LEAST_SCALE)


def with_share(says: str, price: float, evidence: Evidence) -> str:
    """Return a sentence that also says which share of the latents' gain a loss is, if the gain is large enough."""
    gain = evidence.bound.gain.value if evidence.bound is not None else 0.0
    return f"{says}: {price / gain:.0%} of the improvement by the latents." if gain > LEAST_SCALE else f"{says}."


def weight(price: float, of: float, note: float = NOTE, ill: float = ILL) -> Severity:
    """Return the severity of a fault with this loss."""
    return Severity.PROBLEM if price >= ill * of else Severity.NOTE if price >= note * of else Severity.PASSED


def beta(spec: Spec, step: int = 10**9) -> float | None:
    """Return the spec's weight of the rate at a step, None if its objective has none."""
    value = spec.objective_kind.filled(spec.objective).get("beta")
    if value is None:
        return 1.0 if spec.objective_kind.bound else None
    return at(value, step)


ELBO = Remedy("β = 1", "the weight of the rate in the ELBO", {"objective": {"kind": "elbo", "beta": 1.0}})
BEST = Remedy("Keep the best weights", "the weights with the best validation objective", {"keep": "best"})
DECAY = Remedy("Weight decay 0.01", "smaller weights", {"weight_decay": 0.01})
AUTOENCODER = "An autoencoder has no prior and no density q(z|x)"
