"""Runs with a film of random frames."""

import numpy as np
from fake_runs import make_run

from vae import runs
from vae.runs import Run, status
from vae.runs import film as films
from vae.runs.film import FilmConstants, Frame

COUNT, SHOWN = 200, 16


STEPS = [0, 1, 3, 10]


def shoot(step: int, latent: int, shape: tuple[int, ...], probabilistic: bool = True, count: int = COUNT) -> Frame:
    """Return a frame with random codes; the rate of dimension j grows with j."""
    rng = np.random.default_rng(step)
    images = [rng.integers(0, 256, (SHOWN, *shape), np.uint8) for _ in range(2)]
    if len(shape) == 1:
        images = [i.astype(np.float32) for i in images]
    codes = rng.normal(0, 1, (count, latent)).astype(np.float32)
    rate = np.linspace(0.001, 2.0, latent).astype(np.float32) if probabilistic else None
    return Frame(step, codes, rate, images[0], images[1] if probabilistic else None)


def filmed(folder, name="run", preset="vae", *, steps=STEPS, labels=True, count=COUNT, **changes) -> Run:
    """Return a run that was filmed at `steps`, its newest frame saved as well."""
    changes = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [8]}, **changes}
    run = make_run(folder, name, preset, n=50, **changes)
    spec = run.spec
    (run.path / "film").mkdir()
    frames = [shoot(s, spec.latent, spec.shape, spec.probabilistic, count) for s in steps]
    for frame in frames:
        runs.write(films.file(run.path, frame.step), films.pack(frame))
    runs.write(films.file(run.path, None), films.pack(frames[-1]))
    classes = np.arange(count) % 10 if labels else None
    still = FilmConstants(classes, tuple("0123456789") if labels else (), frames[0].reconstructions[::-1].copy())
    runs.write(run.path / "film" / "still.npz", films.pack(still))
    status.write(run.path, status.Status(state="done", step=steps[-1], total=steps[-1]))
    return run
