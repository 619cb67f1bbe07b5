"""Records the film of a training (vae.runs.film): frames with codes, images and the rate by dimension."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vae.data import Dataset
from vae.data.batches import Batches
from vae.model import LatentModel, from_prior
from vae.model.families import rate_by_dimension
from vae.runs import files, film
from vae.spec import Spec

SHARE = 20  # the live frame takes at most one part in so many of the time
LIVE_SECONDS, LONGEST = 0.3, 5.0  # limits of the interval: pages read twice a second
VALUES = 64_000  # most numbers of codes in a frame


def pixels(mean: Tensor, like: Tensor) -> np.ndarray:
    """Return decoded means in the data's type: uint8 for images, else float32."""
    if like.dtype != torch.uint8:
        return mean.float().cpu().numpy()
    return (mean.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


class Camera:
    """Records frames with the same validation examples and noise in each; training's random numbers are not affected.

    Frames of planned steps are saved in film/; the live frame is live.npz, saved within a twentieth of the time.
    """

    def __init__(self, path: Path, spec: Spec, total: int, dataset: Dataset, batches: Batches) -> None:
        self.path, self.spec, self.batches = path, spec, batches
        self.planned = frozenset(film.plan(total))
        self.next_live = 0.0
        self.cost = 0.0
        count = min(film.POINTS, max(100, VALUES // spec.latent), len(batches))
        generator = torch.Generator(device=batches.examples.device).manual_seed(spec.seed + 2)
        self.x = batches.take(slice(0, count), generator)
        self.labels = batches.given(slice(0, count))
        shown = batches.examples[: film.SHOWN]
        originals = shown.cpu().numpy()
        if shown.dtype == torch.uint8 and batches.levels != 255:
            originals = (originals.astype(np.float32) * (255 / batches.levels)).round().astype(np.uint8)
        labels = None if dataset.labels is None else dataset.labels[:count]
        (path / "film").mkdir(exist_ok=True)
        files.write(path / "film" / "still.npz", film.pack(film.FilmConstants(labels, dataset.classes, originals)))

    @torch.no_grad()
    def shoot(self, model: LatentModel, step: int) -> film.Frame:
        """Return the current frame; the model's mode and torch's generators are unchanged."""
        was_training = model.training
        model.eval()
        every = model.given(self.labels)
        shown = model.given(None if self.labels is None else self.labels[: film.SHOWN])
        q = every.encode(self.x)
        rate, samples = None, None
        like = self.batches.examples
        if every.prior is not None and shown.prior is not None:
            generator = torch.Generator(device=self.x.device).manual_seed(self.spec.seed)
            samples = pixels(shown.decode(from_prior(shown.prior(), 1, film.SHOWN, generator)[0]).mean, like)
            by_dimension = rate_by_dimension(q, every.prior())
            rate = None if by_dimension is None else by_dimension.mean(0).float().cpu().numpy()
        reconstructions = pixels(shown.decode(q.mean[: film.SHOWN]).mean, like)
        model.train(was_training)
        return film.Frame(step, q.mean.float().cpu().numpy(), rate, reconstructions, samples)

    def film(self, model: LatentModel, step: int, now: bool = False) -> None:
        """Save this step's frame if it is planned or the live frame is due; `now` saves the live frame at once."""
        began = time.monotonic()
        planned, live = step in self.planned, now or began >= self.next_live
        if not (planned or live):
            return
        frame = self.shoot(model, step)
        if planned:
            files.write(film.file(self.path, step), film.pack(frame), durable=False)
        if live:
            files.write(film.file(self.path, None), film.pack(frame, compressed=False), durable=False)
            cost = time.monotonic() - began
            # the first frame is far slower than all others, and must not delay the second
            self.next_live = began + min(max(LIVE_SECONDS, SHARE * min(cost, self.cost)), LONGEST)
            self.cost = cost
