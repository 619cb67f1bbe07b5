"""Models as people save them, against the module that they were saved from."""

import argparse
import fractions
import io
import json
import shutil
import warnings
import zipfile
from pathlib import Path

import foreign
import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from vae import runs
from vae.opened import heads, opening
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Candidate

SIDE = 12


def export(module, x, path: Path, *, names=("x",), outputs=None, fixed=False, opset=17, sides=False) -> None:
    """Write a module as ONNX, with a batch of any size unless it is `fixed`, with open `sides`."""
    axes = {} if fixed else {name: {0: "n"} for name in (*names, *(outputs or ()))}
    if sides:
        axes = {names[0]: {0: "n", 2: "h", 3: "w"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (x,), str(path), dynamo=False, opset_version=opset, input_names=list(names),
            output_names=outputs, dynamic_axes=axes,
        )  # fmt: skip


class Encoder(nn.Module):
    """Convolutions with pooling, and two heads."""

    def __init__(self, d: int = 3) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        self.mu, self.logvar = nn.Linear(4 * 36, d), nn.Linear(4 * 36, d)

    def forward(self, x):
        h = self.net(x)
        return self.mu(h), self.logvar(h)


def settled(module: nn.Module) -> nn.Module:
    """Give the norms of a module other numbers than they begin with."""
    torch.manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            nn.init.uniform_(part.weight, 0.5, 2)
    return module.eval()


class Attention(nn.Module):
    """Attention over pixels, which no plain layer has."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), nn.MultiheadAttention(width, 2, batch_first=True)

    def forward(self, x):
        h = self.norm(x.flatten(2).transpose(1, 2))
        return x + self.attention(h, h, h, need_weights=False)[0].transpose(1, 2).reshape(x.shape)


class Permuted(nn.Module):
    """Channels last, as other libraries have them."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class Image(nn.Module):
    """A vector as an image, as older opsets can write it."""

    def forward(self, x):
        return x.reshape(-1, 4, 3, 3)


def start(channels: int = 4) -> list[nn.Module]:
    return [nn.Linear(3, channels * 9), nn.Unflatten(1, (channels, 3, 3))]


DECODERS = {
    "output padding": (lambda: [*start(), nn.ConvTranspose2d(4, 4, 3, 2, 1, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2),
                                nn.ConvTranspose2d(4, 2, 3, 2, 1, 1), nn.Sigmoid()], True),
    "upsampling": (lambda: [*start(), nn.Upsample(scale_factor=4), nn.ELU(0.7), nn.Conv2d(4, 2, 3, padding=1)], True),
    "gelu": (lambda: [nn.Linear(3, 9), nn.GELU(), nn.Linear(9, 9), nn.SiLU(), nn.Linear(9, 288),
                      nn.Unflatten(1, (2, 12, 12)), nn.Hardtanh()], True),
    "pixel shuffle": (lambda: [*start(32), nn.PixelShuffle(4), nn.Tanh()], True),
    "channels last": (lambda: [*start(32), nn.PixelShuffle(4), Permuted(), nn.Softplus()], True),
    "one-sided padding": (lambda: [*start(), nn.ZeroPad2d((1, 2, 0, 1)), nn.ConvTranspose2d(4, 2, (2, 2), 2),
                                   nn.ZeroPad2d((0, 0, 4, 0))], True),
    "groups and dilation": (lambda: [*start(), nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=2), nn.PReLU(),
                                     nn.ConvTranspose2d(4, 8, (4, 2), 2, groups=4, dilation=(1, 2)),
                                     nn.Upsample(scale_factor=2), nn.ZeroPad2d((0, -2, 0, -4)),
                                     nn.Conv2d(8, 2, (1, 3), padding=(0, 1))], True),
    "bilinear": (lambda: [*start(), nn.Upsample(scale_factor=4, mode="bilinear"), nn.Conv2d(4, 2, 1)], False),
    "group norm": (lambda: [*start(), nn.GroupNorm(2, 4), nn.Upsample(scale_factor=4), nn.Conv2d(4, 2, 1)], False),
    "attention": (lambda: [*start(), Attention(4), nn.Upsample(scale_factor=4), nn.Conv2d(4, 2, 1)], False),
}  # fmt: skip


@pytest.mark.parametrize("name", DECODERS)
def test_decoders_become_layers(name, tmp_path):
    make, plain = DECODERS[name]
    torch.manual_seed(0)
    encoder, decoder = settled(Encoder()), settled(nn.Sequential(*make()))
    x, z = torch.rand(3, 2, SIDE, SIDE), torch.randn(5, 3)
    export(encoder, x, tmp_path / "encoder.onnx", outputs=["mu", "logvar"])
    export(decoder, z, tmp_path / "decoder.onnx", names=("z",))
    made = opening.read(tmp_path)
    with torch.no_grad():
        mean, second = encoder(x)
        image = decoder(z)
    found = made.encode(x)
    assert foreign.distance(found["mean"], mean.numpy()) < 1e-5
    assert foreign.distance(found["second"], second.numpy()) < 1e-5
    assert foreign.distance(made.decode(z), image.numpy()) < 1e-5
    kinds = [layer["kind"] for layer in made.decoder.layers]
    assert made.in_browser == plain == ("graph" not in kinds)
    assert kinds.count("graph") <= 1 and "affine" not in kinds


class Sampling(nn.Module):
    """A variational autoencoder that samples its code, as `forward` usually does."""

    def __init__(self, heads: bool) -> None:
        super().__init__()
        self.heads, self.body = heads, nn.Linear(20, 8)
        self.mu, self.logvar = nn.Linear(8, 2), nn.Linear(8, 2)
        self.back = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 20), nn.Sigmoid())

    def code(self, x):
        h = F.relu(self.body(x))
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mean, logvar = self.code(x)
        made = self.back(mean + torch.exp(0.5 * logvar) * torch.randn_like(logvar))
        return (made, mean, logvar) if self.heads else made


@pytest.mark.parametrize("with_heads", [True, False])
def test_a_sampling_model_in_one_file_is_opened_without_its_noise(with_heads, tmp_path):
    torch.manual_seed(0)
    model, x, z = Sampling(with_heads), torch.rand(4, 20), torch.randn(4, 2)
    export(model, x, tmp_path / "vae.onnx", outputs=["x_hat", "mu", "logvar"][: 3 if with_heads else 1])
    made = opening.read(tmp_path / "vae.onnx")
    with torch.no_grad():
        mean, logvar = model.code(x)
        image = model.back(z)
    found = made.encode(x)
    assert foreign.distance(found["mean"], mean.numpy()) < 1e-6
    expected = logvar if with_heads else torch.exp(0.5 * logvar)
    assert foreign.distance(found["second"], expected.numpy()) < 1e-6
    assert made.stated["second"] == ("log variance" if with_heads else "sigma")
    assert foreign.distance(made.decode(z), image.numpy()) < 1e-6
    assert "noise is left out" in made.notes[0]


def test_a_bottleneck_can_be_chosen(tmp_path):
    torch.manual_seed(0)
    layers = [nn.Linear(10, 6), nn.Tanh(), nn.Linear(6, 2), nn.Tanh(), nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 10)]
    x = torch.rand(4, 10)
    export(nn.Sequential(*layers), x, tmp_path / "ae.onnx")
    made = opening.read(tmp_path / "ae.onnx")
    assert made.d == 2 and made.decoder.layers[0]["in"] == 2
    found = made.candidates["bottlenecks"]
    other = next(one for one in found if one.shape == (6,))
    chosen = opening.read(tmp_path / "ae.onnx", {"bottleneck": other.name})
    assert chosen.d == 6
    for one in (made, chosen):
        with torch.no_grad():
            expected = nn.Sequential(*layers)(x)
        assert foreign.distance(one.decode(one.encode(x)["mean"]), expected.numpy()) < 1e-6
    with pytest.raises(OpenError, match="no bottleneck 'nowhere'"):
        opening.read(tmp_path / "ae.onnx", {"bottleneck": "nowhere"})


def test_a_skip_around_every_bottleneck_is_refused(tmp_path):
    class Skipping(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.up = nn.Linear(8, 2), nn.Linear(2, 8)

        def forward(self, x):
            return self.up(self.down(x)) + x

    export(Skipping(), torch.rand(2, 8), tmp_path / "unet.onnx")
    with pytest.raises(OpenError, match="no bottleneck"):
        opening.read(tmp_path / "unet.onnx")


@pytest.mark.parametrize("opset", [9, 11, 13, 17])
def test_a_fixed_batch_and_older_opsets(opset, tmp_path):
    """A model exported for one image takes any number."""
    torch.manual_seed(0)
    encoder = settled(Encoder())
    layers = [nn.Upsample(scale_factor=4), nn.Softmax(3), nn.Conv2d(4, 2, 3, 1, 1)]
    decoder = settled(nn.Sequential(nn.Linear(3, 36), Image(), *layers))
    x, z = torch.rand(5, 2, SIDE, SIDE), torch.randn(5, 3)
    export(encoder, x[:1], tmp_path / "enc.onnx", outputs=["mu", "logvar"], fixed=True, opset=opset)
    export(decoder, z[:1], tmp_path / "dec.onnx", names=("z",), fixed=True, opset=opset)
    made = opening.read(tmp_path / "enc.onnx")  # with the decoder beside it
    with torch.no_grad():
        mean, image = encoder(x)[0], decoder(z)
    assert foreign.distance(made.encode(x)["mean"], mean.numpy()) < 1e-5
    assert foreign.distance(made.decode(z), image.numpy()) < 1e-5


def test_a_batch_that_the_exporter_fixed_without_saying_so(tmp_path):
    """PyTorch writes attention's reshapes for the batch that it traced, and names the batch open all the same."""
    torch.manual_seed(0)
    encoder = settled(nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1), Attention(4), nn.Flatten(), nn.Linear(144, 3)))
    x = torch.rand(5, 2, SIDE, SIDE)
    export(encoder, x, tmp_path / "encoder.onnx")
    made = opening.read(tmp_path / "encoder.onnx")
    with torch.no_grad():
        assert foreign.distance(made.encode(x[:2])["mean"], encoder(x[:2]).numpy()) < 1e-5
    assert made.decoder is None and "encoder alone" in made.notes[0]


def test_open_sides_ask_for_a_shape(tmp_path):
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Conv2d(2, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 3, 3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    decoder = nn.Sequential(*start(), nn.ConvTranspose2d(4, 2, 4, 4))
    x = torch.rand(2, 2, SIDE, SIDE)
    export(encoder, x, tmp_path / "encoder.onnx", sides=True)
    export(decoder, torch.rand(2, 3), tmp_path / "decoder.onnx", names=("z",))
    with pytest.raises(ChoiceNeededError) as caught:
        opening.read(tmp_path)
    assert caught.value.option == "shape"
    made = opening.read(tmp_path, {"shape": [2, SIDE, SIDE]})
    with torch.no_grad():
        assert foreign.distance(made.encode(x)["mean"], encoder(x).numpy()) < 1e-5
    with pytest.raises(OpenError, match="not \\[3, 12, 12\\]"):
        opening.read(tmp_path, {"shape": [3, SIDE, SIDE]})


def test_a_scaler_of_scikit_learn_is_part_of_the_encoder(tmp_path):
    """(x - offset) * scale, as skl2onnx writes StandardScaler before a linear map."""
    rng = np.random.default_rng(0)
    offset, scale, weight = (rng.normal(size=size).astype(np.float32) for size in (6, 6, (6, 2)))
    nodes = [
        onnx.helper.make_node(
            "Scaler", ["x"], ["s"], domain="ai.onnx.ml", offset=offset.tolist(), scale=scale.tolist()
        ),
        onnx.helper.make_node("MatMul", ["s", "w"], ["codes"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "pipeline", [value("x", onnx.TensorProto.FLOAT, [None, 6])],
        [value("codes", onnx.TensorProto.FLOAT, [None, 2])], [onnx.numpy_helper.from_array(weight, "w")],
    )  # fmt: skip
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), tmp_path / "encoder.onnx")
    made = opening.read(tmp_path / "encoder.onnx")
    x = rng.normal(size=(5, 6)).astype(np.float32)
    assert foreign.distance(made.encode(torch.from_numpy(x))["mean"], (x - offset) * scale @ weight) < 1e-6
    assert made.encoder.in_browser


def test_the_last_activation_of_autoencoder_kl_is_silu_whatever_its_blocks_have(tmp_path):
    """diffusers gives act_fn to the blocks alone."""
    source = foreign.load("diffusers-autoencoderkl").path
    config = json.loads((source / "config.json").read_text()) | {"act_fn": "relu"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    name = "diffusion_pytorch_model.safetensors"
    (tmp_path / name).write_bytes((source / name).read_bytes())
    made = opening.read(tmp_path)
    for network in (made.encoder, made.decoder):
        ops = [
            op for layer in network.layers for op in (node["op"] for node in layer.get("nodes", [layer_node(layer)]))
        ]
        activations = [op for op in ops if op in ("Swish", "Relu")]
        assert activations[-1] == "Swish" and set(activations[:-1]) == {"Relu"}


def layer_node(layer):
    """Return a plain layer as a graph would have it."""
    return {"op": {"silu": "Swish", "relu": "Relu"}.get(layer["kind"], layer["kind"])}


# --- weights by name ---


def examples_weights():
    return torch.load(foreign.load("pth-examples-vae").path / "vae.pth", weights_only=True)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: {f"module.{k}": v for k, v in w.items()},
        lambda w: {f"_orig_mod.module.{k}": v for k, v in w.items()},
        lambda w: {"state_dict": {f"model.{k}": v for k, v in w.items()}, "epoch": 3, "optimizer_states": [{"a": 1}]},
        lambda w: {"model_state_dict": w, "optimizer_state_dict": {"state": {}}},
        lambda w: {"epoch": 3, "loss": torch.tensor(1.0), "model_state_dict": w},
        lambda w: {"best": torch.tensor(1.0), "mine": w},
        lambda w: {k: v.half() for k, v in w.items()},
        lambda w: {"state_dict": w, "hyper_parameters": argparse.Namespace(lr=1e-3), "when": fractions.Fraction(1, 2)},
    ],
)
def test_weights_are_known_through_wrappers(wrap, tmp_path):
    fixture = foreign.load("pth-examples-vae")
    content = wrap(examples_weights())
    torch.save(content, tmp_path / "last.ckpt")
    made = opening.read(tmp_path / "last.ckpt")
    half = any(isinstance(value, torch.Tensor) and value.dtype == torch.float16 for value in content.values())
    limit = 1e-2 if half else 1e-5
    found = made.encode(fixture.tensor("x").reshape(-1, 784))
    assert foreign.distance(found["mean"], fixture.reference["mu"]) < limit
    assert foreign.distance(made.decode(fixture.tensor("z")), fixture.reference["decoded"]) < limit


def test_safetensors_and_legacy_files_of_weights(tmp_path):
    fixture, weights = foreign.load("pth-examples-vae"), examples_weights()
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "model.safetensors")
    torch.save(weights, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("model.safetensors", "old.pt"):
        made = opening.read(tmp_path / name)
        assert foreign.distance(made.decode(fixture.tensor("z")), fixture.reference["decoded"]) < 1e-5


@pytest.mark.parametrize(
    "names", [("encoder", "fc_mu", "fc_logvar", "decoder"), ("enc.net", "mean", "log_sigma", "dec.net")]
)
def test_two_lists_of_linear_layers(names, tmp_path):
    second = names[2]
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU())
    heads_of = [nn.Linear(5, 2), nn.Linear(5, 2)]
    decoder = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))
    parts = zip(names, (encoder, *heads_of, decoder), strict=True)
    torch.save({f"{name}.{k}": v for name, part in parts for k, v in part.state_dict().items()}, tmp_path / "a.pth")
    with pytest.raises(ChoiceNeededError) as caught:
        opening.read(tmp_path / "a.pth")
    assert caught.value.option == "final"
    made = opening.read(tmp_path / "a.pth", {"final": "none"})
    x = torch.rand(3, 6)
    with torch.no_grad():
        h = encoder(x)
        assert foreign.distance(made.encode(x)["mean"], heads_of[0](h).numpy()) < 1e-6
        assert foreign.distance(made.encode(x)["second"], heads_of[1](h).numpy()) < 1e-6
        assert foreign.distance(made.decode(heads_of[0](h)), decoder(heads_of[0](h)).numpy()) < 1e-6
    assert made.stated["second"] == {"fc_logvar": "log variance", "log_sigma": "log sigma"}[second]
    assert "no activations" in made.notes[0]


def test_linear_layers_in_order(tmp_path):
    """Names that say nothing: two layers of one shape in a row are the heads, and what follows is the decoder."""
    torch.manual_seed(0)
    sizes = [(6, 9), (9, 4), (4, 2), (4, 2), (2, 4), (4, 6)]
    layers = [nn.Linear(*size) for size in sizes]
    torch.save({f"l{i}.{k}": v for i, one in enumerate(layers) for k, v in one.state_dict().items()}, tmp_path / "a.pt")
    made = opening.read(tmp_path / "a.pt", {"final": "sigmoid", "activation": "tanh"})
    x = torch.rand(3, 6)
    with torch.no_grad():
        h = torch.tanh(layers[1](torch.tanh(layers[0](x))))
        image = torch.sigmoid(layers[5](torch.tanh(layers[4](layers[2](h)))))
        assert foreign.distance(made.encode(x)["mean"], layers[2](h).numpy()) < 1e-6
        assert foreign.distance(made.encode(x)["second"], layers[3](h).numpy()) < 1e-6
        assert foreign.distance(made.decode(made.encode(x)["mean"]), image.numpy()) < 1e-6


def test_a_wasserstein_autoencoder_of_antixk_has_one_head(tmp_path):
    fixture = foreign.load("pth-antixk-conv")
    weights = torch.load(fixture.path / "vanilla_vae.pth", weights_only=True)
    weights = {k.replace("fc_mu", "fc_z"): v for k, v in weights.items() if "fc_var" not in k}
    torch.save({"state_dict": {f"model.{k}": v for k, v in weights.items()}}, tmp_path / "last.ckpt")
    made = opening.read(tmp_path / "last.ckpt")
    assert foreign.distance(made.encode(fixture.tensor("x"))["mean"], fixture.reference["mu"]) < 1e-5
    assert made.second is None


def test_a_pythae_model_with_a_flow_is_refused(tmp_path):
    source = foreign.load("pythae-vae-digits").path
    shutil.copy(source / "model_config.json", tmp_path)
    content = torch.load(source / "model.pt", weights_only=True)
    content["model_state_dict"]["iaf_flow.weight"] = torch.zeros(2)
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(OpenError, match="iaf_flow between encoder and decoder"):
        opening.read(tmp_path)


def test_a_pair_beside_the_whole_model(tmp_path):
    source = foreign.load("onnx-pair-legacy").path
    for name in ("encoder.onnx", "decoder.onnx"):
        shutil.copy(source / name, tmp_path)
    shutil.copy(foreign.load("onnx-single-legacy").path / "vae.onnx", tmp_path)
    assert opening.read(tmp_path).latent == (2,)


def test_unknown_weights_are_refused_with_what_to_do(tmp_path):
    torch.save({"stem.weight": torch.zeros(4, 3, 3, 3), "tail.weight": torch.zeros(3, 4)}, tmp_path / "a.pth")
    with pytest.raises(OpenError, match="do not tell the network's layers.*torch.onnx.export"):
        opening.read(tmp_path / "a.pth")


# --- runs of this program ---


def test_a_run_is_opened_as_a_folder_and_as_a_zip(tmp_path):
    run = runs.find("digits-vae-2d", [runs.shipped()])
    from vae.runs.load import load_model

    model, x = load_model(run), torch.rand(3, 1, 8, 8)
    packed = Path(shutil.make_archive(str(tmp_path / "run"), "zip", run.path.parent, run.path.name))
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    for made in (opening.read(run.path), opening.read(packed, unpacked=unpacked)):
        with torch.no_grad():
            assert foreign.distance(made.encode(x)["mean"], model.encode(x).mean.numpy()) < 1e-6
            sigma = model.encode(x).stddev
        assert foreign.distance(made.encode(x)["second"].exp(), sigma.numpy()) < 1e-6
        assert made.stated["second"] == "log sigma" and (made.run / "codes.npz").is_file()
    assert opening.read(packed).run is None


def test_a_spec_with_a_state_dict(tmp_path):
    run = runs.find("digits-vae-2d", [runs.shipped()])
    shutil.copy(run.path / "spec.json", tmp_path)
    from safetensors.torch import load_file

    torch.save({f"module.{k}": v for k, v in load_file(run.path / "model.safetensors").items()}, tmp_path / "mine.pt")
    made, expected = opening.read(tmp_path), opening.read(run.path)
    z = torch.randn(4, 2)
    assert foreign.distance(made.decode(z), expected.decode(z).numpy()) == 0
    torch.save({"decoder.net.0.weight": torch.zeros(1)}, tmp_path / "mine.pt")
    with pytest.raises(OpenError, match="of two models"):
        opening.read(tmp_path)


def test_a_zip_of_two_files_is_a_pair(tmp_path):
    source = foreign.load("onnx-pair-legacy").path
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name in ("encoder.onnx", "decoder.onnx"):
            file.write(source / name, f"mine/{name}")
    assert opening.read(tmp_path / "a.zip").latent == (2,)


# --- which output is what ---


@pytest.mark.parametrize(
    ("names", "mean", "second"),
    [
        (["mu", "logvar"], "mu", "logvar"),
        (["logvar", "mu"], "mu", "logvar"),
        (["z", "z_mean", "z_log_var"], "z_mean", "z_log_var"),
        (["output_0", "output_1"], "output_0", "output_1"),
        (["sample", "loc", "scale"], "loc", "scale"),
        (["codes"], "codes", None),
        (["Identity:0", "Identity_1:0"], "Identity:0", "Identity_1:0"),
    ],
)
def test_heads_are_told_by_name_and_order(names, mean, second):
    found = heads.chosen([Candidate(name, (2,)) for name in names], {})
    assert found[0].name == mean and (found[1].name if found[1] else None) == second


def test_heads_can_be_chosen():
    candidates = [Candidate(name, (2,)) for name in ("a", "b", "c")]
    assert [one.name for one in heads.chosen(candidates, {"mean": "c", "second": "a"})] == ["c", "a"]
    assert heads.chosen(candidates, {"second": "none"})[1] is None
    with pytest.raises(OpenError, match="no output 'd'"):
        heads.chosen(candidates, {"mean": "d"})
    with pytest.raises(ChoiceNeededError):
        heads.chosen([Candidate("a", (2,)), Candidate("b", (3,))], {})


def test_what_nothing_knows_is_refused(tmp_path):
    (tmp_path / "a.bin").write_bytes(np.random.default_rng(0).bytes(1000))
    with pytest.raises(OpenError, match="of no kind of model"):
        opening.read(tmp_path / "a.bin")
    with pytest.raises(OpenError, match="nothing at"):
        opening.read(tmp_path / "nowhere.onnx")
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(3))
    (tmp_path / "b.npz").write_bytes(buffer.getvalue())
    with pytest.raises(OpenError):
        opening.read(tmp_path / "b.npz")
