"""The film of a training, drawn in the browser: the codes in motion, the curves, reconstructions, samples and rates.

A run that rests is sent whole, once; a run in training sends its newest frame, and the browser keeps what it has seen.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.shared import parcels
from ui.shared.components import pack, source, styles
from ui.state import session
from ui.state.view import film_step, handle_film
from ui.words import phrase, say
from ui.words.speaking import language
from vae.geometry import plane as planes
from vae.geometry.plane import Plane
from vae.geometry.traversal import DEAD
from vae.page import palette, vectors
from vae.runs import Run, RunError, checked, status
from vae.runs import film as films
from vae.runs.film import FilmConstants, Frame
from vae.spec import json_text

SOURCE = source("train/film.js")
WHOLE, THIN, HELD_OUT = 4000, 600, 300  # records of a recorded film, of a live one, and its validation points
SWITCH = 1.25  # how much more rate another pair of dimensions must carry before a live film turns to it

AUTOENCODER = phrase(
    "An autoencoder has no prior: there is no rate, no bound on log p(x), and nothing to draw samples from."
)
NO_RATE = phrase("For this posterior the rate per dimension has no closed form.")
NO_FILM = phrase("This run has no recording. You see its final codes and its training curves.")
NO_IMAGES = phrase("The film of this training holds no examples, so there is nothing to show.")
UNSEEN = phrase("The original images cannot be read. Train the run again to record them.")
WAITING = {
    "new": phrase("waiting to be started…"),
    "queued": phrase("waiting for its turn…"),
    "failed": phrase("ended before its first frame"),
    "stopped": phrase("stopped before its first frame"),
    "interrupted": phrase("ended before its first frame"),
}
COMPONENT = "PC {} ({:.0%} of variance)"  # as vae.geometry.plane names the components


_component = st.components.v2.component("latent_film", html="<div></div>", css=styles("train/film.css"), js=SOURCE)
_place = st.components.v2.component("latent_film_place", html="<span hidden></span>", js=source("js/answers.js"))
CHANNEL = "film_place"


@dataclass(frozen=True)
class History:
    """The curves: train at `step` [n], validation at `valid_step` [m]; nats, NaN where a record has no such number."""

    step: np.ndarray
    distortion: np.ndarray
    rate: np.ndarray
    valid_step: np.ndarray
    valid_distortion: np.ndarray
    valid_rate: np.ndarray


def history(path: Path, most: int = WHOLE, most_valid: int = WHOLE) -> History:
    """Return at most `most` records of a run and `most_valid` validation points, evenly, the first and last among them.

    Steps are int32, numbers float32; damaged lines are left out.
    """
    records = _records(path)
    held_out = [{"step": r["step"], **r["valid"]} for r in records if isinstance(r.get("valid"), dict)]
    arrays = []
    for rows, limit in ((records, most), (held_out, most_valid)):
        kept = _evenly(rows, limit)
        arrays.append(np.array([r["step"] for r in kept], "<i4"))
        arrays += [np.array([_number(r.get(name)) for r in kept], "<f4") for name in ("distortion", "rate")]
    return History(*arrays)


class _Tail:
    """What has been read of a history file, so that a poll reads only what is new; another inode is another file."""

    def __init__(self) -> None:
        self.inode, self.offset, self.records = -1, 0, list[dict[str, Any]]()

    def read(self, file: Path) -> list[dict[str, Any]]:
        try:
            with file.open("rb") as opened:
                inode = file.stat().st_ino
                if inode != self.inode or file.stat().st_size < self.offset:
                    self.inode, self.offset, self.records = inode, 0, []
                opened.seek(self.offset)
                fresh = opened.read()
        except OSError:
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        # a new list, since another session may be reading the old one
        self.records = self.records + [r for line in whole.splitlines() if (r := _record(line)) is not None]
        self.offset += len(whole)
        return self.records


@st.cache_resource(max_entries=16, show_spinner=False)
def _tail(path: Path) -> _Tail:
    return _Tail()


def _records(path: Path) -> list[dict[str, Any]]:
    return _tail(path).read(path / "history.jsonl")


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        return checked.record(json_text.loads(line))
    except ValueError:
        return None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _evenly(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return at most `most` of the rows, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, most).round().astype(int))]


def ground(codes: np.ndarray, rate: np.ndarray | None, kept: Plane | None = None) -> Plane | None:
    """Return the plane that codes [N, d] are shown on; None where d = 1, which needs no plane.

    d = 2: z1, z2. More: the two dimensions of highest `rate` [d], or the principal components where no rate exists.
    `kept` is the plane of the frame before: it stays while it is nearly as good, so that a live film does not jump.
    """
    latent = codes.shape[1]
    if latent == 1:
        return None
    if latent == 2:
        return planes.pair(2, 0, 1)
    if rate is None:
        return _principal(codes, kept)
    if kept is not None:
        shown = np.abs(kept.basis).argmax(1)
        if SWITCH * rate[shown].sum() + 2 * DEAD >= np.sort(rate)[-2:].sum():
            return kept
    i, j = sorted(np.argsort(-rate, kind="stable")[:2])
    return planes.pair(latent, int(i), int(j), note=phrase("highest rate"))


def _principal(codes: np.ndarray, kept: Plane | None) -> Plane:
    """Return the plane of the two principal components, turned to lie like the one before."""
    centre = codes.mean(0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(codes - centre, full_matrices=False)
    basis, share = axes[:2], sizes[:2] ** 2 / max(float((sizes**2).sum()), 1e-12)
    if kept is not None:
        u, _, v = np.linalg.svd(kept.basis @ basis.T)  # orthogonal Procrustes: components have no sign of their own
        basis = u @ v @ basis
    titles = [COMPONENT.format(k + 1, share[k]) for k in range(2)]
    return Plane(centre, basis, (titles[0], titles[1]))


def project(plane: Plane | None, codes: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return codes [N, d] on the plane, float32 [N, 2]; without one (d = 1), z beside a row for each class."""
    if plane is not None:
        return plane.to_plane(codes.astype(np.float64)).astype("<f4")
    count = 1 if labels is None else int(labels.max(initial=0)) + 1
    row = np.zeros(len(codes)) if labels is None else labels
    # the golden ratio spreads neighbours evenly, the same way in every frame
    jitter = (np.arange(len(codes)) * 0.6180339887) % 1 - 0.5
    return np.stack([codes[:, 0], 1 - (2 * row + 1 + 1.4 * jitter) / count], 1).astype("<f4")


def payload(path: Path) -> bytes:
    """Return the whole film of a run that does not train: constants, frames, history, status; layout: see `_packed`.

    Damaged frames are left out. A run without a film shows its saved codes as the only frame, and says why.
    Raises RunError for a spec that cannot be used.
    """
    run, constants = Run(path), films.constants(path)
    found = [films.read(path, step) for step in films.steps(path)]
    newest = films.read(path)
    if newest is not None and all(f is None or f.step != newest.step for f in found):
        found.append(newest)  # where it was stopped or paused, between two planned steps
    notes: dict[str, str] = {}
    frames = sorted(_alike([f for f in found if f is not None], run), key=lambda f: f.step)
    curves = history(path)
    if not frames and (saved := _saved(run, curves)) is not None:
        frames, constants = [saved[0]], saved[1]
        notes["film"] = notes["images"] = NO_FILM
    plane = ground(frames[-1].codes, frames[-1].rate) if frames else _unseen(run)
    return _packed(run, "film", constants, frames, plane, curves, notes)


def live(path: Path) -> bytes:
    """Return the newest frame of a run in training, its history thinned, and its status; the layout is `payload`'s.

    Raises RunError for a spec that cannot be used.
    """
    run, newest = Run(path), films.read(path)
    frames = _alike([newest] if newest is not None else [], run)
    memory = _memory(path)
    if frames:
        memory["plane"] = ground(frames[0].codes, frames[0].rate, memory.get("plane"))
    plane = memory.get("plane") or _unseen(run)
    return _packed(run, "live", films.constants(path), frames, plane, history(path, THIN, HELD_OUT), {})


def _unseen(run: Run) -> Plane | None:
    """Return the plane of a run that has no codes yet; None unless it has two latent dimensions."""
    return planes.pair(2, 0, 1) if run.spec.latent == 2 else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _memory(path: Path) -> dict[str, Any]:
    """Return the cache of a live film's plane, which is kept between polls."""
    return {}


def _alike(frames: list[Frame], run: Run) -> list[Frame]:
    """Return the frames that are finite and have the last frame's shape."""
    latent = run.spec.latent
    whole = [f for f in frames if f.codes.shape[1] == latent and len(f.codes) and np.isfinite(f.codes).all()]
    return [f for f in whole if _shapes(f) == _shapes(whole[-1])]


def _shapes(frame: Frame) -> tuple[Any, ...]:
    return tuple(
        None if a is None else a.shape for a in (frame.codes, frame.rate, frame.reconstructions, frame.samples)
    )


def _saved(run: Run, curves: History) -> tuple[Frame, FilmConstants] | None:
    """Return the saved codes as a frame without images, or None where there are none."""
    try:
        codes = run.codes
    except RunError:
        return None
    every = np.unique(np.linspace(0, len(codes) - 1, films.POINTS).round().astype(int))
    labels = None if codes.labels is None else codes.labels[every]
    none = np.zeros((0, *run.spec.shape), np.uint8)
    step = int(curves.step[-1]) if len(curves.step) else 0
    frame = Frame(step, codes.means[every], planes.rates(codes), none, None)
    return frame, FilmConstants(labels, codes.classes, none, codes.split)


def _packed(
    run: Run,
    kind: str,
    constants: FilmConstants | None,
    frames: list[Frame],
    plane: Plane | None,
    curves: History,
    notes: dict[str, str],
) -> bytes:
    """Return header and sections, see `components.pack`.

    codes float32 [F, N, 2]; rates float32 [F, d]; originals uint8 [S, C, H, W]; reconstructions and samples uint8
    [F, S, C, H, W]; labels int32 [N], -1 without; the history's arrays by name. Codes and images are deflated.
    """
    spec, now, lines = run.spec, status.current(run.path), vectors.lines_of(run)
    count = len(frames[0].codes) if frames else 0
    saved = None if constants is None else constants.labels
    labels = saved if saved is not None and len(saved) == count else None
    sections = {f"history_{name}": array.tobytes() for name, array in curves.__dict__.items()}
    sections["labels"] = (np.full(count, -1) if labels is None else labels).astype("<i4").tobytes()
    if frames:
        sections["codes"] = _deflated([project(plane, f.codes, labels) for f in frames])
        if rates := [f.rate.astype("<f4") for f in frames if f.rate is not None]:
            sections["rates"] = np.stack(rates).tobytes()
        for name in ("reconstructions", "samples"):
            images = [_drawn(a, lines) for f in frames if (a := getattr(f, name)) is not None and _pictures(a)]
            if len(images) == len(frames):
                sections[name] = _deflated(images)
        if constants is not None and _pictures(constants.originals):
            sections["originals"] = _deflated([_drawn(constants.originals, lines)])
        if "images" not in notes and "reconstructions" not in sections:
            notes["images"] = NO_IMAGES
        elif "images" not in notes and "originals" not in sections:
            notes["images"] = UNSEEN
        if not spec.probabilistic:
            notes["prior"] = AUTOENCODER
        elif "rates" not in sections:
            notes["rate"] = NO_RATE
    classes = [] if labels is None else [_class_name(constants, k) for k in range(int(labels.max(initial=-1)) + 1)]
    normal = spec.standard_prior
    origin = plane.to_plane(np.zeros(spec.latent)).tolist() if plane is not None else [0.0, 0.0]
    header = {
        "kind": kind,
        "run": run.name,
        "steps": [f.step for f in frames],
        "points": count,
        "latent": spec.latent,
        "shape": vectors.drawn_shape(run),
        "probabilistic": spec.probabilistic,
        "titles": _titles(plane, spec.latent, labels is not None),
        "rings": origin if normal else None,
        "classes": classes,
        "colours": [palette.of_class(k) for k in range(len(classes))] or [palette.ENCODER],
        "split": constants.split if constants is not None else "valid",
        "dead": DEAD,
        "status": {"state": now.state, "step": now.step, "total": now.total},
        "waiting": say(WAITING.get(now.state, phrase("waiting for the first step…"))),
        "notes": {name: say(note) for name, note in notes.items()},
    }
    return pack(header, sections)


def _deflated(arrays: Sequence[np.ndarray]) -> bytes:
    return zlib.compress(np.stack(arrays).tobytes(), 1)


def _pictures(images: np.ndarray) -> bool:
    return len(images) > 0 and (images.ndim == 2 or (images.dtype == np.uint8 and images.ndim == 4))


def _drawn(images: np.ndarray, lines: vectors.Lines) -> np.ndarray:
    """Return images as they are, and vectors [S, D] as pictures of their bars or lines."""
    return images if images.ndim == 4 else vectors.pictures(images, lines)


def _class_name(constants: FilmConstants | None, k: int) -> str:
    return constants.classes[k] if constants is not None and k < len(constants.classes) else str(k)


def _titles(plane: Plane | None, latent: int, labelled: bool) -> list[str]:
    """Return the titles of the axes; the first one names the dimensions."""
    if plane is None:
        return ["z", say("classes, jittered") if labelled else say("jitter")] if latent == 1 else ["", ""]
    x, y = map(say, plane.titles)
    if plane.note:
        x = say("{axis} (of {latent}: {why})", axis=x, latent=latent, why=say(plane.note))
    return [x, y]


def stamp(path: Path) -> tuple[tuple[int, int], ...]:
    """Return a value that changes when the film, or anything else that is shown of a run, changes."""
    names = ("spec.json", "history.jsonl", "codes.npz", "status.json", "live.npz", "film", "film/still.npz")
    stats = [(path / name).stat() if (path / name).exists() else None for name in names]
    return tuple((0, 0) if s is None else (s.st_mtime_ns, s.st_size) for s in stats)


@st.cache_resource(max_entries=4, show_spinner=False)
def _recorded(path: Path, version: tuple[tuple[int, int], ...], spoken: str) -> bytes:
    return payload(path)


def _data(path: Path, newest: bool) -> bytes | str:
    return live(path) if newest else parcels.placed(_recorded(path, stamp(path), language()))


def film(run: Run, *, key: str, live: bool = False) -> None:
    """Mount the film of a run, at the step of the address; `live` while it trains: each call sends its newest frame.

    The component keeps its place under `key`, whatever is shown in it. Raises RunError for a spec that cannot be used.
    """
    name = f"{key}_component"
    step = film_step()
    with st.container(key=key):
        _component(
            data=_data(run.path, live), key=name, height="content",
            on_place_change=lambda: handle_film(session.reported(name, "place")),
        )  # fmt: skip
        # what the film shows is sent whole, so where the address has moved goes apart from it
        _place(data=pack({"channel": CHANNEL, "run": run.name, "step": step}, {}), key=f"{key}_place", height="content")
