"""A spec's model and objective as LaTeX, with the chosen distributions."""

from collections.abc import Mapping
from typing import Any, Protocol

from vae.spec.choices import LIKELIHOODS, OBJECTIVES, POSTERIORS, PRIORS, TERMS
from vae.spec.kinds import Family, Kind


class Chosen(Protocol):
    """The entries of a spec that its formulas show."""

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
    """Return the label y as part of a condition (", y"), or "" for a model without labels."""
    return ", y" if spec.condition is not None else ""


def _by_label(spec: Chosen) -> bool:
    return bool(spec.condition and spec.condition.get("prior"))


def _arguments(family: Family, entry: Mapping[str, Any], location: str, weights: str, given: str) -> str:
    """Return a family's location, then its scale: from the network, shared, or a number."""
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
    """Return p(z) as the chosen distribution, or "" without a prior."""
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
    """The parts of an objective's or term's formula, for one spec (implements vae.spec.kinds.Notation).

    A scheduled number becomes a symbol; its schedule is added to the notes.
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
        """Return one of the kind's options: its value, or a symbol if it is scheduled."""
        value = self.entry[name]
        if not isinstance(value, Mapping):
            return f"{value:g}"
        symbol = f"{getattr(self.kind.options[name], 'symbol', '') or name}_t"
        course = rf"{symbol}\colon {value['start']:g} \to {value['stop']:g}"
        self.notes.append(rf"{course}\ \text{{in {value['steps']:,} steps}}")
        return symbol

    def minus(self, factor: str, what: str) -> str:
        """Return " - factor what"; a factor of 1 is not written, and a factor of 0 gives ""."""
        return "" if factor == "0" else " - " + ("" if factor == "1" else factor + r"\, ") + what


def objective(spec: Chosen) -> str:
    """Return the objective for one example x as LaTeX, with its additive terms and its schedules."""
    notes: list[str] = []
    kind = OBJECTIVES[spec.objective["kind"]]
    text = kind.formula(Parts(spec, kind, spec.objective, notes))
    for entry in spec.terms:
        term = TERMS[entry["kind"]]
        parts = Parts(spec, term, entry, notes)
        text += parts.minus(parts.number("weight"), term.formula)
    return r",\quad ".join([text, *notes])
