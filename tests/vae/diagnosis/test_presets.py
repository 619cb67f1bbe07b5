"""Presets are healthy by our own diagnosis, or say that they show an illness.

The whole table, with every recommended epoch, is benchmarks/presets.py; here two of it are trained for a
fifth of their epochs, with a rate that falls to 0.
"""

from dataclasses import replace

import pytest

from vae import runs
from vae.data.completion import steps
from vae.data.recommended import recommended
from vae.diagnosis import cards, report
from vae.runs import Run
from vae.spec import PRESETS
from vae.training import denormals
from vae.training.trainer import Finish, Trainer

EPOCHS, RATE = 80, 5e-3


def shortened(name):
    spec = recommended(name, "digits")
    total = steps(vars(spec) | {"epochs": EPOCHS}, "digits")
    objective = {
        part: {**number, "steps": total // 2} if isinstance(number, dict) else number
        for part, number in spec.objective.items()
    }
    rate = {"schedule": "cosine", "start": RATE, "stop": 0.0, "steps": total, "warmup": 50}
    return replace(spec, epochs=EPOCHS, learning_rate=rate, objective=objective, keep="last")


@pytest.mark.parametrize("name", ["info-vae", "beta-vae"])
def test_a_preset_is_healthy_or_says_what_it_shows(name, data_folder):
    run = runs.create(data_folder / "runs" / name, shortened(name))
    with denormals.flushed():
        assert Trainer(run, finish=Finish(2, 100))() == 0
    found = cards.main(cards.judge(run.spec, report.diagnose(Run(run.path))))
    if PRESETS[name].illness:
        assert found.name in ("collapsed", "over-regularised")
    else:
        assert found is None, found.sentence


def test_what_shows_an_illness_says_so():
    assert [name for name, preset in PRESETS.items() if preset.illness] == ["beta-vae"]
    assert all(("illness" in preset.sentence) == preset.illness for preset in PRESETS.values())
