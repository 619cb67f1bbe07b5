"""Two to four models in linked maps (comparing.js), and beside them their numbers with the differences' errors."""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from ui.explore import explorer, selection
from ui.shared import asking, chips, figures, library, messages, parcels
from ui.shared.components import pack, source, styles
from ui.shared.fragments import fragment
from ui.state import session
from ui.state.view import MOST_COMPARED, set_compared
from ui.train import film as filming
from ui.words import phrase, say
from ui.words.speaking import language
from vae.answers import compare, pool
from vae.answers.compare import Scores
from vae.answers.pool import Answer
from vae.data import DataError
from vae.geometry import alignment
from vae.geometry import plane as planes
from vae.geometry.alignment import Alignment
from vae.geometry.plane import Plane
from vae.page import palette
from vae.runs import Codes, Run, RunError
from vae.runs import film as films
from vae.spec import SpecError

SOURCE = source("compare/comparing.js")
KEY = "comparing"
QUANTITIES = {"distortion": phrase("Distortion"), "rate": phrase("Rate"), "elbo": "ELBO"}

_component = st.components.v2.component(
    "latent_comparing", html="<div></div>", css=styles("js/instrument.css", "compare/comparing.css"), js=SOURCE
)


@dataclass(frozen=True)
class Panel:
    """One model as it is drawn: on a plane, perhaps aligned with the first; `linked` if its images are the first's.

    Of `total` codes `codes` are one in `every`: as many as are drawn well.
    """

    run: Run
    codes: Codes
    plane: Plane
    linked: bool
    total: int
    every: int = 1
    turn: Alignment | None = None


def chooser(runs: Sequence[Run]) -> bool:
    """Draw the choice of two to four models; return whether to align them with the first one."""
    titles = {run.name: library.title(run) for run in [*library.usable(), *library.examples(), *runs]}
    chosen = session.widget("compare_models")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        chosen.set([run.name for run in runs])
        st.multiselect(
            say("Models"),
            list(titles),
            format_func=titles.__getitem__,
            max_selections=MOST_COMPARED,
            key=chosen.name,
            label_visibility="collapsed",
            on_change=lambda: set_compared(chosen.get()),
        )
        return st.toggle(
            say("Align"),
            key="compare_align",
            help=say("Turn each 2-D map until it fits the first one as well as possible (Procrustes)."),
        )


def same_images(one: tuple[Run, Codes], other: tuple[Run, Codes]) -> bool:
    """Return whether code i of both runs is of the same image: same data, split and labels in the same order."""
    (a, first), (b, second) = one, other
    alike = a.spec.data == b.spec.data and a.spec.shape == b.spec.shape and first.split == second.split
    if not alike or len(first) != len(second):
        return False
    if first.labels is None or second.labels is None:
        return first.labels is second.labels
    return bool(np.array_equal(first.labels, second.labels))


def panels(runs: Sequence[Run], align: bool) -> list[Panel]:
    """Return the panels of two to four runs; `align` rotates 2-D maps of the same images to fit the first one."""
    known = [(run, run.codes) for run in runs]
    made: list[Panel] = []
    for run, codes in known:
        plane, linked, turn = planes.default(codes), same_images(known[0], (run, codes)), None
        if align and made and linked and run.spec.latent == known[0][0].spec.latent == 2:
            turn = alignment.procrustes(known[0][1].means, codes.means)
            plane = alignment.turned(plane, turn)
        drawn, every = figures.thinned(codes)
        made.append(Panel(run, drawn, plane, linked, len(codes), every, turn))
    return made


def _trained(run: Run, plane: Plane) -> tuple[list[int], bytes, np.ndarray | None]:
    """Return the film's steps, its codes on the plane (deflated float32 [F, M, 2]) and their labels."""
    frames = [films.read(run.path, step) for step in films.steps(run.path)]
    whole = [f for f in frames if f is not None and f.codes.shape[1] == run.spec.latent and np.isfinite(f.codes).all()]
    whole = [f for f in whole if len(f.codes) == len(whole[-1].codes)]
    still = films.constants(run.path)
    if not whole or still is None or (still.labels is not None and len(still.labels) != len(whole[-1].codes)):
        return [], b"", None
    labels = still.labels
    places = np.stack([filming.project(plane, f.codes, labels) for f in whole])
    return [f.step for f in whole], zlib.compress(places.tobytes(), 1), labels


def payload(shown: Sequence[Panel], images: np.ndarray | None) -> bytes:
    """Return all that the maps need; images are included once, in the order of the first model's codes."""
    heads, sections = [], dict[str, bytes]()
    for k, panel in enumerate(shown):
        header, parts = explorer.content(
            panel.run,
            panel.codes,
            panel.plane,
            images[:: panel.every] if images is not None and k == 0 else None,
            every=panel.every,
        )
        steps, places, labels = _trained(panel.run, panel.plane)
        if steps:
            marks = np.full(0, -1) if labels is None else labels
            parts |= {"film": places, "film_labels": marks.astype("<i4").tobytes()}
        header |= {
            "title": library.title(panel.run),
            "headline": chips.headline(panel.run),
            "steps": steps,
            "linked": panel.linked,
            "rings": panel.plane.to_plane(np.zeros(panel.run.spec.latent)).tolist()
            if panel.run.spec.standard_prior
            else None,
        }
        heads.append(header)
        sections |= {f"{k}.{name}": part for name, part in parts.items()}
    latent = {panel.run.spec.latent for panel in shown}
    classes = max((header["classes"] for header in heads), key=len)
    whole = {
        "panels": heads,
        "classes": classes,
        "colours": [palette.of_class(k) for k in range(len(classes))] or [palette.ENCODER],
        # a point of one latent space means something in another only where both are held to the same prior
        "same_space": len(latent) == 1 and all(panel.run.spec.standard_prior for panel in shown),
        "content": hashlib.sha256("".join(h["content"] + str(h["plane"]) for h in heads).encode()).hexdigest()[:16],
    }
    return pack(whole, sections)


@st.cache_resource(max_entries=3, show_spinner=False)
def _payload(
    paths: tuple[Path, ...], versions: object, align: bool, has_images: bool, language: str, _make: Callable[[], bytes]
) -> bytes:
    return _make()


@fragment
def compared(shown: Sequence[Panel], align: bool) -> None:
    """Mount the maps, and under them the numbers of all images or of those under the lasso."""
    first = shown[0]
    images = library.examples_of(first.run)
    paths = tuple(panel.run.path for panel in shown)
    versions = tuple(library.stamp(path) for path in paths), tuple(filming.stamp(path) for path in paths)
    try:
        data = _payload(paths, versions, align, images is not None, language(), lambda: payload(shown, images))
    except RunError as error:
        messages.failure(error)
        return
    with st.container(key=KEY):
        result = _component(
            data=parcels.placed(data), key="comparing_maps", height="content", on_lasso_change=lambda: None
        )
    chosen = selection.from_bits(result.get("lasso"), len(first.codes))
    if chosen is not None:
        chosen = chosen * first.every
    if first.every > 1:
        st.caption(messages.thinned(len(first.codes), first.total))
    for panel in shown[1:]:
        if not panel.linked:
            st.caption(_unlinked(first, panel))
    if align:
        for text in filter(None, map(_turned, shown[1:])):
            st.caption(text)
    _numbers(shown, chosen)


def _unlinked(first: Panel, panel: Panel) -> str:
    return say(
        "{model} was trained on other images than {first} ({data}, {count:,} codes; {first_data}, {first_count:,}), so "
        "the cursor and the selection are not shared.",
        model=messages.plain(library.title(panel.run)),
        first=messages.plain(library.title(first.run)),
        data=chips.data_text(panel.run),
        count=panel.total,
        first_data=chips.data_text(first.run),
        first_count=first.total,
    )


def _turned(panel: Panel) -> str:
    title = messages.plain(library.title(panel.run))
    if panel.turn is None:
        return say(
            "{model} cannot be aligned with the first map: both must be 2-D maps of the same images.", model=title
        )
    turn = panel.turn
    angle = f"{turn.angle:.0f}°".replace("-", "−")
    turned = (
        say("{model} is mirrored and turned by {angle}.", model=title, angle=angle)
        if turn.reflected
        else say("{model} is turned by {angle}.", model=title, angle=angle)
    )
    fits = say(
        "Procrustes disparity {disparity:.0%}, with a scale of {scale:.2f}; the map shown here is not rescaled.",
        disparity=turn.disparity,
        scale=turn.scale,
    )
    return f"{turned} {fits}"


# Numbers


def _ask(shown: Sequence[Panel]) -> list[Answer[Scores]]:
    """Return the pool's answers. Each is asked for once a session and state of the run, also after a failure."""
    return [
        asking.once(
            f"scores {panel.run.path}",
            library.stamp(panel.run.path),
            partial(pool.ask, compare.scores, panel.run.path),
        )
        for panel in shown
    ]


def _numbers(shown: Sequence[Panel], chosen: np.ndarray | None) -> None:
    answers = _ask(shown)
    if not all(answer.done for answer in answers):
        _following(shown)
        return
    found: list[Scores | None] = []
    problems: dict[str, None] = {}
    for answer in answers:
        try:
            found.append(answer.result())
        except (RunError, DataError, SpecError) as error:
            problems[str(error)] = None
            found.append(None)
    _table(shown, found, chosen)
    for problem in problems:  # several models may lack the same data
        st.caption(
            say(
                "Some images could not be evaluated; saved values are shown for them. {why}",
                why=messages.sentence(problem),
            )
        )


@partial(fragment, run_every=0.5)
def _following(shown: Sequence[Panel]) -> None:
    if all(answer.done for answer in _ask(shown)):
        st.rerun()
    st.caption(say("Evaluating every image …"))


def _number(values: np.ndarray, sign: str = "") -> str:
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    shown = f"{values.mean():{sign}.2f} ± {error:.2f}" if np.isfinite(error) else f"{values.mean():{sign}.2f}"
    return shown.replace("-", "−").replace(" ", "\N{NO-BREAK SPACE}")


def _comparable(first: Run, other: Run) -> str:
    """Return why the nats of two models cannot be compared, or ""."""
    a, b = first.spec, other.spec
    if (a.data, a.shape, a.binarisation) != (b.data, b.shape, b.binarisation):
        return say("other data or pixels")
    return "" if a.likelihood["kind"] == b.likelihood["kind"] else say("another kind of likelihood")


def _table(shown: Sequence[Panel], found: Sequence[Scores | None], chosen: np.ndarray | None) -> None:
    first, base = shown[0], found[0]
    columns = (f"{say(title)}, nats" for title in QUANTITIES.values())
    head = [say("model"), *columns, say("difference from the first")]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    count = 0
    for panel, scores in zip(shown, found, strict=True):
        title = f"**{messages.plain(library.title(panel.run))}**"
        if scores is None:
            saved = panel.run.metrics
            cells = [title, *(chips.number(saved.get(name)).removesuffix(" nats") or "–" for name in QUANTITIES), ""]
            lines.append("| " + " | ".join(cells) + " |")
            continue
        rows = chosen if chosen is not None and panel.linked else np.arange(len(scores.distortion))
        count = count or len(rows)
        cells = [_number(v[rows]) if (v := getattr(scores, name)) is not None else "–" for name in QUANTITIES]
        cells = [title, *cells, _difference(first, base, panel, scores, rows)]
        lines.append("| " + " | ".join(cells) + " |")
    with st.container(key="compare_numbers", gap="small"):
        st.markdown("\n".join(lines))
        if not count:
            return
        over = (
            say("Means over the images under the lasso ({count:,}), ± standard error.", count=count)
            if chosen is not None
            else say(
                "Means over all test images of {data} ({count:,}), ± standard error.",
                data=chips.data_text(first.run),
                count=count,
            )
        )
        paired = say(
            "Differences are taken image by image, on the same pixels. The standard error is of the paired "
            "differences; it is smaller than the errors of the two columns."
        )
        st.caption(f"{over} {paired}")


def _difference(first: Panel, base: Scores | None, panel: Panel, scores: Scores, rows: np.ndarray) -> str:
    """Return the paired difference from the first model in the best quantity that both have."""
    if panel is first or base is None:
        return ""
    if not panel.linked:
        return f":small[{say('other images')}]"
    if why := _comparable(first.run, panel.run):
        return f":small[{why}]"
    both = base.elbo is not None and scores.elbo is not None
    name = "elbo" if both else "distortion"
    a, b = getattr(scores, name)[rows].astype(np.float64), getattr(base, name)[rows].astype(np.float64)
    return f"{say(QUANTITIES[name])} {_number(a - b, '+')}"
