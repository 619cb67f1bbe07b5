"""Five deliberately faulty models, each with one cause, to show every verdict: `python -m
vae.diagnosis.examples [NAME ...]` trains them again on the embedded digits, each in some ten seconds."""

import shutil
import sys
from typing import Any, NamedTuple

from vae import runs
from vae.data import DEFAULT, describe
from vae.runs import Run
from vae.spec import Spec, preset

_ON_DIGITS: dict[str, Any] = {
    "data": DEFAULT,
    "shape": describe(DEFAULT).shape,
    "encoder": {"kind": "mlp", "widths": [64, 32]},
    "batch": 64,
    "epochs": 60,
    "learning_rate": {"schedule": "cosine", "start": 3e-3, "stop": 0.0, "steps": 1260, "warmup": 100},
}


class Example(NamedTuple):
    """A faulty model: its texts, its expected verdict, and its spec as a preset with changes."""

    title: str
    note: str
    diagnosis: str
    preset: str
    changes: dict[str, Any]


def _grey(sigma: str | float) -> dict[str, Any]:
    return {"likelihood": {"kind": "normal", "sigma": sigma}, "binarisation": "none"}


EXAMPLES = {
    "unhealthy-collapsed": Example(
        "Collapsed",
        "The σ of the likelihood is 1, three times the spread of the pixels, so no information saves what it costs.",
        "collapsed",
        "vae",
        _grey(1.0),
    ),
    "unhealthy-over-regularised": Example(
        "Over-regularised",
        "With β = 4 each nat of rate must save four nats of distortion, so the code carries too little.",
        "over-regularised",
        "beta-vae",
        {**_grey(0.2), "latent": 4, "objective": {"kind": "elbo", "beta": 4.0}},
    ),
    "unhealthy-beta-0": Example(
        "β = 0",
        "The rate is free, so the model is almost an autoencoder and its posteriors are nearly points.",
        "under-regularised",
        "vae",
        {"objective": {"kind": "elbo", "beta": 0.0}},
    ),
    "unhealthy-sigma": Example(
        "σ too small",
        "The σ of the likelihood is 0.05, but the residuals are four times as large.",
        "sigma",
        "vae",
        _grey(0.05),
    ),
    "unhealthy-holes": Example(
        "Holes",
        "A Wasserstein autoencoder with an MMD weight of 0, so nothing pulls its codes to the prior.",
        "holes",
        "wae",
        {
            **_grey("shared"),
            "posterior": {"kind": "normal", "sigma": 0.2},
            "objective": {"kind": "mmd", "weight": 0.0, "beta": 0.0},
        },
    ),
}


def spec(name: str) -> Spec:
    """Return the spec of an example."""
    example = EXAMPLES[name]
    return preset(example.preset, **{**_ON_DIGITS, **example.changes})


def make(name: str) -> Run:
    """Train an example again and replace the existing one."""
    from vae.diagnosis import report
    from vae.training.trainer import Finish, Trainer

    path = runs.examples() / name
    shutil.rmtree(path, ignore_errors=True)
    run = runs.create(path, spec(name))
    runs.write_json(path / "meta.json", {"title": EXAMPLES[name].title, "note": EXAMPLES[name].note})
    code = Trainer(run, finish=Finish(100), command=f"python -m vae.diagnosis.examples {name}")()
    if code:
        raise SystemExit(code)
    for file in ("state.pt", "previous.pt", "status.json", "control.json", "worker.lock", "live.npz"):
        (path / file).unlink(missing_ok=True)
    shutil.rmtree(path / "film", ignore_errors=True)
    report.diagnose(Run(path), keep=True, beside=True)  # these come with the project
    return Run(path)


def main(names: list[str]) -> None:
    """Train the named examples, or all."""
    import torch

    torch.set_num_threads(1)  # one thread, so that sums have the same order on every machine
    for name in names or EXAMPLES:
        run = make(name)
        print(run.path, {k: v["value"] for k, v in run.metrics.items() if isinstance(v, dict)})


if __name__ == "__main__":
    main(sys.argv[1:])
