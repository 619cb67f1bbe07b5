"""The settings of a group on the Compare page: means over seeds, and the answer with both errors."""

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start, texts
from turns import Answer

from ui.compare import groups as page
from vae import runs
from vae.answers.compare import Scores
from vae.data import DataError

SEEDS = (0, 1, 2)


@pytest.fixture
def group(folder):
    """A group of two settings with three seeds each, beside a run of none."""
    make_run(folder, "digits-vae-2d", **SMALL)
    for beta, base in ((0.5, -100.0), (2.0, -104.0)):
        for seed in SEEDS:
            run = make_run(folder, f"b{beta}-{seed}", seed=seed, objective={"kind": "elbo", "beta": beta}, **SMALL)
            entry = {"name": "mine", "values": {"objective.beta": beta}, "seed": seed}
            runs.write_json(run.path / "meta.json", {"group": entry})
            number = {"value": base + seed, "se": 0.5, "n": 360, "units": "nats"}
            runs.write_json(run.path / "metrics.json", {"elbo": number})


@pytest.fixture
def answers(monkeypatch):
    """Give each run scores: beta and seed -> Scores, or an error."""
    known = {}

    def ask(setting):
        beta = setting.values["objective.beta"]
        return {one.run.spec.seed: Answer(known[beta, one.run.spec.seed]) for one in setting.rows}

    monkeypatch.setattr(page, "_ask", ask)
    return known


def scores(elbo):
    return Scores(-elbo, np.zeros_like(elbo), elbo)


def give(known, effect, training):
    """Give all runs scores whose difference is an effect, with a deviation from training to training."""
    rng = np.random.default_rng(0)
    images = rng.normal(-100, 20, 300)
    for beta, own in ((0.5, effect), (2.0, 0.0)):
        for seed in SEEDS:
            known[beta, seed] = scores(images + own + training * (seed - 1) * (beta == 0.5) + rng.normal(0, 1, 300))


def opened():
    app = start("compare", mode="expert")
    app.session_state["compare_group"] = True
    return lives(app.run())


def test_means_and_spread_are_over_the_seeds(group, answers):
    give(answers, 4.0, 0.1)
    said = texts(opened()).replace("\\", "")
    # the mean of -100, -99 and -98, and t of two degrees of freedom: 4.30 / sqrt(3)
    assert "| objective.beta = 0.5 | −99.00 [−101.48, −96.52] | 1.00 | 3 |" in said
    assert "| objective.beta = 2 | −103.00 [−105.48, −100.52] | 1.00 | 3 |" in said


@pytest.mark.parametrize(
    ("effect", "training", "words"),
    [
        (4.0, 0.1, "objective.beta = 0.5 is better than objective.beta = 2"),
        (-4.0, 0.1, "objective.beta = 2 is better than objective.beta = 0.5"),
        (4.0, 9.0, "These very models differ on the test images"),
        (0.0, 0.0, "Undecided"),
    ],
)
def test_answer_needs_both_errors(group, answers, effect, training, words):
    give(answers, effect, training)
    said = texts(opened()).replace("\\", "")
    assert words in said and "| over test images |" in said and "| over seeds |" in said


def test_another_group_has_its_own_settings(group, answers, folder):
    give(answers, 4.0, 0.1)
    for beta in (8.0, 9.0):
        run = make_run(folder, f"later-{beta}", objective={"kind": "elbo", "beta": beta}, **SMALL)
        runs.write_json(run.path / "meta.json",
                        {"group": {"name": "next", "values": {"objective.beta": beta}, "seed": 0}})  # fmt: skip
        answers[beta, 0] = answers[0.5, 0]
    app = opened()
    assert app.selectbox(key="compare_a_mine").value == "objective.beta = 0.5"
    app = lives(app.selectbox(key="compare_group_name").set_value("next").run())
    assert app.selectbox(key="compare_a_next").options == ["objective.beta = 8", "objective.beta = 9"]
    assert app.selectbox(key="compare_b_next").value == "objective.beta = 9"


def test_failure_is_said_in_place_of_the_answer(group, answers):
    give(answers, 4.0, 0.1)
    answers[2.0, 1] = DataError("The data are not here.")
    app = opened()
    assert any("The data are not here." in error.value for error in app.error) and "over test images" not in texts(app)


def test_without_a_group_and_in_simple_mode_nothing_is_shown(folder):
    make_run(folder, "digits-vae-2d", **SMALL)
    assert not [part for part in lives(start("compare", mode="expert")).expander if "group" in part.label]


def test_simple_mode_is_as_long_as_before(group):
    assert not [part for part in lives(start("compare")).expander if "group" in part.label]
