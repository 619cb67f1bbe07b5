"""A network as the few stages that a drawing of it shows: each begins with a layer that computes products of weights.

What follows such a layer, an activation or a change of shape, belongs to its stage; so does what precedes the first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vae.spec.layer_kinds import KINDS, Layer, Shape

MOST = 6  # hidden stages that are drawn; of more, evenly spread ones with the first and the last among them


@dataclass(frozen=True)
class Stage:
    """One stage: the number of its last layer in the network's list, its output's shape, and its size in words."""

    last: int
    shape: Shape
    words: str


@dataclass(frozen=True)
class Machine:
    """The stages of a network: `hidden` are those that are drawn, of `count`; `head` makes the distribution's numbers.

    `boxes` describe the hidden stages that hold no single activation, "" for the others: an opened graph is one box.
    """

    hidden: tuple[Stage, ...]
    count: int
    head: Stage
    boxes: tuple[str, ...]

    def header(self) -> dict[str, Any]:
        """Return the same as JSON's types."""
        return asdict(self)


def size(shape: Shape) -> str:
    """Return the size of a stage's output in words: "256 units", "32 maps of 14 × 14"."""
    if len(shape) == 3:
        sides = f"{shape[1]} × {shape[2]}"
        return f"1 map of {sides}" if shape[0] == 1 else f"{shape[0]} maps of {sides}"
    count = 1
    for n in shape:
        count *= n
    return "1 unit" if count == 1 else f"{count:,} units"


def machine(layers: Sequence[Layer], shape: Shape) -> Machine:
    """Return the stages of a network that takes inputs of a shape; raises NetworkError where they do not fit."""
    computes = [KINDS[layer["kind"]].computes for layer in layers]
    stages: list[Stage] = []
    for i, layer in enumerate(layers):
        shape = KINDS[layer["kind"]].result(layer, tuple(shape))
        begins_another = i + 1 < len(layers) and computes[i + 1] and any(computes[: i + 1])
        if begins_another or i + 1 == len(layers):
            stages.append(Stage(i, shape, size(shape)))
    hidden, head = stages[:-1], stages[-1]
    shown = [hidden[i] for i in evenly(len(hidden), MOST)]
    return Machine(tuple(shown), len(hidden), head, tuple(_box(layers, stages, stage) for stage in (*shown, head)))


def _box(layers: Sequence[Layer], stages: Sequence[Stage], stage: Stage) -> str:
    """Return what to write on a stage that is a graph, "" for another."""
    before = [s.last for s in stages if s.last < stage.last]
    own = layers[(before[-1] + 1 if before else 0) : stage.last + 1]
    graph = next((layer for layer in own if "nodes" in layer), None)
    return "" if graph is None else f"graph of {len(graph['nodes'])} operations"


def evenly(count: int, most: int) -> list[int]:
    """Return at most so many of 0 to count - 1, evenly spread, with the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})
