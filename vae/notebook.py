"""The interface for notebooks and scripts: train, load and evaluate a model in a line each."""

import time
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from vae import data as datasets
from vae import runs
from vae.data import DataError
from vae.data.batches import Batches, prepare
from vae.data.completion import complete
from vae.data.recommended import misfit, recommended
from vae.evaluation import evaluate as measure
from vae.evaluation.missing import SAMPLES, Missing, missing
from vae.model import LatentModel
from vae.model.latent_model import from_prior
from vae.runs import Run, RunError, status
from vae.runs.load import held_out, load_model
from vae.spec import Spec, SpecError, preset
from vae.training import denormals, finish, launch
from vae.training.progress import progress
from vae.training.trainer import Finish, Trainer


def train(
    model: str | Spec,
    data: str | None = None,
    *,
    name: str | None = None,
    k: int = 100,
    n: int | None = None,
    device: str = "cpu",
    show_progress: bool = True,
    **changes: Any,
) -> Run:
    """Train a model in this process and return its run, a folder among the user's runs.

    `model` is a preset's name (`vae.PRESETS`) or a Spec, `changes` are fields of Spec: `train("beta-vae",
    data="digits", latent=8, epochs=5)`. A preset on `data` is what the app recommends there (networks of their size,
    epochs for about half a minute), except for `changes`. A Spec on `data` takes what follows from them unless
    `changes` contain it: shape, classes, grey levels, and no binarisation unless the data are grey pixels.

    The run's `name` is PRESET-DATA if none is given, with a number if that is taken; the app and `vae.load` find it by
    this name, below `vae.data.data_root()`. After training it is evaluated on `n` test examples (None: all) with `k`
    importance samples: `run.metrics`, in nats per example. An interrupt (Ctrl-C, or the notebook's stop) ends training
    early, and the run is evaluated and returned.

    Raises SpecError or DataError before anything is created, RunError if the name is taken or the training fails.
    """
    spec = _spec(model, data, changes)
    launch.Options(device=device, k=k, n=n).check(spec)
    prepare(datasets.load(spec.data, "valid", n=1), spec)  # refuses what does not fit the data
    run = runs.create(runs.user_runs() / _name(spec, name), spec)
    command = f"python -m vae train {run.name}"
    runs.write_json(run.path / "meta.json", {"owner": "local", "created": time.time(), "command": command})
    with denormals.flushed(), progress(run.name, show_progress) as watch:
        code = Trainer(Run(run.path), device, Finish(k, n), command, watch, finishing=watch.finishing)()
    if code:
        now = status.read(run.path)
        raise RunError(now.message if now is not None else f"Training ended with exit code {code}.")
    return Run(run.path)


def load(run: str | Path | Run) -> "Model":
    """Return a trained model by its name (`vae models` lists them), its folder or its run; raises RunError."""
    found = runs.open_run(run)
    module = load_model(found).requires_grad_(False)
    return Model(found, module)


def evaluate(
    run: "str | Path | Run | Model", data: str | None = None, k: int = 100, n: int | None = None
) -> dict[str, Any]:
    """Return a model's numbers on the test split, each {"value", "se", "n", "units"}: a mean and its standard error.

    "distortion" is -E_q[log p(x|z)], "rate" KL(q(z|x) || p(z)), "elbo" their negative sum, and "log_px" the
    importance-weighted bound of `k` samples, with "ess", their effective number: nats per example. An autoencoder has a
    distortion only. "data" and "split" name the data: the run's own, or those named `data`. The first `n` examples are
    used (None: all), always with the same noise; nothing is saved.

    Raises RunError or DataError.
    """
    model = run if isinstance(run, Model) else load(run)
    spec = model.spec
    dataset, batches = held_out(model.run, name=data)
    shown = spec.data_name if data is None else f"{data} ({spec.binarisation} binarisation)"
    with denormals.flushed():
        found = measure(model.module, batches, k, spec.seed, n)
    return finish.metrics(found, shown, dataset.split, k)


@dataclass(frozen=True)
class Model:
    """A trained model of a run: p(z), p(x|z) and q(z|x) as torch distributions; nothing is sampled unless asked.

    Methods accept numpy arrays and tensors of any numeric type. `module` is the torch module, whose weights are frozen:
    gradients flow to x and z only.
    """

    run: Run
    module: LatentModel

    @property
    def spec(self) -> Spec:
        """The spec of the model and its training."""
        return self.run.spec

    def encode(self, x: Any, labels: Any = None) -> Distribution:
        """Return q(z|x) of examples x [..., *spec.shape]: `.mean` [..., d] are the codes, `.stddev` their widths.

        uint8 x are pixels as in the dataset: they are scaled, or binarised by one fixed draw, as in training. Other
        types are the encoder's input itself, for pixels in [0, 1]. A model that is conditioned on labels needs them:
        whole numbers [...]. Raises DataError for another shape.
        """
        x = torch.as_tensor(x)
        self._check(x, self.spec.shape, "x")
        return self._given(labels).encode(self._pixels(x))

    def decode(self, z: Any, labels: Any = None) -> Distribution:
        """Return p(x|z) of latents z [..., d]: `.mean` [..., *spec.shape] are the images, for pixels in [0, 1].

        A model that is conditioned on labels needs them: whole numbers [...]. Raises DataError for another d.
        """
        z = torch.as_tensor(z)
        self._check(z, (self.spec.latent,), "z")
        return self._given(labels).decode(self._cast(z))

    def sample(self, n: int, seed: int = 0, labels: Any = None) -> Tensor:
        """Return n draws z [n, d] of the prior p(z), or of p(z|y) for labels [n]; TypeError for an autoencoder."""
        prior = self._given(labels).prior
        if prior is None:
            raise TypeError(f"{self.run.name} is an autoencoder: it has no prior to draw from")
        return from_prior(prior(), 1, n, torch.Generator().manual_seed(seed))[0]

    def missing(self, x: Any, seen: Any, samples: int = SAMPLES, seed: int = 0, label: int | None = None) -> Missing:
        """Return p(x_m|x_o): what the model says of the values of one example x [*spec.shape] that are not `seen`.

        `seen` is True where a value is known, [*spec.shape], or [H, W] for all channels of an image. The result has
        `.mean`, `.variance` and `.samples`, with the seen values in their places, and p(z|x_o): exact for at most two
        latents, by Markov chains beyond (`.r_hat` near 1 where they agree). Raises DataError for other shapes, and
        ValueError for an autoencoder.
        """
        x, seen = torch.as_tensor(x), torch.as_tensor(seen).bool()
        shape = self.spec.shape
        if tuple(x.shape) != shape or tuple(seen.shape) not in (shape, shape[1:]):
            raise DataError(
                f"{self.run.name} takes one example of shape {list(shape)} and what is seen of it, not {list(x.shape)} "
                f"and {list(seen.shape)}."
            )
        given = self._given(None if label is None else torch.tensor(label))
        return missing(given, self._pixels(x), seen.expand(shape), samples, seed)

    def _check(self, values: Tensor, shape: tuple[int, ...], what: str) -> None:
        if tuple(values.shape[values.ndim - len(shape) :]) != shape:
            raise DataError(
                f"{self.run.name} takes {what} of shape [..., {', '.join(map(str, shape))}], not {list(values.shape)}."
            )

    def _cast(self, values: Tensor) -> Tensor:
        return values.to(next(self.module.parameters()))

    def _pixels(self, x: Tensor) -> Tensor:
        """Return the encoder's input for uint8 pixels of the dataset; other types are only cast."""
        dataset = datasets.describe(self.spec.data)
        if x.dtype != torch.uint8 or not dataset.pixels:
            return self._cast(x)
        generator = torch.Generator().manual_seed(self.spec.seed)
        flat = Batches(x.reshape(-1, *self.spec.shape), dataset.levels, self.spec.binarisation != "none")
        return self._cast(flat.take(slice(None), generator).reshape(x.shape))

    def _given(self, labels: Any) -> LatentModel:
        if bool(self.spec.labels) != (labels is not None):
            wants = f"labels from 0 to {self.spec.labels - 1}" if self.spec.labels else "no labels"
            raise DataError(f"{self.run.name} takes {wants}.")
        return self.module if labels is None else self.module.given(torch.as_tensor(labels).long())


def _spec(model: str | Spec, data: str | None, changes: dict[str, Any]) -> Spec:
    """Return the spec of a preset or of another spec with changes, completed from the data."""
    if isinstance(model, Spec) or data is None:
        base = vars(model if isinstance(model, Spec) else preset(model))
    else:
        if unfit := misfit(model, data):
            raise SpecError(unfit)
        base = vars(recommended(model, data))
    if unknown := changes.keys() - {field.name for field in fields(Spec)}:
        raise SpecError(f"A spec has no {', '.join(sorted(unknown))}. It has {', '.join(base)}.")
    if data is None:
        if isinstance(model, str):
            raise SpecError(
                f"A preset needs data: train({model!r}, data=NAME), NAME one of {', '.join(datasets.NAMES)}."
            )
        return Spec(**base | changes)
    return Spec(**complete(base | changes, datasets.describe(data), changes))


def _name(spec: Spec, name: str | None) -> str:
    """Return a run's name; without one, the first of PRESET-DATA, PRESET-DATA-2, ... that is free."""
    if name is None:
        base = f"{spec.preset}-{spec.data}"
        name = next(n for i in count(1) if not (runs.user_runs() / (n := base if i == 1 else f"{base}-{i}")).exists())
    if not runs.NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: use lower-case letters, digits, dots, dashes and underscores")
    return name
