"""The cards' numbers come out again when the shipped models are evaluated on the data at hand."""

import math

import torch

from vae import runs
from vae.data import load
from vae.data.batches import prepare
from vae.evaluation import evaluate, log_px_grid
from vae.runs.load import held_out, load_model

SHIPPED = [runs.shipped()]


def test_digits_card_is_true():
    run = runs.find("digits-vae-2d", SHIPPED)
    _, batches = held_out(run)
    found = evaluate(load_model(run), batches, k=20, seed=1)
    for name in ("elbo", "distortion", "rate"):
        entry = run.metrics[name]
        assert abs(found[name].value - entry["value"]) < 3 * entry["se"], name


def test_mnist_card_is_true(mnist_root, monkeypatch):
    monkeypatch.setenv("LATENT_DATA", str(mnist_root))
    run = runs.find("mnist-vae-2d", SHIPPED)
    batches = prepare(load("mnist", "test", n=1000), run.spec)
    found = evaluate(load_model(run), batches, k=50, seed=1)
    for name in ("elbo", "distortion", "rate"):
        error = math.hypot(found[name].se, run.metrics[name]["se"])
        assert abs(found[name].value - run.metrics[name]["value"]) < 4 * error, name


def test_exact_log_px_of_a_trained_model_lies_above_its_bounds():
    run = runs.find("digits-vae-2d", SHIPPED)
    model = load_model(run).double()
    _, batches = held_out(run, n=20)
    torch.set_default_dtype(torch.float64)
    try:
        x = batches.take(slice(None), torch.Generator().manual_seed(0))
        exact = log_px_grid(model, x, 7.0, 500)
        finer = log_px_grid(model, x, 7.0, 700)
        from vae.evaluation import bounds

        result = bounds(model, x, 5000, torch.Generator().manual_seed(0))
    finally:
        torch.set_default_dtype(torch.float32)
    assert (exact - finer).abs().max() < 1e-3  # ReLU kinks slow the rule down to h^2
    error = (1 / result.ess - 1 / 5000).clamp_min(0).sqrt()
    assert ((result.log_px - exact).abs() < 5 * error + 1e-3).all()
    assert result.elbo.mean() < exact.mean()


def test_saved_codes_are_the_encoders_means():
    import numpy as np

    run = runs.find("digits-vae-2d", SHIPPED)
    _, batches = held_out(run)
    with torch.no_grad():
        q = load_model(run).encode(batches.take(slice(None), torch.Generator().manual_seed(run.spec.seed)))
    assert np.abs(q.mean.numpy() - run.codes.means).max() < 1e-4
    assert np.abs(q.stddev.numpy() - run.codes.scales).max() < 1e-4
