"""The Theory page run as a script: what the browser is told, the image in the address, and what a browser may send."""

import json
import re

import numpy as np
import pytest
from fake_runs import SMALL, complete, make_run
from page_scripts import lives, start, texts
from turns import AtOnce

from ui.lessons import form
from ui.shared.components import pack
from ui.theory import formulas as theory_formulas
from ui.theory import page
from vae.answers import theory
from vae.page.space import clearest
from vae.runs import RunError
from vae.spec import PRESETS, preset


@pytest.fixture(autouse=True)
def folder(folder, monkeypatch):
    """Let the app see only this test's runs, and answer at once."""
    monkeypatch.setattr(page.pool, "ask", AtOnce)
    monkeypatch.setattr(page.pool, "warm", lambda: None)
    return folder


def unpacked(data):
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length])


def told(app):
    """Return the headers of all mounts by channel; the page's own has none."""
    headers = [unpacked(c.proto.bytes) for c in app.get("bidi_component")]
    return {h.get("channel", "page").rpartition("_")[2]: h for h in headers}


@pytest.mark.parametrize("kind, changes", [("vae", {}), ("autoencoder", {"latent": 2}), ("vae", {"latent": 16})])
def test_each_chapter_has_its_numbers(folder, kind, changes):
    complete(make_run(folder, "digits-vae-2d", kind, n=360, **{**SMALL, **changes}))
    found = told(lives(start("theory")))
    assert set(found) == {"page", "numbers", "encoding", "constants", "lesson"}
    numbers = found["numbers"]["numbers"]
    assert {"elbo", "distortion", "rate", "denoising"} <= set(numbers)
    assert ("log_px" in numbers) == (changes.get("latent", 2) == 2)
    assert set(found["numbers"]["shapes"]) == set(found["numbers"]["sections"])
    assert found["page"]["probabilistic"] == (kind == "vae")


def test_the_image_is_in_the_address_and_follows_the_pin(folder):
    run = complete(make_run(folder, "digits-vae-2d", n=360, **SMALL))
    first = clearest(run.codes)
    assert told(start("theory"))["numbers"]["question"] == [first, 0]
    assert told(start("theory", image="7"))["numbers"]["question"][0] == 7
    z = ",".join(f"{v:.3f}" for v in run.codes.means[11])
    assert told(start("theory", z=z))["numbers"]["question"][0] == 11
    # a pin that is another one than the image's was made since
    assert told(start("theory", image="7", z=z))["numbers"]["question"][0] == 11
    app = lives(start("theory", image="360"))
    assert "has 360 codes, from 0" in texts(app)
    assert told(app)["numbers"]["question"][0] == first


def test_page_without_data_shows_reconstructions(folder):
    """Without its data the page shows reconstructions and says so."""
    complete(make_run(folder, "mnist-vae-2d", encoder={"kind": "mlp", "widths": [16]}))
    app = lives(start("theory"))
    assert "not on this machine" in texts(app)
    found = told(app)
    assert not found["page"]["here"] and "elbo" in found["numbers"]["numbers"]


def test_weights_that_cannot_be_used_are_named(folder):
    run = make_run(folder, "digits-vae-2d", n=360, **SMALL)
    (run.path / "model.safetensors").write_bytes(b"nothing")
    app = lives(start("theory"))
    assert "damaged" in app.error[0].value


def test_a_failed_call_is_said_in_the_page(folder, monkeypatch):
    def broken(run, *args):
        raise RunError("this model cannot answer")

    complete(make_run(folder, "digits-vae-2d", n=360, **SMALL))
    monkeypatch.setattr(theory, "numbers", broken)
    assert told(lives(start("theory")))["numbers"]["failed"] == "this model cannot answer"


def test_an_answer_that_is_not_there_is_waited_for():
    class Late(AtOnce):
        done = False

    header = unpacked(page.answer_payload("c", (1,), Late(lambda: None), {}))
    assert header["waiting"] and header["poll"] > 0


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_presets_formulas_hold_together(name):
    found = theory_formulas.all_of(preset(name))
    for latex in found.values():
        assert latex.count("{") == latex.count("}")
        assert "«" not in latex and "»" not in latex
    assert set(theory_formulas.NUMBER.values()) == set(range(1, len(theory_formulas.TERMS) + 1))


def test_a_term_and_its_number_are_told_apart_by_colour():
    latex = theory_formulas.marked("«!kl K» «=elbo»")
    assert latex == (
        r"\underbrace{\textcolor{#000004}{K}}_{\textcolor{#000104}{\text{0000.00}}} \textcolor{#000102}{\text{0000.00}}"
    )


def test_the_strip_has_a_few_of_each_class(folder):
    run = make_run(folder, "digits-vae-2d", n=360, **SMALL)
    chosen = page.choices(run.codes)
    labels = run.codes.labels[chosen]
    assert len(chosen) <= page.MOST_CHOICES
    assert all(np.sum(labels == k) <= page.PER_CLASS for k in range(10))
    assert unpacked(pack(*page.facts(run, run.codes, None)))["choices"] == chosen


def test_the_machine_has_the_models_own_stages(folder):
    run = complete(make_run(folder, "digits-vae-2d", "cvae", n=360, **SMALL))
    found = told(lives(start("theory", image="4")))
    stages = found["page"]["machine"]
    assert [stage["words"] for stage in stages["encoder"]["hidden"]] == ["16 units"]
    assert found["encoding"]["shapes"] == {"layer0": ["f4", 16]}
    # the decoder of a conditional model comes under the image's own label
    assert found["decoder"]["decoder"]["id"] == page.decoder.pack(run, int(run.codes.labels[4]))[0]["id"]


def test_a_decoder_that_the_browser_cannot_run_is_the_pools(folder):
    run = complete(make_run(folder, "digits-vae-2d", n=360, **{**SMALL, "encoder": {
        "kind": "mlp", "widths": [16], "activation": "mish"}}))  # fmt: skip
    assert not told(lives(start("theory")))["page"]["machine"]["sent"]
    event = {"z": [0.5, -0.25], "image": None}
    assert page.Wanted.of(event, run.codes).z == (0.5, -0.25)
    for wrong in ([1.0], [1.0, True], [1.0, 1e9], "0,1", [0.0, "1"]):
        assert page.Wanted.of({"z": wrong}, run.codes).z == ()


def test_what_the_browser_is_told_is_in_the_readers_language(folder, monkeypatch):
    run = make_run(folder, "digits-vae-2d", n=360, **SMALL)
    english, _ = page.facts(run, run.codes, None)
    monkeypatch.setattr("ui.words.speaking._asked", [lambda: "de"])
    german, _ = page.facts(run, run.codes, None)
    assert german["content"] != english["content"]
    assert german["predictions"][1]["choices"][0]["text"] == "Fast alle."
    asked = [(one, other) for one, other in zip(english["predictions"], german["predictions"], strict=True)]
    assert all(one["ask"] != other["ask"] and one["reveal"] != other["reveal"] for one, other in asked)
    # a right answer has no misconception, in no language
    assert not german["predictions"][1]["choices"][2]["misconception"]
    # what is measured keeps its places
    assert all(set(re.findall(r"{\w+}", a["measured"])) == set(re.findall(r"{\w+}", b["measured"])) for a, b in asked)


def test_an_objectives_schedule_is_said_in_the_readers_language(monkeypatch):
    spec = preset("capacity-vae")
    assert r"\text{in 5,000 steps}" in theory_formulas.all_of(spec)["objective"]
    monkeypatch.setattr("ui.words.speaking._asked", [lambda: "de"])
    assert r"\text{in 5,000 Schritten}" in theory_formulas.all_of(spec)["objective"]


def test_a_link_may_name_a_chapter_that_is_not_there(folder):
    complete(make_run(folder, "digits-vae-2d", n=360, **SMALL))
    for chapter in ("3", "7", "-1", "two"):
        lives(start("theory", chapter=chapter))


def test_every_chapter_has_one_question_with_one_answer():
    found = page.predictions()
    assert [one.chapter for one in found] == [1, 2, 3, 4, 5, 6]
    for one in found:
        assert sum(choice.right for choice in one.choices) == 1 and one.ask.endswith("?")
        assert all(choice.right or choice.misconception.endswith(".") for choice in one.choices)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"choices": []}, "two choices"),
        ({"choices": [{"text": "a", "right": True}, {"text": "b", "right": True}]}, "exactly one is right"),
        ({"ask": None}, "ask is 'None'"),
        ({"unknown": 1}, "unknown key 'unknown'"),
    ],
)
def test_a_mistake_in_a_question_is_said_with_its_place(damage, said):
    good = {"chapter": 1, "ask": "?", "choices": [{"text": "a", "right": True}, {"text": "b"}], "reveal": "a"}
    assert form.predictions(json.dumps([good]), "it")[0].chapter == 1
    with pytest.raises(form.LessonError, match=f"question 2.*{said}"):
        form.predictions(json.dumps([good, good | damage]), "it")


def test_an_autoencoder_is_asked_nothing_of_a_rate(folder):
    for kind, count in (("vae", 6), ("autoencoder", 0)):
        run = make_run(folder, kind, kind, **SMALL)
        assert len(page.facts(run, run.codes, None)[0]["predictions"]) == count
