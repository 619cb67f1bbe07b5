"""The command line: `python -m vae train | models | evaluate | encode | expost | export | ...`, see --help."""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from vae import data, runs
from vae.data import DataError
from vae.runs import Run, RunError, status
from vae.spec import PRESETS, Spec, SpecError, preset
from vae.spec.heads import PRIORS, heads

P = ParamSpec("P")
T = TypeVar("T")


def _flushed(command: Callable[P, T]) -> Callable[P, T]:
    """Run a command without denormal numbers (vae.training.denormals); torch is imported when it runs."""

    @wraps(command)
    def quick(*args: P.args, **kwargs: P.kwargs) -> T:
        from vae.training import denormals

        with denormals.flushed():
            return command(*args, **kwargs)

    return quick


def _number_list(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vae", description="Train, list and evaluate latent variable models."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train a preset, or a run folder to its end")
    train.add_argument(
        "target", nargs="?", metavar="PRESET|RUN", help=f"a run's name or folder, or {', '.join(PRESETS)}"
    )
    train.add_argument("--resume", metavar="RUN", help="the same as RUN; --epochs extends it")
    train.add_argument("--name", help="the run's name (default: preset-data)")
    train.add_argument("--out", type=Path, help="the folder that holds runs (default: the user's)")
    train.add_argument("--data", help=", ".join(data.NAMES))
    train.add_argument("--size", type=int, help="train on this many examples only")
    train.add_argument("--latent", type=int, help="latent dimensions d")
    train.add_argument("--net", choices=["linear", "mlp", "conv"])
    train.add_argument("--widths", type=_number_list, help="an mlp's hidden widths, encoder order: 256,128")
    train.add_argument("--channels", type=_number_list, help="a conv net's channels, from the image inwards")
    train.add_argument("--activation")
    train.add_argument("--likelihood", choices=[name for name, h in heads({}).items() if h.likelihood])
    train.add_argument("--sigma", help="the likelihood's scale: each, shared or a number")
    train.add_argument("--posterior", choices=[name for name, h in heads({}).items() if h.posterior])
    train.add_argument("--prior", choices=PRIORS)
    train.add_argument("--path", help="the gradient path, such as stl or dreg")
    train.add_argument("--binarisation", choices=["dynamic", "static", "none"])
    train.add_argument("--beta", type=float, help="the ELBO's weight of the rate")
    train.add_argument("--warm-up", type=int, metavar="STEPS", help="raise beta linearly from 0 over so many steps")
    train.add_argument("--samples", type=int, help="samples K of z per example")
    train.add_argument("--epochs", type=int)
    train.add_argument("--batch", type=int)
    train.add_argument("--lr", type=float, help="learning rate")
    train.add_argument("--cosine", action="store_true", help="let the learning rate fall to 0 along a cosine")
    train.add_argument("--seed", type=int)
    train.add_argument("--keep", choices=["best", "last"])
    train.add_argument("--threads", type=int, help="torch's CPU threads")
    train.add_argument("--device", default="cpu")
    train.add_argument("--processes", type=int, default=1, help="train data-parallel in so many processes")
    train.add_argument("--k", type=int, default=100, help="importance samples of the final evaluation")
    train.add_argument("--n", type=int, help="test examples of the final evaluation (default: all)")

    commands.add_parser("models", help="list the runs on this machine")
    evaluate = commands.add_parser("evaluate", help="bounds on held-out data, with standard errors")
    evaluate.add_argument("model")
    evaluate.add_argument("--data", help="evaluate on other data of the same shape (then nothing is saved)")
    evaluate.add_argument("--k", type=int, default=100)
    evaluate.add_argument("--table", action="store_true", help="the whole table: bounds, truth, information, codes")
    evaluate.add_argument("--n", type=int)
    for name, text in (("encode", "make a run's codes again"), ("atlas", "pre-decode a run's map")):
        commands.add_parser(name, help=text).add_argument("model")
    diagnose = commands.add_parser("diagnose", help="say what is wrong with a model, and keep what that rests on")
    diagnose.add_argument("model")
    expost = commands.add_parser("expost", help="fit a density to a run's codes, to sample from")
    expost.add_argument("model")
    expost.add_argument("--kind", choices=["mixture", "flow"], default="mixture")
    expost.add_argument("--components", type=int, help="of the mixture (default: by BIC)")
    embed = commands.add_parser("embed", help="lay out the codes of more than two latents on a map, and keep it")
    embed.add_argument("model")
    embed.add_argument("--method", choices=["tsne", "umap"], default="umap")
    embed.add_argument("--threads", type=int, default=1)
    export = commands.add_parser("export", help="write a run's history for other tools")
    export.add_argument("model")
    export.add_argument("--tensorboard", action="store_true", help="as TensorBoard event files in RUN/tensorboard")
    export.add_argument("--out", type=Path, help="another folder")
    commands.add_parser("fetch", help="download a dataset").add_argument("data")
    commands.add_parser("worker", help="wait for one run on standard input, then train it (the queue starts these)")
    commands.add_parser("engine", help="work off the queue without the app")
    return parser


def _spec(a: argparse.Namespace) -> Spec:
    """Return the spec of the command line, completed with the data's shape and size."""
    if a.target is None or a.data is None:
        raise SpecError("train needs a PRESET and --data NAME, or a RUN")
    preset(a.target)  # raises for an unknown name
    base = PRESETS[a.target][1]
    train_set = data.load(a.data, "train", n=a.size)
    changes: dict[str, Any] = {"data": a.data, "shape": tuple(train_set.shape), "size": a.size}
    for name in ("latent", "binarisation", "samples", "path", "epochs", "batch", "seed", "keep"):
        if getattr(a, name) is not None:
            changes[name] = getattr(a, name)
    if train_set.binary:
        changes["binarisation"] = "none"
    network = dict(base.get("encoder", Spec().encoder)) if a.net is None else {"kind": a.net}
    for name in ("widths", "channels", "activation"):
        if getattr(a, name) is not None:
            network[name] = getattr(a, name)
    changes["encoder"] = network
    for name in ("posterior", "prior"):
        if getattr(a, name) is not None:
            changes[name] = {"kind": getattr(a, name)}
    likelihood = dict(base.get("likelihood", Spec().likelihood))
    if a.likelihood is not None or a.sigma is not None:
        likelihood = {"kind": a.likelihood or ("normal" if "sigma" not in likelihood else likelihood["kind"])}
        if a.sigma is not None:
            likelihood["sigma"] = a.sigma if a.sigma in ("each", "shared") else float(a.sigma)
    if likelihood["kind"] == "discretised_logistic":
        likelihood["levels"] = train_set.levels
    changes["likelihood"] = likelihood
    if base.get("condition"):
        changes["condition"] = {**base["condition"], "classes": len(train_set.classes)}
    objective = dict(base["objective"])
    if a.beta is not None:
        objective["beta"] = a.beta
    if a.warm_up:
        stop = objective.get("beta", 1.0)
        objective["beta"] = {"schedule": "linear", "start": 0.0, "stop": stop, "steps": a.warm_up}
    changes["objective"] = objective
    epochs, batch = changes.get("epochs", Spec().epochs), changes.get("batch", Spec().batch)
    if a.lr is not None:
        changes["learning_rate"] = a.lr
    if a.cosine:
        steps = epochs * -(-len(train_set) // batch)
        start = changes.get("learning_rate", 1e-3)
        changes["learning_rate"] = {"schedule": "cosine", "start": start, "stop": 0.0, "steps": steps, "warmup": 500}
    return preset(a.target, **changes)


def _target(a: argparse.Namespace, command: str) -> Run:
    """Return the run to train: one that is there, or a new one of the preset and options."""
    from vae.data.batches import prepare

    name = a.resume or (a.target if a.target not in PRESETS else None)
    if name and ("/" in name or a.resume or a.data is None):
        run = runs.open_run(name)
        if a.epochs:
            runs.write(run.path / "spec.json", replace(run.spec, epochs=a.epochs).to_json())
        return Run(run.path)
    spec = _spec(a)
    spec.build_objective()
    name = a.name or f"{a.target}-{a.data}"
    if not runs.NAME.fullmatch(name):
        raise RunError(f"{name!r} is no run name: use lower-case letters, digits, dots, dashes and underscores")
    prepare(data.load(spec.data, "valid", n=1), spec)  # refuse what does not fit before a folder is made
    run = runs.create((a.out or runs.user_runs()) / name, spec)
    runs.write_json(run.path / "meta.json", {"owner": "local", "created": time.time(), "command": command})
    return Run(run.path)


@_flushed
def _train(a: argparse.Namespace, command: str) -> int:
    """Train to the end or a stop, with a progress bar on a terminal; return the trainer's exit code."""
    import torch

    from vae.training import parallel
    from vae.training.progress import progress
    from vae.training.trainer import Finish, Trainer

    if a.threads:
        torch.set_num_threads(a.threads)
    run = _target(a, command)
    command = run.meta.get("command", command)
    if a.processes > 1 and "RANK" not in os.environ:
        options = [word for name in ("threads", "device", "k", "n") if (value := getattr(a, name)) is not None
                   for word in (f"--{name}", str(value))]  # fmt: skip
        return parallel.launch(run.path, a.processes, options)
    team, device = parallel.join(a.device)
    with team, progress(run.name, None if team.leads else False) as watch:
        code = Trainer(run, device, Finish(a.k, a.n), command, watch, team)()
    now = status.read(run.path)
    if not team.leads or now is None:
        return code
    if now.message:
        print(f"{now.state}: {now.message}", file=sys.stderr)
    if now.state == "stopped":
        print(f"Stopped; continue with: python -m vae train {run.path}", file=sys.stderr)
    if now.ended and (run.path / "metrics.json").is_file():
        print(f"{run.path}\n{json.dumps(Run(run.path).metrics, indent=2)}")
    return code


def _models() -> None:
    for run in runs.library():
        if isinstance(run, runs.Broken):
            print(f"{run.name:28}  unreadable: {run.reason}")
            continue
        entry = run.metrics.get("elbo") or run.metrics.get("distortion")
        kind = "ELBO" if "elbo" in run.metrics else "distortion"
        number = f"{kind} {entry['value']:.2f} ± {entry['se']:.2f} nats" if entry else "not evaluated"
        print(f"{run.name:28}  {run.spec.latent:3}-D {run.spec.preset:22} {run.spec.data_name:32} {number}")


@_flushed
def _evaluate(a: argparse.Namespace) -> None:
    from vae.evaluation import evaluate
    from vae.evaluation import run_table as report
    from vae.runs.load import held_out, load_model
    from vae.training import finish

    run = runs.open_run(a.model)
    if a.table:
        for row in report.table(run):
            value = f"{row['value']:12.4f} ± {row['se']:<9.4f} {row['units']:6}"
            print(f"{row['name']:22} {value} n = {row['n']:<6,} {row['note']}")
        return
    dataset, batches = held_out(run, name=a.data)
    name = run.spec.data_name if a.data is None else f"{a.data} ({run.spec.binarisation} binarisation)"
    numbers = finish.metrics(evaluate(load_model(run), batches, a.k, run.spec.seed, a.n), name, dataset.split, a.k)
    if a.data in (None, run.spec.data):
        kept = {k: run.metrics[k] for k in ("command", "train_seconds", "hardware") if k in run.metrics}
        runs.write_json(run.path / "metrics.json", numbers | kept)
        runs.write(run.path / "card.md", finish.card(run, run.spec, numbers | kept))
    print(json.dumps(numbers, indent=2))


@_flushed
def _diagnose(a: argparse.Namespace) -> None:
    from vae.diagnosis import cards as verdicts
    from vae.diagnosis import report
    from vae.diagnosis.verdict import Absent

    run = runs.open_run(a.model)
    found = verdicts.judge(run.spec, report.diagnose(run, keep=True))
    worst = verdicts.main(found)
    print("healthy" if worst is None else verdicts.TITLES[worst.name])
    for name, finding in found.items():
        if finding is not None:
            word = "absent" if isinstance(finding, Absent) else finding.severity.name.lower()
            text = finding.reason if isinstance(finding, Absent) else finding.sentence
            print(f"{verdicts.CARDS[name].title:22} {word:8} {text}")


def _embed(a: argparse.Namespace) -> None:
    from vae.geometry import embedding

    codes = runs.open_run(a.model).codes

    def say(share: float, text: str) -> None:
        print(f"{share:.0%} {text}", flush=True)

    found = embedding.embed(codes, a.method, threads=a.threads, say=say)
    embedding.keep(codes, found)
    print(f"trustworthiness {found.trust:.3f} ± {found.trust_se:.3f}, {found.seconds:.1f} s", flush=True)


def _export(a: argparse.Namespace) -> None:
    from vae.runs import export

    if not a.tensorboard:
        raise RunError("say what to export to: --tensorboard")
    run = runs.open_run(a.model)
    folder = a.out or run.path / "tensorboard"
    print(f"{export.tensorboard(run, folder)} scalars written; look at them with: tensorboard --logdir {folder}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors that a person can mend are one line on standard error and exit status 2."""
    words = sys.argv[1:] if arguments is None else arguments
    a = _parser().parse_args(words)
    try:
        if a.command == "train":
            return _train(a, shlex.join(["python", "-m", "vae", *words]))
        if a.command == "worker":
            from vae.jobs import worker

            return worker.main()
        if a.command == "engine":
            from vae.jobs import engine

            return engine.serve()
        elif a.command == "models":
            _models()
        elif a.command == "evaluate":
            _evaluate(a)
        elif a.command == "expost":
            from vae.density import expost

            expost.of_run(runs.open_run(a.model), a.kind, components=a.components)
        elif a.command == "diagnose":
            _diagnose(a)
        elif a.command == "embed":
            _embed(a)
        elif a.command == "export":
            _export(a)
        elif a.command == "fetch":
            data.fetch(a.data, progress=lambda message: print(message, flush=True))
        else:
            from vae.runs.load import load_model
            from vae.training import finish

            run = runs.open_run(a.model)
            model = load_model(run)
            codes = finish.encode(run, model)
            if a.command == "atlas":
                finish.atlas(run, model, codes)
    except (RunError, SpecError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
