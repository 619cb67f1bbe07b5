"""Shoots the film of a training (vae.film): codes, images and the rate by dimension at one moment."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from vae import film, runs
from vae.batches import Batches
from vae.data import Dataset
from vae.model import LatentModel
from vae.spec import Spec

SHARE = 20  # the newest frame costs about one part in so many of the time at most
LIVE_SECONDS, LONGEST = 0.3, 5.0  # a page looks twice a second; a slow model is seen now and then all the same
VALUES = 64_000  # of codes in a frame at most


def rate_by_dimension(q: Distribution, prior: Distribution) -> Tensor | None:
    """Return KL(q(z_j|x) || p(z_j)) [B, d] in nats where both factorise and torch knows the closed form, else None."""
    if not (isinstance(q, Independent) and isinstance(prior, Independent)):
        return None
    try:
        return kl_divergence(q.base_dist, prior.base_dist)
    except NotImplementedError:
        return None


def pixels(mean: Tensor, like: Tensor) -> np.ndarray:
    """Return decoded means as the data are: uint8 for images, float32 for anything else."""
    if like.dtype != torch.uint8:
        return mean.float().cpu().numpy()
    return (mean.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


class Camera:
    """Films a run with the same validation examples and the same noise at every shot; training's randomness is its own.

    A shot of a planned step goes to film/, the newest to live.npz as often as a twentieth of the time allows.
    """

    def __init__(self, path: Path, spec: Spec, total: int, dataset: Dataset, batches: Batches) -> None:
        self.path, self.spec, self.batches = path, spec, batches
        self.planned = frozenset(film.plan(total))
        self.next_live = 0.0
        self.cost = 0.0
        count = min(film.POINTS, max(100, VALUES // spec.latent), len(batches))
        generator = torch.Generator(device=batches.examples.device).manual_seed(spec.seed + 2)
        self.x = batches.take(slice(0, count), generator)
        shown = batches.examples[: film.SHOWN]
        originals = shown.cpu().numpy()
        if shown.dtype == torch.uint8 and batches.levels != 255:
            originals = (originals.astype(np.float32) * (255 / batches.levels)).round().astype(np.uint8)
        labels = None if dataset.labels is None else dataset.labels[:count]
        (path / "film").mkdir(exist_ok=True)
        runs.write(path / "film" / "still.npz", film.pack(film.Still(labels, dataset.classes, originals)))

    @torch.no_grad()
    def shoot(self, model: LatentModel, step: int) -> film.Frame:
        """Return the frame of this moment; the model's mode and torch's generators stay as they were."""
        was_training = model.training
        model.eval()
        q = model.encode(self.x)
        rate, samples = None, None
        like = self.batches.examples
        if model.prior is not None:
            with torch.random.fork_rng(devices=[self.x.device] if self.x.is_cuda else []):
                torch.manual_seed(self.spec.seed)
                prior = model.prior()
                samples = pixels(model.decode(prior.sample((film.SHOWN,))).mean, like)
            by_dimension = rate_by_dimension(q, prior)
            rate = None if by_dimension is None else by_dimension.mean(0).float().cpu().numpy()
        reconstructions = pixels(model.decode(q.mean[: film.SHOWN]).mean, like)
        model.train(was_training)
        return film.Frame(step, q.mean.float().cpu().numpy(), rate, reconstructions, samples)

    def film(self, model: LatentModel, step: int, now: bool = False) -> None:
        """Save this step's frame where the plan or the clock asks for it; `now` asks for the newest at once."""
        began = time.monotonic()
        planned, live = step in self.planned, now or began >= self.next_live
        if not (planned or live):
            return
        frame = self.shoot(model, step)
        if planned:
            runs.write(film.file(self.path, step), film.pack(frame), durable=False)
        if live:
            runs.write(film.file(self.path, None), film.pack(frame, compressed=False), durable=False)
            cost = time.monotonic() - began
            # the first shot is far slower than all others, and must not hold up the second
            self.next_live = began + min(max(LIVE_SECONDS, SHARE * min(cost, self.cost)), LONGEST)
            self.cost = cost
