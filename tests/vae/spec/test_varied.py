"""Dotted names of a spec: every one can be read and set, and the difference of two specs is what was set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae.spec import PRESETS, Spec, SpecError, preset, varied
from vae.spec.fields import Choice, Scalar, Sizes
from vae.spec.varied import VARIED, changed, differs, flat, read, written

BASE = preset("vae", data="digits", shape=(1, 8, 8))


def usual(option):
    """Values that an option takes."""
    if isinstance(option, Choice):
        return list(option.choices)
    if isinstance(option, Sizes):
        return [list(sizes) for sizes in option.usual]
    return [*option.usual, *([option.default] if option.default is not None else [])]


@given(st.data())
def test_text_of_a_value_is_read_as_the_value(data):
    name = data.draw(st.sampled_from(sorted(VARIED)))
    option = data.draw(st.sampled_from(VARIED[name]))
    if isinstance(option, Scalar) and not option.words:
        value = data.draw(st.integers(1, 10**6) if option.whole else st.floats(1e-9, 1e9))
        value = float(f"{value:.12g}") if isinstance(value, float) else value
    else:
        value = data.draw(st.sampled_from(usual(option)))
    found = read(name, written(value))
    assert found == (list(value) if isinstance(value, tuple) else value)


@given(st.sampled_from(["latent", "epochs", "objective.beta", "encoder.widths", "terms.sparsity.weight", "clip"]),
       st.data())  # fmt: skip
def test_what_was_set_is_what_differs(name, data):
    value = data.draw(st.sampled_from(usual(VARIED[name][0]) or [0.5, 2.0]))
    made = Spec(**changed(vars(BASE), {name: value}))
    before = flat(BASE).get(name)
    assert differs(BASE, made) == ({} if before == value else {name: (before, value)})
    assert differs(made, BASE) == {key: (b, a) for key, (a, b) in differs(BASE, made).items()}


@pytest.mark.parametrize("name", PRESETS)
def test_defaults_written_out_are_no_difference(name):
    spec = preset(name, data="digits", shape=(1, 8, 8))
    entries = {key: value for key, value in flat(spec).items() if key in VARIED and not isinstance(value, dict)}
    entries = {key: varied.NONE if key.endswith(".kind") and v is None else v for key, v in entries.items()}
    assert differs(spec, Spec(**changed(vars(spec), entries))) == {}


def test_a_kind_comes_before_its_options():
    made = changed(vars(BASE), {"prior.components": 5, "prior.kind": "mixture"})
    assert Spec(**made).prior == {"kind": "mixture", "components": 5}
    assert changed(made, {"prior.kind": "none"})["prior"] is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("objective.betta", "objective.beta"), ("seed", "number"), ("nothing", "spec.json"), ("encoder.layers", "varied")],
)
def test_unknown_names_are_refused_with_a_hint(name, words):
    with pytest.raises(SpecError, match=words):
        read(name, "1")


def test_an_option_of_an_absent_part_names_the_part():
    with pytest.raises(SpecError, match="decoder.kind"):
        changed(vars(BASE), {"decoder.widths": [8]})


def test_two_schedules_are_written_apart():
    """Every part of a schedule is in its words, so a difference can be seen."""
    usual = {"schedule": "cosine", "start": 1e-3, "stop": 0.0, "steps": 100, "warmup": 0}
    others = [{"schedule": "linear"}, {"start": 1e-4}, {"stop": 1e-5}, {"steps": 101}, {"warmup": 7}]
    assert written(usual) == "0.001 → 0 (cosine, 100 steps)"
    assert len({written(usual | other) for other in others} | {written(usual)}) == 6
