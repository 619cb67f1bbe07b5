"""Maps of more than two latents: t-SNE and UMAP of the codes, cached in the data folder under the codes' hash.

PCA is a plane (vae.geometry.plane) and needs none of this. An embedding is not linear, so the z under the cursor is
found by UMAP's inverse transform on a grid or, for t-SNE, from the nearest codes. Of very many codes only some are
embedded (the landmarks), and each other code is placed among them: by t-SNE's own transform, or among its nearest.
"""

import hashlib
import io
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae import runs
from vae.data import data_root
from vae.geometry.plane import Bent
from vae.runs import Codes, RunError

PERPLEXITY, EARLY, LATE, EVERY = 30, 250, 500, 25  # t-SNE: usual values; iterations, and between two reports
NEIGHBOURS, DISTANCE = 15, 0.1  # UMAP: its defaults
SIDE = 40  # of the grid on which the inverse transform is tabulated
FEWEST = 50
WHOLE, LANDMARKS = 20_000, 10_000  # codes up to which all are embedded; beyond, how many random landmarks
AMONG = 3  # landmarks among which another code is placed, where the method has no transform of its own
JUDGED = 20_000  # codes, drawn at random, among which trustworthiness is estimated: ranks are over all of these
ROWS = 5_000  # codes that are placed at a time

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Embedding:
    """Places [N, 2] of the codes, T(12) with its error, seconds taken, and the inverse [G, G, d] on `extent` or None.

    `extent` is x0, x1, y0, y1; row 0 of the inverse is at y0. `landmarks` is the number of embedded codes, 0 for all of
    them; the others are placed among them.
    """

    method: str
    places: NDArray[np.float32]
    trust: float
    trust_se: float
    seconds: float
    inverse: NDArray[np.float32] | None = None
    extent: NDArray[np.float32] | None = None
    landmarks: int = 0

    def to_bytes(self) -> bytes:
        """Return the embedding as .npz without pickled objects."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{k: np.asarray(v) for k, v in self.__dict__.items() if v is not None})
        return buffer.getvalue()


@dataclass(frozen=True)
class Layout:
    """Places [N, 2] of codes by a method, its mapper with a way back from the map, and its transform of other codes."""

    places: NDArray[np.float32]
    mapper: Any = None
    transform: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None


def _tsne(codes: NDArray[np.float32], seed: int, threads: int, say: Progress) -> Layout:
    from openTSNE import TSNE

    reports = itertools.count(1)

    def report(iteration: int, error: float, embedding: object) -> bool:
        done = min(EVERY * next(reports), EARLY + LATE)  # it counts each of its two phases from the start
        say(0.1 + 0.85 * done / (EARLY + LATE), f"iteration {done:,} of {EARLY + LATE:,}")
        return False

    say(0.0, "finding neighbours")
    fitted = TSNE(
        perplexity=min(PERPLEXITY, (len(codes) - 1) / 3),
        early_exaggeration_iter=EARLY,
        n_iter=LATE,
        initialization="pca",
        n_jobs=threads,
        random_state=seed,
        callbacks=report,
        callbacks_every_iters=EVERY,
    ).fit(codes)
    fitted.gradient_descent_params["callbacks"] = None  # they tell of the layout alone
    fitted -= (np.max(fitted, axis=0) + np.min(fitted, axis=0)) / 2  # `transform` does so to the landmarks in place

    def transform(others: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(fitted.transform(others), np.float32)

    return Layout(np.asarray(fitted, np.float32), transform=transform)


def _umap(codes: NDArray[np.float32], seed: int, threads: int, say: Progress) -> Layout:
    import warnings

    from sklearn.neighbors import NearestNeighbors
    from umap import UMAP

    say(0.02, "finding neighbours")
    count = min(NEIGHBOURS, len(codes) - 1)
    # the exact ones: UMAP's own search is approximate from 4,096 codes on, and is compiled for 35 s in every process
    distance, nearest = NearestNeighbors(n_neighbors=count, n_jobs=threads).fit(codes).kneighbors(codes)
    say(0.1, "laying them out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed makes it single-threaded, and new codes cannot be placed
        mapper = UMAP(
            n_neighbors=count,
            min_dist=DISTANCE,
            random_state=seed,
            precomputed_knn=(nearest.astype(np.int32), distance.astype(np.float32)),
        ).fit(codes)
    return Layout(np.asarray(mapper.embedding_, np.float32), mapper)


METHODS: dict[str, Callable[[NDArray[np.float32], int, int, Progress], Layout]] = {
    "tsne": _tsne,
    "umap": _umap,
}
TITLES = {"tsne": "t-SNE", "umap": "UMAP"}


def _inverse(mapper: Any, places: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return z [G, G, d] on a grid over the places and its extent."""
    import warnings

    low, high = places.min(0), places.max(0)
    axes = [np.linspace(low[k], high[k], SIDE, dtype=np.float32) for k in range(2)]
    grid = np.stack(np.meshgrid(*axes, indexing="xy"), -1).reshape(-1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = np.asarray(mapper.inverse_transform(grid), np.float32)
    return z.reshape(SIDE, SIDE, -1), np.array([low[0], high[0], low[1], high[1]], np.float32)


def among(
    codes: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    places: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the places of codes [N, d], float32 [N, 2], from the places [L, 2] of landmarks [L, d].

    The mean of the `AMONG` nearest landmarks' places, weighted by 1 / distance^2; a landmark keeps its place.
    """
    from sklearn.neighbors import NearestNeighbors

    known = NearestNeighbors(n_neighbors=min(AMONG, len(landmarks))).fit(landmarks)
    distance, nearest = known.kneighbors(codes)
    weight = 1 / np.maximum(distance**2, 1e-12)
    return np.asarray((weight[..., None] * places[nearest]).sum(1) / weight.sum(1)[:, None], np.float32)


def _placed(
    codes: NDArray[np.float32],
    landmarks: NDArray[np.int64],
    layout: Layout,
    say: Callable[[float], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Return the places [N, 2] of all codes [N, d] from the layout of some of them, the landmarks [L].

    With 9,000 MNIST images in 10 dimensions among 3,000, the whole map has a trustworthiness of 0.982 by t-SNE's
    transform and 0.938 by `among`, which takes a second where the other takes as long as the layout's first half.
    """
    found = np.empty((len(codes), 2), np.float32)
    found[landmarks] = layout.places
    others = np.setdiff1d(np.arange(len(codes)), landmarks)
    for start in range(0, len(others), ROWS):
        say(start / len(others))
        part = others[start : start + ROWS]
        if layout.transform is not None:
            found[part] = layout.transform(codes[part])
        else:
            found[part] = among(codes[part], codes[landmarks], layout.places)
    return found


def embed(codes: Codes, method: str, seed: int = 0, threads: int = 1, say: Progress = lambda *_: None) -> Embedding:
    """Return a 2-D map of the codes' means by t-SNE or UMAP, with its trustworthiness; `say` receives the progress.

    Raises RunError for an unknown method, for two latents or fewer, for too few different codes, and where the method
    finds no places.
    """
    from vae.evaluation.trust import trustworthiness

    if method not in METHODS:
        raise RunError(f"there is no map by {method!r}; choose one of {', '.join(METHODS)}")
    if codes.means.shape[1] <= 2:
        raise RunError("these codes have two latents or fewer: their own plane is the map")
    if len(codes) < FEWEST:
        raise RunError(f"a map by neighbours needs at least {FEWEST} codes, and there are {len(codes)}")
    different = len(np.unique(codes.means, axis=0))
    if different < FEWEST:
        raise RunError(
            f"a map by neighbours needs at least {FEWEST} different codes, and these {len(codes):,} have {different}: "
            "the encoder gives most images the same code. Diagnose shows why."
        )
    began = time.perf_counter()
    means = np.ascontiguousarray(codes.means, np.float32)
    generator = np.random.default_rng(seed)
    landmarks = np.sort(generator.permutation(len(means))[:LANDMARKS]) if len(means) > WHOLE else np.arange(len(means))
    laid = 0.6 if len(means) > WHOLE else 1.0
    layout = METHODS[method](means[landmarks], seed, threads, lambda done, text: say(laid * done, text))
    places, mapper = layout.places, layout.mapper
    if not np.isfinite(places).all() or not np.ptp(places, axis=0).any():
        raise RunError(
            f"{TITLES[method]} laid these codes out nowhere: they are too close to each other to be told apart"
        )
    if len(means) > WHOLE:
        rest = f"putting the others among {len(landmarks):,}"
        places = _placed(means, landmarks, layout, lambda done: say(laid + 0.35 * done, rest))
    centre = layout.places.mean(0)
    places = places - centre
    seconds = time.perf_counter() - began
    inverse = extent = None
    if mapper is not None:
        say(0.7, "the way back from the map")
        inverse, extent = _inverse(mapper, places + centre)
        extent = extent - centre[[0, 0, 1, 1]]
    say(0.97, "measuring the trustworthiness")
    judged = slice(None) if len(means) <= JUDGED else generator.permutation(len(means))[:JUDGED]
    trust = trustworthiness(means[judged], places[judged])
    say(1.0, "done")
    few = len(landmarks) if len(landmarks) < len(means) else 0
    return Embedding(method, places, trust.value, trust.se, seconds, inverse, extent, few)


def bent(codes: Codes, embedding: Embedding) -> Bent:
    """Return an embedding as the map of these codes."""
    title = TITLES[embedding.method]
    dimensions, trust = codes.means.shape[1], f"{embedding.trust:.3f} ± {embedding.trust_se:.3f}"
    note = f"{title} of {dimensions} dimensions; trustworthiness {trust}"
    if embedding.landmarks:
        note = (
            f"{title} of {dimensions} dimensions, laid out from {embedding.landmarks:,} of {len(codes):,} codes, the "
            f"others placed among these; trustworthiness {trust} (over {min(JUDGED, len(codes)):,} codes)"
        )
    way = "z by the inverse transform" if embedding.inverse is not None else "z: mean of the 8 nearest codes"
    return Bent(
        codes.means, embedding.places, (f"{title} 1", f"{title} 2"), note, way, embedding.inverse, embedding.extent
    )


def file(codes: Codes, method: str) -> Path:
    """Return the path of these codes' cached embedding, named by the codes' hash; shipped models have one too."""
    mark = hashlib.sha256(np.ascontiguousarray(codes.means, np.float32).tobytes()).hexdigest()[:16]
    return data_root() / "embeddings" / f"{mark}-{method}.npz"


def keep(codes: Codes, embedding: Embedding) -> None:
    """Cache an embedding for all users of this machine."""
    path = file(codes, embedding.method)
    path.parent.mkdir(parents=True, exist_ok=True)
    runs.write(path, embedding.to_bytes())


def kept(codes: Codes, method: str) -> Embedding | None:
    """Return the cached embedding, or None if there is none or it is damaged."""
    try:
        with np.load(file(codes, method), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        embedding = Embedding(
            str(found["method"]), found["places"], float(found["trust"]), float(found["trust_se"]),
            float(found["seconds"]), found.get("inverse"), found.get("extent"), int(found.get("landmarks", 0)),
        )  # fmt: skip
    except Exception:  # numpy and zipfile have no common base class for damage
        return None
    fits = embedding.places.shape == (len(codes), 2) and bool(np.isfinite(embedding.places).all())
    if embedding.inverse is not None:
        fits = fits and embedding.inverse.shape[2] == codes.means.shape[1] and embedding.extent is not None
    return embedding if fits else None
