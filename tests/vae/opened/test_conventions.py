"""Conventions are found again: on linear models whose best posterior has a closed form, and on other libraries' models.

With x = W z + b + s e, W's columns orthogonal, the minimum of distortion + beta rate is q(z|x) = N(V W'(x - b) / (beta
s^2), V), V = 1 / (1 + |w_j|^2 / (beta s^2)): derived by setting its gradient to zero.
"""

import json
from dataclasses import replace

import foreign as fixtures
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae import data
from vae.opened import conventions, opening, posterior_answers, ranges, stationary
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.opened.found import ANSWER, FILE
from vae.opened.network import Network, step
from vae.spec.layer_kinds import READINGS

SIDE, D = 6, 2
PIXELS = SIDE * SIDE
NOISE = 0.05


def written(sigma: float, reading: str) -> float:
    """Return the number of a second head that means sigma."""
    value = sigma**2 if reading.endswith("variance") else sigma
    return float(np.log(value)) if reading.startswith("log ") else value


def linear_images(n: int = 1500, seed: int = 0):
    """Return images [n, 1, 6, 6] in [0, 1], made of two orthogonal patterns and noise, the patterns and their mean."""
    rng = np.random.default_rng(seed)
    patterns, _ = np.linalg.qr(rng.normal(size=(PIXELS, D)))
    patterns = patterns * np.array([0.6, 0.35])
    mean = rng.uniform(0.35, 0.65, PIXELS)
    x = mean + rng.normal(size=(n, D)) @ patterns.T + NOISE * rng.normal(size=(n, PIXELS))
    return np.clip(x, 0, 1).reshape(n, 1, SIDE, SIDE).astype(np.float32), patterns, mean


def model_of(patterns, mean, pixels, reading: str, range_name: str, beta: float) -> Foreign:
    """Return the model that is best under a unit-variance Normal in its own range, with these conventions."""
    inputs, _ = ranges.of_pixels(pixels)
    own = inputs[range_name]
    unit = float(np.mean(own.factor))
    scale = 1 / unit  # of the noise of p(x|z), in [0, 1]: the model's own is 1 in its own range
    precision = 1 + (patterns**2).sum(0) / (beta * scale**2)
    variance = 1 / precision
    weight = (patterns * variance / (beta * scale**2)).T
    seconds = [written(float(np.sqrt(v)), reading) for v in variance]
    rows = np.concatenate([weight, np.zeros((D, PIXELS))])
    bias = np.concatenate([-weight @ mean, seconds])
    encoder = Network(
        (*own_back(own), step("flatten"), step("linear", _of(rows, bias), **{"in": PIXELS, "out": 2 * D})),
        (1, SIDE, SIDE),
    )
    decoder = Network(
        (
            step("linear", _of(patterns, mean), **{"in": D, "out": PIXELS}),
            step("unflatten", shape=[1, SIDE, SIDE]),
            *own.before(),
        ),
        (D,),
    )
    return Foreign("onnx", Declared((1, SIDE, SIDE)), (D,), encoder, decoder, second="second half")


def own_back(own):
    """Return the layers from a range to [0, 1]."""
    return own.after()


def _of(weight, bias):
    return {"weight": np.asarray(weight, np.float32), "bias": np.asarray(bias, np.float32)}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    st.sampled_from(READINGS),
    st.sampled_from(["unit", "symmetric", "standardised"]),
    st.sampled_from([0.02, 0.05]),
)
def test_conventions_of_linear_models(reading, range_name, beta):
    """The ranges, the reading and beta of the closed form are found without a word in the file."""
    pixels, patterns, mean = linear_images()
    unit = float(np.mean(ranges.of_pixels(pixels)[0][range_name].factor))
    found = conventions.detect(model_of(patterns, mean, pixels, reading, range_name, beta * unit**2), pixels)
    assert (found["input"].value, found["output"].value) == (range_name, range_name)
    assert found.reading == reading
    assert found.likelihood["kind"] == "normal"
    assert float(found.likelihood["sigma"]) == pytest.approx(1 / unit)
    assert found.beta == pytest.approx(beta * unit**2, rel=0.1)
    assert found["second"].margin is None or found["second"].margin > posterior_answers.CLEAR


def test_trace_is_zero_at_the_closed_form():
    """At the optimum the residual is that of the noise alone; a posterior twice as wide has a large one."""
    pixels, patterns, mean = linear_images(4000)
    beta, scale = 0.05, 1.0
    x = torch.from_numpy(pixels).flatten(1).double()
    w, b = torch.from_numpy(patterns), torch.from_numpy(mean)
    variance = 1 / (1 + w.square().sum(0) / (beta * scale**2))
    means = (x - b) @ w * variance / (beta * scale**2)
    sigma = variance.sqrt().expand_as(means)

    def distortion(z):
        return 0.5 * ((z.double() @ w.T + b - x) ** 2).sum(1)

    right = stationary.trace(means, sigma, distortion, samples=8)
    assert right.residual < 0.02
    assert right.beta == pytest.approx(beta, rel=0.02)
    assert abs(right.beta - beta) < 5 * right.error + 0.001
    wrong = stationary.trace(means, 2 * sigma, distortion, samples=8)
    assert wrong.residual > 5 * right.residual


def test_trace_without_gradients_equals_that_with_them():
    """Differences give the same equations as autograd."""
    pixels, patterns, mean = linear_images(300)
    x, w, b = torch.from_numpy(pixels).flatten(1), torch.from_numpy(patterns).float(), torch.from_numpy(mean).float()

    def distortion(z):
        return 0.5 * ((torch.tanh(z @ w.T) + b - x) ** 2).sum(1)

    def closed(z):
        with torch.no_grad():
            return distortion(z)

    means, sigma = torch.randn(300, D), torch.full((300, D), 0.4)
    one, other = (stationary.trace(means, sigma, function) for function in (distortion, closed))
    assert other.beta == pytest.approx(one.beta, rel=0.02)
    assert other.residual == pytest.approx(one.residual, abs=0.01)


@pytest.mark.parametrize("reading", READINGS)
def test_impossible_readings_are_not_tried(reading):
    """A second head with negative numbers is a logarithm."""
    second = torch.linspace(-3, 1, 50)[:, None]
    assert (stationary.sigma(second, reading) is not None) == reading.startswith("log ")


def test_answers_are_kept_and_followed():
    """An answer is not measured again, and likelihood and networks follow from it."""
    pixels, patterns, mean = linear_images()
    model = model_of(patterns, mean, pixels, "log variance", "unit", 0.05)
    found = conventions.detect(model, pixels, answers={"input": "symmetric", "second": "log sigma", "beta": 3})
    assert found["input"].value == "symmetric" and found["input"].confirmed_by == ANSWER
    assert found.reading == "log sigma" and found.beta == 3
    x = torch.from_numpy(pixels[:4])
    layers = found.encoder(model)
    assert torch.allclose(layers(x)[:, :D], model.encoder(2 * x - 1)[:, :D], atol=1e-5)
    with pytest.raises(OpenError, match="Choose one of"):
        conventions.detect(model, pixels, answers={"second": "width"})


def test_data_of_another_size_are_refused():
    """The message names both shapes."""
    pixels, patterns, mean = linear_images()
    model = model_of(patterns, mean, pixels, "log variance", "unit", 0.05)
    with pytest.raises(OpenError, match=r"1×6×6.*1×9×9"):
        conventions.detect(model, np.zeros((50, 1, 9, 9), np.float32))


RANGES = {"[0, 1]": "unit", "[-1, 1]": "symmetric", "[0, 255]": "bytes"}
LIKELIHOODS = {"Bernoulli": "bernoulli", "Normal": "normal", "mse": "normal"}
LOCAL_ONLY = ("torch-export-pt2", "torchscript", "pythae-vae-custom-pickles")


def examples_of(name: str, mnist_root) -> np.ndarray:
    """Return the data that a fixture was made with, as its README says, as pixels in [0, 1]."""
    facts = fixtures.load(name).facts
    if facts["input"]["shape"][-1] in (8, 64):
        digits = data.load("digits", "train")
        return digits.images.astype(np.float32) / digits.levels
    mnist = data.load("mnist", "train", n=700, root=mnist_root)
    x = mnist.images.astype(np.float32) / mnist.levels
    if facts["input"]["shape"][0] == 3:
        tint = np.random.default_rng(0).uniform(0.3, 1, (len(x), 3, 1, 1)).astype(np.float32)
        x = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2))) * tint
    return x


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("name", [n for n in fixtures.names() if n not in LOCAL_ONLY])
def test_conventions_of_other_libraries_models(name, named, mnist_root):
    """What is found equals what the fixture says, or is asked about; with the file's own words and without them."""
    fixture = fixtures.load(name)
    model = opening.read(fixture.path)
    model = model if named else replace(model, stated={})
    found = conventions.detect(model, examples_of(name, mnist_root))
    facts = fixture.facts
    expected = {"input": RANGES[json.dumps(facts["input"]["range"])]}
    if "logits" in facts["decoder"]:
        expected["output"] = "logits"
    elif "probabilities" in facts["decoder"] or "[0, 1]" in facts["decoder"]:
        expected["output"] = "unit"
    if fixture.reading is not None:
        expected["second"] = fixture.reading
    expected["likelihood"] = LIKELIHOODS[facts["likelihood"].split()[0].rstrip(",")]
    for what, value in expected.items():
        assert found[what].value == value or found[what].ask, (what, found[what])
    assert found["mean"].value == "first" if fixture.reading else found.reading is None
    if isinstance(facts["beta"], int) and found["beta"].confirmed_by != FILE and not found["beta"].ask:
        assert found.beta == pytest.approx(facts["beta"], rel=0.15) or found["likelihood"].ask


def test_exchanged_heads_are_noticed_and_put_right():
    """A model that gives its second head first is read the other way, and its network then gives the mean first."""
    pixels, patterns, mean = linear_images()
    model = model_of(patterns, mean, pixels, "log variance", "unit", 0.05)
    last = model.encoder.steps[-1]
    rolled = {name: np.roll(value, D, 0) for name, value in last.weights.items()}
    turned = Network((*model.encoder.steps[:-1], replace(last, weights=rolled)), model.encoder.in_shape)
    found = conventions.detect(replace(model, encoder=turned), pixels)
    assert found["mean"].value == "second" and found.swapped and found.reading == "log variance"
    x = torch.from_numpy(pixels[:4])
    assert torch.allclose(found.encoder(replace(model, encoder=turned))(x)[:, :D], model.encoder(x)[:, :D], atol=1e-5)
