"""A network as a list of nodes in ONNX's vocabulary, run by torch with an allow-list of operators.

A node is {"op": "Conv", "inputs": ["x", "w0"], "outputs": ["y"], "attributes": {...}}; "" is an input that is left out.
Only the operators of vae.model.operators run, and every value is bounded before it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vae.model.operators import OPERATORS, GraphError, Operator, bounded
from vae.model.operators.entry import TYPES
from vae.spec.layers import Layer

Node = Mapping[str, Any]
Values = dict[str, Tensor]
KNOWN = 64  # a constant of so many numbers can set a shape, so its numbers are known where only shapes are computed
META = torch.device("meta")


def run_node(node: Node, values: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    """Return a node's outputs; raises GraphError, in a sentence that names the node, for whatever is wrong."""
    name = str(node["op"])[:40]
    operator = OPERATORS.get(node["op"])
    if operator is None:
        raise GraphError(f"The operator {name} is not among the {len(OPERATORS)} that run here.")
    try:
        found = operator.run(_inputs(operator, [values[i] if i else None for i in node["inputs"]]), node["attributes"])
        made = found if isinstance(found, tuple) else (found,)
        for value in made:
            bounded(value.shape)
    except GraphError as error:
        raise GraphError(f"The node {name} cannot run: {error}.") from error
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
        # what a node with inputs or attributes that do not fit makes of torch: its first line says enough
        text = str(error).strip().split("\n")[0][:200]
        raise GraphError(f"The node {name} cannot run with these inputs: {text}.") from error
    return made


def _inputs(operator: Operator, inputs: list[Tensor | None]) -> list[Tensor | None]:
    """Return an operator's inputs without numbers where one has none: torch mixes no devices."""
    if not any(value is not None and value.is_meta for value in inputs):
        return inputs
    return [
        value if value is None or i in operator.known or not value.is_floating_point() else value.to(META)
        for i, value in enumerate(inputs)
    ]


def evaluate(
    nodes: Sequence[Node],
    values: Mapping[str, Tensor],
    seen: Callable[[Node, Values, tuple[Tensor, ...]], None] | None = None,
    keep: Sequence[str] | None = None,
) -> Values:
    """Return the values of a graph by name, given its inputs and weights; with `keep`, of these alone.

    `seen(node, values, outputs)` is called after each node. Raises GraphError.
    """
    last = {name: i for i, node in enumerate(nodes) for name in node["inputs"]}
    made = dict(values)
    for i, node in enumerate(nodes):
        outputs = run_node(node, made)
        if seen is not None:
            seen(node, made, outputs)
        made |= {name: value for name, value in zip(node["outputs"], outputs, strict=False) if name}
        if keep is not None:
            for name in node["inputs"]:
                if last.get(name) == i and name not in keep:
                    made.pop(name, None)
    return made


def shape_only(value: Tensor) -> Tensor:
    """Return a constant without its numbers, unless they can set a shape."""
    small = value.numel() <= KNOWN or not value.is_floating_point()
    return value.detach() if small else value.detach().to(META)


def trace(nodes: Sequence[Node], values: Mapping[str, Tensor], inputs: Mapping[str, tuple[int, ...]]) -> Values:
    """Return every value of a graph without computing it: shapes, and the numbers of what sets shapes.

    Nothing large is ever made, so a graph that asks for too much is refused here. Raises GraphError.
    """
    given = {name: torch.empty(bounded(shape), device=META) for name, shape in inputs.items()}
    with torch.no_grad():
        return evaluate(nodes, {name: shape_only(value) for name, value in values.items()} | given)


def work(
    nodes: Sequence[Node], values: Mapping[str, Tensor], inputs: Mapping[str, tuple[int, ...]]
) -> tuple[float, int]:
    """Return the floating-point operations of a graph, and how many numbers its results hold in memory."""
    operations, numbers = 0.0, 0

    def count(node: Node, at: Values, outputs: tuple[Tensor, ...]) -> None:
        nonlocal operations, numbers
        taken = [at[name] if name else None for name in node["inputs"]]
        operations += OPERATORS[node["op"]].operations(taken, node["attributes"], outputs[0])
        numbers += sum(out.numel() for out in outputs if out.device.type == "meta")

    given = {name: torch.empty(shape, device=META) for name, shape in inputs.items()}
    with torch.no_grad():
        evaluate(nodes, {name: shape_only(value) for name, value in values.items()} | given, count)
    return operations, numbers


def constant(entry: Mapping[str, Any]) -> Tensor:
    """Return a constant of whole numbers or truth values, {"type": "int64", "shape": [2], "data": [1, 2]}."""
    return torch.tensor(entry["data"], dtype=TYPES[entry["type"]]).reshape(entry["shape"])


def trained(nodes: Sequence[Node]) -> set[str]:
    """Return the names of the weights that training may change: those of products, convolutions and norms."""
    return {
        name
        for node in nodes
        if node["op"] in OPERATORS
        for i, name in enumerate(node["inputs"])
        if i in OPERATORS[node["op"]].trained
    }


class Graph(nn.Module):
    """The layer of kind "graph": x [N, *in] to [N, *out]. Its weights are parameters "w0", "w1", ...

    Raises GraphError if it asks for too much or does not give the shape that it names.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.nodes, self.input, self.output = layer["nodes"], layer["input"], layer["output"]
        self.constants = list(layer["constants"])
        for name, entry in layer["constants"].items():
            self.register_buffer(name, constant(entry), persistent=False)
        changeable = trained(self.nodes)
        for name, shape in layer["weights"].items():
            value = torch.zeros(bounded(shape))
            if name in changeable:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)
        self.weights = list(layer["weights"])
        self.sizes = (tuple(layer["in"]), tuple(layer["out"]))
        self.checked = False

    def given(self) -> Values:
        """Return weights and constants by name."""
        return {name: getattr(self, name) for name in [*self.weights, *self.constants]}

    def check(self) -> None:
        """Raise GraphError unless the graph gives the shape that it names; small weights may set shapes."""
        made = trace(self.nodes, self.given(), {self.input: (1, *self.sizes[0])})[self.output]
        if tuple(made.shape) != (1, *self.sizes[1]):
            raise GraphError(f"A graph gives {list(made.shape)[1:]} and its spec says {list(self.sizes[1])}.")
        self.checked = True

    def forward(self, x: Tensor) -> Tensor:
        """Return the graph's output [N, *out] for x [N, *in]; raises GraphError."""
        if not self.checked:
            self.check()
        return evaluate(self.nodes, self.given() | {self.input: x}, keep=[self.output])[self.output]


def check_graphs(model: nn.Module) -> None:
    """Raise GraphError unless every graph of a model, with its weights, gives the shape that it names."""
    for part in model.modules():
        if isinstance(part, Graph):
            part.check()
