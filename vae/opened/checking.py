"""Check a model: what is measured, what each number must be, and the verdict of it all."""

import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from vae.diagnosis import cards
from vae.diagnosis.evidence import Evidence, Number
from vae.diagnosis.verdict import Absent, Finding, Severity, Verdict
from vae.opened.errors import OpenError
from vae.opened.to_run import Brought

SCHEMA_VERSION = 1
PASSED, NOTED, PROBLEM, FAILED, ABSENT = "passed", "note", "problem", "failed", "absent"
OF_SEVERITY = {Severity.PASSED: PASSED, Severity.NOTE: NOTED, Severity.PROBLEM: PROBLEM}
VERSIONS = ("latent-space-explorer", "torch", "numpy", "onnx")


@dataclass(frozen=True)
class Measure:
    """One number of a check: its card, its unit, whether more is better (None: neither), and where it is found."""

    card: str
    title: str
    units: str
    higher_is_better: bool | None
    of: Callable[[Evidence], Number | None]


def _elbo(found: Evidence) -> Number | None:
    return found.bound.elbo if found.bound is not None else None


def _gain(found: Evidence) -> Number | None:
    return found.bound.gain if found.bound is not None else None


def _rate(found: Evidence) -> Number | None:
    return found.bound.rate if found.bound is not None else None


def _active(found: Evidence) -> Number | None:
    from vae.diagnosis.limits import ACTIVE

    if found.codes is None:
        return None
    return Number(float(sum(v.value > ACTIVE for v in found.codes.variance)), 0.0, found.codes.n)


def _beta(found: Evidence) -> Number | None:
    return found.width.slope if found.width is not None else None


def _calibration(found: Evidence) -> Number | None:
    likelihood = found.likelihood
    if likelihood is None:
        return None
    if likelihood.error is not None:
        return Number(likelihood.error, math.nan, int(sum(b[2] for b in likelihood.bins)))
    if likelihood.predicted is None or likelihood.residual is None or likelihood.predicted.value <= 0:
        return None
    ratio = likelihood.residual.value / likelihood.predicted.value
    return Number(ratio, likelihood.residual.se / likelihood.predicted.value, likelihood.residual.n)


def _holes(found: Evidence) -> Number | None:
    return found.holes.share if found.holes is not None else None


def _overfitting(found: Evidence) -> Number | None:
    return found.overfitting.difference if found.overfitting is not None else None


def _error(found: Evidence) -> Number | None:
    return found.reconstruction.error if found.reconstruction is not None else None


def _linear(found: Evidence) -> Number | None:
    return found.reconstruction.saved if found.reconstruction is not None else None


def _information(found: Evidence) -> Number | None:
    return found.surgery.mutual_information if found.surgery is not None else None


def _gap(found: Evidence) -> Number | None:
    return found.gap.gap if found.gap is not None else None


def _precision(found: Evidence) -> Number | None:
    return found.samples.precision if found.samples is not None else None


def _coverage(found: Evidence) -> Number | None:
    return found.samples.coverage if found.samples is not None else None


def _kernel(found: Evidence) -> Number | None:
    return found.samples.kernel if found.samples is not None else None


def _memorised(found: Evidence) -> Number | None:
    return found.memorised.samples if found.memorised is not None else None


def _apart(found: Evidence) -> Number | None:
    if found.statistics is None:
        return None
    n = found.statistics.n  # the error is the largest that a difference of two shares of n can have
    return Number(max(found.statistics.distance.values()), math.sqrt(1 / (2 * n)), n)


def _strange(found: Evidence) -> Number | None:
    return found.strange.auc["likelihood"] if found.strange is not None else None


MEASURES: dict[str, Measure] = {
    "elbo": Measure("bound", "ELBO", "nats", True, _elbo),
    "gain": Measure("bound", "ELBO above the best model without latents", "nats", True, _gain),
    "rate": Measure("rates", "Rate KL(q‖p)", "nats", None, _rate),
    "active_units": Measure("collapse", "Active units", "units", True, _active),
    "beta": Measure("posterior", "Effective β, −dD/dR", "", None, _beta),
    "calibration": Measure("likelihood", "Calibration error, or residual σ over predicted σ", "", None, _calibration),
    "holes": Measure("holes", "Share of the prior in holes", "", False, _holes),
    "overfitting": Measure("overfitting", "ELBO on training minus held-out examples", "nats", False, _overfitting),
    "squared_error": Measure("reconstruction", "Squared error of a redrawn example", "", False, _error),
    "better_than_pca": Measure("reconstruction", "Squared error that PCA leaves more", "", True, _linear),
    "information": Measure("surgery", "Information I(x; z)", "nats", True, _information),
    "gap": Measure("gap", "Gap log p(x) − ELBO", "nats", False, _gap),
    "precision": Measure("samples", "Share of samples among the data", "", True, _precision),
    "coverage": Measure("samples", "Share of the data that samples reach", "", True, _coverage),
    "kernel_distance": Measure("samples", "Kernel distance of samples from the data", "", False, _kernel),
    "memorised": Measure("memorised", "Share of samples nearer to training data", "", False, _memorised),
    "statistics": Measure("statistics", "Largest distance of a statistic of samples", "", False, _apart),
    "strange": Measure("strange", "AUC of −log p(x) against foreign images", "", True, _strange),
}


@dataclass(frozen=True)
class Threshold:
    """The least or most that a number may be; None is no bound."""

    min: float | None = None
    max: float | None = None

    def failed(self, value: float) -> str:
        """Return in a few words how a value fails, or ""."""
        if self.min is not None and not value >= self.min:
            return f"below its threshold {self.min:g}"
        if self.max is not None and not value <= self.max:
            return f"above its threshold {self.max:g}"
        return ""


@dataclass(frozen=True)
class Result:
    """One result of a check, as report.json has it."""

    name: str
    card: str
    title: str
    value: float | None
    standard_error: float | None
    n: int | None
    units: str
    higher_is_better: bool | None
    verdict: str
    sentence: str
    threshold: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The whole outcome of a check."""

    model: str
    data: str
    success: bool
    headline: str
    results: tuple[Result, ...]
    detected: Mapping[str, Mapping[str, Any]]
    origin: Mapping[str, Any]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the content of report.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "success": self.success,
            "headline": self.headline,
            "model": self.model,
            "data": self.data,
            "results": [asdict(one) for one in self.results],
            "detected": {name: dict(one) for name, one in self.detected.items()},
            "origin": dict(self.origin),
            "notes": list(self.notes),
            "versions": versions(),
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }


def versions() -> dict[str, str]:
    """Return the versions of what measured."""
    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def thresholds(words: Mapping[str, Mapping[str, Any]]) -> dict[str, Threshold]:
    """Return thresholds from {"holes": {"max": 0.2}}; raises OpenError for an unknown name or no number."""
    made = {}
    for name, bounds in words.items():
        if name not in MEASURES:
            raise OpenError(f"There is no measure {name[:40]!r}. Choose one of {', '.join(MEASURES)}.")
        if not isinstance(bounds, Mapping) or not set(bounds) <= {"min", "max"} or not bounds:
            raise OpenError(f"The threshold of {name} takes min and max, such as {name} = {{ max = 0.2 }}.")
        for value in bounds.values():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise OpenError(f"The threshold of {name} is {str(value)[:40]!r}, and a number is needed.")
        made[name] = Threshold(**bounds)
    return made


def report(
    brought: Brought,
    evidence: Evidence,
    asked: Mapping[str, Threshold] | None = None,
    strict: bool = False,
    ignored: tuple[str, ...] = (),
    seconds: Mapping[str, float] | None = None,
) -> Report:
    """Return the outcome of the evidence: problems and thresholds fail, and with `strict` notes too.

    Cards in `ignored` never fail.
    """
    asked = asked or {}
    findings = cards.judge(brought.run.spec, evidence)
    results = []
    for name, measure in MEASURES.items():
        results.append(_result(name, measure, findings[measure.card], measure.of(evidence), asked.get(name)))
    failing = {FAILED, PROBLEM, *([NOTED] if strict else [])}
    success = not any(one.verdict in failing and one.card not in ignored for one in results)
    worst = cards.main({name: found for name, found in findings.items() if name not in ignored})
    broken = [one for one in results if one.threshold and one.verdict == FAILED]
    if worst is not None:
        headline = f"{cards.TITLES[worst.name]}. {worst.sentence}"
    elif broken:
        headline = broken[0].sentence
    else:
        headline = "No problem was found."
    found = brought.found
    opened = brought.run.meta.get("opened", {})
    return Report(
        brought.run.name,
        brought.data,
        success,
        headline,
        tuple(results),
        {} if found is None else {
            one.name: {"value": one.value, "margin": one.margin, "confirmed_by": one.confirmed_by, "asked": one.ask}
            for one in found.found
        },
        opened.get("origin", {}),
        tuple(opened.get("notes", ())),
        {**brought.seconds, **(seconds or {})},
    )  # fmt: skip


def _result(
    name: str, measure: Measure, finding: Finding, number: Number | None, threshold: Threshold | None
) -> Result:
    """Return one result: the card's verdict, and the threshold's on top of it."""
    first = next(key for key, one in MEASURES.items() if one.card == measure.card) == name
    verdict, sentence = _verdict(finding) if first else (PASSED, "")
    if number is None:
        verdict = ABSENT if verdict == PASSED else verdict
    bounds: dict[str, float] = {}
    if threshold is not None:
        bounds = {key: value for key, value in asdict(threshold).items() if value is not None}
        if number is None:
            verdict, sentence = (
                FAILED,
                f"{measure.title} cannot be measured, and a threshold was set. {sentence}".strip(),
            )
        elif words := threshold.failed(number.value):
            verdict, sentence = FAILED, f"{measure.title} is {number.value:.4g}, {words}."
        else:
            verdict = PASSED
    value, error = (None, None) if number is None else (_finite(number.value), _finite(number.se))
    n = None if number is None else number.n
    return Result(
        name, measure.card, measure.title, value, error, n, measure.units, measure.higher_is_better, verdict,
        sentence or _plainly(measure, number), bounds,
    )  # fmt: skip


def _plainly(measure: Measure, number: Number | None) -> str:
    if number is None:
        return ""
    error = f" ± {number.se:.2g}" if _finite(number.se) else ""
    return f"{measure.title}: {number.value:.4g}{error} {measure.units}".replace("-", "−").rstrip() + "."


def _verdict(finding: Finding) -> tuple[str, str]:
    if isinstance(finding, Verdict):
        return OF_SEVERITY[finding.severity], finding.sentence
    return ABSENT, finding.reason if isinstance(finding, Absent) else "It was not measured."


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
