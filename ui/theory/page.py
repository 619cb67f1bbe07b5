"""The Theory page's six chapters (theory.js): the model's data are sent once, an image's numbers when computed.

The pool computes everything about an image in one call; what a slider changes, the browser computes from that.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import streamlit as st

from ui.decode import decoder
from ui.lessons import form
from ui.lessons.form import Prediction
from ui.shared import asking, chips, figures, library, messages, parcels
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import following, notices, session, texts
from ui.state import view as state
from ui.state.permalink import CHAPTER, REFINED, SLIDERS
from ui.state.subject import Subject
from ui.state.view import View
from ui.theory import formulas
from ui.words import say
from ui.words.speaking import language
from vae.answers import lesson, machine, pool, theory
from vae.answers.pool import Answer
from vae.data import DataError
from vae.page import vectors
from vae.runs import SHOWN_LABEL, Codes, Run, RunError
from vae.runs.stamp import stamp
from vae.spec import SpecError, stages
from vae.spec.layer_kinds import Layer, Shape

HERE = Path(__file__).resolve().parent
KEY = "theory"
PATIENCE = 1.5  # seconds that a gesture waits for its answer before the page goes on without it
POLL = 500  # ms after which the browser asks for an answer that was not there
PER_CLASS = 2  # images of a class in the strip
MOST_CHOICES = 20
AHEAD = ("ahead0", "ahead1")  # the images whose numbers are computed, and sent, before anybody asks: two at a time
POLL_AHEAD = 200  # ms
MOST_CODES = 60_000  # numbers of the codes of other images that the machine's plane shows
LESSON_VALUES = 1024  # of an image, at most: the lesson takes the principal axes of all of them

SOURCE = source("theory/theory.js")
STYLE = styles("js/instrument.css", "theory/theory.css", "theory/machine.css")
_component = st.components.v2.component("latent_theory", html="<div></div>", css=STYLE, js=SOURCE)
_answers = st.components.v2.component("latent_theory_answers", html="<span hidden></span>", js=source("js/answers.js"))
Question = tuple[Any, ...]


def image(run: Run, codes: Codes, images: np.ndarray | None, i: int) -> np.ndarray:
    """Return image i for the pool: from the data, or without the data the decoder's mean at the image's code."""
    if images is not None:
        return images[i]
    label = _label(run, codes, i)
    return library.decode(run, codes.means[i : i + 1], label)[0]


def _label(run: Run, codes: Codes, i: int) -> int | None:
    """Return the label of image i for a conditional model, the usual one where i is made by hand; else None."""
    if not run.spec.labels:
        return None
    if i < 0:
        return SHOWN_LABEL
    return SHOWN_LABEL if codes.labels is None else int(codes.labels[i])


def choices(codes: Codes) -> list[int]:
    """Return the numbers of a few images of each class, the first ones; of codes without classes the first."""
    if codes.labels is None:
        return list(range(min(len(codes), MOST_CHOICES // 2)))
    found = [np.flatnonzero(codes.labels == k)[:PER_CLASS] for k in np.unique(codes.labels)]
    return [int(i) for i in np.concatenate(found)][:MOST_CHOICES]


def _pixels(run: Run, codes: Codes, images: np.ndarray | None, numbers: list[int]) -> bytes:
    """Return the strip's images as bytes, its vectors as float32."""
    shown = np.stack([image(run, codes, images, i) for i in numbers])
    if shown.ndim == 2:
        return shown.astype("<f4").tobytes()
    if shown.dtype != np.uint8:
        shown = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    return shown.tobytes()


def _rows(run: Run) -> dict[str, dict[str, Any]]:
    """Return the model's averages by name, from its evaluation table or its metrics."""
    found = {name: entry for name, entry in run.metrics.items() if isinstance(entry, dict) and "value" in entry}
    with suppress(RunError):
        found |= {row["name"]: row for row in run.evaluation}
    keys = ("value", "se", "n", "note")
    return {name: {k: row[k] for k in keys if k in row} for name, row in found.items()}


def facts(run: Run, codes: Codes, images: np.ndarray | None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a model's header and sections for the browser; raises RunError for unusable weights."""
    spec = run.spec
    numbers = choices(codes)
    sections = {"choices": _pixels(run, codes, images, numbers)}
    latex = formulas.all_of(spec)
    header: dict[str, Any] = {
        "name": run.name,
        "title": run.title,
        "latent": spec.latent,
        "shape": list(spec.shape),
        "lines": vectors.lines_of(run),
        "probabilistic": spec.probabilistic,
        "posterior": spec.posterior["kind"],
        "likelihood": spec.likelihood["kind"],
        "binary": spec.likelihood_kind.binary,
        "normal_prior": spec.standard_prior,
        "data": say(chips.data_name(run)),
        "here": images is not None,
        "split": codes.split,
        "count": len(codes),
        "classes": [figures.class_name(codes, k) for k in range(len(codes.classes))],
        "labelled": bool(spec.labels),
        "choices": numbers,
        "choice_labels": [] if codes.labels is None else [int(codes.labels[i]) for i in numbers],
        "latex": latex,
        "terms": {k: {"name": n, "hue": h, "words": say(w)} for n, (h, w) in formulas.TERMS.items()
                  for k in [formulas.NUMBER[n]]},
        "averages": _rows(run),
        "predictions": [asdict(_spoken(one)) for one in predictions()] if spec.probabilistic else [],
    }  # fmt: skip
    every = -(-codes.means.size // MOST_CODES)
    sections["codes"] = codes.means[::every].astype("<f4").tobytes()
    header["example"] = _example(run)
    header["machine"] = {
        "encoder": _stages(spec.encoder_layers(), spec.shape),
        "decoder": _stages(spec.decoder_layers(), (spec.latent,)),
        "sent": decoder.runnable(run),
    }
    if decoder.runnable(run) and not spec.labels:
        header["decoder"], weights = decoder.pack(run)
        sections["weights"] = weights.tobytes()
    digest = hashlib.sha256(repr(header).encode() + b"".join(sections.values()))
    header["content"] = digest.hexdigest()[:16]
    return header, sections


def _stages(layers: Sequence[Layer], shape: Shape) -> dict[str, Any]:
    found = stages.machine(layers, shape).header()
    return found | {"boxes": [say(box) for box in found["boxes"]]}


def _example(run: Run) -> str:
    """Return what one example of the run's data is called."""
    from vae import data

    with suppress(DataError):  # data that this machine does not know
        return data.describe(run.spec.data).example
    return "image"


@st.cache_resource(max_entries=8, show_spinner=False)
def _conditioned(_run: Run, path: Path, version: object, label: int) -> bytes:
    """Return a conditional model's decoder under a label, for the browser; raises RunError."""
    header, weights = decoder.pack(_run, label)
    return pack({"channel": f"{KEY}_{_run.name}_decoder", "decoder": header}, {"weights": weights.tobytes()})


@st.cache_resource(max_entries=4, show_spinner=False)
def _payload(
    _run: Run, _codes: Codes, _images: np.ndarray | None, path: Path, version: object, here: bool, spoken: str
) -> bytes:
    """Return the model's packet in one language, whose code is a part of the cache's key."""
    return pack(*facts(_run, _codes, _images))


def _serialise(found: dict[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return shapes for the header, and arrays as float64 or, where they are many, float32."""
    shapes, sections = {}, {}
    for name, values in found.items():
        kind = "<f4" if values.dtype == np.float32 else "<i4" if values.dtype.kind == "i" else "<f8"
        shapes[name] = [kind[1:], *values.shape]
        sections[name] = np.ascontiguousarray(values, kind).tobytes()
    return shapes, sections


def answer_payload(channel: str, question: Question, answer: Answer[Any], extra: dict[str, Any]) -> bytes:
    """Return an answer for the browser: numbers in the header, arrays as sections; or a note that it is not ready."""
    header: dict[str, Any] = {"channel": channel, "question": list(question), **extra}
    if not answer.done:
        return pack({"poll": POLL, **header, "waiting": True}, {})
    try:
        found = answer.result()
    except (RunError, DataError, SpecError) as error:
        return pack({**header, "failed": say(str(error))}, {})
    if isinstance(found, theory.Found):
        header["numbers"], arrays = found.numbers, found.arrays
    elif isinstance(found, dict):
        arrays = found
    else:
        plain = found._asdict()
        arrays = {k: v for k, v in plain.items() if isinstance(v, np.ndarray)}
        header["numbers"] = {k: v for k, v in plain.items() if not isinstance(v, np.ndarray)}
    shapes, sections = _serialise(arrays)
    return pack({**header, "shapes": shapes}, sections)


def _wait(answer: Answer[Any], seconds: float) -> None:
    with suppress(TimeoutError, RunError, DataError, SpecError):  # whoever draws it sees what became of it
        answer.result(seconds)


def _lesson_data(run: Run) -> str:
    """Return the data of lesson one: the model's own where they are here, grey and small, else the default set."""
    from vae import data

    with suppress(DataError):
        grey = len(run.spec.shape) == 3 and run.spec.shape[0] == 1
        if grey and math.prod(run.spec.shape) <= LESSON_VALUES and data.available(run.spec.data):
            return run.spec.data
    return data.DEFAULT


@cache
def predictions() -> tuple[Prediction, ...]:
    """Return what the chapters ask before they show it."""
    return form.predictions((HERE / "predictions.yaml").read_text("utf-8"), "predictions.yaml")


def _spoken(one: Prediction) -> Prediction:
    """Return a question in the reader's language."""
    choices = (
        replace(choice, text=say(choice.text), misconception=say(choice.misconception)) for choice in one.choices
    )
    return replace(one, ask=say(one.ask), choices=tuple(choices), reveal=say(one.reveal), measured=say(one.measured))


@dataclass(frozen=True)
class Wanted:
    """What the browser wants besides the image's numbers: q's walk for one image, the images it expects next, and a
    point z to decode where it cannot do that itself."""

    seed: int = 0
    walk: int | None = None
    ahead: tuple[int, ...] = ()
    z: tuple[float, ...] = ()

    @classmethod
    def of(cls, event: dict[str, Any], codes: Codes) -> "Wanted":
        """Return the parts of a browser's message that can be answered."""
        seed, walk, ahead = event.get("seed"), event.get("walk"), event.get("ahead")
        return cls(
            seed if type(seed) is int and 0 <= seed < 10_000 else 0,
            walk if type(walk) is int else None,
            tuple(k for k in ahead[: len(AHEAD)] if _known(k, codes)) if isinstance(ahead, list) else (),
            _point(event.get("z"), codes),
        )


@dataclass
class Chapters:
    """What the chapters of one model show and wait for: the image, the image of the page above them, what the browser
    wants, and whether this run follows a gesture, which waits for its answer."""

    image: int | None = None
    image_above: int | None = None
    wanted: Wanted = Wanted()
    gesture: bool = False


def _point(z: object, codes: Codes) -> tuple[float, ...]:
    """Return a browser's point of the latent space; () for anything else."""
    if not isinstance(z, list) or len(z) != codes.means.shape[1]:
        return ()
    good = all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < texts.LIMIT for v in z)
    return tuple(float(v) for v in z) if good else ()


def _known(i: object, codes: Codes) -> TypeGuard[int]:
    return type(i) is int and 0 <= i < len(codes)


@fragment
def chapters(view: View, codes: Codes, images: np.ndarray | None) -> None:
    """Mount the chapters, and answer their questions; a gesture runs this fragment only."""
    run = view.run
    name = f"{KEY}_{run.name}"
    now: Chapters = session.CHAPTERS.kept().setdefault(run.name, Chapters())

    def handle_event() -> None:
        event = session.reported(name, "ask")
        if not isinstance(event, dict):
            return
        i = event.get("image")
        if _known(i, codes):
            state.set_image(run, codes, i)
        else:
            i = now.image
        if event.get("settled") and now.image_above != i:
            notices.ask_redraw()  # the chip above shows the image too, once the numbers are there
            now.image_above = i
        wanted = Wanted.of(event, codes)
        # a point stays wanted until another is
        now.wanted = replace(wanted, z=wanted.z or now.wanted.z)
        now.gesture = not event.get("poll")  # a look for an answer that is late does not wait for it

    try:
        data = _payload(run, codes, images, run.path, library.stamp(run.path), images is not None, language())
    except RunError as error:
        messages.failure(error)
        return
    place = st.container(key=KEY)
    seen = state.view() or view
    i, problem = state.image(seen, codes)
    if problem:
        messages.problem(problem)
    own, _ = state.own_example(seen)
    if own is not None:
        i = own.number
    now.image = i
    now.image_above = i if now.image_above is None else now.image_above
    wanted, gesture, now.gesture = now.wanted, now.gesture, False
    label = _label(run, codes, i)
    version = stamp(run.path)

    def answer(slot: str, question: Question, make: Callable[[], Answer[Any]], **extra: Any) -> None:
        found = asking.once(f"{KEY}_{slot}", (run.name, version, *question), make)
        if gesture and slot in ("numbers", "walk", "decoding"):  # the others come when they come
            _wait(found, PATIENCE)
        # what has not changed must be the same bytes, or it is sent again
        pause = {"poll": POLL_AHEAD} if slot in AHEAD else {}
        payload = answer_payload(f"{name}_{slot}", question, found, extra | pause)
        _answers(data=payload, key=f"theory_{slot}", height="content")

    def pixels(k: int) -> np.ndarray:
        return own.array if own is not None and k == own.number else image(run, codes, images, k)

    def numbers(slot: str, k: int) -> None:
        def ask() -> Answer[Any]:
            given = _label(run, codes, k)
            return pool.ask(theory.numbers, run.path, pixels(k), given, wanted.seed, _numbered(k))

        answer(slot, (k, wanted.seed), ask, label=_named(codes, k))

    if not wanted.ahead:
        asking.drop(f"{KEY}_{slot}" for slot in AHEAD)  # what is asked for now comes before them
    numbers("numbers", i)  # first of all: mounting the chapters again takes Streamlit 15 ms, for all that they stay
    with place:
        _component(
            data=parcels.placed(data), key=name, height="content", on_ask_change=handle_event,
            on_view_change=lambda: state.handle_chapters(session.reported(name, "view")),
        )  # fmt: skip
    if following.code():
        # the chapters look at the address only once, and a follower's moves with the leader's
        moved = "&".join(one.text(Subject()) for one in (CHAPTER, SLIDERS, REFINED))
        _answers(data=pack({"channel": f"{name}_place", "place": moved}, {}), key="theory_place", height="content")
    answer(
        "encoding",
        (i, label),
        lambda: pool.ask(machine.encoding, run.path, pixels(i), label, _numbered(i)),
    )
    if label is not None and decoder.runnable(run):
        conditioned = _conditioned(run, run.path, library.stamp(run.path), label)
        _answers(data=conditioned, key="theory_decoder", height="content")
    if wanted.z and not decoder.runnable(run):
        answer("decoding", (i, *wanted.z, label), lambda: pool.ask(machine.decoding, run.path, wanted.z, label))
    answer("constants", (label,), lambda: pool.ask(theory.constants, run.path, label))
    if wanted.walk == i:
        # the image is decoded where the walk is asked for, and not at every look at it
        answer("walk", (i,), lambda: pool.ask(theory.refined, run.path, pixels(i), label, _numbered(i)))
    images_of = _lesson_data(run)
    answer("lesson", (images_of,), lambda: pool.ask(lesson.lesson, run.path, images_of))
    for slot, k in zip(AHEAD, wanted.ahead, strict=False):
        numbers(slot, k)


def all_formulas(run: Run) -> None:
    """Draw the formulas that the chapters copy, outside of their fragment, since no gesture changes a formula."""
    with st.container(key="theory_formulas"):
        st.markdown("\n\n".join(f"$$\n{tex}\n$$" for tex in formulas.all_of(run.spec).values()))


def _numbered(i: int) -> int | None:
    """Return the number of an image among the data's; None for one that was made by hand, which counts below 0."""
    return i if i >= 0 else None


def _named(codes: Codes, i: int) -> str:
    return "" if codes.labels is None or i < 0 else figures.class_name(codes, int(codes.labels[i]))
