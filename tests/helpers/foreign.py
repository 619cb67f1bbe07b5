"""Small models that other libraries trained and saved, with what those libraries compute: tests/foreign."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).resolve().parents[1] / "foreign"
READINGS = {"logvar": "log variance", "log sigma": "log sigma", "sigma": "sigma"}


@dataclass(frozen=True)
class Fixture:
    """A model's path, its conventions as fixture.json has them, and the reference numbers of its own library."""

    name: str
    path: Path
    facts: dict[str, Any]
    reference: dict[str, np.ndarray]

    @property
    def reading(self) -> str | None:
        """What the second head is, as vae.spec.layer_kinds.READINGS names it; None for a model without one."""
        spread = self.facts["spread"]
        return None if spread is None else READINGS[spread]

    @property
    def second(self) -> np.ndarray | None:
        """The second head as its library gives it."""
        return self.reference.get("logvar", self.reference.get("spread"))

    def tensor(self, name: str) -> Tensor:
        """Return one of the reference's arrays, float32."""
        return torch.from_numpy(self.reference[name])


def names() -> list[str]:
    """Return the names of the fixtures."""
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "fixture.json").is_file())


def load(name: str) -> Fixture:
    """Return a fixture."""
    folder = FOLDER / name
    inner = folder / "model"
    with np.load(folder / "reference.npz", allow_pickle=False) as file:
        reference = dict(file)
    return Fixture(
        name, inner if inner.is_dir() else folder, json.loads((folder / "fixture.json").read_text()), reference
    )


def distance(found: Tensor | np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of two arrays of one size, relative to the scale of numbers above 1."""
    found = np.asarray(found, np.float64).reshape(-1)
    expected = np.asarray(expected, np.float64).reshape(-1)
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))


# opened on the user's own machine alone, since their files run code
CODE = ("pythae-vae-custom-pickles", "torch-export-pt2", "torchscript")
GRAPHS = ("diffusers-autoencoderkl",)  # whose decoder the browser cannot run
