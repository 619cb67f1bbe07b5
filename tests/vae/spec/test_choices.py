"""One entry describes each kind, with the options and defaults of its code; what cannot be composed is refused."""

import inspect
from itertools import product

import pytest
import torch
from torch.distributions import kl_divergence

from vae import data
from vae.model import build
from vae.spec import PRESETS, Spec, SpecError, check, choices, preset, rules
from vae.spec.choices import CHOICES, NUMBERS, POSTERIORS, PRIORS, ROLES, TERM

WITHOUT = {
    "likelihood": ("shape",),
    "posterior": ("shape",),
    "prior": ("encoder", "latent", "shape"),
    "objective": ("draw",),
    "corruption": ("x", "generator"),
    "encoder": ("in_shape", "out_shape"),
    "decoder": ("in_shape", "out_shape"),
    "terms": ("draw",),
}
KINDS = [(role, name) for role, entry in (ROLES | {"terms": TERM}).items() for name in entry.kinds]


def kind_of(role, name):
    return (ROLES | {"terms": TERM})[role].kinds[name]


def test_every_entry_of_a_spec_is_described():
    described = {*ROLES, *NUMBERS, *CHOICES, "preset", "data", "shape", "path", "terms", "condition"}
    assert described == set(Spec.__dataclass_fields__)


@pytest.mark.parametrize("role,name", KINDS)
def test_options_of_a_kind_are_those_of_its_code(role, name):
    kind = kind_of(role, name)
    known = {k: p for k, p in inspect.signature(kind.load()).parameters.items() if k not in WITHOUT[role]}
    if role == "terms":
        assert not known and set(kind.options) == {"weight"}  # which the sum multiplies
        return
    assert set(kind.options) == set(known)
    for option, description in kind.options.items():
        assert known[option].default == description.default, option
        assert description.problem(description.default) == ""


@pytest.mark.parametrize("role,name", KINDS)
def test_a_kind_has_a_title_and_a_sentence(role, name):
    kind = kind_of(role, name)
    assert kind.title[0].isupper() or not kind.title[0].isascii()
    assert kind.sentence.endswith(".") and all(option.title for option in kind.options.values())


def test_paths_are_loaded_by_name():
    for path in choices.PATHS.values():
        assert callable(path.load().sample)


@pytest.mark.parametrize("posterior,prior", product(POSTERIORS, PRIORS))
def test_closed_rates_are_those_that_torch_knows(posterior, prior):
    if not POSTERIORS[posterior].density:
        return
    spec = Spec(shape=(1, 2, 2), encoder={"kind": "linear"}, posterior={"kind": posterior}, prior={"kind": prior})
    model = build.model(spec)
    try:
        kl_divergence(model.encode(torch.rand(3, 1, 2, 2)), model.prior())
        known = True
    except NotImplementedError:
        known = False
    assert spec.closed_rate == known


def test_closed_rates_hold_for_every_pair_of_distributions():
    """The table is also right for pairs of which no prior is made yet, such as a Laplace prior."""
    zero, one = torch.zeros(2), torch.ones(2)
    made = {
        "normal": torch.distributions.Independent(torch.distributions.Normal(zero, one), 1),
        "laplace": torch.distributions.Independent(torch.distributions.Laplace(zero, one), 1),
        "full_normal": torch.distributions.MultivariateNormal(zero, torch.eye(2)),
    }
    for (p, q), (name_p, name_q) in zip(product(made.values(), repeat=2), product(made, repeat=2), strict=True):
        if name_q == "full_normal":
            continue  # no prior
        try:
            kl_divergence(p, q)
            known = True
        except NotImplementedError:
            known = False
        assert ((name_p, name_q) in rules.CLOSED_RATES) == known, (name_p, name_q)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_within_the_tables(name):
    assert check.problems(vars(preset(name, data="mnist"))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": {"kind": "tc"}, "posterior": {"kind": "flow"}},
        {"objective": {"kind": "capacity"}, "prior": {"kind": "vamp"}},
        {"objective": {"kind": "mmd"}, "prior": {"kind": "mixture"}},
        {"objective": {"kind": "iwae"}, "path": "stl"},
        {"path": "score"},
        {"path": "magic"},
        {"preset": "magic"},
        {"terms": ({"kind": "sparsity", "weight": -1.0},)},
        {"terms": ({"kind": "magic"},)},
        {"terms": 3},
        {"terms": ({"kind": "sparsity"}, {"kind": "sparsity"})},
        {"learning_rate": -1},
        {"learning_rate": float("nan")},
        {"latent": 0},
        {"batch": 1.5},
        {"epochs": True},
        {"shape": (1, 0)},
        {"data": 3},
        {"prior": {"kind": "mixture", "components": 0}},
        {"prior": {"kind": "vamp"}, "condition": {"kind": "labels"}},
        {"prior": {"kind": "mixture"}, "condition": {"kind": "labels", "prior": True}},
        {"condition": {"kind": "labels", "classes": 0}},
        {"encoder": {"kind": "mlp", "widths": [0]}},
        {"encoder": {"kind": "conv", "channels": [8] * 9}},
        {"posterior": {"kind": "quantised", "size": 3}, "prior": None, "objective": {"kind": "reconstruction"}},
        {"posterior": {"kind": "delta"}, "objective": {"kind": "reconstruction"}},
    ],
)
def test_the_constructor_refuses_what_cannot_be_trained(changes):
    """The table refuses with one sentence; the constructor raises the same one, and keeps which entry it is about."""
    usual = vars(Spec())
    (found,) = check.problems(usual | changes)
    assert found[0] in usual and not found[1][0].islower() and found[1].endswith(".")
    with pytest.raises(SpecError) as refused:
        Spec(**usual | changes)
    assert refused.value.problems == [found] and str(refused.value) == found[1]


def test_levels_are_described_as_they_are_loaded():
    for name in data.NAMES:
        if data.describe(name).embedded:
            assert data.load(name, "valid", n=2).levels == data.describe(name).levels, name
