"""A spec's model and objective as LaTeX, with the chosen distributions in it."""

from collections.abc import Mapping
from typing import Any, Protocol

from vae.spec.choices import LIKELIHOODS, OBJECTIVES, POSTERIORS, PRIORS, TERMS
from vae.spec.kinds import Family, Kind


class Chosen(Protocol):
    """What a formula shows of a spec."""

    @property
    def likelihood(self) -> Mapping[str, Any]: ...
    @property
    def posterior(self) -> Mapping[str, Any]: ...
    @property
    def prior(self) -> Mapping[str, Any] | None: ...
    @property
    def objective(self) -> Mapping[str, Any]: ...
    @property
    def terms(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def condition(self) -> Mapping[str, Any] | None: ...
    @property
    def samples(self) -> int: ...


def _y(spec: Chosen) -> str:
    """Return what stands behind a condition: the label, where there is one."""
    return ", y" if spec.condition is not None else ""


def _by_label(spec: Chosen) -> bool:
    return bool(spec.condition and spec.condition.get("prior"))


def _arguments(family: Family, entry: Mapping[str, Any], location: str, weights: str, given: str) -> str:
    """Return a family's location, then its spread: by the network, shared, or a number."""
    sigma = entry.get("sigma", "each")
    if not family.spread:
        return location
    if sigma == "each":
        return rf"{location},\, {family.spread}_{weights}{family.power}({given})"
    return rf"{location},\, {family.spread if sigma == 'shared' else sigma}{family.power}"


def likelihood(spec: Chosen, z: str = "z") -> str:
    """Return p(x|z) as the chosen family's density."""
    given, family = z + _y(spec), LIKELIHOODS[spec.likelihood["kind"]]
    arguments = _arguments(family, spec.likelihood, rf"f_\theta({given})", r"\theta", given)
    return rf"{family.symbol}(x;\, {arguments})"


def posterior(spec: Chosen, z: str = "") -> str:
    """Return q(z|x) as the chosen family, or as its density at z."""
    x, family = "x" + _y(spec), POSTERIORS[spec.posterior["kind"]]
    arguments = _arguments(family, spec.posterior, rf"\mu_\phi({x})", r"\phi", x)
    return rf"{family.symbol}({z and z + '; '}{arguments})"


def prior(spec: Chosen) -> str:
    """Return p(z) as the chosen distribution, "" without one."""
    if _by_label(spec):
        return r"\mathcal{N}(m_y, s_y^2)"
    return PRIORS[spec.prior["kind"]].symbol if spec.prior is not None else ""


def model(spec: Chosen) -> str:
    """Return prior, likelihood and posterior."""
    y, density = _y(spec), POSTERIORS[spec.posterior["kind"]].density
    code = rf"q(z|x{y}) = {posterior(spec, 'z')}" if density else rf"z = g_\phi(x{y})"
    parts = [f"p(z{'|y' if _by_label(spec) else ''}) = {prior(spec)}"] if spec.prior is not None else []
    return r",\quad ".join([*parts, f"p(x|z{y}) = {likelihood(spec)}", code])


class Parts:
    """What the formula of an objective, or of a term, is put together from: vae.spec.kinds.Notation for one spec.

    A number that follows a schedule is a symbol, whose course is noted.
    """

    def __init__(self, spec: Chosen, kind: Kind, entry: Mapping[str, Any], notes: list[str]) -> None:
        self.kind, self.entry, self.notes = kind, kind.filled(entry), notes
        self.q, self.p, self.k, self.model = posterior(spec), prior(spec), spec.samples, model(spec)
        self.rate = rf"\mathrm{{KL}}({self.q} \,\|\, {self.p})"
        if POSTERIORS[spec.posterior["kind"]].density:
            self.fit = rf"\mathbb{{E}}_{{z \sim {self.q}}}[\log {likelihood(spec)}]"
        else:
            code = rf"g_\phi(x{_y(spec)})"
            self.fit = rf"\log {likelihood(spec, code)}"

    def number(self, name: str) -> str:
        """Return one of the kind's numbers: its value, or the symbol of its schedule."""
        value = self.entry[name]
        if not isinstance(value, Mapping):
            return f"{value:g}"
        symbol = f"{getattr(self.kind.options[name], 'symbol', '') or name}_t"
        course = rf"{symbol}\colon {value['start']:g} \to {value['stop']:g}"
        self.notes.append(rf"{course}\ \text{{in {value['steps']:,} steps}}")
        return symbol

    def minus(self, factor: str, what: str) -> str:
        """Return " - factor what", without a factor of 1, and nothing where the factor is 0."""
        return "" if factor == "0" else " - " + ("" if factor == "1" else factor + r"\, ") + what


def objective(spec: Chosen) -> str:
    """Return what is climbed for one example x: the objective, its additive terms, and the course of its schedules."""
    notes: list[str] = []
    kind = OBJECTIVES[spec.objective["kind"]]
    text = kind.formula(Parts(spec, kind, spec.objective, notes))
    for entry in spec.terms:
        term = TERMS[entry["kind"]]
        parts = Parts(spec, term, entry, notes)
        text += parts.minus(parts.number("weight"), term.formula)
    return r",\quad ".join([text, *notes])
