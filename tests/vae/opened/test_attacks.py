"""Files that were made to do harm, or are damaged: each is refused in a sentence, and nothing of it runs."""

import io
import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import foreign
import numpy as np
import onnx
import pytest
import torch
from byte_damage import damaged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from vae.data import DataError
from vae.opened import files, looking, opening
from vae.opened.errors import OpenError
from vae.spec import Spec, SpecError

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
described = helper.make_tensor_value_info


def onnx_file(path: Path, nodes, weights=(), shape=("batch", 4), out=("batch", 4), opset=17, functions=()) -> Path:
    """Write a model of one input x and one output y."""
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", FLOAT, shape)], [helper.make_tensor_value_info("y", FLOAT, out)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights],
    )  # fmt: skip
    opsets = [
        helper.make_opsetid(domain, version) for domain, version in (("", opset), ("own", 1), ("com.microsoft", 1))
    ]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))
    path.write_bytes(model.SerializeToString())
    return path


def refused(path, match: str, **options) -> str:
    with pytest.raises(OpenError, match=match) as caught:
        opening.read(path, **options)
    text = str(caught.value)
    assert (
        (len(text) < 700 and "\n" not in text and text.endswith(".")) or "--allow-code" in text or "pip install" in text
    )
    return text


def test_a_tiny_file_that_asks_for_gigabytes_is_refused(tmp_path):
    nodes = [
        helper.make_node("ConstantOfShape", ["big"], ["c"]),
        helper.make_node("ReduceMean", ["c"], ["m"], keepdims=0),
        helper.make_node("Add", ["x", "m"], ["y"]),
    ]
    file = onnx_file(tmp_path / "a.onnx", nodes, [("big", np.array([30000, 30000]))])
    refused(file, "asks for a value of 30000×30000 numbers")
    assert file.stat().st_size < 300


def test_a_loop_is_refused(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["v"], ["v2"])], "body",
        [described("i", INT, []), described("c", BOOL, []), described("v", FLOAT, None)],
        [described("c2", BOOL, []), described("v2", FLOAT, None)],
    )  # fmt: skip
    nodes = [helper.make_node("Loop", ["n", "go", "x"], ["y"], body=body)]
    weights = [("n", np.array(2**62)), ("go", np.array(True))]
    refused(onnx_file(tmp_path / "a.onnx", nodes, weights), "needs Loop, which does not run here")


@pytest.mark.parametrize(
    ("op", "domain"), [("FusedMatMul", "com.microsoft"), ("If", ""), ("Scan", ""), ("Evil", "own")]
)
def test_other_operators_are_refused(tmp_path, op, domain):
    nodes = [helper.make_node(op, ["x"], ["y"], domain=domain)]
    refused(onnx_file(tmp_path / "a.onnx", nodes), f"needs {domain + '.' if domain else ''}{op}")


def test_functions_that_double_are_refused(tmp_path):
    """Thirty functions, each of which calls the one before twice, stand for a billion nodes."""
    functions = [
        helper.make_function(
            "own", f"f{i}", ["a"], ["b"],
            [helper.make_node(f"f{i - 1}" if i else "Relu", ["a"], ["h"], domain="own" if i else ""),
             helper.make_node(f"f{i - 1}" if i else "Relu", ["h"], ["b"], domain="own" if i else "")],
            [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)],
        )
        for i in range(30)
    ]  # fmt: skip
    nodes = [helper.make_node("f29", ["x"], ["y"], domain="own")]
    refused(onnx_file(tmp_path / "a.onnx", nodes, functions=functions), "more than 20,000 nodes")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    weight = np.full((2, 4), value, np.float32)
    torch.save({"fc1.weight": torch.from_numpy(weight)}, tmp_path / "a.pth")
    refused(tmp_path / "a.pth", "holds (NaN|infinity)")
    if np.isnan(value):
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
        refused(onnx_file(tmp_path / "a.onnx", nodes, [("w", weight.T)], out=("batch", 2)), "holds NaN")


class Touch:
    """What runs when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("write", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_no_pickle_runs(tmp_path, write):
    touched = tmp_path / "touched"
    for name in ("a.pt", "b.pkl", "c.ckpt"):
        write({"state_dict": {"w": torch.zeros(2)}, "callbacks": Touch(touched)}, tmp_path / name)
        with pytest.raises(OpenError):
            opening.read(tmp_path / name)
    for name in ("encoder.pkl", "decoder.pkl"):
        write(Touch(touched), tmp_path / name)
    (tmp_path / "model_config.json").write_text("{}")
    write({"model_state_dict": {}}, tmp_path / "model.pt")
    with pytest.raises(OpenError):
        opening.read(tmp_path)
    assert not touched.exists()


def test_object_arrays_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(OpenError):
        opening.read(tmp_path / "a.npy")


def test_a_tensor_larger_than_its_file_is_refused(tmp_path):
    """A view of one number as ten billion takes no room in a file."""
    torch.save({"fc1.weight": torch.zeros(1, 1).expand(10**5, 10**5)}, tmp_path / "a.pth")
    assert (tmp_path / "a.pth").stat().st_size < 10_000
    refused(tmp_path / "a.pth", "claims more numbers than its file holds")


def test_a_tensor_shorter_than_it_says_is_refused(tmp_path):
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[10**6, 10**6])
    tensor.raw_data = b"\0" * 16
    model = onnx.ModelProto(ir_version=9)
    model.graph.initializer.append(tensor)
    model.graph.output.append(helper.make_tensor_value_info("y", FLOAT, [1]))
    model.graph.node.append(helper.make_node("Relu", ["w"], ["y"]))
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    refused(tmp_path / "a.onnx", "(shorter than it says|numbers. The file is damaged)")


def external(folder: Path, location: str, length: int = 16) -> Path:
    """Write a model whose weight lies at a place of another file."""
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[4, 1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    model = onnx.ModelProto(ir_version=9, opset_import=[helper.make_opsetid("", 17)])
    model.graph.initializer.append(tensor)
    model.graph.input.append(helper.make_tensor_value_info("x", FLOAT, ["b", 4]))
    model.graph.output.append(helper.make_tensor_value_info("y", FLOAT, ["b", 1]))
    model.graph.node.append(helper.make_node("MatMul", ["x", "w"], ["y"]))
    file = folder / "encoder.onnx"
    file.write_bytes(model.SerializeToString())
    return file


@pytest.mark.parametrize(
    "kind", ["above", "absolute", "symbolic", "hard", "folder", "pipe", "short", "missing", "device"]
)
def test_external_data_never_leaves_its_folder(tmp_path, kind):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 16)
    folder = tmp_path / "model"
    folder.mkdir()
    location = {"above": "../secret", "absolute": str(secret), "device": "/dev/zero"}.get(kind, "weights")
    target = folder / "weights"
    if kind == "symbolic":
        target.symlink_to(secret)
    elif kind == "hard":
        os.link(secret, target)
    elif kind == "folder":
        target.mkdir()
    elif kind == "pipe":
        os.mkfifo(target)
    elif kind == "short":
        target.write_bytes(b"\0" * 8)
    refused(external(folder, location), "outside its folder|link|cut short|not beside it|fit")


def test_external_data_beside_the_model_are_read(tmp_path):
    (tmp_path / "weights").write_bytes(struct.pack("<4f", 1, 2, 3, 4))
    made = opening.read(external(tmp_path, "weights"))
    assert made.encode(torch.ones(1, 4))["mean"].item() == 10


def archive(path: Path, entries, compression=zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../out.onnx", "/out.onnx", "a/../../out.onnx", "..\\out.onnx", "C:/out.onnx", "a/" * 20 + "b"]
)
def test_archives_stay_in_their_folder(tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    refused(archive(inside / "a.zip", [(name, b"x")]), "outside of its folder")
    assert [f.name for f in tmp_path.iterdir()] == ["inside"]


def test_archive_bombs_are_refused(tmp_path):
    bomb = archive(tmp_path / "a.zip", [("a.onnx", b"\0" * 50_000_000)], zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 100_000
    refused(bomb, "as an attack does")
    refused(archive(tmp_path / "b.zip", [(f"{i}.onnx", b"") for i in range(files.MOST_FILES + 1)]), "holds more than")
    link = zipfile.ZipInfo("encoder.onnx")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(archive(tmp_path / "c.zip", [(link, b"/etc/passwd")]), "holds a link")
    refused(archive(tmp_path / "d.zip", [("a.onnx", b"1"), ("a.onnx", b"2")]), "cannot be unpacked")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\0" * 50_000_000)
    (tmp_path / "e.pth").write_bytes(packed.getvalue())
    refused(tmp_path / "e.pth", "compressed")


DEEP = "[" * 100_000 + "]" * 100_000


def test_deep_json_is_refused(tmp_path):
    (tmp_path / "spec.json").write_text(DEEP)
    refused(tmp_path, "spec.json cannot be used")
    other = tmp_path / "pythae"
    other.mkdir()
    (other / "model_config.json").write_text(DEEP)
    torch.save({}, other / "model.pt")
    refused(other, "nested too deeply")
    third = tmp_path / "diffusers"
    third.mkdir()
    (third / "config.json").write_text(DEEP)
    (third / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    with pytest.raises(OpenError):
        opening.read(third)


def test_models_whose_parts_do_not_fit_are_refused(tmp_path):
    fixture = foreign.load("onnx-pair-legacy").path
    (tmp_path / "encoder.onnx").write_bytes((fixture / "encoder.onnx").read_bytes())
    (tmp_path / "decoder.onnx").write_bytes((foreign.load("onnx-conv-legacy").path / "decoder.onnx").read_bytes())
    refused(tmp_path, "of two models")
    pythae = tmp_path / "pythae"
    pythae.mkdir()
    source = foreign.load("pythae-vae-digits").path
    config = json.loads((source / "model_config.json").read_text()) | {"latent_dim": 5}
    (pythae / "model_config.json").write_text(json.dumps(config))
    (pythae / "model.pt").write_bytes((source / "model.pt").read_bytes())
    refused(pythae, "says 5 latents")


@pytest.mark.parametrize(
    "change",
    [
        {"nodes": [{"op": "Relu", "inputs": ["nowhere"], "outputs": ["v0"], "attributes": {}}]},
        {"nodes": [{"op": "Relu", "inputs": ["x"], "outputs": ["v0"]}]},
        {"nodes": [{"op": "Relu", "inputs": ["x"], "outputs": ["v0"], "attributes": {"a": {"b": 1}}}]},
        {"weights": {"w0": [2**40]}},
        {"weights": {"__class__.x": [2]}},
        {"constants": {"c0": {"type": "object", "shape": [1], "data": [1]}}},
        {"constants": {"c0": {"type": "int64", "shape": [3], "data": [1]}}},
        {"in": [10**9]},
        {"output": "elsewhere"},
        {"numbers": -1},
        {"extra": 1},
    ],
)
def test_a_spec_with_a_hostile_graph_is_refused(change):
    graph = {
        "kind": "graph", "in": [4], "out": [4], "input": "x", "output": "v0", "weights": {}, "constants": {},
        "nodes": [{"op": "Relu", "inputs": ["x"], "outputs": ["v0"], "attributes": {}}], "operations": 1, "numbers": 4,
    }  # fmt: skip
    entries = {
        "shape": [4], "latent": 2, "posterior": {"kind": "given_normal"}, "binarisation": "none",
        "likelihood": {"kind": "normal", "sigma": 1.0},
        "decoder": {"kind": "given", "layers": [{"kind": "linear", "in": 2, "out": 4}]},
    }  # fmt: skip
    good = Spec.from_json(json.dumps(entries | {"encoder": {"kind": "given", "layers": [graph]}}))
    assert good.encoder_layers()[0]["kind"] == "graph"
    with pytest.raises(SpecError):
        Spec.from_json(json.dumps(entries | {"encoder": {"kind": "given", "layers": [graph | change]}}))


SMALL = [
    ("sklearn-mlp-onnx", "autoencoder.onnx"), ("sklearn-pca-onnx", "encoder.onnx"),
    ("onnx-external-data", "encoder.onnx"), ("onnx-conv-legacy", "decoder.onnx"),
    ("pythae-ae-digits", "model.pt"), ("pythae-ae-digits", "model_config.json"),
    ("diffusers-autoencoderkl", "config.json"), ("diffusers-autoencoderkl", "diffusion_pytorch_model.safetensors"),
    ("pth-antixk-conv", "vanilla_vae.pth"),
]  # fmt: skip
# of what the profile tries on a property: most damage is none to a model's weights, which then is opened and measured
PART = {"diffusers-autoencoderkl": 2}


@pytest.mark.parametrize(("name", "file"), SMALL)
def test_damaged_files_give_our_errors_alone(tmp_path, name, file, monkeypatch):
    """Bytes are flipped, cut out and put in, mostly where the structure is: at the beginning and the end."""
    source = foreign.load(name).path
    model, scratch, root = (tmp_path / one for one in ("model", "scratch", "root"))
    made = scratch / "made"
    for folder in (model, scratch, root):
        folder.mkdir()
    for other in source.iterdir():
        if other.suffix not in (".npz",) and other.name != "fixture.json":
            (model / other.name).write_bytes(other.read_bytes())
    whole = (source / file).read_bytes()
    monkeypatch.setenv("LATENT_DATA", str(root))

    most = settings.default.max_examples // PART.get(name, 1)

    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def check(data):
        (model / file).write_bytes(damaged(whole, data.draw) or b"\0")
        with suppress(DataError):
            looking.look(str(model), str(scratch), str(root), {}, {}, {})
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            looking.make(str(model), str(root), str(made), "", {"title": "a", "owner": ""}, {}, {})

    check()
