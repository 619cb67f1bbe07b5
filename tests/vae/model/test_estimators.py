"""Gradient paths: one value, one expected gradient, different variances; against exact gradients, in float64.

Each row of a batch is the same example with its own noise, so that one backward pass gives many independent gradients.
The bounds on |z| are 4.5 standard errors of the mean, for a few dozen numbers with fixed seeds.
"""

import math

import pytest
import torch
from ppca import as_vae, data_of, random_ppca
from torch import nn

from vae.model import Conditional, LatentModel, draw
from vae.model.estimators import Path, landing
from vae.model.families import Normal
from vae.model.objectives import elbo, iwae, mmd, tc
from vae.spec.choices import PATHS

pytestmark = pytest.mark.usefixtures("double")

ROWS = 40_000
Z = 4.5


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Rows(nn.Module):
    """An encoder's net whose output is a leaf: the rows' gradients are then independent estimates."""

    def __init__(self, raw: torch.Tensor) -> None:
        super().__init__()
        self.raw = raw

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.raw


def set_up(rows: int = ROWS, d: int = 2, off: float = 1.0):
    """Return a linear VAE with a q that is `off` (0: exact), the raw leaf [rows, 2 d], and x repeated."""
    ppca = random_ppca(k=d, rotated=off > 0 and d > 1)
    vae = as_vae(ppca)
    x = torch.from_numpy(data_of(ppca, 1)).expand(rows, -1)
    with torch.no_grad():
        q = vae.encode(x[:1])
        raw = torch.cat([q.mean, q.stddev.log()], -1)
        raw = raw + off * torch.tensor([0.3, -0.2, 0.25, -0.15] if d == 2 else [0.3, -0.2])
    raw = raw.expand(rows, -1).clone().requires_grad_()
    return LatentModel(vae.prior, vae.decoder, Conditional(Rows(raw), Normal((d,)), 1)), raw, x, ppca


def exact_elbo(raw: torch.Tensor, x: torch.Tensor, ppca, beta: float = 1.0) -> torch.Tensor:
    """E_q[log p(x|z)] - beta KL in closed form for a linear decoder."""
    mean, scale = raw.chunk(2, -1)
    scale = scale.exp()
    weight, bias = torch.from_numpy(ppca.weight), torch.from_numpy(ppca.bias)
    residual = ((x - mean @ weight.T - bias) ** 2).sum() + (weight**2 @ scale**2).sum()
    fit = -0.5 * residual / ppca.sigma**2 - 0.5 * len(bias) * math.log(2 * math.pi * ppca.sigma**2)
    return fit - beta * (0.5 * (mean**2 + scale**2 - 1) - scale.log()).sum()


def gradients(objective, path: str | Path, k: int, d: int = 2, off: float = 1.0, rows: int = ROWS) -> torch.Tensor:
    """Return independent estimates [rows, 2 d] of the gradient with respect to mean and log sigma."""
    model, raw, x, _ = set_up(rows, d, off)
    objective(draw(model, x, k, path, generator(7))).sum().backward()
    return raw.grad


def z_scores(estimates: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    return (estimates.mean(0) - expected) / (estimates.std(0) / math.sqrt(len(estimates))).clamp_min(1e-12)


def paths_of(objective) -> list[str]:
    """The paths that are unbiased for an objective."""
    return [path for path in PATHS if objective is elbo or path != "stl"]


@pytest.mark.parametrize("objective", [elbo, iwae])
def test_a_path_changes_no_value(objective):
    values = {}
    for path in paths_of(objective):
        model, _, x, _ = set_up(50)
        values[path] = objective(draw(model, x, 3, path, generator()))
        with torch.no_grad():
            assert torch.equal(objective(draw(model, x, 3, path, generator())), values[path])
    for path, value in values.items():
        assert torch.allclose(value, values["reparametrised"], rtol=0, atol=1e-12), path


@pytest.mark.parametrize("beta", [1.0, 4.0])
@pytest.mark.parametrize("path", sorted(PATHS))
def test_elbo_gradient_estimators_are_unbiased(path, beta, record_property):
    """Every estimator's gradient of the ELBO is the exact one in the mean."""
    _, raw, x, ppca = set_up(1)
    (expected,) = torch.autograd.grad(exact_elbo(raw[0], x[0], ppca, beta), raw)
    found = gradients(lambda sample: elbo(sample, beta), path, 3)
    assert z_scores(found, expected[0]).abs().max() < Z
    record_property("variance", found.var(0).sum().item())


def test_only_stl_has_no_variance_at_the_exact_posterior():
    """Sticking the landing has no variance at the exact posterior and the others have."""
    variances = {path: gradients(elbo, path, 2, off=0.0, rows=2000).var(0).sum().item() for path in PATHS}
    assert variances["stl"] < 1e-24 and variances["dreg"] < 1e-24
    assert all(variances[path] > 1e-3 for path in PATHS if path not in ("stl", "dreg"))
    iwae_variance = {
        path: gradients(iwae, path, 2, off=0.0, rows=2000).var(0).sum().item() for path in ("dreg", "reparametrised")
    }
    assert iwae_variance["dreg"] < 1e-24 < 1e-3 < iwae_variance["reparametrised"]


def exact_iwae_gradient(k: int) -> torch.Tensor:
    """Return d E[L_K] / d (mean, log sigma) [2] at d = 1, by the trapezoid rule over all K noises."""
    model, raw, x, _ = set_up(1, d=1)
    axis = torch.linspace(-8, 8, 161)
    weight = stats_normal(axis) * (axis[1] - axis[0])
    grid = torch.cartesian_prod(*[axis] * k).reshape(-1, k).T  # [K, G]
    weights = torch.cartesian_prod(*[weight] * k).reshape(-1, k).prod(1)
    mean, log_sigma = raw[0]
    z = (mean + log_sigma.exp() * grid).unsqueeze(-1)
    log_q = torch.distributions.Normal(mean, log_sigma.exp()).log_prob(z.squeeze(-1))
    log_w = model.decode(z).log_prob(x[0]) + model.prior().log_prob(z) - log_q
    value = (weights * (log_w.logsumexp(0) - math.log(k))).sum()
    return torch.autograd.grad(value, raw)[0][0]


def stats_normal(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("path", ["reparametrised", "reparametrised-mc", "dreg", "score"])
def test_iwae_gradient_estimators_are_unbiased(path):
    """Every estimator's gradient of the importance weighted bound is the exact one in the mean."""
    found = gradients(iwae, path, 2, d=1)
    assert z_scores(found, exact_iwae_gradient(2)).abs().max() < Z


def test_stl_is_biased_for_the_importance_weighted_bound():
    """Why it is refused (Tucker et al. 2019)."""
    found = gradients(iwae, Path(log_q=landing), 2, d=1)
    assert z_scores(found, exact_iwae_gradient(2)).abs().max() > 2 * Z
    model, _, x, _ = set_up(2)
    with pytest.raises(ValueError, match="biased for an importance-weighted bound: draw with the path dreg"):
        iwae(draw(model, x, 3, "stl"))


@pytest.mark.parametrize("objective", [elbo, iwae])
def test_one_sample_has_no_others_as_a_baseline(objective):
    model, _, x, _ = set_up(2)
    with pytest.raises(ValueError, match="draw two or more"):
        objective(draw(model, x, 1, "score"))


@pytest.mark.parametrize("objective", [tc, mmd])
def test_what_is_a_function_of_z_needs_a_path_through_it(objective):
    model, _, x, _ = set_up(2)
    with pytest.raises(ValueError, match="needs a path through z"):
        objective(draw(model, x, 2, "score"))


def variances(objective, k: int, off: float) -> dict[str, float]:
    return {path: gradients(objective, path, k, off=off, rows=4000).var(0).sum().item() for path in paths_of(objective)}


@pytest.mark.parametrize("off", [0.2, 1.0])
def test_the_better_estimators_have_less_variance(off):
    """Total variance at K = 5, q off by 0.2: stl 0.39, reparametrised 2.2, its Monte Carlo 3.2, score 13 (ELBO)."""
    v, w = variances(elbo, 5, off), variances(iwae, 5, off)
    assert v["stl"] == pytest.approx(v["dreg"], rel=1e-9)
    assert v["stl"] < v["reparametrised"] < v["reparametrised-mc"] < v["score"]
    assert w["dreg"] < 0.2 * min(w["reparametrised"], w["score"])
    assert w["reparametrised"] == pytest.approx(w["reparametrised-mc"], rel=1e-9)  # nothing is closed in L_K


@pytest.mark.parametrize("path", paths_of(iwae))
def test_the_decoders_gradient_is_the_plain_one_on_every_path(path):
    """Weights of theta are w~, whatever the path does to phi."""
    found = {}
    for name in ("reparametrised", path):
        model, _, x, _ = set_up(20)
        iwae(draw(model, x, 3, name, generator())).sum().backward()
        found[name] = model.decoder.net[0].weight.grad
    assert torch.allclose(found[path], found["reparametrised"], atol=1e-10)


def test_a_term_on_the_codes_keeps_its_gradient_beside_dreg():
    """The weights of the doubly reparametrised path are the bound's alone."""
    from vae.model.objectives import sparsity

    found = []
    for together in (True, False):
        model, raw, x, _ = set_up(5)
        sample = draw(model, x, 3, "dreg", generator())
        if together:
            (iwae(sample) - sparsity(sample)).sum().backward()
        else:
            iwae(sample).sum().backward()
            model, other, x, _ = set_up(5)
            (-sparsity(draw(model, x, 3, "reparametrised", generator()))).sum().backward()
            raw.grad += other.grad
        found.append(raw.grad)
    assert torch.allclose(*found, atol=1e-12)


def test_flow_posteriors_take_every_path():
    """Equal means where nothing is closed: a flow's rate, path by path, against the reparametrised one."""
    from vae.model.families import Flow

    family = Flow((2,), layers=2, hidden=4, context=0)
    with torch.no_grad():
        for weight in family.parameters():
            weight.normal_(std=0.3, generator=generator(2))
    found = {}
    for path in PATHS:
        model, raw, x, _ = set_up()
        model.encoder.family = family
        elbo(draw(model, x, 2, path, generator(len(found)))).sum().backward()
        found[path] = raw.grad
    base = found["reparametrised"]
    for path, other in found.items():
        error = (base.var(0) / ROWS + other.var(0) / ROWS).sqrt()
        assert ((base.mean(0) - other.mean(0)).abs() < Z * error + 1e-12).all(), path
