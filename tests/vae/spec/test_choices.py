"""The table of options describes every name and number that torch's side knows, and refuses what cannot be composed."""

import inspect

import pytest

from vae import data
from vae.model import build
from vae.model.estimators import PATHS
from vae.model.families import FAMILIES
from vae.model.objectives import CORRUPTIONS, OBJECTIVES, TERMS
from vae.model.priors import PRIORS
from vae.spec import PRESETS, Spec, SpecError, head, preset
from vae.spec import check as checks
from vae.spec import choices as options
from vae.spec import layers as networks


def parameters(function, *without):
    return set(inspect.signature(function).parameters) - set(without)


def test_every_kind_that_torch_knows_is_described_and_the_other_way_round():
    assert set(options.LIKELIHOODS) == {name for name in FAMILIES if head({"kind": name}).likelihood}
    assert set(options.POSTERIORS) == {name for name in FAMILIES if head({"kind": name}).posterior}
    for name, kind in options.POSTERIORS.items():
        assert kind.density == head({"kind": name}).density
    assert set(options.PRIORS) == set(PRIORS)
    assert set(options.OBJECTIVES) == set(OBJECTIVES)
    assert set(options.TERMS) == set(TERMS)
    assert set(options.CORRUPTIONS) == set(CORRUPTIONS)
    assert set(options.PATHS) == set(PATHS)
    described = {*options.ROLES, *options.NUMBERS, *options.CHOICES, "preset", "data", "shape", "path"}
    assert described | {"terms", "condition"} == set(Spec.__dataclass_fields__)


@pytest.mark.parametrize(
    "described,real,without",
    [
        (options.LIKELIHOODS, FAMILIES, ("shape",)),
        (options.POSTERIORS, FAMILIES, ("shape",)),
        (options.PRIORS, PRIORS, ("encoder", "latent", "shape")),
        (options.OBJECTIVES, OBJECTIVES, ("draw",)),
        (options.CORRUPTIONS, CORRUPTIONS, ("x", "generator")),
        (options.NETWORKS, networks.KINDS, ("in_shape", "out_shape")),
    ],
)
def test_every_option_of_a_kind_is_described_with_its_default(described, real, without):
    for name, kind in described.items():
        assert set(kind.options) == parameters(real[name], *without), name
        for option, description in kind.options.items():
            assert inspect.signature(real[name]).parameters[option].default == description.default, (name, option)
            assert description.problem(description.default) == ""


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_within_the_tables(name):
    checks.check(preset(name, data="mnist"))


def test_what_torch_cannot_climb_the_table_refuses_with_a_sentence():
    for changes in (
        {"objective": {"kind": "tc"}, "posterior": {"kind": "flow"}},
        {"objective": {"kind": "capacity"}, "prior": {"kind": "vamp"}},
        {"objective": {"kind": "mmd"}, "prior": {"kind": "mixture"}},
        {"objective": {"kind": "iwae"}, "path": "stl"},
        {"path": "score"},
        {"terms": ({"kind": "sparsity", "weight": -1.0},)},
        {"terms": ({"kind": "magic"},)},
    ):
        spec = preset("vae", **changes)
        (found,) = checks.problems(vars(spec))
        assert found[1][0].isupper() and found[1].endswith(".")
        if "weight" not in str(changes):
            with pytest.raises(SpecError):
                build.objective(spec)


def test_a_datasets_levels_are_described_as_they_are_loaded():
    for name in data.NAMES:
        if data.describe(name).embedded:
            assert data.load(name, "valid", n=2).levels == data.describe(name).levels, name
