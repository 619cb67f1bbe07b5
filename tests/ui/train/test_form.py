"""The Train page's form: every choice it offers can be trained, and what cannot is refused in a sentence."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fake_runs import make_run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ui.train import fitting, form, spec_fields
from ui.train import widgets as fields
from vae import data, runs
from vae.data.recommended import misfit, recommended
from vae.model import build
from vae.runs import machine, manage, pace
from vae.runs.resume import FIXED
from vae.spec import PRESETS, Spec, SpecError, check, preset
from vae.spec import choices as options
from vae.spec import fields as limits
from vae.spec import rules as compose
from vae.spec.choices import OBJECTIVES
from vae.spec.schedules import SHAPES

ROOT = Path(__file__).resolve().parents[3]
EMBEDDED = [name for name in data.NAMES if data.describe(name).embedded]
PAIRS = [(name, dataset) for name in PRESETS for dataset in EMBEDDED]
REFUSED = [("cvae", "linear-gaussian"), ("logistic-vae", "linear-gaussian")]


pytestmark = pytest.mark.usefixtures("data_folder")


# what is refused


def test_objectives_are_refused_where_torch_refuses_them():
    """An objective that needs a density is refused where torch refuses it."""
    for name, kind in OBJECTIVES.items():
        changes = {"data": "digits", "shape": (1, 8, 8), "objective": {"kind": name}}
        if kind.density:
            with pytest.raises(SpecError, match="needs a prior and a posterior with a density"):
                preset("autoencoder", **changes)
        else:
            build.objective(preset("autoencoder", **changes))


@pytest.mark.parametrize(
    "changes,reason",
    [
        ({"preset": "../../x"}, "no preset"),
        ({"preset": []}, "no preset"),
        ({"path": "tunnel"}, "no path 'tunnel'. Choose reparametrised"),
        ({"objective": {"kind": "luck"}}, "no 'luck'. Choose elbo, iwae, capacity"),
        ({"objective": {"kind": "elbo", "gamma": 1.0}}, "no option 'gamma'. It knows beta"),
        ({"objective": {"kind": "elbo", "beta": -1.0}}, "β must be a number from 0 to 10,000, not -1"),
        ({"likelihood": {"kind": "normal", "sigma": 0.0}}, "above 0"),
        ({"likelihood": {"kind": "normal", "sigma": "wide"}}, "'each', 'shared', or a number above 0"),
        ({"corruption": {"kind": "mask", "rate": 3.0}}, "Share hidden must be a number from 0 to 1, not 3"),
        ({"seed": -1}, "Seed must be a whole number from 0"),
        ({"seed": 0.5}, "Seed"),
        ({"clip": 0.0}, "Gradient clip must be a number above 0"),
        ({"clip": "a"}, "Gradient clip"),
        ({"size": "all"}, "Examples must be a whole number from 1 to 1,000,000, not 'all'"),
        ({"weight_decay": {"schedule": "linear", "start": 0, "stop": 1, "steps": 5}}, "cannot follow a schedule"),
        ({"learning_rate": 0}, "Learning rate must be a number above 0 and at most 10, not 0"),
        ({"learning_rate": {"schedule": "linear", "start": 0, "stop": 0, "steps": 5}}, "above 0 at the schedule's"),
        ({"learning_rate": {"schedule": "linear", "start": 1, "stop": 0, "steps": 5.5}}, "steps must be a whole"),
        ({"learning_rate": {"schedule": "cosine", "start": 1, "stop": 0, "steps": 5, "warmup": -1}}, "warmup must be"),
        ({"learning_rate": {"schedule": "cosine", "start": 1, "stop": 0, "steps": 5, "x": 1}}, "has no x"),
        (
            {"posterior": {"kind": "quantised", "size": 3}, "prior": None, "objective": {"kind": "reconstruction"}},
            "codes",
        ),
        ({"terms": ({"kind": "sparsity"},) * 2}, "Sparsity is there 2 times"),
        ({"terms": ({"kind": "codebook"},)}, "needs the posterior quantised"),
        ({"terms": ({"kind": "sparsity", "weight": -1.0},)}, "Weight must be a number from 0"),
    ],
)
def test_impossible_values_are_refused_with_the_reason(changes, reason):
    """Numbers and names that cannot be are refused with the reason."""
    with pytest.raises(SpecError, match=".") as caught:
        preset("vae", data="digits", shape=(1, 8, 8), **changes)
    assert reason in str(caught.value)


# fields and specs


@pytest.mark.parametrize("name,dataset", PAIRS)
def test_every_preset_fits_every_dataset_or_is_refused(name, dataset):
    """Every preset can be trained on every embedded dataset or is refused."""
    spec = recommended(name, dataset)
    assert bool(misfit(name, dataset)) == ((name, dataset) in REFUSED)
    assert manage.check(spec)
    build.objective(spec)
    assert pace.seconds(spec, spec_fields.examples(spec), 2) < 60
    values = spec_fields.to_values(spec)
    assert spec_fields.judge(values, spec) == (spec, [])
    assert fitting.changed(values) == []
    assert fitting.settle(values) == values  # everything recommended is also offered


@pytest.mark.parametrize("run", runs.library([runs.shipped()]), ids=lambda run: run.name)
def test_shipped_specs_come_back_as_they_are(run, mnist_here):
    values = spec_fields.to_values(run.spec)
    assert spec_fields.judge(values, run.spec) == (run.spec, [])
    assert spec_fields.read_json(run.spec.to_json()) == run.spec


@pytest.fixture
def mnist_here(monkeypatch):
    monkeypatch.setattr(data, "available", lambda name, root=None: True)


def number(option):
    high = min(option.high, 1e3)
    if option.whole:
        plain = st.integers(int(option.low), int(high))
    else:
        plain = st.floats(option.low, high, exclude_min=option.above)
    if not option.scheduled:
        return plain
    end = st.floats(option.low, high, exclude_min=True)
    schedule = {"schedule": st.sampled_from(sorted(SHAPES)), "start": end, "stop": end, "steps": st.integers(1, 10**6)}
    return plain | st.fixed_dictionaries(schedule, optional={"warmup": st.integers(0, 1000)})


def option_values(option):
    if isinstance(option, limits.Scalar):
        return number(option) | st.sampled_from(sorted(option.words)) if option.words else number(option)
    if isinstance(option, limits.Choice):
        return st.sampled_from(option.choices)
    return st.lists(st.integers(1, 64), min_size=1, max_size=3)


def role(table):
    return st.one_of(
        *[
            st.fixed_dictionaries(
                {"kind": st.just(name)}, optional={o: option_values(option) for o, option in kind.options.items()}
            )
            for name, kind in table.items()
            if kind.by_hand
        ]
    )


@st.composite
def specs(draw):
    entries = {
        "preset": draw(st.sampled_from(sorted(PRESETS))),
        "data": "sprites",
        "shape": (1, 64, 64),
        "path": draw(st.sampled_from(sorted(options.PATHS))),
        **{name: draw(role(options.ROLES[name].kinds)) for name in ("encoder", "likelihood", "posterior", "objective")},
        "decoder": draw(st.none() | role(options.NETWORKS)),
        "prior": draw(st.none() | role(options.PRIORS)),
        "corruption": draw(st.none() | role(options.CORRUPTIONS)),
        "terms": tuple(draw(st.lists(role(options.TERMS), max_size=2, unique_by=lambda term: term["kind"]))),
        "condition": draw(st.none() | st.just({"kind": "labels", "classes": 3})),
        **{name: draw(st.sampled_from(choice.choices)) for name, choice in options.CHOICES.items()},
    }
    for name, option in options.NUMBERS.items():
        entries[name] = draw(st.none() | number(option) if option.optional else number(option))
    if not options.POSTERIORS[entries["posterior"]["kind"]].density:
        entries["prior"] = None
    if entries["condition"] and entries["prior"] and options.PRIORS[entries["prior"]["kind"]].no_labels:
        entries["condition"] = None
    kinds = [options.POSTERIORS[entries["posterior"]["kind"]]]
    kinds += [options.PRIORS[entries["prior"]["kind"]]] if entries["prior"] else []
    entries["latent"] = max(entries["latent"], *(kind.least_latents for kind in kinds))
    if entries["posterior"]["kind"] == "quantised":
        entries["latent"] *= entries["posterior"].get("size", 2)
        assume(entries["latent"] <= 4096)
    if compose.problem(entries):
        entries |= {"terms": (), "path": "reparametrised"}
        entries |= {"objective": {"kind": "elbo" if compose.probabilistic(entries) else "reconstruction"}}
    return Spec(**entries)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs())
def test_any_spec_goes_to_fields_and_back(spec):
    assert check.problems(vars(spec)) == []
    values = spec_fields.to_values(spec)
    assert spec_fields.judge(values, spec)[0] == spec
    # without its own words to fall back on, it comes back spelt out and means the same
    other, _ = spec_fields.judge(values, recommended("autoencoder", "glyphs"))
    assert other is not None
    assert all(spec_fields.same(name, value, getattr(other, name)) for name, value in vars(spec).items())


def values_of(name="vae", dataset="digits", **changes):
    return spec_fields.to_values(recommended(name, dataset)) | changes


def test_other_data_bring_networks_and_keep_manual_changes():
    """Other data bring their networks and keep what was changed by hand."""
    before = values_of(latent=5, encoder="conv", binarisation="static")
    after = fitting.carry(before, ("vae", "digits"), ("vae", "sprites"))
    assert (after["latent"], after["encoder"], after["encoder_channels"]) == (5, "conv", "8, 16, 32, 32")
    assert after["binarisation"] == "none"  # sprites are black and white already
    after = fitting.carry(before, ("vae", "digits"), ("vae", "linear-gaussian"))
    assert (after["latent"], after["encoder"], after["likelihood"]) == (5, "mlp", "normal")


def test_an_autoencoder_by_hand_stays_one_on_other_data():
    before = fitting.follow(values_of(posterior="delta"), "posterior")
    assert before["objective"] == "reconstruction"
    after = fitting.carry(before, ("vae", "digits"), ("vae", "glyphs"))
    assert (after["posterior"], after["objective"]) == ("delta", "reconstruction")
    assert fitting.offered(after)["prior"] == ()
    again = fitting.follow(after | {"posterior": "normal"}, "posterior")
    assert (again["objective"], again["prior"]) == ("elbo", "standard_normal")


def test_a_preset_takes_what_it_is_about_and_leaves_the_rest():
    before = values_of(objective_beta=2.0, latent=7)
    after = fitting.carry(before, ("vae", "digits"), ("beta-vae", "digits"))
    assert (after["objective_beta"], after["latent"]) == (4.0, 7)


@pytest.mark.parametrize("dataset", EMBEDDED)
def test_whatever_is_offered_can_be_trained(dataset):
    start = values_of("vae", dataset)
    for name, choices in fitting.offered(start).items():
        for choice in choices:
            values = fitting.follow(start | {name: [choice] if name == "terms" else choice}, name)
            spec, problems = spec_fields.judge(values, recommended("vae", dataset))
            assert not problems, (name, choice)
            build.objective(spec)


@pytest.mark.parametrize("role", ["posterior", "prior", "condition"])
def test_any_two_choices_offered_in_turn_can_be_trained(role):
    for first in fitting.offered(values_of())[role]:
        begun = fitting.follow(values_of(condition_prior=True) | {role: first}, role)
        for name, choices in fitting.offered(begun).items():
            for choice in choices:
                values = fitting.follow(begun | {name: [choice] if name == "terms" else choice}, name)
                spec, problems = spec_fields.judge(values, Spec())
                assert not problems, (first, name, choice)
                build.objective(spec)


def test_codebook_brings_and_removes_its_terms():
    """A codebook brings the terms that move it and takes them away."""
    values = fitting.follow(values_of(posterior="quantised"), "posterior")
    assert set(values["terms"]) == {"codebook", "commitment"}
    assert fitting.follow(values | {"posterior": "normal"}, "posterior")["terms"] == []


def test_the_score_function_takes_two_samples():
    assert fitting.follow(values_of(path="score"), "path")["samples"] == 2


def test_a_condition_follows_the_datas_classes():
    before = values_of(condition="labels", condition_prior=True)
    after = fitting.carry(before, ("vae", "digits"), ("vae", "sprites"))
    condition = spec_fields.to_entries(after)["condition"]
    assert condition == {"kind": "labels", "classes": 3, "prior": True}
    without = fitting.carry(before, ("vae", "digits"), ("vae", "linear-gaussian"))
    assert spec_fields.to_entries(without)["condition"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"condition": {"kind": "labels", "classes": 3}},
        {"likelihood": {"kind": "discretised_logistic"}, "binarisation": "none"},
    ],
)
def test_unsuitable_data_are_refused_before_the_start(changes):
    """Data that a model cannot have are refused before it starts."""
    spec = preset("vae", data="digits", shape=(1, 8, 8), **changes)
    with pytest.raises(data.DataError, match=r"Choose|Give"):
        manage.check(spec)


def test_a_schedule_without_steps_lasts_the_whole_run():
    values = fitting.follow(values_of(objective_beta_shape="linear", epochs=3), "objective_beta_shape")
    spec, problems = spec_fields.judge(values, Spec())
    assert not problems
    assert spec.objective["beta"] == {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 3 * 21}
    rate = fitting.follow(values_of(learning_rate_shape="cosine"), "learning_rate_shape")
    assert (rate["learning_rate_start"], rate["learning_rate_stop"]) == (1e-3, 0.0)


def test_what_a_branch_may_not_change_is_what_manage_refuses(data_folder):
    run = make_run(
        data_folder / "runs", "parent", data="digits", shape=(1, 8, 8), encoder={"kind": "mlp", "widths": [16]}
    )
    (run.path / "state.pt").write_bytes(b"")
    other = {
        "latent": 3,
        "encoder": {"kind": "linear"},
        "decoder": {"kind": "linear"},
        "likelihood": {"kind": "normal"},
        "posterior": {"kind": "normal", "sigma": "shared"},
        "prior": None,
        "condition": {"kind": "labels"},
        "size": 10,
        "batch": 7,
        "seed": 1,
    }
    assert set(other) == FIXED - {"data", "shape"}
    for name, value in other.items():
        with pytest.raises(SpecError, match=name):
            manage.branch(run, "me", **{name: value})


# the form in the app

PAGES = """
import streamlit as st
from ui.train import form
from vae.spec import preset

def train():
    st.session_state["result"] = form.spec_form(
        branch=st.session_state.get("branch"), disabled=st.session_state.get("busy", False)
    )

def other():
    st.write("elsewhere")

def seeded():
    form.seed(preset("iwae", data="glyphs", samples=7))

if st.session_state.get("where") == "other":
    other()
else:
    st.button("Seed", key="seed", on_click=seeded)
    train()
"""


def start():
    app = AppTest.from_string(PAGES, default_timeout=180)
    app.query_params["mode"] = "expert"
    return lives(app.run())


def lives(app):
    assert not app.exception, app.exception
    return app


def result(app):
    return app.session_state["result"]


def force(app, field, value):
    """Put a value into the session that the browser's widget could not hold; AppTest cannot while it is drawn."""
    app.session_state["where"] = "other"
    lives(app.run())
    app.session_state[fields.key(field)] = value
    app.session_state["where"] = "train"
    return lives(app.run())


def widget(app, name, kind="selectbox"):
    return getattr(app, kind)(key=fields.key(name))


def test_the_form_needs_no_torch():
    code = "from streamlit.testing.v1 import AppTest; import sys; "
    code += f"app = AppTest.from_string({PAGES!r}, default_timeout=60).run(); "
    code += "assert not app.exception, app.exception; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_first_screen_is_ready_to_play(monkeypatch):
    monkeypatch.setattr(machine, "slowdown", lambda threads, own=0: 1.0)
    got = result(start())
    assert got.problems == []
    assert got.spec == recommended("vae", "digits")
    assert (got.examples, got.steps) == (1297, 400 * 21)
    assert 1 < got.seconds < 60


def test_the_estimate_is_of_the_machine_as_busy_as_it_is(monkeypatch):
    monkeypatch.setattr(machine, "slowdown", lambda threads, own=0: 1.0)
    idle = result(start()).seconds
    monkeypatch.setattr(machine, "slowdown", lambda threads, own=0: 8.0)
    app = start()
    assert result(app).seconds == pytest.approx(8 * idle)
    assert any("the machine is busy, so it takes 8 times as long" in e.value for e in app.markdown)


def test_preset_and_data_fill_the_form():
    app = start()
    widget(app, "preset").select("iwae").run()
    widget(app, "data").select("sprites").run()
    assert result(lives(app)).spec == recommended("iwae", "sprites")
    widget(app, "data").select("linear-gaussian").run()
    assert result(lives(app)).spec == recommended("iwae", "linear-gaussian")
    widget(app, "preset").select("autoencoder").run()
    assert result(lives(app)).spec == recommended("autoencoder", "linear-gaussian")
    assert fields.key("prior") not in [box.key for box in app.selectbox]
    assert any("has no prior" in caption.value for caption in app.caption)


def test_slider_and_field_hold_one_number():
    """Slider and field are one number and the field goes beyond."""
    app = start()
    widget(app, "latent_slider", "select_slider").set_value("16").run()
    assert widget(app, "latent", "number_input").value == 16
    widget(app, "latent", "number_input").set_value(23).run()
    assert widget(app, "latent_slider", "select_slider").value == "23"
    assert result(lives(app)).spec.latent == 23
    assert any("latent" in caption.value for caption in app.caption)
    widget(app, "reset", "button").click().run()
    assert result(lives(app)).spec == recommended("vae", "digits")


def test_a_schedule_that_cannot_finish_is_a_warning():
    app = start()
    assert not app.warning
    widget(app, "objective_beta_shape", "segmented_control").set_value("linear").run()
    widget(app, "objective_beta_steps", "number_input").set_value(9_000).run()
    got = result(lives(app))
    assert got.problems == []  # it can be trained all the same
    assert "takes 9,000 steps and the run 8,400" in app.warning[0].value
    widget(app, "objective_beta_steps", "number_input").set_value(8_400).run()
    assert not lives(app).warning


@pytest.mark.parametrize("part", ["posterior", "prior"])
def test_a_flow_of_one_latent_is_refused_with_the_reason(part):
    app = start()
    widget(app, part).select("flow").run()
    widget(app, "latent", "number_input").set_value(1).run()
    assert "with one, there is no second latent" in result(lives(app)).problems[0]
    assert "with one, there is no second latent" in app.error[0].value


def test_a_schedule_is_drawn_and_only_then():
    app = start()
    assert not app.get("plotly_chart")
    widget(app, "objective_beta_shape", "segmented_control").set_value("linear").run()
    assert result(lives(app)).spec.objective["beta"]["steps"] == result(app).steps
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    assert figure["layout"]["yaxis"]["title"]["text"] == "β"
    widget(app, "objective_beta_steps", "number_input").set_value(500).run()
    assert result(lives(app)).spec.objective["beta"]["steps"] == 500


@pytest.mark.parametrize(
    "field,value,reason",
    [
        ("batch", 10**9, "Batch must be a whole number from 1 to 65,536"),
        ("latent", -3, "Latent size must be a whole number from 1 to 4,096, not -3"),
        ("latent", None, "Latent size is empty"),
        ("learning_rate", 50.0, "Learning rate must be a number above 0 and at most 10, not 50"),
        ("epochs", 10**7, "Epochs must be"),
        ("objective_beta", -1.0, "β must be"),
        ("encoder_widths", "256, wide", "Widths must be"),
        ("encoder_widths", "60000, 60000", "weights"),
        ("seed", -1, "Seed must be"),
        ("clip", -1.0, "Gradient clip must be"),
    ],
)
def test_server_refuses_numbers_beyond_the_widgets_bounds(field, value, reason):
    """Numbers from beyond the browser's bounds are refused on the server."""
    app = force(start(), field, value)
    got = result(app)
    assert got.spec is None
    assert reason in got.problems[0]
    assert reason in app.error[0].value
    assert app.session_state[fields.key(field)] == value  # what was typed stays, to be mended


def test_a_kind_that_does_not_exist_is_put_back():
    app = force(start(), "likelihood", "evil")
    assert result(app).spec.likelihood == {"kind": "bernoulli"}


def test_data_that_are_not_here_offer_their_download():
    app = start()
    widget(app, "data").select("mnist").run()
    got = result(lives(app))
    assert got.spec is None
    assert got.problems == ["MNIST is not on this machine yet. Download it, or choose other data."]
    assert any("Download (12 MB)" in button.label for button in app.button)
    assert "MNIST · 12 MB" in widget(app, "data").options


def test_json_fills_the_form():
    app = start()
    spec = preset("beta-vae", data="glyphs", latent=3, clip=5.0, decoder={"kind": "mlp", "widths": [64]})
    widget(app, "json", "text_area").set_value(spec.to_json())
    widget(app, "load", "button").click().run()
    assert result(lives(app)).spec == spec
    assert not app.error


@pytest.mark.parametrize(
    "text,reason",
    [
        ("", "nothing to load"),
        ("{", "Not valid JSON"),
        ("[]", "JSON object"),
        ('{"zebra": 1}', "zebra"),
        ('{"latent": -3}', "Latent size must be"),
        ('{"data": "nowhere"}', "There is no dataset"),
        ('{"data": "digits"}', "examples of shape"),
        ('{"data": "glyphs", "binarisation": "none"}', "grey pixels"),
        ('{"data": "glyphs", "likelihood": {"kind": "normal", "sigma": -1}}', "above 0"),
        ('{"data": "glyphs", "epochs": 1000000}', "hours"),
        ('{"data": "glyphs", "encoder": {"kind": "conv", "channels": [1, 1, 1, 1, 1, 1]}}', "halvings"),
        ('{"data": "glyphs", "clip": "x", "seed": 1e300}', "Gradient clip"),
    ],
)
def test_json_that_cannot_be_is_refused_and_nothing_is_lost(text, reason):
    app = start()
    widget(app, "latent", "number_input").set_value(9).run()
    widget(app, "json", "text_area").set_value(text)
    widget(app, "load", "button").click().run()
    assert reason in lives(app).error[0].value
    assert widget(app, "json", "text_area").value == text
    assert result(app).spec == replace(recommended("vae", "digits"), latent=9)


def test_the_form_survives_another_page_with_what_is_hidden():
    app = start()
    widget(app, "likelihood").select("normal").run()
    widget(app, "latent", "number_input").set_value(9).run()
    widget(app, "objective_beta", "number_input").set_value(3.0).run()
    widget(app, "posterior").select("delta").run()
    before = result(lives(app)).spec
    for where in ("other", "train"):
        app.session_state["where"] = where
        lives(app.run())
    assert result(app).spec == before
    widget(app, "posterior").select("normal").run()
    assert result(lives(app)).spec.objective == {"kind": "elbo", "beta": 3.0}


def test_branch_locks_what_the_weights_decide():
    """A run seeds the form and its branch locks what the weights decide."""
    app = start()
    app.button(key="seed").click().run()
    origin = preset("iwae", data="glyphs", samples=7)
    assert result(lives(app)).spec == origin
    app.session_state["branch"] = origin
    app.run()
    for name in ("data", "preset", "encoder", "likelihood", "posterior", "prior"):
        assert widget(app, name).disabled
    assert widget(app, "batch", "number_input").disabled
    assert not widget(app, "learning_rate", "number_input").disabled
    assert form.LOCKED_REASON in [caption.value for caption in app.caption]
    widget(app, "epochs", "number_input").set_value(33).run()
    assert result(lives(app)).changes == {"epochs": 33}


def test_while_a_run_starts_nothing_can_be_changed():
    app = start()
    app.session_state["busy"] = True
    lives(app.run())
    kinds = ("selectbox", "number_input", "select_slider", "segmented_control", "text_area", "toggle")
    assert all(w.disabled for kind in kinds for w in getattr(app, kind))
    assert result(app).problems == []
