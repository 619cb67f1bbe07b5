"""The lessons: every step opens, every number is what the models say, and a mistake in a file is said with its "
"place."""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import yaml
from page_scripts import lives, start, texts

from ui.lessons import form
from ui.lessons.form import LessonError, Measured
from ui.words.languages import ENGLISH, LANGUAGES
from vae import runs
from vae.answers import sample
from vae.density import holes
from vae.diagnosis import cards, kept, measure, quick
from vae.diagnosis.evidence import Evidence

NAMES = ("healthy", "latent-space", "why-elbo")
STEPS = [(name, step) for name in NAMES for step in form.read(name).steps]
NUMBERS = [(step.id, key, one) for _, step in STEPS for key, one in step.numbers.items()]


@cache
def run(name):
    return runs.find(name, [runs.shipped(), runs.examples()])


@cache
def findings(name):
    path = run(name).path
    parts = {part: kept.read(path, part) for part in measure.MEASURES}
    known = Evidence(codes=quick.codes(run(name).codes), training=quick.training(run(name)), **parts)
    return cards.judge(run(name).spec, quick.with_metrics(run(name), known))


def ratio(x, y):
    codes, z = run("mnist-vae-2d").codes, np.array([[x, y]])
    return float(
        holes.Aggregate.of_population(codes.means, codes.scales).log_prob(z)[0] + np.log(2 * np.pi) + (z**2).sum() / 2
    )


def within(name):
    return 100 * float((np.linalg.norm(run(name).codes.means, axis=1) < 3).mean())


def box(label=None):
    codes = run("mnist-vae-2d").codes
    x, y = codes.means.T
    inside = (x > -0.6) & (x < 0.1) & (y > 0.3) & (y < 1)
    return int((inside if label is None else inside & (codes.labels == label)).sum())


def right_neighbours():
    """Return how often the majority of the five nearest other codes has the right label, in per cent."""
    codes = run("mnist-vae-2d").codes
    right = 0
    for part in np.array_split(np.arange(len(codes)), 20):
        far = np.square(codes.means[part, None] - codes.means).sum(-1)
        far[np.arange(len(part)), part] = np.inf
        near = codes.labels[np.argpartition(far, 5, axis=1)[:, :5]]
        right += sum(
            np.bincount(row, minlength=10).argmax() == codes.labels[i] for row, i in zip(near, part, strict=True)
        )
    return 100 * right / len(codes)


def rings():
    path = run("mnist-vae-2d").path
    return float(np.mean([(~sample.draw(path, "prior", seed=seed).inside).sum() for seed in range(8)]))


# what a lesson calls "measured: …" and can be measured again within seconds
MEASURED = {
    "weights of the decoder": lambda: sum(
        v.size for k, v in run("mnist-vae-2d").weights().items() if k[:7] == "decoder"
    ),
    "number of codes": lambda: len(run("mnist-vae-2d").codes),
    "right by 5 neighbours": right_neighbours,
    "codes in the box": box,
    "codes in the box, nines": lambda: box(9),
    "codes in the box, fours": lambda: box(4),
    "codes within 3 of 0, mnist-autoencoder-2d": lambda: within("mnist-autoencoder-2d"),
    "codes within 3 of 0, mnist-vae-2d": lambda: within("mnist-vae-2d"),
    "log q − log p at (4, −3)": lambda: ratio(4, -3),
    "log q − log p at (0, 0.02)": lambda: ratio(0, 0.02),
    "rings of the prior, seeds 0 to 7": rings,
}


@pytest.mark.parametrize("place, key, one", NUMBERS, ids=lambda v: v if isinstance(v, str) else "")
def test_number_is_what_the_models_say(place, key, one):
    kind, _, rest = one.source.partition(":")
    if kind == "metrics":
        model, name = rest.split(":")
        assert abs(run(model).metrics[name]["value"] - one.value) <= one.tolerance
    elif kind == "check":
        model, card = rest.split(":")
        sentence = findings(model)[card].sentence.replace("−", "-").replace(",", "")
        said = [abs(float(v)) for v in re.findall(r"\d+(?:\.\d+)?", sentence)]
        assert abs(one.value) in said, sentence
    elif rest.strip() in MEASURED:
        assert abs(MEASURED[rest.strip()]() - one.value) <= one.tolerance
    else:
        assert kind == "measured" and len(rest.split()) >= 4, "the sentence says how it was measured"


@pytest.mark.parametrize("name, step", STEPS, ids=[f"{name}-{step.id}" for name, step in STEPS])
def test_step_opens_and_shows_what_it_says(name, step):
    """The page takes all of the link, the question comes before the reveal, and a choice brings the reveal."""
    app = lives(start(step.page, lesson=name, step=step.id, **step.link))
    assert not app.warning and not app.error
    shown = texts(app)
    assert step.ask in shown and step.revealed() not in shown and step.do not in shown
    for text in step.see:
        assert text in shown.replace("\xa0", " ")
    app.button(key="lesson_choice_0").click().run()
    shown = texts(lives(app))
    assert step.revealed() in shown and step.do in shown
    assert step.choices[0].right or step.choices[0].misconception in shown


def without_words(lesson):
    """Return all of a lesson that is the same in every language."""
    return [
        replace(
            step, view="", ask="", do="", reveal="", note=form.Note(), see=(), choices=[c.right for c in step.choices]
        )
        for step in lesson.steps
    ], (lesson.lesson, lesson.minutes, lesson.needs)


@pytest.mark.parametrize("spoken", [code for code in LANGUAGES if code != ENGLISH])
@pytest.mark.parametrize("name", NAMES)
def test_another_language_has_the_same_lesson(name, spoken):
    """The same steps with the same links, numbers and right answers, and each text has the same numbers in it."""
    lesson, other = form.read(name), form.parse((form.HERE / spoken / f"{name}.yaml").read_text(), name)
    assert (lesson.language, other.language) == (ENGLISH, spoken)
    assert without_words(other) == without_words(lesson)
    for step, said in zip(lesson.steps, other.steps, strict=True):
        assert len(step.see) == len(said.see)
        for one, two in zip(words(step), words(said), strict=True):
            assert two != one or not re.search(r"[^\W\d_]", one), (step.id, one)
            assert numbers(two) == numbers(one), (step.id, two)


def words(step):
    """Return the texts of a step."""
    said = [step.view, step.ask, step.do, step.reveal, step.note.say, step.note.goes_wrong, step.note.ask_next]
    return [*said, *(text for one in step.choices for text in (one.text, one.misconception) if text)]


def numbers(text):
    return sorted(re.findall(r"\{\w+\}|\d[\d,.]*\d|\d", text))


def test_the_reader_s_language_chooses_the_lesson():
    """Under the same name; a teacher's own is played as it is."""
    german = form.parse((form.HERE / "de" / "latent-space.yaml").read_text(), "latent-space").steps[0]
    query = {"lesson": "latent-space", "lang": "de"}
    shown = texts(lives(start("explore", **query, **german.link)))
    assert german.ask in shown and "Lektion: Was ist ein latenter Raum" in shown
    assert all(text in shown.replace("\xa0", " ") for text in german.see)


def test_steps_are_linked_and_notes_are_the_teachers():
    lesson = form.read("latent-space")
    app = lives(start("explore", lesson="latent-space", step="one-dot"))
    links = {link.proto.label: link.proto for link in app.get("page_link")}
    assert "step=on-the-way" in links["Back"].query_string and "step=neighbours" in links["Next"].query_string
    note = lesson.steps[2].note.say
    assert note not in texts(app)
    assert note in texts(lives(start("explore", lesson="latent-space", step="one-dot", notes="1")))
    app.button(key="lesson_leave").click().run()
    assert "lesson" not in app.query_params and lesson.steps[2].ask not in texts(lives(app))


def test_an_earlier_steps_point_does_not_stay():
    app = lives(start("explore", lesson="latent-space", step="two-numbers", z="-0.820,-1.530"))
    assert "pinned z" in texts(app)
    app.query_params.clear()
    app.query_params["lesson"], app.query_params["step"] = "latent-space", "one-dot"
    assert "pinned z" not in texts(lives(app.run()))


def test_teachers_need_the_notes():
    for name, step in STEPS:
        assert all((step.note.say, step.note.goes_wrong, step.note.ask_next)), (name, step.id)
        assert all(choice.right or choice.misconception for choice in step.choices)


GOOD = {
    "lesson": "mine", "title": "Mine", "minutes": 2, "audience": "All.",
    "steps": [{
        "id": "one", "at": 0, "minutes": 2, "page": "explore", "link": {"model": "mnist-vae-2d"}, "ask": "What?",
        "choices": [{"text": "a", "right": True}, {"text": "b", "misconception": "c"}], "do": "Look.",
        "reveal": "So {n}.",
        "numbers": {"n": {"value": 1.5, "unit": "nats", "source": "measured: by hand, once, here"}},
    }],
}  # fmt: skip


def changed(**entries):
    made = json.loads(json.dumps(GOOD))
    for key, value in entries.items():
        (made["steps"][0] if key in made["steps"][0] else made)[key] = value
    return yaml.safe_dump(made)


def test_a_whole_lesson_is_read():
    lesson = form.parse(yaml.safe_dump(GOOD), "mine")
    assert lesson.steps[0].revealed() == "So 1.5 nats."
    assert lesson.steps[0].numbers["n"] == Measured(1.5, "measured: by hand, once, here", unit="nats")


@pytest.mark.parametrize(
    "text, said",
    [
        ("[", "not YAML"), ("3", "not a lesson"), ("lesson: mine", "no steps"),
        (changed(page="nowhere"), "no page 'nowhere'"),
        (changed(link={"zz": 1}), "no address parameter 'zz'"),
        (changed(choices=[{"text": "a"}, {"text": "b"}]), "exactly one is right"),
        (changed(reveal="{other}"), "not among its numbers"),
        (changed(minutes=3), "minutes"), (changed(at=1), "starts at minute 1"),
        (changed(title=3), "another type"), (changed(lesson="other"), "says that it is the lesson"),
        (changed(**{"do": None}), "another type"),
        (yaml.safe_dump({**GOOD, "titel": "x"}), "unknown key 'titel'"),
        ("!!python/object/apply:os.system [ls]", "not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place(text, said):
    with pytest.raises(LessonError, match=re.escape(said)):
        form.parse(text, "mine")


def test_a_teachers_own_lesson_is_played(data_folder):
    (data_folder / "lessons").mkdir()
    (data_folder / "lessons" / "mine.yaml").write_text(yaml.safe_dump(GOOD))
    assert "mine" in form.names()
    assert "What?" in texts(lives(start("explore", lesson="mine")))
    assert "What?" in texts(lives(start("explore", lesson="mine", lang="de")))
    (data_folder / "lessons" / "de").mkdir()
    (data_folder / "lessons" / "de" / "mine.yaml").write_text(changed(ask="Was?"))
    assert "What?" in texts(lives(start("explore", lesson="mine")))
    assert "Was?" in texts(lives(start("explore", lesson="mine", lang="de")))


def test_an_unknown_lesson_is_said():
    app = lives(start("explore", lesson="../../etc"))
    assert "There is no lesson" in app.warning[0].value
