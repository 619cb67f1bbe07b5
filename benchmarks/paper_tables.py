"""Reproduction of published numbers within a bounded time on a CPU.

    python benchmarks/paper_tables.py [--minutes 1.0] [--only NAME ...] [--out FOLDER] [--images 2000]

Every row is trained by Adam for its processor minutes times --minutes (one thread, so processor minutes are what one
core works), at a learning rate that falls as a cosine over that time; the best weights on the 5,000 held-out images of
the training set are kept, and the 10,000 test images are measured. Rows that name another as their start go on from its
weights. Results and weights are kept in FOLDER (default: paper_tables in the data folder): what is there is not trained
again, --only picks rows, `--only table` prints alone. Exits with 1 where a limit is missed.

log p(x) is bounded by L_K. Where K is 5,000 all 10,000 images are measured with L_100, and --images of them with L_5000
too: their mean difference is added (a control variate: the difference varies a tenth as much as the bound itself).
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from throughput import mnist_root

from vae import data
from vae.data.batches import Batches, prepare
from vae.evaluation.importance import bounds
from vae.model import LatentModel, build, draw
from vae.runs import write_json
from vae.spec import Spec, preset
from vae.spec.choices import PATHS
from vae.training import denormals
from vae.training.loop import State, fit

RATE = 1e-3  # Adam's initial learning rates; tanh networks learn faster at three times as much
BURDA = {"latent": 50, "encoder": {"kind": "mlp", "widths": [200, 200], "activation": "tanh"}}
IWAE = BURDA | {"path": "dreg"}  # the same objective; its gradient for q is steadier
DAVIDSON = {"encoder": {"kind": "mlp", "widths": [256, 128]}}
# without a warm-up, latents that are useless at first collapse for good
WARM = {"objective": {"kind": "elbo", "beta": {"schedule": "linear", "start": 0.0, "stop": 1.0, "steps": 43_000}}}
TOMCZAK = {"latent": 40, "encoder": {"kind": "mlp", "widths": [300, 300]}, "binarisation": "static"}
FEW = 100  # samples for every image, where a subset gets k


@dataclass(frozen=True)
class Row:
    """One training: processor minutes, the row it starts from, L_k, and the published log p(x) in nats."""

    table: str
    preset: str
    changes: dict[str, Any]
    minutes: float
    k: int
    published: float | None = None
    start: str | None = None
    rate: float = RATE

    @property
    def spec(self) -> Spec:
        """The whole training."""
        return preset(self.preset, **self.changes, epochs=10**6)


ROWS = {
    "d2": Row("Davidson et al. 2018", "vae", DAVIDSON | {"latent": 2}, 8, 500, -135.73),
    "d20": Row("Davidson et al. 2018", "vae", DAVIDSON | {"latent": 20} | WARM, 35, 500, -88.90),
    "vae-1": Row("Burda et al. 2016", "vae", BURDA, 45, 5000, -86.76, rate=3 * RATE),
    "vae-5": Row("Burda et al. 2016", "vae", BURDA | {"samples": 5}, 8, 5000, -86.47, "vae-1", 3 * RATE),
    "vae-50": Row("Burda et al. 2016", "vae", BURDA | {"samples": 50}, 10, 5000, -86.35, "vae-5", 3 * RATE),
    "iwae-5": Row("Burda et al. 2016", "iwae", IWAE | {"samples": 5}, 24, 5000, -85.54, "vae-1", 2 * RATE),
    "iwae-50": Row("Burda et al. 2016", "iwae", IWAE | {"samples": 50, "batch": 64}, 36, 5000, -84.78, "iwae-5"),
    "normal": Row("Tomczak & Welling 2018", "vae", TOMCZAK, 18, 500),
    "vamp": Row("Tomczak & Welling 2018", "vamp-vae", TOMCZAK, 18, 500),
    "flow": Row("Tomczak & Welling 2018", "flow-prior-vae", TOMCZAK, 18, 500),
}


def trained(
    spec: Spec, minutes: float, rate: float, start: dict[str, torch.Tensor] | None, say: Callable[[str], None]
) -> tuple[LatentModel, float]:
    """Return the best model on held-out images after so many processor minutes, and the epochs done."""
    train, valid = (prepare(data.load(spec.data, split), spec) for split in ("train", "valid"))
    # Where the processor multiplies bfloat16, a step takes four fifths as long, and one of many samples a third;
    # weights, sums and every measurement stay in single precision.
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    state = State.fresh(spec)
    if start is not None:
        state.model.load_state_dict(start)
    best, kept = -math.inf, deepcopy(state.model.state_dict())
    rate = rate / 2 if start else rate  # a continued model must not leave its minimum
    began, state.learning_rate = time.process_time(), rate
    for step in fit(state, spec, train, valid):
        used = (time.process_time() - began) / (60 * minutes)
        state.learning_rate = rate * (0.5 + 0.5 * math.cos(math.pi * min(used, 1.0))) + 1e-6
        if step.valid is not None:
            held = step.valid["objective"]
            if held is not None and held > best:
                best, kept = held, deepcopy(state.model.state_dict())
            say(f"epoch {step.epoch + 1}, {100 * used:.0f} %: held out {held:.2f}")
        if used >= 1 and (best > -math.inf or used > 2):
            break
    torch.backends.mkldnn.matmul.fp32_precision = "none"
    state.model.load_state_dict(kept)
    return state.model.eval(), state.step / math.ceil(len(train) / spec.batch)


def log_px(model: LatentModel, batches: Batches, k: int, n: int, rows: int = 50) -> list[float]:
    """Return L_k of the first n images, the binarisation and samples of image blocks from their own seeds."""
    found = []
    for start in range(0, n, rows):
        generator = torch.Generator().manual_seed(start)
        x = batches.take(slice(start, min(start + rows, n)), generator)
        found.append(bounds(model, x, k, generator).log_px)
    return torch.cat(found).tolist()


def measured(model: LatentModel, spec: Spec, k: int, images: int, published: float | None) -> dict[str, list[float]]:
    """Return L_k of all test images, or L_FEW of all and L_k of the first ones where k is large."""
    batches = prepare(data.load(spec.data, "test"), spec)
    if published is None:
        return {"all": log_px(model, batches, k, images)}
    if k <= 500:
        return {"all": log_px(model, batches, k, len(batches))}
    return {"all": log_px(model, batches, FEW, len(batches)), "some": log_px(model, batches, k, images)}


def estimate(result: dict[str, list[float]]) -> tuple[float, float]:
    """Return log p(x) per image with its standard error."""
    every = torch.tensor(result["all"], dtype=torch.float64)
    value, variance = every.mean(), every.var() / len(every)
    if "some" in result:
        more = torch.tensor(result["some"], dtype=torch.float64) - every[: len(result["some"])]
        value, variance = value + more.mean(), variance + more.var() / len(more)
    return value.item(), variance.sqrt().item()


def gain(result: dict[str, list[float]], base: dict[str, list[float]]) -> tuple[float, float]:
    """Return the mean difference of two models on the same images, with its standard error."""
    difference = torch.tensor(result["all"], dtype=torch.float64) - torch.tensor(base["all"], dtype=torch.float64)
    return difference.mean().item(), (difference.std() / len(difference) ** 0.5).item()


def variances(model: LatentModel, spec: Spec, draws: int = 200) -> list[tuple[str, int, float, float]]:
    """Return path, K, and the relative error of one gradient of q's parameters for the ELBO and for L_K, if it goes.

    The relative error is sqrt(trace of the covariance) / |mean|, over `draws` gradients at one batch of 50 images.
    """
    x = prepare(data.load(spec.data, "test"), spec).take(slice(0, 50), torch.Generator().manual_seed(0))
    parameters = [p for p in model.encoder.parameters() if p.requires_grad]
    rows = []
    for name in PATHS:
        for k in (1, 5, 50):
            errors = []
            for objective in ({"kind": "elbo"}, {"kind": "iwae"}):
                try:
                    value = build.objective(preset("vae", **BURDA, samples=k, path=name, objective=objective))
                except Exception:  # a path that this objective cannot take, or that wants more samples
                    errors.append(math.nan)
                    continue
                first, second = (torch.zeros(sum(p.numel() for p in parameters), dtype=torch.float64) for _ in range(2))
                generator = torch.Generator().manual_seed(1)
                for _ in range(draws):
                    loss = value(draw(model, x, k, name, generator), 0).mean()
                    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)]).double()
                    first += gradient
                    second += gradient.square()
                mean = first / draws
                variance = (second / draws - mean.square()).clamp_min(0).sum() * draws / (draws - 1)
                # |mean|^2 holds the noise of the mean too
                signal = (mean.square().sum() - variance / draws).clamp_min(1e-30)
                errors.append((variance / signal).sqrt().item())
            rows.append((name, k, *errors))
    return rows


def print_tables(results: dict[str, Any]) -> bool:
    """Print the available results; return whether every limit is met."""
    met = True

    def verdict(holds: bool) -> str:
        nonlocal met
        met &= holds
        return "met" if holds else "**missed**"

    print("| row | published | reached, nats | K | processor min | epochs | limit |\n|---|---|---|---|---|---|---|")
    for name, row in ROWS.items():
        if name not in results:
            continue
        found = results[name]
        value, error = estimate(found)
        limit = ""
        if row.published is not None:
            slack = 1.0 if row.table.startswith("Burda") else 0.0
            limit = f"≥ {row.published - slack:.2f} {verdict(value >= row.published - slack)}"
        elif name != "normal" and "normal" in results:
            more, more_error = gain(found, results["normal"])
            limit = f"{more:+.2f} ± {more_error:.2f} over N(0, I)"
        after = f", after {row.start}" if row.start else ""
        published = "" if row.published is None else f"{row.published:.2f}"
        print(
            f"| {row.table}, {name}{after} | {published} | {value:.2f} ± {error:.2f} | {row.k:,} | "
            f"{found['minutes']:.1f} | {found['epochs']:.0f} | {limit} |"
        )
    if all(n in results for n in ("normal", "vamp", "flow")):
        best = max(gain(results[n], results["normal"])[0] for n in ("vamp", "flow"))
        print(f"\nThe better prior gains {best:.2f} nats on static MNIST; ≥ 2 {verdict(best >= 2)}.")
    if all(n in results for n in ("vae-1", "iwae-5", "iwae-50")):
        values = [estimate(results[n])[0] for n in ("vae-1", "iwae-5", "iwae-50")]
        print(f"IWAE k = 1, 5, 50 in the published order: {verdict(values == sorted(values))}.")
    if all(n in results for n in ("vae-1", "vae-5", "vae-50")):
        values = [estimate(results[n])[0] for n in ("vae-1", "vae-5", "vae-50")]
        print(f"VAE k = 1, 5, 50 in the published order: {verdict(values == sorted(values))}.")
    if "variance" in results:
        print("\n| gradient path | K | ELBO | L_K |\n|---|---|---|---|")
        for name, k, *errors in results["variance"]:
            cells = " | ".join("–" if math.isnan(e) else f"{e:.2f}" for e in errors)
            print(f"| {name} | {k} | {cells} |")
    return met


def main() -> int:
    """Train and measure what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="times each row's own processor minutes")
    parser.add_argument("--images", type=int, default=2000, help="test images measured with L_5000, or compared")
    parser.add_argument("--only", nargs="+", choices=[*ROWS, "variance", "table"], default=[*ROWS, "variance"])
    parser.add_argument("--out", type=Path, default=data.data_root() / "paper_tables")
    options = parser.parse_args()
    os.environ["LATENT_DATA"] = str(mnist_root())
    torch.set_num_threads(1)
    denormals.flush()
    options.out.mkdir(parents=True, exist_ok=True)

    def kept() -> dict[str, Any]:
        files = [f for f in sorted(options.out.glob("*.json")) if f.stem in {*ROWS, "variance"}]
        return {file.stem: json.loads(file.read_text()) for file in files}

    def weights(name: str) -> dict[str, torch.Tensor]:
        try:
            return load_file(options.out / f"{name}.safetensors")
        except FileNotFoundError:
            raise SystemExit(f"train {name} first: python benchmarks/paper_tables.py --only {name}") from None

    for name in [n for n in options.only if n in ROWS and not (options.out / f"{n}.json").exists()]:
        row = ROWS[name]
        start = weights(row.start) if row.start else None

        def say(text: str, name: str = name) -> None:
            print(f"  {name}, {text}", file=sys.stderr, flush=True)

        minutes = row.minutes * options.minutes
        model, epochs = trained(row.spec, minutes, row.rate, start, say)
        save_file(model.state_dict(), options.out / f"{name}.safetensors")
        found = measured(model, row.spec, row.k, options.images, row.published)
        write_json(options.out / f"{name}.json", found | {"minutes": minutes, "epochs": epochs})
    if "variance" in options.only and not (options.out / "variance.json").exists():
        model = build.model(ROWS["vae-1"].spec)
        model.load_state_dict(weights("vae-1"))
        write_json(options.out / "variance.json", variances(model, ROWS["vae-1"].spec))
    return 0 if print_tables(kept()) else 1


if __name__ == "__main__":
    sys.exit(main())
