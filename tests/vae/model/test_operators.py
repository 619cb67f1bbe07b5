"""Every operator of the graph against onnxruntime, on random inputs and attributes; their bounds; their gradients."""

import numpy as np
import onnx_cases
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vae.model.graph import Graph, evaluate, run_node, trace
from vae.model.operators import LARGEST_VALUE, OPERATORS, GraphError


def test_every_operator_has_a_case():
    assert set(onnx_cases.CASES) == set(OPERATORS)


def nodes(op, inputs, attributes):
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    outputs = [f"y{i}" for i in range(onnx_cases.OUTPUTS.get(op, 1))]
    values = {n: torch.from_numpy(np.array(x)) for n, x in zip(names, inputs, strict=True) if x is not None}
    return {"op": op, "inputs": names, "outputs": outputs, "attributes": attributes}, values


@pytest.mark.parametrize("start, end", [(-7, -7), (-6, -7), (5, -7), (9, 0), (0, 0), (-7, 3), (2, 9)])
@pytest.mark.parametrize("step", [-1, -2])
def test_a_slice_backwards_takes_what_onnxruntime_takes(start, end, step):
    """ONNX moves a start before the axis to its first entry, which is then taken."""
    x = np.arange(6, dtype=np.float32)
    inputs = [x, *(np.array([number]) for number in (start, end, 0, step))]
    node, values = nodes("Slice", inputs, {})
    (found,) = run_node(node, values)
    (expected,) = onnx_cases.expected("Slice", inputs, {})
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_operators_give_what_onnxruntime_gives(op):
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def check(data):
        inputs, attributes = onnx_cases.CASES[op](data.draw)
        expected = onnx_cases.expected(op, inputs, attributes)
        node, values = nodes(op, inputs, attributes)
        found = run_node(node, values)
        assert len(found) >= len(expected)
        for one, other in zip(found, expected, strict=False):
            assert tuple(one.shape) == other.shape, (attributes, [None if x is None else x.shape for x in inputs])
            np.testing.assert_allclose(one.numpy(), other, rtol=2e-5, atol=2e-5, err_msg=str(attributes))
        # its shape is known without its numbers
        given = {name: tuple(value.shape) for name, value in values.items() if value.is_floating_point()}
        kept = {name: value for name, value in values.items() if not value.is_floating_point() or name in known(op)}
        given = {name: shape for name, shape in given.items() if name not in kept}
        traced = evaluate([node], kept | {n: torch.empty(s, device="meta") for n, s in given.items()})
        for name, other in zip(node["outputs"], expected, strict=True):
            assert tuple(traced[name].shape) == other.shape

    check()


def known(op):
    """Return the inputs whose numbers set the shape."""
    named = {f"x{i}" for i in OPERATORS[op].known}
    return named | ({"x0", "x1", "x2"} if op == "Range" else set())


HUGE = {
    "ConstantOfShape": ([np.array([2**20, 2**20])], {}),
    "Expand": ([np.zeros((1, 1), np.float32), np.array([2**20, 2**20])], {}),
    "Tile": ([np.zeros((2, 2), np.float32), np.array([2**20, 2**20])], {}),
    "Range": ([np.array(0), np.array(2**40), np.array(1)], {}),
    "Resize": ([np.zeros((1, 1, 4, 4), np.float32), None, np.array([1, 1, 1e5, 1e5], np.float32)], {}),
    "Pad": ([np.zeros((2, 2), np.float32), np.array([2**20, 2**20, 0, 0])], {}),
    "MatMul": ([np.zeros((2**20, 1), np.float32), np.zeros((1, 2**20), np.float32)], {}),
    "Gemm": ([np.zeros((2**20, 1), np.float32), np.zeros((1, 2**20), np.float32)], {}),
    "Einsum": ([np.zeros(2**20, np.float32), np.zeros(2**20, np.float32)], {"equation": "i,j->ij"}),
    "Add": ([np.zeros((2**20, 1), np.float32), np.zeros((1, 2**20), np.float32)], {}),
    "Where": ([np.zeros((1, 1), bool), np.zeros((2**20, 1), np.float32), np.zeros((1, 2**20), np.float32)], {}),
    "Conv": ([np.zeros((1, 1, 2, 2), np.float32), np.zeros((1, 1, 1, 1), np.float32)], {"pads": [2**20] * 4}),
    "ConvTranspose": (
        [np.zeros((1, 1, 2, 2), np.float32), np.zeros((1, 1, 1, 1), np.float32)], {"strides": [2**20, 2**20]}
    ),
    "MaxPool": ([np.zeros((1, 1, 2, 2), np.float32)], {"kernel_shape": [1, 1], "pads": [2**20] * 4}),
    "Gather": ([np.zeros((1, 2**12), np.float32), np.zeros(2**17, np.int64)], {}),
}  # fmt: skip


@pytest.mark.parametrize("op", HUGE)
def test_what_asks_for_too_much_is_refused_before_it_is_made(op):
    """A value has at most LARGEST_VALUE numbers; none is allocated on the way."""
    assert LARGEST_VALUE * 4 <= 2**30
    node, values = nodes(op, *HUGE[op])
    with pytest.raises(GraphError, match=f"The node {op} cannot run: it asks for a value of"):
        run_node(node, values)


@pytest.mark.parametrize("op", ["Loop", "If", "Scan", "RandomNormal", "com.microsoft.FusedConv", "", "__import__"])
def test_other_operators_are_refused(op):
    with pytest.raises(GraphError, match="not among the"):
        run_node({"op": op, "inputs": [], "outputs": ["y"], "attributes": {}}, {})


def chain(shape):
    """Return a graph layer of a convolution, a group norm and a product with attention over pixels."""
    weights = {"w0": [4, 2, 3, 3], "w1": [4], "w2": [4], "w3": [4, 4]}
    nodes = [
        {"op": "Conv", "inputs": ["x", "w0"], "outputs": ["v0"], "attributes": {"pads": [1, 1, 1, 1]}},
        {"op": "GroupNormalization", "inputs": ["v0", "w1", "w2"], "outputs": ["v1"], "attributes": {"num_groups": 2}},
        {"op": "Reshape", "inputs": ["v1", "c0"], "outputs": ["v2"], "attributes": {}},
        {"op": "Transpose", "inputs": ["v2"], "outputs": ["v3"], "attributes": {"perm": [0, 2, 1]}},
        {"op": "MatMul", "inputs": ["v3", "w3"], "outputs": ["v4"], "attributes": {}},
        {"op": "Softmax", "inputs": ["v4"], "outputs": ["v5"], "attributes": {"axis": -1}},
    ]
    constants = {"c0": {"type": "int64", "shape": [3], "data": [0, 4, -1]}}
    size = shape[1] * shape[2]
    return {
        "kind": "graph", "in": list(shape), "out": [size, 4], "input": "x", "output": "v5", "nodes": nodes,
        "weights": weights, "constants": constants, "operations": 0, "numbers": 0,
    }  # fmt: skip


def test_a_graph_has_gradients(double):
    """They are those of finite differences, for the input and for every weight."""
    torch.manual_seed(0)
    net = Graph(chain((2, 3, 3))).double()
    for weight in net.parameters():
        torch.nn.init.normal_(weight)
    names = [name for name, _ in net.named_parameters()]
    assert set(names) == {"w0", "w1", "w2", "w3"}
    x = torch.randn(2, 2, 3, 3, requires_grad=True)
    net(x)  # the first run checks its shape
    assert torch.autograd.gradcheck(net, (x,))

    def by_weights(*weights):
        return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x.detach(),))

    assert torch.autograd.gradcheck(by_weights, tuple(p.detach().requires_grad_() for p in net.parameters()))


def test_a_graph_of_another_shape_than_it_says_is_refused():
    layer = chain((2, 3, 3)) | {"out": [9, 5]}
    with pytest.raises(GraphError, match="its spec says"):
        Graph(layer)(torch.zeros(1, 2, 3, 3))


def test_shapes_are_traced_without_memory():
    """A graph whose values would take 400 GB is traced and refused at the first that is too large."""
    doubled = [
        {"op": "Concat", "inputs": [f"v{i}"] * 2, "outputs": [f"v{i + 1}"], "attributes": {"axis": 1}}
        for i in range(40)
    ]
    with pytest.raises(GraphError, match="it asks for a value of"):
        trace(doubled, {}, {"v0": (1, 1024)})
