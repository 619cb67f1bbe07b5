"""What a preset means on some data where nothing else is said: networks of their size, a likelihood, and epochs."""

from collections.abc import Mapping
from typing import Any

from vae.data.binarisation import check_likelihood
from vae.data.completion import steps
from vae.data.dataset import DataError
from vae.data.sets import describe
from vae.spec import PRESETS, Spec, cost, preset
from vae.spec.choices import LIKELIHOODS, NUMBERS

FIRST_RUN_SECONDS = 35.0
FIRST_RUN_EPOCHS = 400
FIRST_RUN_THREADS = 2
SCHEDULED = 0.5  # share of the run over which a preset's schedules go from start to stop

COVERS_ALL = {"kind": "normal", "sigma": "shared"}  # a density of any numbers, whatever the data


def recommended(name: str, dataset: str) -> Spec:
    """Return a preset on some data with networks of their size, and epochs for about half a minute.

    What the data cannot have (see `misfit`) is left out. The preset's own schedules take half of the run, and a rate
    that is asked for ends at what such a model tells of these data. The same on every machine, so that a lesson shows
    the same to everybody. Raises SpecError and DataError for unknown names.
    """
    start, description = preset(name), describe(dataset)
    changes: dict[str, Any] = {**description.settings, **PRESETS[name].entries}
    if not covers(dataset, changes.get("likelihood", start.likelihood)["kind"]):
        changes["likelihood"] = description.settings.get("likelihood", COVERS_ALL)
    kind = changes.get("likelihood", start.likelihood)["kind"]
    if LIKELIHOODS[kind].bits:
        changes["likelihood"] = {**changes["likelihood"], "levels": description.levels}
    if classes := len(description.classes):
        if condition := changes.get("condition"):
            changes["condition"] = {**condition, "classes": classes}
    else:
        changes["condition"] = None
    fitting = binarisations(dataset, kind)
    natural = "dynamic" if LIKELIHOODS[kind].binary else "none"
    changes["binarisation"] = natural if natural in fitting else fitting[0]
    spec = preset(name, data=dataset, shape=description.shape, epochs=1, **changes)
    seconds = cost.step_seconds(spec, FIRST_RUN_THREADS) * max(1, steps(vars(spec), dataset))
    usual = [int(e) for e in NUMBERS["epochs"].usual if e <= FIRST_RUN_EPOCHS and e * seconds <= FIRST_RUN_SECONDS]
    changes["epochs"] = max(usual, default=1)
    changes["objective"] = _over(spec.objective, SCHEDULED * steps(vars(spec) | changes, dataset))
    asked = changes["objective"].get(spec.objective_kind.asked_rate)
    if isinstance(asked, Mapping) and description.rate is not None:
        changes["objective"][spec.objective_kind.asked_rate] = {**asked, "stop": description.rate}
    return preset(name, data=dataset, shape=description.shape, **changes)


def _over(objective: Mapping[str, Any], steps: float) -> dict[str, Any]:
    """Return an objective whose schedules take so many steps."""
    return {
        name: {**value, "steps": max(1, round(steps))} if isinstance(value, Mapping) else value
        for name, value in objective.items()
    }


def misfit(name: str, dataset: str) -> str:
    """Return why a preset makes no sense on some data, as a sentence, or ""; raises as `recommended` does."""
    preset(name)  # refuses an unknown one
    own, description = PRESETS[name].entries, describe(dataset)
    if own.get("condition") and not description.classes:
        why = f"This preset is conditioned on labels, and {description.title} has none."
        return f"{why} Choose other data, or another preset."
    likelihood = own.get("likelihood", {}).get("kind")
    if likelihood and not covers(dataset, likelihood):
        title = LIKELIHOODS[likelihood].title.lower()
        return (
            f"This preset is about the {title} likelihood, which {description.title} cannot have. "
            "Choose other data, or another preset."
        )
    return ""


def covers(dataset: str, likelihood: str) -> bool:
    """Return whether a likelihood suits these data under some binarisation."""
    return bool(binarisations(dataset, likelihood))


def binarisations(dataset: str, likelihood: str) -> tuple[str, ...]:
    """Return the binarisations that fit, in the order to offer; only "none" where there is nothing to binarise."""
    words = ("dynamic", "static", "none") if describe(dataset).grey else ("none",)
    return tuple(word for word in words if _accepts(dataset, likelihood, word))


def _accepts(dataset: str, likelihood: str, binarisation: str) -> bool:
    try:
        stub = describe(dataset).empty()
        check_likelihood({"kind": likelihood, "levels": stub.levels}, stub, binarisation)
    except DataError:
        return False
    return True
