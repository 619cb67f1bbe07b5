"""Three answers that the posterior gives: the likelihood, what the second head is, and the beta of the training."""

import math
from collections.abc import Mapping
from typing import Any

from vae.opened import fitting
from vae.opened.fitting import BERNOULLI, NORMAL, Fit, Posteriors
from vae.opened.foreign import Foreign
from vae.opened.found import ANSWER, DATA, FILE, ONLY, Found
from vae.spec.layer_kinds import READINGS

THIN = 1.3  # times that squared errors must fit better than the usual cross-entropy
CLEAR, RESIDUAL = 3.0, 0.1  # times that the next answer must be worse, and the most that the best may leave
ONE = 0.1  # a beta this near to 1 is 1
SYMBOLS = {"sigma": "σ", "log sigma": "log σ", "variance": "σ²", "log variance": "log σ²"}


def likelihood(
    found: list[Found],
    foreign: Foreign,
    best: Fit,
    kinds: Mapping[str, str],
    measured: Posteriors | None,
    given: Mapping[str, Any],
) -> str:
    """Add the answer on the likelihood, and return it."""
    title, stated = "Likelihood", str(foreign.stated.get("likelihood", ""))
    if "likelihood" in given:
        value = str(given["likelihood"])
        if value not in kinds:
            raise fitting.no_answer("likelihood", value, kinds)
        found.append(Found("likelihood", title, value, kinds, None, ANSWER))
    elif stated in kinds:
        value = stated
        found.append(Found("likelihood", title, value, kinds, None, FILE))
    elif len(kinds) == 1:
        value = next(iter(kinds))
        found.append(Found("likelihood", title, value, kinds, None, ONLY))
    elif measured is not None and measured.margin(kinds) is not None:
        value, margin = measured.likelihood(kinds), measured.margin(kinds)
        assert margin is not None
        if value == NORMAL and margin < (CLEAR if best.output.logits else THIN):  # cross-entropy is the usual
            value, margin = BERNOULLI, 1.0
        sure = margin >= CLEAR or (best.output.logits and value == BERNOULLI)
        said = "" if sure else "Probabilities are trained with cross-entropy or with squared errors."
        found.append(Found("likelihood", title, value, kinds, margin, DATA, not sure, said))
    else:
        value = BERNOULLI if best.output.logits or foreign.second is not None else NORMAL
        found.append(Found("likelihood", title, value, kinds, None, "", True, "It cannot be measured on this model."))
    return value


def reading_of(
    found: list[Found], foreign: Foreign, measured: Posteriors | None, kind: str, given: Mapping[str, Any]
) -> str:
    """Add the answer on the second head, and return it."""
    title, choices = "Its spread", {name: SYMBOLS[name] for name in READINGS}
    stated = str(foreign.stated.get("second", ""))
    if "second" in given:
        value = str(given["second"])
        if value not in choices:
            raise fitting.no_answer("second", value, choices)
        found.append(Found("second", title, value, choices, None, ANSWER))
        return value
    if measured is None or not measured.readings(kind):
        value = stated or "log variance"
        found.append(Found("second", title, value, choices, None, FILE if stated else "", not stated))
        return value
    order = measured.readings(kind)
    best = measured.found[kind][order[0]]
    margin = measured.found[kind][order[1]].residual / max(best.residual, 1e-6) if len(order) > 1 else None
    sure = best.residual <= RESIDUAL and (margin is None or margin >= CLEAR) and not best.flat
    if stated and (stated == order[0] or not sure):
        found.append(Found("second", title, stated, choices, margin if stated == order[0] else None, FILE))
        return stated
    if len(order) == 1 and not best.flat:
        found.append(Found("second", title, order[0], choices, None, ONLY, not sure and not stated))
        return order[0]
    said = ""
    if stated:
        said = f"The file's names say {SYMBOLS[stated]}."
    elif best.flat:
        said = "The code has collapsed to the prior, so that each reading fits."
    elif not sure:
        said = f"This reading leaves {best.residual:.0%} of the gradient, the next one {margin or 1:.1f} times as much."
    found.append(Found("second", title, order[0], choices, margin, DATA, bool(stated) or not sure, said))
    return order[0]


def beta_of(
    found: list[Found],
    foreign: Foreign,
    measured: Posteriors | None,
    kind: str,
    reading: str,
    given: Mapping[str, Any],
) -> float:
    """Add the answer on beta, and return it."""
    title = "Trained with β"
    stated = foreign.stated.get("beta")
    answer = given.get("beta")
    if answer is not None:
        found.append(Found("beta", title, f"{float(answer):g}", {}, None, ANSWER))
        return float(answer)
    trace = measured.trace(kind, reading) if measured is not None else None
    if isinstance(stated, int | float) and math.isfinite(stated):
        found.append(Found("beta", title, f"{float(stated):g}", {}, None, FILE))
        return float(stated)
    if trace is None or trace.flat or trace.beta <= 0:
        found.append(Found("beta", title, "1", {}, None, "", True, "It cannot be measured on this model."))
        return 1.0
    value = 1.0 if abs(trace.beta - 1) < max(ONE, 2 * trace.error) else float(f"{trace.beta:.2g}")
    thin = trace.residual > RESIDUAL
    found.append(
        Found("beta", title, f"{value:g}", {}, None, DATA, thin, f"measured {trace.beta:.2g} ± {trace.error:.1g}")
    )
    return value
