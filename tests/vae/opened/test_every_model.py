"""Every model of another library becomes a run with its library's numbers; it is diagnosed, and its report written."""

import json

import foreign
import numpy as np
import pytest
import torch

from vae.diagnosis import cards, report
from vae.opened import checking, missing, report_html, to_run
from vae.runs.load import load_model

RANGES = {"[0, 1]": "unit", "[-1, 1]": "symmetric", "[0, 255]": "bytes"}
COPIES, FEWER = 10, 2  # of each reference example, with noise; fewer where convolutions take their time
CONVOLUTIONS = ("keras", "antixk", "conv", "diffusers")


def own_pixels(fixture, answers):
    """Return a fixture's reference examples in [0, 1], as this program keeps images [N, C, H, W] or rows [N, D]."""
    x = fixture.reference["x"].astype(np.float32)
    x = {"unit": x, "symmetric": (x + 1) / 2, "bytes": x / 255, "standardised": x * 0.3081 + 0.1307}[answers["input"]]
    side = int(np.sqrt(x[0].size))
    return x.reshape(len(x), 1, side, side) if side * side == x[0].size else x


def stated(fixture) -> dict[str, str]:
    """Return what a fixture says of itself as the answers of page and shell."""
    facts = fixture.facts
    found = {"input": RANGES.get(json.dumps(facts["input"]["range"]), "standardised")}
    if fixture.reading is not None:
        found["second"] = fixture.reading
    if "standardised" in facts["decoder"]:
        found["output"] = "standardised"
    elif "[-1, 1]" in facts["decoder"]:
        found["output"] = "symmetric"
    else:
        found["output"] = "logits" if "logits" in facts["decoder"] else "unit"
    found["likelihood"] = "bernoulli" if facts["likelihood"].startswith("Bernoulli") else "normal"
    return found


@pytest.mark.parametrize("name", [name for name in foreign.names() if "pickles" not in name])
def test_a_model_is_opened_diagnosed_and_reported(name, data_folder):
    fixture = foreign.load(name)
    answers = stated(fixture)
    x = own_pixels(fixture, answers)
    rng = np.random.default_rng(0)
    copies = FEWER if any(word in name for word in CONVOLUTIONS) else COPIES
    many = np.repeat(x, copies, 0)
    many = many + 0.05 * rng.standard_normal(many.shape)
    images, labels = np.round(255 * many.clip(0, 1)).astype(np.uint8), np.repeat(fixture.reference["labels"], copies)
    np.savez(data_folder / "mine.npz", images=images, labels=labels)
    brought = to_run.bring(
        fixture.path, data_folder / "mine.npz", name=name, answers=answers, allow_code=name in foreign.CODE
    )
    found = brought.found
    assert {what: found[what].value for what in answers} == answers
    assert "collapsed" in name or found.error < found.variance
    assert missing.of(brought.run.meta) == (() if fixture.reading else ("prior",))

    model = load_model(brought.run)
    own = found.input.back(fixture.tensor("x").reshape(-1, *found.own))
    with torch.no_grad():
        q, p = model.encode(own), model.decode(fixture.tensor("z").flatten(1))
    assert foreign.distance(q.mean, fixture.reference["mu"]) < 1e-5
    if fixture.reading is not None:
        second = fixture.second
        sigma = {"log variance": np.exp(second / 2), "log sigma": np.exp(second), "sigma": second}[fixture.reading]
        assert foreign.distance(q.stddev, sigma) < 1e-5
    decoded = found.output.back(fixture.tensor("decoded").reshape(-1, *found.own))
    assert foreign.distance(p.mean, decoded) < 1e-5

    evidence = report.diagnose(brought.run, keep=True)
    judged = checking.report(brought, evidence)
    assert set(cards.judge(brought.run.spec, evidence)) == set(cards.CARDS)
    assert {one.verdict for one in judged.results} - {"absent"}
    page = report_html.report_page(brought, evidence, judged)
    assert "default-src 'none'" in page and f"<title>{name}: " in page
