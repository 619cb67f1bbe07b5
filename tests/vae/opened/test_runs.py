"""A model of another library, written as a run, is measured, trained on and edited like any other."""

from dataclasses import replace
from pathlib import Path

import foreign
import numpy as np
import pytest
import torch

from ui.decode import decoder as browser
from ui.train import fitting, spec_fields
from vae import data, runs
from vae.data.batches import prepare
from vae.model import build
from vae.opened import opening, written
from vae.opened.lower import network
from vae.opened.network import Network, affine, step
from vae.runs import RunError
from vae.runs.load import load_model
from vae.spec import SpecError
from vae.training import finish
from vae.training.loop import State, fit

POINT = {
    "preset": "autoencoder",
    "posterior": {"kind": "delta"},
    "prior": None,
    "objective": {"kind": "reconstruction"},
}


def parts(in_graph: bool) -> tuple[Network, Network]:
    """Return a VAE of the digits that pythae trained, its decoder as plain layers or as one graph."""
    made = opening.read(foreign.load("pythae-vae-digits").path)
    encoder, decoder = made.encoder.then(step("log_sigma", reading="log variance")), made.decoder.without_end()
    return encoder, as_graph(decoder) if in_graph else decoder


def as_graph(decoder: Network) -> Network:
    """Return the same decoder with a bilinear change of size and back, which no plain layer has."""
    from vae.opened.builder import Builder

    b = Builder(
        {f"{i}.{n}": v for i, s in enumerate(decoder.steps) for n, v in s.weights.items()}, "z", decoder.in_shape
    )
    x = "z"
    for i, one in enumerate(decoder.steps):
        if one.kind == "linear":
            x = b.linear(x, str(i))
        elif one.kind == "relu":
            x = b.op("Relu", x)
    x = b.op("Reshape", x, b.whole(-1, *decoder.out_shape))
    for size in (15, 8):
        options = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
        x = b.op("Resize", x, "", "", b.whole(size, size), axes=[2, 3], **options)
    return network(b.graph(x), "z", decoder.in_shape, [x])


def write(folder: Path, in_graph: bool = False) -> runs.Run:
    encoder, decoder = parts(in_graph)
    entries = {"data": "digits", "shape": (1, 8, 8), "likelihood": {"kind": "bernoulli"}}
    spec = written.spec(encoder, decoder, latent=2, posterior={"kind": "given_normal"}, **entries)
    folder.mkdir()
    return written.write(folder, spec, encoder, decoder, {"title": "Mine"})


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_run_is_finished_like_a_trained_one(tmp_path, in_graph):
    run = write(tmp_path / "mine", in_graph)
    numbers = finish.finish(run, k=5, n=100)
    run = runs.Run(run.path)
    assert 10 < numbers["distortion"]["value"] < 40 and 0.5 < numbers["rate"]["value"] < 10
    assert run.title == "Mine" and len(run.codes) > 100
    kinds = [layer["kind"] for layer in run.spec.decoder_layers()]
    assert ("graph" in kinds) == in_graph
    assert browser.runnable(run) == (not in_graph) and (run.path / "atlas.npz").is_file() == in_graph
    if in_graph:
        tiles, _ = browser.atlas(run)
        assert tiles.std() > 10
    else:
        header, weights = browser.pack(run)
        assert weights.size == sum(length for _, length in header["tensors"].values())


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_run_can_be_trained_on(tmp_path, in_graph):
    run = write(tmp_path / "mine", in_graph)
    spec = replace(run.spec, batch=64, learning_rate=1e-3)
    state = State.fresh(spec)
    state.model.load_state_dict(load_model(run).state_dict())
    before = {name: value.clone() for name, value in state.model.named_parameters()}
    batches = prepare(data.load("digits", "train", n=640), spec)
    steps = [record for _, record in zip(range(10), fit(state, spec, batches), strict=False)]
    assert np.isfinite([record.distortion for record in steps]).all()
    moved = [name for name, value in state.model.named_parameters() if not torch.equal(value, before[name])]
    assert set(moved) == set(before)


def test_gradients_flow_through_a_graph(tmp_path):
    """Of the decoder's mean with respect to z, as for geodesics and the refinement of q: finite differences agree."""
    model = load_model(write(tmp_path / "mine", in_graph=True)).double()
    z = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: model.decode(z).mean, (z,))


def test_a_given_network_keeps_its_place_in_the_form(tmp_path):
    spec = write(tmp_path / "mine").spec
    values = fitting.settle(spec_fields.to_values(spec))
    assert spec_fields.judge(values, spec)[0] == spec
    offered = fitting.offered(values)
    assert "given" in offered["encoder"] and "given_normal" in offered["posterior"]
    other = fitting.offered(spec_fields.to_values(runs.find("digits-vae-2d", [runs.shipped()]).spec))
    assert "given" not in other["encoder"] and "given_normal" not in other["posterior"]


def test_networks_that_do_not_fit_are_no_spec(tmp_path):
    encoder, decoder = parts(False)
    entries = {"data": "digits", "shape": (1, 8, 8), "likelihood": {"kind": "bernoulli"}}
    spec = written.spec(encoder, decoder, latent=2, posterior={"kind": "given_normal"}, **entries)
    for changes in ({"latent": 3}, {"shape": (1, 9, 9)}, {"posterior": {"kind": "delta"}}, {"decoder": None}):
        with pytest.raises(SpecError):
            replace(spec, **changes)
    assert spec.from_json(spec.to_json()) == replace(spec, encoder=spec.encoder)


def test_a_graph_that_cannot_run_is_a_run_error(tmp_path):
    run = write(tmp_path / "mine", in_graph=True)
    text = (run.path / "spec.json").read_text()
    (run.path / "spec.json").write_text(text.replace('"Resize"', '"Loop"'))
    with pytest.raises(RunError, match="Loop is not among"):
        load_model(runs.Run(run.path))


def test_maps_around_a_network():
    """A range, a layout and a final function are layers before and after it."""
    _, decoder = parts(False)
    z = torch.randn(3, 2)
    plain = decoder(z)
    assert decoder.ends_with == "linear"
    ranged = decoder.then(step("sigmoid"), affine(2.0, -1.0), step("permute", axes=[1, 2, 0]))
    assert ranged.out_shape == (8, 8, 1) and ranged.in_browser
    assert torch.allclose(ranged(z), (2 * plain.sigmoid() - 1).permute(0, 2, 3, 1), atol=1e-6)
    back = decoder.then(step("sigmoid"), step("logit"))(z)  # float32 has few probabilities next to 1
    assert torch.allclose(back.clamp(-8, 8), plain.clamp(-8, 8), atol=1e-2)
    x = torch.rand(2, 8, 8, 1)
    encoder = opening.read(foreign.load("pythae-vae-digits").path).encoder
    moved = encoder.before([step("permute", axes=[2, 0, 1]), affine(0.5, 0.5)], (8, 8, 1))
    assert torch.allclose(moved(x), encoder(0.5 + 0.5 * x.permute(0, 3, 1, 2)), atol=1e-6)


@pytest.mark.parametrize("reading", ["sigma", "log sigma", "variance", "log variance"])
def test_every_reading_of_a_second_head(reading):
    sigma = torch.tensor([[0.5, 2.0, 1e-3]])
    heads = {"sigma": sigma, "log sigma": sigma.log(), "variance": sigma**2, "log variance": 2 * sigma.log()}
    made = Network((step("log_sigma", reading=reading),), (6,))(torch.cat([torch.ones(1, 3), heads[reading]], 1))
    assert torch.allclose(made, torch.cat([torch.ones(1, 3), sigma.log()], 1), atol=1e-5)


def test_a_given_sigma_has_no_bounds():
    """Twenty nats outside of the other posteriors' soft bounds, it is still the network's."""
    encoder = Network((step("flatten"), affine(0.0, 20.0)), (1, 1, 2))
    decoder = Network((step("unflatten", shape=[1, 1, 1]), step("pad", pads=[0, 0, 0, 1])), (1,))
    entries = {"likelihood": {"kind": "normal", "sigma": 1.0}, "binarisation": "none"}
    spec = written.spec(encoder, decoder, shape=(1, 1, 2), latent=1, posterior={"kind": "given_normal"}, **entries)
    model = build.model(spec)
    model.load_state_dict({"encoder.net.1.weight": torch.zeros(1), "encoder.net.1.bias": torch.full((1,), 20.0)})
    assert model.encode(torch.zeros(1, 1, 1, 2)).stddev.log().item() == pytest.approx(20)
