"""A linear VAE built from a pPCA, so that every bound has a closed form."""

import numpy as np
import torch

from vae.evaluation.linear import PPCA
from vae.model import LatentModel, build
from vae.spec import Spec


def random_ppca(dim: int = 7, k: int = 2, seed: int = 0, rotated: bool = False) -> PPCA:
    """Return a pPCA whose W'W is diagonal, or not where `rotated`."""
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.normal(size=(dim, k)))[0]
    w = u * np.linspace(1.5, 0.7, k)
    if rotated:
        w = w @ np.linalg.qr(rng.normal(size=(k, k)))[0]
    return PPCA(w, rng.normal(size=dim), 0.6)


def data_of(model: PPCA, n: int, seed: int = 1) -> np.ndarray:
    """Return n draws [n, D] of the model."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, model.weight.shape[1]))
    return z @ model.weight.T + model.bias + model.sigma * rng.normal(size=(n, len(model.bias)))


def as_vae(model: PPCA, widen: float = 1.0) -> LatentModel:
    """Return the linear VAE with the pPCA's decoder and posterior means, and the best diagonal scales times `widen`."""
    dim, k = model.weight.shape
    spec = Spec(
        preset="linear-vae",
        data="linear-gaussian",
        shape=(dim,),
        latent=k,
        binarisation="none",
        encoder={"kind": "linear"},
        likelihood={"kind": "normal", "sigma": model.sigma},
    )
    vae = build.model(spec)
    _, covariance = model.posterior(model.bias[None])
    m = model.weight.T @ model.weight + model.sigma**2 * np.eye(k)
    gain = np.linalg.solve(m, model.weight.T)
    # the best diagonal Gaussian has the inverse of the precision's diagonal
    scales = widen / np.sqrt(np.diag(np.linalg.inv(covariance)))
    with torch.no_grad():
        decoder, encoder = vae.decoder.net[0], vae.encoder.net[0]
        decoder.weight.copy_(torch.from_numpy(model.weight))
        decoder.bias.copy_(torch.from_numpy(model.bias))
        encoder.weight[:k].copy_(torch.from_numpy(gain))
        encoder.weight[k:].zero_()
        encoder.bias[:k].copy_(torch.from_numpy(-gain @ model.bias))
        encoder.bias[k:].copy_(torch.from_numpy(np.log(scales)))
    return vae
