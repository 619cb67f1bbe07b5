"""The front door for notebooks: from data to a number, arrays of any type, refusals before anything is made."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch

import vae
from vae import runs
from vae.data import DataError, Dataset
from vae.data.batches import prepare
from vae.model import build
from vae.notebook import _spec
from vae.runs import RunError

SMALL = {"data": "digits", "encoder": {"kind": "mlp", "widths": [16]}, "epochs": 1, "n": 20, "k": 2}


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    """Keep the test's runs in its own folder."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))


def train(model="vae", **changes):
    """Train a small model for one epoch, without a bar."""
    return vae.train(model, show_progress=False, **SMALL | changes)


def test_import_is_light():
    code = "import sys, vae; vae.Spec, vae.data, vae.preset, dir(vae); print(sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert not any(f"'{name}'" in loaded for name in ("torch", "sklearn", "scipy", "streamlit", "plotly"))


def test_every_name_is_there_and_documented():
    assert set(vae.__all__) <= set(dir(vae))
    for name in vae.__all__:
        assert inspect.getdoc(getattr(vae, name)), name
    with pytest.raises(AttributeError, match="'vae' has no attribute 'trian'"):
        vae.trian  # noqa: B018
    for function, words in ((vae.evaluate, "nats"), (vae.Model.encode, "[..., d]"), (vae.Model.decode, "*spec.shape")):
        assert words in inspect.getdoc(function)


def test_train_keeps_a_measured_run():
    run = train()
    assert run.name == "vae-digits" and run.path.parent == runs.user_runs()
    assert run.spec.shape == (1, 8, 8) and run.history[-1]["step"] == 21
    assert run.metrics["elbo"]["n"] == 20 and run.metrics["elbo"]["units"] == "nats"
    assert [r.name for r in runs.library([runs.user_runs()])] == ["vae-digits"]
    assert train().name == "vae-digits-2"


def test_train_takes_a_spec_and_changes():
    spec = vae.preset("vae", shape=(1, 8, 8), data="digits", epochs=1, encoder=SMALL["encoder"])
    run = vae.train(spec, name="mine", latent=3, n=20, k=2, show_progress=False)
    assert run.name == "mine" and run.spec.latent == 3
    with pytest.raises(RunError, match="holds a run already"):
        vae.train(spec, name="mine", show_progress=False)


@pytest.mark.parametrize(
    "model, data, entry, value",
    [
        ("logistic-vae", "digits", "likelihood", {"kind": "discretised_logistic", "sigma": "shared", "levels": 16}),
        ("cvae", "sprites", "condition", {"kind": "labels", "classes": 3, "prior": False}),
        ("vae", "sprites", "binarisation", "none"),
        ("vae", "digits", "binarisation", "dynamic"),
        ("sigma-vae", "linear-gaussian", "shape", (8,)),
    ],
)
def test_data_complete_the_spec(model, data, entry, value):
    assert getattr(_spec(model, data, {}), entry) == value


def test_what_was_said_stays():
    assert _spec("vae", "digits", {"binarisation": "static"}).binarisation == "static"
    assert _spec("cvae", "digits", {"condition": None}).condition is None


@pytest.mark.parametrize(
    "model, changes, error",
    [
        ("vea", {}, "There is no preset"),
        ("vae", {"data": None}, "needs data"),
        ("vae", {"epoch": 3}, "A spec has no epoch"),
        ("vae", {"data": "mnits"}, "Did you mean mnist"),
        ("vae", {"data": "linear-gaussian", "likelihood": {"kind": "bernoulli"}}, "Choose normal or laplace"),
        ("cvae", {"data": "linear-gaussian"}, "has none. Choose other data"),
        ("vae", {"learning_rate": -1}, "[Ll]earning rate"),
        ("vae", {"name": "../elsewhere"}, "no run name"),
    ],
)
def test_refusals_make_no_folder(model, changes, error, tmp_path):
    with pytest.raises((vae.SpecError, DataError, RunError), match=error):
        train(model, **changes)
    assert not list(tmp_path.iterdir())


def test_failed_training_says_why():
    with pytest.raises(RunError, match="Training stopped at step"):
        train("sigma-vae", learning_rate=10, epochs=20)


def test_shipped_codes_come_out_of_raw_pixels():
    """uint8 pixels are binarised as they were when the run's codes were kept."""
    model = vae.load("digits-vae-2d")
    q = model.encode(vae.data.load("digits", "test").images)
    np.testing.assert_allclose(q.mean.numpy(), model.run.codes.means, atol=1e-4)
    np.testing.assert_allclose(q.stddev.numpy(), model.run.codes.scales, atol=1e-4)


def test_arrays_of_any_number_are_taken():
    model = vae.load(runs.shipped() / "digits-vae-2d")
    x = np.random.default_rng(0).integers(0, 2, (2, 3, 1, 8, 8))
    codes = [model.encode(x.astype(kind)).mean for kind in (np.float64, np.float32, np.int64)]
    assert codes[0].shape == (2, 3, 2) and all(torch.equal(code, codes[0]) for code in codes)
    assert model.decode(codes[0].double().numpy()).mean.shape == (2, 3, 1, 8, 8)
    assert model.decode([[0, 1]]).mean.shape == (1, 1, 8, 8)


def test_wrong_shapes_are_named():
    model = vae.load("digits-vae-2d")
    with pytest.raises(DataError, match=r"takes x of shape \[\.\.\., 1, 8, 8\], not \[28, 28\]"):
        model.encode(np.zeros((28, 28)))
    with pytest.raises(DataError, match=r"takes z of shape \[\.\.\., 2\], not \[4, 3\]"):
        model.decode(np.zeros((4, 3)))
    with pytest.raises(DataError, match="takes no labels"):
        model.decode(np.zeros((4, 2)), labels=[0, 1, 2, 3])


def test_gradients_reach_z_and_no_weights():
    model = vae.load("digits-vae-2d")
    z = torch.zeros(1, 2, requires_grad=True)
    model.decode(z).mean.sum().backward()
    assert z.grad is not None and all(p.grad is None for p in model.module.parameters())


def test_conditioned_model_needs_labels():
    model = vae.load(train("cvae"))
    labels = [0, 1, 2]
    z = model.sample(3, labels=labels)
    assert model.decode(z, labels).mean.shape == (3, 1, 8, 8)
    assert model.encode(np.zeros((3, 1, 8, 8)), labels).mean.shape == (3, 2)
    with pytest.raises(DataError, match="labels from 0 to 9"):
        model.decode(z)


def test_sample_is_the_prior_by_seed():
    model = vae.load("digits-vae-2d")
    z = model.sample(4000, seed=1)
    assert z.shape == (4000, 2) and torch.equal(z, model.sample(4000, seed=1))
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05
    with pytest.raises(TypeError, match="no prior"):
        vae.load("mnist-autoencoder-2d").sample(1)


def test_missing_pixels_are_filled_in():
    """A digit's lower half by its upper one: nearer to the truth than the mean image, and exact in two dimensions."""
    model = vae.load("digits-vae-2d")
    images = torch.as_tensor(vae.data.load("digits", "test").images[:40])
    seen = torch.zeros(8, 8, dtype=torch.bool)
    seen[:4] = True
    ones = (images > 8).float()
    found = torch.stack([model.missing(x, seen).mean for x in ones])
    assert (found[:, :, :4] == ones[:, :, :4]).all()
    error, usual = ((ones - guess)[:, :, 4:].square().mean() for guess in (found, ones.mean(0)))
    assert error < 0.8 * usual
    with pytest.raises(DataError, match="one example of shape"):
        model.missing(ones, seen)
    with pytest.raises(DataError, match="no labels"):
        model.missing(ones[0], seen, label=1)


def test_evaluate_agrees_with_the_card():
    found = vae.evaluate("digits-vae-2d", k=5)
    for name in ("elbo", "distortion", "rate"):
        kept = vae.load("digits-vae-2d").run.metrics[name]
        assert found[name]["n"] == kept["n"] == 360 and found[name]["units"] == "nats"
        assert abs(found[name]["value"] - kept["value"]) < 3 * kept["se"]
    assert found["split"] == "test" and found["data"] == "digits, dynamically binarised"
    assert vae.evaluate("digits-vae-2d", k=5, n=10)["elbo"]["n"] == 10


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int64])
def test_batches_cast_to_the_models_numbers(kind):
    spec = vae.preset("sigma-vae", data="linear-gaussian", shape=(8,), encoder=SMALL["encoder"])
    batches = prepare(Dataset("linear-gaussian", np.ones((3, 8), kind), None, ()), spec)
    assert batches.take(slice(None)).dtype == torch.float32
    assert build.model(spec).encode(batches.take(slice(None))).mean.shape == (3, 2)
