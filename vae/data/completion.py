"""Fill in the entries of a spec that follow from the data."""

from collections.abc import Collection, Mapping
from typing import Any

from vae.data import sets
from vae.data.dataset import Description
from vae.spec.choices import LIKELIHOODS


def complete(entries: Mapping[str, Any], dataset: Description, said: Collection[str] = ()) -> dict[str, Any]:
    """Return a spec's entries with a dataset's name, shape, grey levels and classes; those in `said` are unchanged.

    Binarisation is switched off unless the data are grey pixels. A preset's schedule that a run of these numbers could
    not finish takes half of the run.
    """
    decided: dict[str, Any] = {"shape": dataset.shape}
    if not dataset.grey:
        decided["binarisation"] = "none"
    likelihood, condition = entries["likelihood"], entries["condition"]
    if "levels" in LIKELIHOODS[likelihood["kind"]].options:
        decided["likelihood"] = {"levels": dataset.levels, **likelihood}
    if condition is not None and dataset.classes:
        decided["condition"] = {**condition, "classes": len(dataset.classes)}
    if "objective" not in said:
        decided["objective"] = _fitted(entries["objective"], steps(entries, dataset.name))
    return {**entries, "data": dataset.name} | {name: value for name, value in decided.items() if name not in said}


def steps(entries: Mapping[str, Any], dataset: str) -> int:
    """Return the number of training steps of a spec's entries on a dataset, or 0 if their numbers are invalid."""
    numbers = [entries[name] for name in ("epochs", "batch")]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        return 0
    return int(entries["epochs"]) * -(-sets.train_size(dataset, entries["size"]) // int(entries["batch"]))


def _fitted(objective: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Return an objective whose schedules end within a run of so many steps."""
    return {
        name: {**value, "steps": max(1, steps // 2)} if isinstance(value, Mapping) and value["steps"] > steps else value
        for name, value in objective.items()
    }
