"""What runs code is opened on the user's own machine alone, and becomes layers where the exporter can write it."""

import sys
from pathlib import Path

import foreign
import numpy as np
import pytest
import torch
from torch import nn

from vae.opened import opening
from vae.opened.errors import ChoiceNeededError, OpenError

SHAPE = {"shape": [1, 28, 28]}


@pytest.mark.parametrize("name", ["torchscript", "torch-export-pt2"])
def test_programs_give_their_librarys_numbers(name):
    fixture = foreign.load(name)
    made = opening.read(fixture.path, SHAPE, allow_code=True)
    assert made.opaque is None and not made.notes
    found = made.encode(fixture.tensor("x"))
    assert foreign.distance(found["mean"], fixture.reference["mu"]) < 1e-5
    assert foreign.distance(found["second"], fixture.second) < 1e-5
    assert foreign.distance(made.decode(fixture.tensor("z")), fixture.reference["decoded"]) < 1e-5


@pytest.mark.parametrize("name", ["torchscript", "torch-export-pt2", "pythae-vae-custom-pickles"])
def test_a_shared_server_refuses_code_and_gives_the_line(name):
    with pytest.raises(OpenError, match=r"own machine.*vae check \S+ --allow-code"):
        opening.read(foreign.load(name).path)


def test_a_program_without_its_shape_asks_for_it():
    with pytest.raises(ChoiceNeededError) as caught:
        opening.read(foreign.load("torchscript").path, allow_code=True)
    assert caught.value.option == "shape"


class Model(nn.Module):
    """A network that returns a distribution and a dict, as people write them."""

    shape = (5,)

    def __init__(self) -> None:
        super().__init__()
        self.body, self.mu, self.width = nn.Linear(5, 8), nn.Linear(8, 2), nn.Linear(8, 2)
        self.back = nn.Sequential(nn.Linear(2, 8), nn.SiLU(), nn.Linear(8, 5))

    def encode(self, x):
        h = torch.tanh(self.body(x))
        return torch.distributions.Normal(self.mu(h), self.width(h).exp())

    def decode(self, z):
        return {"x_hat": self.back(z)}


class Branching(Model):
    """A network whose code depends on its numbers, so that no trace is true."""

    def decode(self, z):
        return self.back(z) if z[0, 0] > 0 else -self.back(z)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model()


def test_an_object_becomes_layers(model, monkeypatch):
    module = type(sys)("own_models")
    module.build = lambda: model
    monkeypatch.setitem(sys.modules, "own_models", module)
    made = opening.read("own_models:build", allow_code=True)
    assert made.stated["second"] == "sigma" and made.in_browser
    x = torch.rand(4, 5)
    q = model.encode(x)
    assert foreign.distance(made.encode(x)["mean"], q.mean.numpy()) < 1e-6
    assert foreign.distance(made.encode(x)["second"], q.stddev.numpy()) < 1e-6
    assert foreign.distance(made.decode(q.mean), model.decode(q.mean)["x_hat"].numpy()) < 1e-6
    assert [layer["kind"] for layer in made.decoder.layers] == ["linear", "silu", "linear"]


def test_what_cannot_be_traced_runs_as_it_is(monkeypatch):
    torch.manual_seed(0)
    model = Branching()
    module = type(sys)("own_models")
    module.build = lambda: model
    monkeypatch.setitem(sys.modules, "own_models", module)
    made = opening.read("own_models:build", allow_code=True)
    z = torch.tensor([[-1.0, 0.5]])
    assert made.opaque is not None and made.notes
    assert foreign.distance(made.decode(z), -model.back(z).numpy()) < 1e-6
    assert foreign.distance(made.decode(-z), model.back(-z).numpy()) < 1e-6


def test_a_pickled_network_is_opened_locally_alone(model, tmp_path: Path):
    file = tmp_path / "network.pt"
    torch.save(model, file)
    with pytest.raises(OpenError, match="holds Python objects instead"):
        opening.read(file)
    x = torch.rand(4, 5)
    made = opening.read(file, allow_code=True)
    assert foreign.distance(made.encode(x)["mean"], model.encode(x).mean.detach().numpy()) < 1e-6


def test_an_object_without_the_calls_is_refused(monkeypatch):
    module = type(sys)("own_models")
    module.build = lambda: nn.Linear(2, 2)
    monkeypatch.setitem(sys.modules, "own_models", module)
    with pytest.raises(OpenError, match="no encode and decode"):
        opening.read("own_models:build", allow_code=True)


def test_a_linear_model_of_scikit_learn_becomes_linear_layers(monkeypatch):
    from sklearn.decomposition import PCA

    data = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    pca = PCA(2).fit(data)
    module = type(sys)("own_models")
    module.pca = lambda: pca
    monkeypatch.setitem(sys.modules, "own_models", module)
    made = opening.read("own_models:pca", allow_code=True)
    assert [layer["kind"] for layer in made.encoder.layers + made.decoder.layers] == ["linear", "linear"]
    codes = pca.transform(data)
    assert foreign.distance(made.encode(torch.from_numpy(data))["mean"], codes) < 1e-5
    assert foreign.distance(made.decode(torch.from_numpy(codes)), pca.inverse_transform(codes)) < 1e-5


class Whole(Model):
    """A network from x to its reconstruction and both heads."""

    def forward(self, x):
        h = torch.tanh(self.body(x))
        mean, sigma = self.mu(h), self.width(h).exp()
        return self.back(mean), mean, sigma


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("kind", ["exported", "traced"])
def test_a_program_of_the_whole_model(kind, batch, tmp_path):
    """Of a fixed batch, as torch.export writes it without dynamic shapes, and traced."""
    torch.manual_seed(0)
    model, x, z = Whole().eval(), torch.rand(4, 5), torch.randn(4, 2)
    if kind == "exported":
        torch.export.save(torch.export.export(model, (x[:batch],)), str(tmp_path / "vae.pt2"))
        made = opening.read(tmp_path / "vae.pt2", allow_code=True)
    else:
        torch.jit.trace(model, x[:batch]).save(str(tmp_path / "vae.pt"))
        made = opening.read(tmp_path / "vae.pt", {"shape": [5]}, allow_code=True)
    with torch.no_grad():
        assert foreign.distance(made.encode(x)["mean"], model.encode(x).mean.numpy()) < 1e-6
        assert foreign.distance(made.encode(x)["second"], model.encode(x).stddev.numpy()) < 1e-6
        assert foreign.distance(made.decode(z), model.decode(z)["x_hat"].numpy()) < 1e-6
