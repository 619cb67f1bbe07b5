"""A node that becomes layers: its constants, and the shapes before and after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vae.opened.graph import Node
from vae.opened.network import Step
from vae.spec.layer_kinds import Shape

Steps = list[Step] | None


@dataclass(frozen=True)
class Place:
    """A node with one input that depends on the example, at `position`; one example's shapes before and after."""

    node: Node
    position: int
    constants: Mapping[str, np.ndarray]
    before: Shape
    after: Shape

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The node's attributes."""
        found: Mapping[str, Any] = self.node["attributes"]
        return found

    def constant(self, position: int) -> np.ndarray | None:
        """Return a constant input, None where it is left out."""
        names = self.node["inputs"]
        return self.constants[names[position]] if position < len(names) and names[position] else None
