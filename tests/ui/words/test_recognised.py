"""What the core says is filled in already: a German reader gets none of it in English."""

import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from ui.words import say
from ui.words.catalogue import catalogue
from ui.words.recognition import Filler
from vae.jobs import JobError, cluster, contract, engine, task
from vae.runs import Run, RunError, codes_only, folders
from vae.runs.folders import shipped
from vae.spec import PRESETS, Spec, SpecError, preset, presets, schedules, settings, stages
from vae.spec.choices import CHOICES, NUMBERS, OBJECTIVES, PATHS, POSTERIORS, ROLES, TERM, TERMS
from vae.training import checkpoints, loop, trainer

# words that no German sentence has; names of options and files are as they are
ENGLISH = {
    *("the", "is", "of", "and", "or", "not", "with", "must", "has", "have", "this", "that", "there", "it", "are"),
    *("for", "from", "choose", "needs", "which", "no", "give", "above", "below", "most", "whole", "other", "than"),
    *("cannot", "a", "be", "its", "on", "to", "by", "more", "run", "use", "if", "as", "but"),
}
NAMES = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\}|\S*[./]\w\S*")
WRONG = (None, -1, "x", [0], {"kind": "x"}, {"schedule": "odd"}, 10**5000)
SCHEDULES = (
    {"schedule": "linear", "start": -5, "stop": 1, "steps": 5},
    {"schedule": "linear", "start": 1, "stop": 1, "steps": 0},
    {"schedule": "odd", "start": 1, "stop": 1, "steps": 5},
    {"schedule": "linear", "start": 1, "stop": 1, "steps": 5, "end": 1},
)
LAYERS = (
    3, {"kind": "z"}, {"kind": "linear"}, {"kind": "linear", "in": 2, "out": 1, "x": 1}, {"kind": "graph"},
    {"kind": "linear", "in": 2, "out": 1},
    {"kind": "conv2d", "in": 3, "out": 1, "kernel": 3, "stride": 1, "padding": 0},
    {"kind": "affine", "in": 3, "out": 3}, {"kind": "permute", "axes": [0, 0]}, {"kind": "unflatten", "shape": [2, 2]},
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("german")


def left(text: str) -> list[str]:
    """Return the English words of what a German reader gets, the whole text where it is not recognised."""
    said = say(text)
    words = [word for word in re.findall(r"[\w-]+", NAMES.sub("", said).lower()) if word in ENGLISH]
    unknown = said == text and not any(catalogue("de").recognition.readings(text))
    return [text, *words] if words or unknown else []


def refused(**changes) -> str:
    """Return why a spec with these changes cannot be made, "" if it can."""
    try:
        preset(changes.pop("preset", "vae"), **changes)
    except SpecError as error:
        return str(error)
    return ""


def refusals():
    """Yield the sentences for a sample of wrong specs."""
    for name in vars(Spec()).keys() - {"preset"}:
        yield from (refused(**{name: value}) for value in WRONG)
    yield from (refused(learning_rate=value) for value in SCHEDULES)
    yield from (refused(objective={"kind": "elbo", "beta": value}) for value in SCHEDULES)
    for name, role in ROLES.items():
        for kind, entry in role.kinds.items():
            yield refused(**{name: {"kind": kind, "foo": 1}})
            yield from (refused(**{name: {"kind": kind, option: "x"}}) for option in entry.options)
    for objective in OBJECTIVES:
        for posterior in POSTERIORS:
            both = {"objective": {"kind": objective}, "posterior": {"kind": posterior}}
            yield refused(**both)
            yield refused(**both, prior={"kind": "flow"}, latent=1)
            yield refused(**both, prior={"kind": "vamp"}, condition={"kind": "labels"})
            yield from (refused(**both, prior=None, path=path) for path in PATHS)
    for term in TERMS:
        yield refused(terms=({"kind": term}, {"kind": term}))
        yield refused(terms=({"kind": term},))
    yield from (refused(encoder={"kind": "given", "layers": [layer]}) for layer in LAYERS)
    yield from (refused(encoder={"kind": "conv"}, shape=shape) for shape in ((4,), (1, 4, 4)))
    yield refused(encoder={"kind": "conv", "channels": []})
    yield refused(preset="nope")
    for text in ("{", "[1]", '{"a": 1}', '{"latent": 0}', "[" * 100_000):
        with pytest.raises(SpecError) as error:
            Spec.from_json(text)
        yield str(error.value)


def test_every_template_is_taken_for_what_it_is_filled_in_to():
    """No other one fits better, which would say something else."""
    book = catalogue("de").recognition
    for one in itertools.chain.from_iterable(book.templates.values()):
        values = dict.fromkeys(one.places, "7")
        numbered = ["7"] * len([place for place in values if place.isdigit()])
        filled = "7".join(one.own)
        said = Filler(book).vformat(book.texts[one.message], numbered, values)
        assert book.texts.get(filled) or say(filled) == said, (one.message, say(filled))


def test_titles_and_helps_of_a_spec():
    kinds = [kind for role in (*ROLES.values(), TERM) for kind in role.kinds.values()]
    options = [*(option for kind in kinds for option in kind.options.values())]
    options += [*NUMBERS.values(), *CHOICES.values(), *settings.SETTINGS.values()]
    texts = [text for one in (*ROLES.values(), *kinds, *options, *PATHS.values()) for text in (one.title, one.sentence)]
    texts += [text for option in options for text in getattr(option, "words", {}).values()]
    texts += [getattr(option, name, "") for option in options for name in ("range", "recommended")]
    texts += [text for name, one in PRESETS.items() for text in (one.group, one.sentence, presets.title(name, True))]
    texts += [stages.size(shape) for shape in ((1,), (1024,), (1, 4, 4), (32, 14, 14))]
    texts += [preset("vae", binarisation=how).data_name for how in ("static", "dynamic")]
    assert [left(text) for text in texts if re.search("[a-z]{3}", text) and left(text)] == []


def test_why_a_spec_is_refused():
    sentences = {text for text in refusals() if text}
    assert len(sentences) > 200 and [left(text) for text in sentences if left(text)] == []


def test_sentences_that_hold_others():
    over = "over the first 2,000 examples; cannot exceed log N = 7.60"
    ais = "AIS, 16 chains: a stochastic lower bound, each image ± 0.23; the higher of those from q and from the prior"
    texts = [
        over, f"{over}, and is there", ais, "over 500 different examples, H = log N = 6.21; min(R, log N)",
        f"{ais}, which disagree for 3 of 40 images: q misses modes, or both do", "measuring 3 of 10 images, K = 100",
        "UMAP of 10 dimensions, laid out from 5,000 of 70,000 codes, the others placed among these; "
        "trustworthiness 0.981 ± 0.002 (over 2,000 codes)",
        "the pair with the highest KL; the dimensions that are not shown are 0",
        "this prior is Mixture of Normals, not N(0, I), and is not computed here",
        "x/spec.json holds a graph that cannot run: The node Add cannot run: its step is 0. Open the model anew.",
        "The posterior of x at this image: the window cuts off mass: widen it.",
    ]  # fmt: skip
    assert [left(text) for text in texts if left(text)] == []


def test_states_of_jobs_and_ends_of_training(tmp_path):
    kept = cluster.KEPT_CHECKPOINT
    silence = cluster.SILENCE.format(address="http://a:1", setting="X", reason="Connection refused.")
    texts = [
        silence, f"{silence} {cluster.TOKENLESS}", cluster.NO_RAY, cluster.OVERRIDDEN.format(name="RAY", setting="X"),
        cluster.TOO_BIG.format(processors=3, gpus=1), cluster.LOST.format(kept=kept), cluster.MOVED, cluster.NO_ORDER,
        cluster.ENDED.format(how="exit code 3", kept=kept), engine.KILLED.format(deaths=3, step=1234),
        task.BROKEN.format(code=3, words="It said nothing."), engine._last_words(tmp_path),
        trainer.FULL_DISK,
        trainer.MEMORY_OUT.format(step=1234, batch=100, samples=1), checkpoints.OLDER.format(reason="exit code 3"),
        checkpoints.FROM_WEIGHTS.format(name="x", step=12), checkpoints.NOTHING_LEFT.format(name="x"),
        *(str(loop.Diverged(123, 0.1, 3.4, finite)) for finite in (True, False)),
        *schedules.unfinished(vars(preset("capacity-vae")), 100),
    ]  # fmt: skip
    for waiting in (["me"] * 100, ["others"] * 1000):
        with pytest.raises(JobError) as error:
            contract.check_waiting("me", waiting)
        texts.append(str(error.value))
    assert [left(text) for text in texts if left(text)] == []


def test_runs_that_are_broken(tmp_path):
    """What Python itself says of a file stays as it is."""
    whole = shipped() / "digits-vae-2d"
    broken = tmp_path / "broken"
    broken.mkdir()
    files = {
        "spec": "spec.json",
        "metrics": "metrics.json",
        "evaluation": "evaluation.json",
        "history": "history.jsonl",
    }

    def said(part: str, content: str | dict | None) -> str:
        for name in (*files.values(), "codes.npz"):
            shutil.copyfile(whole / name, broken / name)
        place: Path = broken / files.get(part, "codes.npz")
        if isinstance(content, str):
            place.write_text(content)
        elif content is None:
            place.unlink()
        else:
            np.savez(place, **content)
        with pytest.raises(RunError) as error:
            getattr(Run(broken), part)
        return str(error.value)

    means = np.zeros((3, 2), np.float32)
    texts = [said("spec", text) for text in ("[]", '{"a": 1}', '{"latent": 0}', "[" * 100_000)] + [said("spec", None)]
    texts += [said("metrics", text) for text in ("[]", '{"data": 3}', '{"elbo": {"value": "x"}}', '{"elbo": 3}')]
    texts += [said("evaluation", text) for text in ('{"rows": 3}', '{"rows": [3]}', '{"rows": [{}]}')]
    texts += [said("history", text) for text in ('{"a": 1}\n{}\n', '{"step": "a"}\n{}\n')]
    texts += [
        said("codes", arrays)
        for arrays in (
            None, {"means": means[:, :1]}, {"a": means}, {"means": means * np.nan}, {"means": means, "split": "odd"},
            {"means": means, "labels": means}, {"means": means, "labels": np.array([0, 1, 99_999])},
        )
    ]  # fmt: skip
    for refuse in (
        lambda: folders.changeable(Run(whole)), lambda: folders.find("nope"), lambda: folders.find("nope", []),
        lambda: Run(broken).decoder(), lambda: codes_only._codes([1], None, None, None, ()),
        lambda: codes_only._codes([[1, 2]], None, None, None, ()),
        lambda: codes_only._codes([[1, 2], [3, np.nan]], None, None, None, ()),
    ):  # fmt: skip
        with pytest.raises(RunError) as error:
            refuse()
        texts.append(str(error.value))
    assert [left(text) for text in texts if left(text)] == []
