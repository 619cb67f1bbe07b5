"""A spec's model and objective as LaTeX, with the chosen distributions in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vae.spec.heads import OBJECTIVES, PRIORS, TERMS, Head, heads

if TYPE_CHECKING:
    from vae.spec import Spec

SYMBOLS = {"beta": r"\beta", "gamma": r"\gamma", "capacity": "C", "floor": r"\lambda", "weight": r"\lambda"}


def _head(family: Mapping[str, Any]) -> Head:
    return heads(family)[family["kind"]]


def _y(spec: Spec) -> str:
    """Return what stands behind a condition: the label, where there is one."""
    return ", y" if spec.condition is not None else ""


def _arguments(family: Mapping[str, Any], location: str, weights: str, given: str) -> str:
    """Return a family's location, then its spread: by the network, shared, or a number."""
    head, sigma = _head(family), family.get("sigma", "each")
    if not head.spread:
        return location
    if sigma == "each":
        return rf"{location},\, {head.spread}_{weights}{head.power}({given})"
    return rf"{location},\, {head.spread if sigma == 'shared' else sigma}{head.power}"


def likelihood(spec: Spec, z: str = "z") -> str:
    """Return p(x|z) as the chosen family's density."""
    given = z + _y(spec)
    arguments = _arguments(spec.likelihood, rf"f_\theta({given})", r"\theta", given)
    return rf"{_head(spec.likelihood).symbol}(x;\, {arguments})"


def posterior(spec: Spec, z: str = "") -> str:
    """Return q(z|x) as the chosen family, or as its density at z."""
    x = "x" + _y(spec)
    arguments = _arguments(spec.posterior, rf"\mu_\phi({x})", r"\phi", x)
    return rf"{_head(spec.posterior).symbol}({z and z + '; '}{arguments})"


def prior(spec: Spec) -> str:
    """Return p(z) as the chosen distribution, "" without one."""
    if spec.condition is not None and spec.condition.get("prior"):
        return r"\mathcal{N}(m_y, s_y^2)"
    return PRIORS[spec.prior["kind"]].symbol if spec.prior is not None else ""


def model(spec: Spec) -> str:
    """Return prior, likelihood and posterior."""
    y, by_label = _y(spec), spec.condition is not None and spec.condition.get("prior")
    code = rf"q(z|x{y}) = {posterior(spec, 'z')}" if _head(spec.posterior).density else rf"z = g_\phi(x{y})"
    parts = [f"p(z{'|y' if by_label else ''}) = {prior(spec)}"] if spec.prior is not None else []
    return r",\quad ".join([*parts, f"p(x|z{y}) = {likelihood(spec)}", code])


class _Numbers:
    """The numbers of an objective: a constant is its value, a schedule a symbol whose course is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def __call__(self, entry: Mapping[str, Any], defaults: Mapping[str, float], name: str) -> str:
        value = entry.get(name, defaults[name])
        if not isinstance(value, Mapping):
            return f"{value:g}"
        symbol = f"{SYMBOLS[name]}_t"
        course = rf"{symbol}\colon {value['start']:g} \to {value['stop']:g}"
        self.notes.append(rf"{course}\ \text{{in {value['steps']:,} steps}}")
        return symbol


def _minus(factor: str, what: str) -> str:
    """Return " - factor what", without a factor of one, and nothing at all where it is zero."""
    return "" if factor == "0" else " - " + ("" if factor == "1" else factor + r"\, ") + what


def objective(spec: Spec) -> str:
    """Return what is climbed for one example x: the objective, its additive terms, and the course of its schedules."""
    kind, numbers = spec.objective["kind"], _Numbers()

    def number(name: str) -> str:
        return numbers(spec.objective, OBJECTIVES[kind].numbers, name)

    q, p, k = posterior(spec), prior(spec), spec.samples
    where = rf",\quad q(z|x) = {q},\ p(z) = {p}"
    if _head(spec.posterior).density:
        fit = rf"\mathbb{{E}}_{{z \sim {q}}}[\log {likelihood(spec)}]"
    else:
        at_the_code = rf"g_\phi(x{_y(spec)})"
        fit = rf"\log {likelihood(spec, at_the_code)}"
    rate = rf"\mathrm{{KL}}({q} \,\|\, {p})"
    by_dimension = r"\mathbb{E}_x\, \mathrm{KL}(q(z_j|x) \,\|\, p(z_j))"
    total_correlation = r"\mathrm{KL}(q(z) \,\|\, \textstyle\prod_j q(z_j))"
    weights = rf"\frac{{1}}{{{k}}} \sum_{{k=1}}^{{{k}}} \frac{{p(x|z_k)\, p(z_k)}}{{q(z_k|x)}}"

    formulas = {
        "reconstruction": lambda: fit,
        "elbo": lambda: fit + _minus(number("beta"), rate),
        "iwae": lambda: rf"\mathbb{{E}}_{{z_k \sim q}}\left[\log {weights}\right],\quad {model(spec)}",
        "capacity": lambda: fit + _minus(number("gamma"), rf"\left|{rate} - {number('capacity')}\right|"),
        "free_bits": lambda: rf"{fit} - \textstyle\sum_j \max({number('floor')},\, {by_dimension}){where}",
        "tc": lambda: fit + _minus("1", rate) + _minus(f"({number('beta')} - 1)", total_correlation),
        "mmd": lambda: fit + _minus(number("beta"), rate) + _minus(number("weight"), rf"\mathrm{{MMD}}^2(q(z),\, {p})"),
    }
    terms = {
        "jacobian": r"\left\|\partial \mathbb{E}_q[z] / \partial x\right\|_F^2",
        "sparsity": r"\mathbb{E}_q \|z\|_1",
        "codebook": r"\left\|\mathrm{sg}[g_\phi(x)] - e(x)\right\|^2",
        "commitment": r"\left\|g_\phi(x) - \mathrm{sg}[e(x)]\right\|^2",
    }
    text = formulas[kind]()
    for term in spec.terms:
        text += _minus(numbers(term, TERMS[term["kind"]].numbers, "weight"), terms[term["kind"]])
    return r",\quad ".join([text, *numbers.notes])
