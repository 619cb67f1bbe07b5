"""Every likelihood x posterior x prior x objective x path either trains or is refused with a reason; and its LaTeX."""

import itertools

import pytest
import torch

from vae.model import build, draw
from vae.spec import PRESETS, Spec, SpecError, preset
from vae.spec.choices import OBJECTIVES, PATHS, PRIORS

LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "discretised_logistic", "normal", "laplace")
POSTERIORS = ("normal", "laplace", "full_normal", "flow", "delta", "quantised")


def meaningful(posterior: str, prior: str | None, objective: str, path: str = "reparametrised") -> bool:
    """Say in plain words what can be composed, independently of how the code decides it."""
    if posterior in ("delta", "quantised"):
        return prior is None and objective == "reconstruction" and path == "reparametrised"
    if prior is None:
        return objective == "reconstruction" and path == "reparametrised"
    by_dimension = posterior in ("normal", "laplace")
    normal_prior = prior == "standard_normal"
    return {
        "reconstruction": True,
        "elbo": True,
        "iwae": path != "stl",
        "capacity": normal_prior and posterior != "flow",
        "free_bits": normal_prior and by_dimension and path == "reparametrised",
        "tc": by_dimension and path in ("reparametrised", "reparametrised-mc"),
        "mmd": prior in ("standard_normal", "flow") and path in ("reparametrised", "reparametrised-mc"),
    }[objective]


def spec_of(likelihood, posterior, prior, objective, path="reparametrised") -> Spec:
    return Spec(
        shape=(1, 2, 2),
        encoder={"kind": "linear"},
        likelihood={"kind": likelihood},
        posterior={"kind": posterior},
        prior=prior and {"kind": prior},
        objective={"kind": objective},
        samples=2,
        path=path,
        terms=({"kind": "sparsity"}, {"kind": "jacobian"}),
    )


def assert_trains(spec: Spec) -> None:
    model, objective = build.model(spec), build.objective(spec)
    x = (torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    sample = draw(model, x, spec.samples, spec.path, torch.Generator().manual_seed(0), population=20)
    value = objective(sample, 0)
    assert value.shape == (5,) and value.isfinite().all()
    value.mean().backward()
    encoder = [p.grad for p in model.encoder.parameters() if p.grad is not None]
    assert encoder and all(g.isfinite().all() for g in encoder) and any((g != 0).any() for g in encoder)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.decoder.parameters())
    assert sample.rate_is_exact == spec.closed_rate  # the torch-free side knows what torch knows
    assert (sample.rate is not None) == spec.probabilistic
    assert (sample.rates is not None) == (
        spec.closed_rate and spec.posterior_kind.factorised and spec.prior_kind.factorised
    )
    assert sample.q.mean.shape == (5, 2) and sample.p.mean.shape == (2, 5, 1, 2, 2)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_every_composition_trains_or_is_refused(likelihood):
    refused = 0
    for posterior, prior, objective in itertools.product(POSTERIORS, (*PRIORS, None), OBJECTIVES):
        if meaningful(posterior, prior, objective):
            assert_trains(spec_of(likelihood, posterior, prior, objective))
        else:
            with pytest.raises(SpecError, match=r"\w+ \w+ \w+"):
                build.objective(spec_of(likelihood, posterior, prior, objective))
            refused += 1
    assert refused == 135  # of 210


@pytest.mark.parametrize("path", sorted(set(PATHS) - {"reparametrised"}))
def test_every_composition_takes_a_path_or_is_refused(path):
    for posterior, prior, objective in itertools.product(POSTERIORS, (*PRIORS, None), OBJECTIVES):
        if meaningful(posterior, prior, objective, path):
            assert_trains(spec_of("bernoulli", posterior, prior, objective, path))
        else:
            with pytest.raises(SpecError, match=r"\w+ \w+ \w+"):
                build.objective(spec_of("bernoulli", posterior, prior, objective, path))


def balanced(text: str) -> bool:
    depth = 0
    for i, c in enumerate(text):
        if c in "{}" and (i == 0 or text[i - 1] != "\\"):
            depth += 1 if c == "{" else -1
        if depth < 0:
            return False
    return depth == 0 and text.count(r"\left") == text.count(r"\right") and "None" not in text


def test_every_composition_has_its_latex():
    for posterior, prior, objective in itertools.product(POSTERIORS, (*PRIORS, None), OBJECTIVES):
        if meaningful(posterior, prior, objective):
            for likelihood in LIKELIHOODS:
                spec = spec_of(likelihood, posterior, prior, objective)
                assert balanced(spec.formula()) and balanced(spec.objective_formula())
                assert spec.likelihood_kind.symbol in spec.objective_formula()
    for name in PRESETS:
        assert balanced(preset(name).formula()) and balanced(preset(name).objective_formula()), name


def test_the_objective_is_printed_with_the_chosen_distributions():
    assert preset("vae").objective_formula() == (
        r"\mathbb{E}_{z \sim \mathcal{N}(\mu_\phi(x),\, \sigma_\phi^2(x))}[\log \mathrm{Bernoulli}(x;\, f_\theta(z))]"
        r" - \mathrm{KL}(\mathcal{N}(\mu_\phi(x),\, \sigma_\phi^2(x)) \,\|\, \mathcal{N}(0, I))"
    )
    warm = {"schedule": "linear", "start": 0.0, "stop": 4.0, "steps": 1000}
    text = preset("vae", objective={"kind": "elbo", "beta": warm}).objective_formula()
    assert r"\beta_t\, \mathrm{KL}" in text and r"\beta_t\colon 0 \to 4\ \text{in 1,000 steps}" in text
    text = preset("contractive-autoencoder").objective_formula()
    assert r"f_\theta(g_\phi(x))" in text and r"- 0.1\, \left\|\partial" in text and "KL" not in text
    text = preset("sigma-vae", likelihood={"kind": "laplace", "sigma": 0.3}).objective_formula()
    assert r"\mathrm{Laplace}(x;\, f_\theta(z),\, 0.3)" in text
    assert r"\mathcal{N}(x;\, f_\theta(z),\, \sigma^2)" in preset("sigma-vae").formula()
    assert r"\mathrm{MMD}^2" in preset("wae").objective_formula() and "KL" not in preset("wae").objective_formula()
    assert r"\frac{1}{5} \sum_{k=1}^{5}" in preset("iwae").objective_formula()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_app_without_torch_shows_what_torch_calls_the_mean(likelihood):
    from ui.decode import numpy_decoder

    model = build.model(spec := spec_of(likelihood, "normal", "standard_normal", "elbo"))
    z = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    weights = {name: w.numpy() for name, w in model.decoder.net.state_dict().items()}
    shown = numpy_decoder.mean(spec, spec.decoder_layers(), weights, z.numpy())
    with torch.no_grad():
        assert abs(shown - model.decode(z).mean.clamp(0, 1).numpy()).max() < 1e-5
