"""What the Theory page draws of a model's layers: torch's own outputs, thinned without changing their means."""

import numpy as np
import pytest
import torch
from fake_runs import SMALL, complete, make_run

from vae import data, runs
from vae.answers import loaded, machine
from vae.runs import RunError
from vae.spec import stages

CONV = {**SMALL, "encoder": {"kind": "conv", "channels": [4, 40], "hidden": 12}}


def digit(n=3):
    found = data.load("digits", "test")
    return (found.images[n].astype(np.uint16) * 255 // found.levels).astype(np.uint8)


def through(net, x, last, given=()):
    """The network's output after its layer number `last`, computed layer by layer."""
    for layer in list(net)[: last + 1]:
        x = layer(x, *given) if given and type(layer).__name__ == "LabelLinear" else layer(x)
    return x[0].detach().numpy()


@pytest.mark.parametrize("changes", [SMALL, {**SMALL, "latent": 5}, {**SMALL, "encoder": {"kind": "linear"}}, CONV])
@pytest.mark.parametrize("preset", ["vae", "autoencoder"])
def test_stages_are_torchs_layers(folder, preset, changes):
    run = complete(make_run(folder, "a", preset, **changes))
    _, model = loaded.open_model(run.path)
    x = loaded.as_examples(run, digit()[None])
    found = machine.encoding(run.path, digit())
    plan = stages.machine(run.spec.encoder_layers(), run.spec.shape)
    assert set(found) == {f"layer{k}" for k in range(len(plan.hidden))}
    for k, stage in enumerate(plan.hidden):
        own = through(model.encoder.net, x, stage.last)
        assert own.shape == stage.shape
        if own.ndim == 1:
            assert np.array_equal(found[f"layer{k}"], own)
        elif len(own) <= machine.MOST_MAPS:
            assert np.allclose(found[f"layer{k}"], own)
    z = torch.randn(1, run.spec.latent, generator=torch.Generator().manual_seed(0))
    made = machine.decoding(run.path, z[0].tolist())
    plan = stages.machine(run.spec.decoder_layers(), (run.spec.latent,))
    assert np.allclose(made["mean"], model.decode(z).mean[0].detach().numpy(), atol=1e-6)
    for k, stage in enumerate(plan.hidden):
        assert np.allclose(made[f"layer{k}"], machine.thinned(through(model.decoder.net, z, stage.last)), atol=1e-6)


def test_labels_reach_the_layers(folder):
    run = complete(make_run(folder, "a", "cvae", **SMALL))
    _, model = loaded.open_model(run.path)
    one, other = (machine.encoding(run.path, digit(), label)["layer0"] for label in (1, 7))
    assert not np.array_equal(one, other)
    x = loaded.as_examples(run, digit()[None])
    plan = stages.machine(run.spec.encoder_layers(), run.spec.shape)
    assert np.array_equal(one, through(model.encoder.net, x, plan.hidden[0].last, [torch.tensor([1])]))


def test_thinning_keeps_means_and_the_ends():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(3, 32, 48)).astype(np.float32)
    small = machine.thinned(maps)
    assert small.shape == (3, 11, 16)
    assert np.allclose(small[:, :10], maps[:, :30].reshape(3, 10, 3, 16, 3).mean((2, 4)), atol=1e-6)
    assert np.allclose(small[:, 10], maps[:, 30:].reshape(3, 2, 16, 3).mean((1, 3)), atol=1e-6)
    units = machine.thinned(np.arange(5000, dtype=np.float32))
    assert len(units) == machine.MOST_UNITS and units[0] == 0 and units[-1] == 4999


def test_stages_say_their_sizes():
    spec = runs.find("mnist-vae-2d", [runs.shipped()]).spec
    plan = stages.machine(spec.encoder_layers(), spec.shape)
    assert [stage.words for stage in plan.hidden] == ["256 units", "128 units"]
    assert plan.head.shape == (4,) and plan.boxes == ("", "", "")
    deep = [{"kind": "linear", "in": 2, "out": 2}] * 20
    plan = stages.machine(deep, (2,))
    assert plan.count == 19 and [s.last for s in plan.hidden][:: stages.MOST - 1] == [0, 18]
    graph = {"kind": "graph", "in": [2], "out": [3], "nodes": [{}] * 12, "weights": {}, "operations": 1}
    assert stages.machine([graph], (2,)).boxes == ("graph of 12 operations",)


def test_a_point_of_another_space_is_refused(folder):
    run = complete(make_run(folder, "a", **SMALL))
    with pytest.raises(RunError, match="decodes points of 2 numbers, not 3"):
        machine.decoding(run.path, [0.0, 1.0, 2.0])
