"""What the map asks the pool for: each code's own distortion, rate, ELBO, and the gap that its bound leaves."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from vae.answers import models as calls
from vae.runs import RunError, pointwise
from vae.runs.pointwise import BOUND, TIGHTNESS, Pointwise

MOST = 20_000  # examples that are measured; of more, whole blocks spread evenly over them


def blocks(n: int, rows: int, most: int = MOST) -> list[int]:
    """Return where the blocks of `rows` begin that are measured of n examples: all, or `most`, evenly over them."""
    starts = list(range(0, n, rows))
    wanted = max(1, most // rows)
    if len(starts) <= wanted:
        return starts
    return [starts[i] for i in np.linspace(0, len(starts) - 1, wanted).round().astype(int)]


def numbers(run: Path, tight: bool, so_far: dict[str, Any] | None = None) -> Pointwise | calls.Partial:
    """Return the distortion, rate and ELBO of each code's example, or, `tight`, log p(x) - ELBO, in nats.

    They are taken on the pixels that Compare takes its own on, and kept. Raises RunError, also for the tightness of an
    autoencoder and where the weights change meanwhile, and DataError.
    """
    import torch

    from vae.evaluation.importance import bounds
    from vae.evaluation.scores import ROWS, K, block
    from vae.evaluation.tightness import K as SAMPLES
    from vae.evaluation.tightness import tightness

    opened, model = calls._open(run)
    names = TIGHTNESS if tight else BOUND
    if tight and not opened.spec.probabilistic:
        raise RunError(f"{opened.name} is a plain autoencoder: it has no prior, so no bound whose tightness to tell.")
    version, batches = calls.stamp(run), calls._coded(opened)
    n, conditioned = len(batches), batches.labels is not None
    starts = blocks(n, ROWS)
    state = so_far or {"version": version, "done": 0, "values": {}, "exact": True}
    if state["version"] != version:
        raise RunError(f"{opened.name} was trained on while its codes were measured. Ask for the colours again.")
    values = {name: part.copy() for name, part in state["values"].items()}
    done, exact = state["done"], state["exact"]
    began = time.monotonic()
    while done < len(starts):
        part = slice(starts[done], min(starts[done] + ROWS, n))
        x, generator = block(batches, part)
        here = model.given(batches.given(part))
        found: dict[str, torch.Tensor | None]
        if tight:
            told = tightness(here, x, generator, conditioned=conditioned)
            found, exact = {"gap": told.gap}, exact and told.exact
        else:
            bound = bounds(here, x, K, generator)
            found = {name: getattr(bound, name) for name in names}
        for name, value in found.items():
            if value is not None:
                values.setdefault(name, np.full(n, np.nan, np.float32))[part] = value.float().numpy()
        done += 1
        seconds = time.monotonic() - began
        if done < len(starts) and seconds > calls.TURN:
            state = {"version": version, "done": done, "values": values, "exact": exact}
            return calls.Partial(done / len(starts), state, seconds)
    how = f"From {K} samples of q(z|x) for each code" if opened.spec.probabilistic else "Decoded at the code itself"
    if tight:
        sampled = f"L_K − ELBO from K = {SAMPLES} samples for each code, a lower bound of it"
        how = "By quadrature, for each code" if exact else sampled
    made = Pointwise(values, how)
    if not made.computed:
        raise RunError(f"{opened.name} gives no example a finite number here. Its training may have diverged.")
    pointwise.keep(opened, names, made)
    return made
