"""Scores of strange examples: pPCA judges log p(x) and the regret, a file the compressed size."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from ppca import as_vae, data_of, random_ppca

from vae.diagnosis import roc
from vae.evaluation import strangeness as strange
from vae.evaluation.estimate import Estimate
from vae.model import build
from vae.spec import preset


def test_regret_is_0_at_ppcas_posterior_and_the_closed_form_gap_of_a_wide_q():
    model = random_ppca()
    x = torch.from_numpy(data_of(model, 20))
    right = strange.regret(as_vae(model).double(), x)
    wide = strange.regret(as_vae(model, widen=1.5).double(), x)
    assert (right >= 0).all() and right.max() < 1e-9
    # c times too wide in k dimensions costs k (-ln c + (c^2 - 1) / 2)
    assert wide.numpy() == pytest.approx(2 * (-math.log(1.5) + (1.5**2 - 1) / 2), abs=1e-6)


def test_scores_are_ppcas_and_tell_shifted_data():
    model = random_ppca()
    vae = as_vae(model).double()
    own, other = (torch.from_numpy(data_of(model, 80, seed)) for seed in (1, 2))
    other = other + 2.0
    found, strangers = (strange.strangeness(vae, x) for x in (own, other))
    assert found["likelihood"].numpy() == pytest.approx(-model.log_px(own.numpy()), abs=2e-4)
    gap = Estimate.of(found["bound"] - found["likelihood"])  # q is exact: noise alone
    assert abs(gap.value) < 4 * gap.se < 0.1
    assert "complexity" not in found  # no images
    assert roc.auc(found["likelihood"].numpy(), strangers["likelihood"].numpy()).value > 0.9


def test_compressed_size_is_the_files_and_simple_images_are_small():
    rng = np.random.default_rng(0)
    noise, plain = (rng.random((1, 28, 28)) > 0.5).astype(np.float32), np.zeros((1, 28, 28), np.float32)
    sizes = strange.compressed(np.stack([noise, plain]))
    file = io.BytesIO()
    Image.fromarray(noise[0] > 0.5).save(file, "PNG", optimize=True)
    assert sizes[0] == pytest.approx(8 * len(file.getvalue()) * math.log(2)) and sizes[0] > 28 * 28 * math.log(2)
    assert sizes[1] < 0.8 * sizes[0]
    colours = strange.compressed(rng.random((2, 3, 8, 8)))
    assert (colours > 8 * 3 * 64 * math.log(2)).all()


def test_what_has_no_such_score_leaves_it_out():
    torch.manual_seed(0)
    images = (torch.rand(4, 1, 8, 8) > 0.5).float()
    flow = build.model(preset("full-covariance-vae", data="digits", shape=(1, 8, 8)))
    assert set(strange.strangeness(flow, images, k=5)) == set(strange.SCORES) - {"regret"}
    plain = build.model(preset("vae", data="digits", shape=(1, 8, 8)))
    assert set(strange.strangeness(plain, images, k=5, steps=0)) == set(strange.SCORES) - {"regret"}
    with pytest.raises(ValueError, match="no log p"):
        strange.strangeness(build.model(preset("autoencoder", data="digits", shape=(1, 8, 8))), images)
