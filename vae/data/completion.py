"""Fill in the entries of a spec that follow from the data."""

from collections.abc import Collection, Mapping
from typing import Any

from vae.data.dataset import Description
from vae.spec.choices import LIKELIHOODS


def complete(entries: Mapping[str, Any], dataset: Description, said: Collection[str] = ()) -> dict[str, Any]:
    """Return a spec's entries with a dataset's name, shape, grey levels and classes; those in `said` are unchanged.

    Binarisation is switched off unless the data are grey pixels.
    """
    decided: dict[str, Any] = {"shape": dataset.shape}
    if not dataset.grey:
        decided["binarisation"] = "none"
    likelihood, condition = entries["likelihood"], entries["condition"]
    if "levels" in LIKELIHOODS[likelihood["kind"]].options:
        decided["likelihood"] = {"levels": dataset.levels, **likelihood}
    if condition is not None and dataset.classes:
        decided["condition"] = {**condition, "classes": len(dataset.classes)}
    return {**entries, "data": dataset.name} | {name: value for name, value in decided.items() if name not in said}
