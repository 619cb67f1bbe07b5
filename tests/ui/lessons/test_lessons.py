"""The lessons: every step opens, every number is what the models say, and a mistake in a file is said with its "
"place."""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import yaml
from node import evaluate
from page_scripts import lives, start, texts
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from ui.lessons import form
from ui.lessons.form import LessonError, Measured
from ui.words.languages import ENGLISH, LANGUAGES
from vae import data, runs
from vae.answers import sample
from vae.answers import theory as theory_answers
from vae.answers.lesson import lesson as linear_lesson
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


@cache
def drawn(name):
    """Return which share of draws of N(0, I) lies nearest to a code of each digit, in per cent."""
    codes = run(name).codes
    z = np.random.default_rng(0).standard_normal((10_000, 2))
    return np.bincount(codes.labels[cKDTree(codes.means).query(z)[1]], minlength=10) / 100


def pixels(image):
    return data.load("mnist", "test", n=20).images[image]


@cache
def told(image):
    """Return what Theory is told of a test image of MNIST."""
    return theory_answers.numbers(run("mnist-vae-2d").path, pixels(image), number=image)


@cache
def theory(image):
    """Return what Theory is told of a test image of MNIST, and the bounds that its page computes of it, by K."""
    found = told(image)
    bounds = evaluate(
        """async ({ log_w, numbers }) => {
            const { bound, rung } = await use("theory/theory_sums.js");
            const now = { log_w: Float32Array.from(log_w), numbers };
            const both = (k) => [k, { ...bound(now, k), own: rung(now.log_w, k) }];
            return Object.fromEntries([1, 4, 8, 64, 512].map(both));
        }""",
        {"log_w": found.arrays["log_w"].tolist(), "numbers": found.numbers},
    )
    return found, {int(k): one for k, one in bounds.items()}


def of_theory(name, image):
    return theory(image)[0].numbers[name]


def bound(image, k, name="value"):
    return theory(image)[1][k][name]


def below(image, k):
    return of_theory("log_px", image) - bound(image, k)


def prior(image, n):
    """Return the log mean of p(x|z) over the first n samples of the prior, and their effective sample size."""
    logs = theory(image)[0].arrays["prior_log_px"][:n].astype(float)
    return logsumexp(logs) - np.log(n), np.exp(2 * logsumexp(logs) - logsumexp(2 * logs))


@cache
def refinement(image):
    """Return how much of a test image's gap is the encoder's, and how much the family's."""
    found = theory_answers.refined(run("mnist-vae-2d").path, pixels(image), number=image)
    return found.best - found.elbo, found.log_px - found.best


@cache
def gaps():
    return np.array([told(image).numbers["kl"] for image in range(20)])


def gaussian(sigma):
    """Return the ELBO of image 0 with a Gaussian of another sigma about the decoder's mean, as chapter 6 has it."""
    square = theory(0)[0].arrays["squares"].astype(float).mean()
    return -square / (2 * sigma**2) - 784 * np.log(sigma * np.sqrt(2 * np.pi)) - of_theory("rate", 0)


@cache
def linear():
    return linear_lesson(run("mnist-vae-2d").path, "mnist")


def turned(step):
    """Return the larger angle, in degrees, of a PCA axis to the nearest axis of the linear VAE after so many steps."""
    found = linear()
    pca, vae = (w / np.linalg.norm(w, axis=0) for w in (found.axes, found.walk[list(found.steps).index(step)]))
    return np.degrees(np.arccos(np.abs(pca.T @ vae).max(1).clip(max=1))).max()


def planes(step):
    """Return the smaller cosine of the principal angles between PCA's plane and the linear VAE's."""
    found = linear()
    one, two = (np.linalg.qr(w)[0] for w in (found.axes, found.walk[list(found.steps).index(step)]))
    return np.linalg.svd(one.T @ two)[1].min()


def recorded(step, name):
    (record,) = [one for one in run("digits-vae-2d").history if one["step"] == step]
    return record["valid"][name]


SLIDER = 10 ** (-12 / 20)  # chapter 6's slider has 20 places a decade; this is the one that it shows as 0.25

# what lesson "why-elbo" calls "measured: …"
THEORY = {
    "effective sample size of 64 samples of the prior, image 0": lambda: prior(0, 64)[1],
    "log of the mean of p(x|z) over 64 samples of the prior, image 0": lambda: prior(0, 64)[0],
    "how far that lies below log p(x), image 0": lambda: of_theory("log_px", 0) - prior(0, 64)[0],
    "log p(x) by quadrature, image 0": lambda: of_theory("log_px", 0),
    "log of the mean of p(x|z) over 4,096 samples of the prior, image 0": lambda: prior(0, 4096)[0],
    "effective sample size of 4,096 samples of the prior, image 0": lambda: prior(0, 4096)[1],
    "mean over 8 groups of 64 samples of q of the log of their mean weight, image 0": lambda: bound(0, 64, "own")[
        "value"
    ],
    "standard deviation from group to group of 64 samples of q, image 0": lambda: np.std(
        bound(0, 64, "own")["values"], ddof=1
    ),
    "effective sample size of 64 samples of q, mean over the groups, image 0": lambda: bound(0, 64, "ess"),
    **{f"log p(x) − L_K at K = {k}, image 8": lambda k=k: below(8, k) for k in (1, 8, 64)},
    "effective sample size of 512 samples of q, image 8": lambda: bound(8, 512, "ess"),
    "ELBO by quadrature, image 7": lambda: of_theory("elbo", 7),
    "KL(q‖p(z|x)) by quadrature, image 7": lambda: of_theory("kl", 7),
    "log p(x) by quadrature, image 7": lambda: of_theory("log_px", 7),
    "KL(q‖p(z|x)) by quadrature, image 5": lambda: of_theory("kl", 5),
    "mean of KL(q‖p(z|x)) over the first 20 test images": lambda: gaps().mean(),
    "standard error of that mean over the first 20 test images": lambda: gaps().std(ddof=1) / np.sqrt(20),
    **{f"L_K at K = {k}, image 7": lambda k=k: bound(7, k) for k in (4, 64, 512)},
    "standard error of L_K at K = 512, image 7": lambda: bound(7, 512, "se"),
    "log p(x) − L_K at K = 512, image 7": lambda: below(7, 512),
    "effective sample size of 512 samples of q, image 7": lambda: bound(7, 512, "ess"),
    **{f"amortisation gap after refining q, image {i}": lambda i=i: refinement(i)[0] for i in (0, 7)},
    **{f"approximation gap after refining q, image {i}": lambda i=i: refinement(i)[1] for i in (0, 7)},
    **{f"2σ² at σ = {s:g}, the hidden β": lambda s=s: 2 * (SLIDER if s == 0.25 else s) ** 2 for s in (1, 0.25, 0.05)},
    "σ that fits image 0 best under its q": lambda: np.sqrt(theory(0)[0].arrays["squares"].mean() / 784),
    "ELBO of image 0 with a Gaussian of σ = 1": lambda: gaussian(1),
    "ELBO of image 0 with a Gaussian of σ = 0.25": lambda: gaussian(SLIDER),
    "smaller cosine of the principal angles after 20 steps, MNIST": lambda: planes(20),
    **{
        f"angle between PCA’s axes and the linear VAE’s after {n} steps, MNIST": lambda n=n: turned(n)
        for n in (20, 400)
    },
    "ELBO of the linear VAE after 20 steps, MNIST": lambda: linear().elbo[20],
    "log p(x) of probabilistic PCA in closed form, MNIST": lambda: linear().log_px,
}

# what the lessons call "measured: …" and can be measured again within seconds
MEASURED = THEORY | {
    "draws of N(0, I) nearest to codes of 2, 3, 5, 6 and 8, mnist-autoencoder-2d": lambda: drawn(
        "mnist-autoencoder-2d"
    )[[2, 3, 5, 6, 8]].sum(),
    "draws of N(0, I) nearest to the other codes, mnist-autoencoder-2d": lambda: drawn("mnist-autoencoder-2d")[
        [0, 1, 4, 7, 9]
    ].sum(),
    "draws of N(0, I) nearest to the rarest digit, mnist-vae-2d": lambda: drawn("mnist-vae-2d").min(),
    "draws of N(0, I) nearest to the most frequent digit, mnist-vae-2d": lambda: drawn("mnist-vae-2d").max(),
    **{
        f"{name} of the validation record of step {step}, digits-vae-2d": lambda name=name, step=step: recorded(
            step, name
        )
        for name in ("distortion", "rate")
        for step in (21, 231, 8400)
    },
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
def test_number_is_what_the_models_say(place, key, one, request, monkeypatch):
    kind, _, rest = one.source.partition(":")
    if rest.strip() in THEORY and "σ² at" not in rest:
        monkeypatch.setenv("LATENT_DATA", str(request.getfixturevalue("mnist_root")))
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spoken", LANGUAGES)
def test_texts_have_no_word_twice_and_no_letter_of_another_size(name, spoken):
    """A number's unit may stand in the text too; a sentence does not make another symbol of β, p or q."""
    folder = form.HERE if spoken == ENGLISH else form.HERE / spoken
    for step in form.parse((folder / f"{name}.yaml").read_text(), name).steps:
        for text in (*words(step), step.revealed()):
            assert not re.search(r"\b([^\W\d]\w+) \1\b", text), (step.id, text)
            assert not re.search(r"Β|\b[PQ]\(", text), (step.id, text)


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
