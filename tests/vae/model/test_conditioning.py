"""Models that are told the label: through encoder, decoder and prior, and under one label in the browser."""

import copy
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ui.decode import numpy_decoder
from vae import runs
from vae.data import DataError, load
from vae.data.batches import prepare
from vae.evaluation import bounds
from vae.model import build, draw
from vae.model.families import sample
from vae.model.labels import LabelLinear
from vae.runs.load import load_model
from vae.spec import SpecError, preset
from vae.training import finish
from vae.training.camera import Camera
from vae.training.loop import State, fit

MLP = {"kind": "mlp", "widths": [32]}
BY_LABEL = {"kind": "labels", "classes": 10, "prior": True}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spec_of(**changes):
    return preset("cvae", **{"data": "digits", "shape": (1, 8, 8), "encoder": MLP, **changes})


def test_a_label_is_a_one_hot_vector_beside_the_input():
    layer = LabelLinear(5, 3, 4)
    plain = nn.Linear(8, 4)
    plain.load_state_dict(layer.state_dict())
    h, y = torch.randn(6, 5, generator=generator()), torch.tensor([0, 2, 1, 1, 0, 2])
    beside = torch.cat([h, torch.nn.functional.one_hot(y, 3).float()], 1)
    assert torch.allclose(layer(h, y), plain(beside), atol=1e-6)


@pytest.mark.parametrize("net", [{"kind": "linear"}, {"kind": "mlp", "widths": [8]}, {"kind": "conv", "channels": [4]}])
def test_every_example_has_its_own_label_and_samples_share_it(net):
    model = build.model(spec_of(encoder=net, condition=BY_LABEL))
    with torch.no_grad():
        model.prior.mean.normal_(generator=generator())
    x, y = torch.rand(6, 1, 8, 8, generator=generator()).round(), torch.tensor([3, 1, 4, 1, 5, 9])
    both = model.given(y)
    drawn = draw(both, x, 4, generator=generator())
    assert drawn.log_px.shape == drawn.log_pz.shape == (4, 6) and drawn.rate_is_exact
    for i in range(6):
        one = model.given(y[i])
        assert torch.allclose(one.encode(x[i : i + 1]).mean[0], drawn.q.mean[i], atol=1e-6)
        assert torch.allclose(one.decode(drawn.z[:, i]).mean, drawn.p.mean[:, i], atol=1e-6)
        assert torch.allclose(one.prior().log_prob(drawn.z[:, i]), drawn.log_pz[:, i], atol=1e-5)
    assert not torch.allclose(model.given(y.flip(0)).encode(x).mean, drawn.q.mean, atol=1e-3)
    grid = both.decode(torch.zeros(7, 1, 2)).mean  # as quadrature decodes: every node under every label
    assert grid.shape == (7, 6, 1, 8, 8)


def test_missing_labels_are_refused():
    """Without labels nothing is answered and a model without condition is itself."""
    model = build.model(spec_of())
    with pytest.raises(TypeError, match=r"model.given\(labels\)"):
        model.encode(torch.rand(2, 1, 8, 8))
    plain = build.model(preset("vae", shape=(1, 8, 8)))
    assert plain.given(None) is plain
    y = torch.tensor([1, 2])
    twin = model.given(y)
    assert twin is not model and next(twin.parameters()) is next(model.parameters())
    assert model.encoder.labels is None and set(twin.state_dict()) == set(model.state_dict())
    assert copy.deepcopy(model).given(y).encode(torch.rand(2, 1, 8, 8)).mean.shape == (2, 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.tensor([1, 10]), "labels 0 to 9, and 10 is none"),
        (torch.tensor([-1, 1]), "labels 0 to 9, and -1 is none"),
        (torch.tensor([1.0, 2.0]), "whole numbers from 0 to 9"),
        (torch.tensor([1, 2, 3]), r"labels of shape \[3\] do not fit examples of shape \[2\]"),
    ],
)
def test_labels_that_do_not_fit_are_explained(labels, message):
    model = build.model(spec_of(condition=BY_LABEL))
    with pytest.raises(ValueError, match=message):
        draw(model.given(labels), torch.ones(2, 1, 8, 8))
    with pytest.raises(ValueError, match="not conditioned on labels"):
        build.model(preset("vae", shape=(1, 8, 8))).given(torch.tensor([1, 2]))


def test_the_prior_by_label_sums_up_to_a_mixture():
    model = build.model(spec_of(condition={**BY_LABEL, "classes": 3}))
    with torch.no_grad():
        model.prior.mean.normal_(generator=generator())
        model.prior.log_sigma.normal_(std=0.3, generator=generator(1))
    z = torch.randn(5, 2, generator=generator(2))
    each = torch.stack([model.given(torch.tensor(y)).prior().log_prob(z) for y in range(3)])
    assert torch.allclose(model.prior().log_prob(z), each.logsumexp(0) - math.log(3), atol=1e-6)
    assert sample(model.prior(), 4, generator()).shape == (4, 2)


@pytest.fixture(scope="module")
def trained():
    digits = load("digits", "train")
    spec = spec_of(epochs=12, learning_rate=5e-3, batch=64, encoder={"kind": "mlp", "widths": [64]})
    state = State.fresh(spec)
    steps = list(fit(state, spec, prepare(digits, spec), prepare(load("digits", "valid"), spec)))
    return spec, state.model.eval(), steps, digits


def test_a_trained_model_draws_the_digit_that_it_is_told(trained):
    spec, model, steps, digits = trained
    held = [s.valid["objective"] for s in steps if s.valid is not None]
    assert held[-1] > held[0] + 3
    means = np.stack([digits.images[digits.labels == c].mean(0) / 16 for c in range(10)])
    with torch.no_grad():
        for label in range(10):
            z = sample(model.prior(), 200, generator())
            image = model.given(torch.tensor(label)).decode(z).mean.mean(0).numpy()
            assert np.abs(means - image).sum((1, 2, 3)).argmin() == label
    x, y = prepare(digits, spec).take(slice(0, 3), generator()), prepare(digits, spec).given(slice(0, 3))
    assert bounds(model.given(y), x, 10, generator()).log_px.shape == (3,)


def test_run_encodes_each_example_with_its_own_label(trained, tmp_path):
    """A run shows its decoder under one label and films and encodes with every example's own."""
    spec, model, *_ = trained
    run = runs.create(tmp_path / "run", spec)
    save_file(model.state_dict(), run.path / "model.safetensors")
    z = torch.randn(5, 2, generator=generator())
    for label in (0, 7):
        layers, weights = run.decoder(label)
        assert not any("labels" in layer for layer in layers)
        shown = numpy_decoder.mean(spec, layers, weights, z.numpy())
        with torch.no_grad():
            assert np.abs(shown - model.given(torch.tensor(label)).decode(z).mean.numpy()).max() < 1e-5
    first = next(i for i in sorted(run.decoder()[1]) if i.endswith("bias"))
    assert np.array_equal(run.decoder()[1][first], run.decoder(0)[1][first])
    with pytest.raises(runs.RunError, match="0 to 9"):
        run.decoder(10)
    codes = finish.encode(run, load_model(run), n=20)
    test = prepare(load("digits", "test", n=20), spec)
    with torch.no_grad():
        q = model.given(test.labels).encode(test.take(slice(None), generator(spec.seed)))
    assert np.abs(codes.means - q.mean.numpy()).max() < 1e-5
    finish.atlas(run, model, codes)
    valid = load("digits", "valid")
    frame = Camera(run.path, spec, 10, valid, prepare(valid, spec)).shoot(model, 0)
    assert frame.samples.shape == frame.reconstructions.shape == (16, 1, 8, 8) and frame.rate.shape == (2,)


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"condition": {"kind": "pixels"}}, "condition must be null or"),
        ({"condition": {"kind": "labels", "classes": 0}}, "number of labels"),
        ({"condition": {"kind": "labels", "classes": 10, "colour": 1}}, "condition must be null or"),
        ({"prior": {"kind": "vamp"}}, "pseudo-inputs without labels"),
        ({"condition": BY_LABEL, "prior": {"kind": "mixture"}}, "standard_normal"),
    ],
)
def test_impossible_conditions_are_refused(changes, message):
    with pytest.raises(SpecError, match=message):
        spec_of(**changes)


def test_data_without_such_labels_are_refused():
    with pytest.raises(DataError, match="10 classes"):
        prepare(load("digits", "valid"), spec_of(condition={"kind": "labels", "classes": 5}))
    vectors = spec_of(data="linear-gaussian", shape=(8,), likelihood={"kind": "normal"}, encoder={"kind": "linear"})
    with pytest.raises(DataError, match="no labels"):
        prepare(load("linear-gaussian", "valid", n=4), vectors)


def test_the_label_stands_in_the_formulas():
    text = spec_of(condition=BY_LABEL).formula()
    assert r"p(z|y) = \mathcal{N}(m_y, s_y^2)" in text and "q(z|x, y)" in text and r"f_\theta(z, y)" in text
    assert r"\mu_\phi(x, y)" in spec_of().objective_formula() and "y" not in preset("vae").formula()
