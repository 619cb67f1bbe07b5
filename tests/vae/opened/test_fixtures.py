"""Every model that another library saved: codes, second heads and decodes are those of its own library."""

from pathlib import Path

import foreign
import numpy as np
import pytest
import torch

from vae.opened import opening, written
from vae.opened.network import step
from vae.runs.load import load_model

NAMES = [name for name in foreign.names() if name not in foreign.CODE]


@pytest.fixture(params=NAMES)
def fixture(request):
    return foreign.load(request.param)


def test_numbers_are_those_of_the_models_own_library(fixture):
    made = opening.read(fixture.path)
    assert made.d == int(np.prod(fixture.facts["latent"]))
    found = made.encode(fixture.tensor("x").reshape(-1, *made.shape))
    assert foreign.distance(found["mean"], fixture.reference["mu"]) < 1e-5
    if fixture.reading is None:
        assert found["second"] is None
    else:
        assert foreign.distance(found["second"], fixture.second) < 1e-5
        assert made.stated.get("second", fixture.reading) == fixture.reading
    assert foreign.distance(made.decode(fixture.tensor("z")), fixture.reference["decoded"]) < 1e-5


def test_a_written_run_gives_the_same_numbers(fixture, tmp_path: Path):
    made = opening.read(fixture.path)
    encoder, decoder = made.encoder, made.decoder
    entries = {"posterior": {"kind": "delta"}, "prior": None, "objective": {"kind": "reconstruction"}}
    if fixture.reading is not None:
        encoder = encoder.then(step("log_sigma", reading=fixture.reading))
        entries = {"posterior": {"kind": "given_normal"}}
    likelihood = {"kind": "normal", "sigma": 1.0}
    if decoder.ends_with == "sigmoid":
        decoder, likelihood = decoder.without_end(), {"kind": "bernoulli"}
    spec = written.spec(encoder, decoder, shape=made.shape, latent=made.d, likelihood=likelihood, **entries)
    model = load_model(written.write(tmp_path, spec, encoder, decoder))
    with torch.no_grad():
        q = model.encode(fixture.tensor("x").reshape(-1, *made.shape))
        p = model.decode(fixture.tensor("z").flatten(1))
    assert foreign.distance(q.mean, fixture.reference["mu"]) < 1e-5
    assert foreign.distance(p.mean, fixture.reference["decoded"]) < 1e-5
    if fixture.reading is not None:
        second = fixture.second
        sigma = {"log variance": np.exp(second / 2), "log sigma": np.exp(second), "sigma": second}[fixture.reading]
        assert foreign.distance(q.stddev, sigma) < 1e-5
