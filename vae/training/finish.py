"""The steps after training: codes, metrics, atlas and model card, which the app shows."""

import io
import math
import platform
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae.evaluation import Estimate, evaluate
from vae.evaluation.importance import CHUNK, ROWS
from vae.geometry import plane
from vae.model import LatentModel
from vae.model.families import bits_per_dim
from vae.runs import SHOWN_LABEL, Codes, Run, files, measured
from vae.runs.load import held_out, load_model
from vae.spec import Spec, layers, presets, work

ATLAS_SIDE = 64
UNITS = {"ess": "samples"}
PATIENCE = 60.0  # seconds that the measurement after training takes at most, unless a number of examples is asked for
NUMBERS = 1e8  # results of a decoder's layers that are in memory at once
Say = Callable[[float, str], None]


def silent(share: float, text: str) -> None:
    """Report nothing."""


@torch.no_grad()
def encode(run: Run, model: LatentModel, n: int | None = None, say: Say = silent) -> Codes:
    """Save and return the posterior means and scales of the test split, with one fixed binarisation.

    `say` receives the progress: the share that is done, and what is done now.
    """
    dataset, batches = held_out(run, n)
    generator = torch.Generator().manual_seed(run.spec.seed)
    means, scales = [], []
    for start in range(0, len(batches), 1000):
        part = slice(start, start + 1000)
        q = model.given(batches.given(part)).encode(batches.take(part, generator))
        means.append(q.mean)
        if run.spec.probabilistic:
            scales.append(q.stddev)
        say(min(part.stop, len(batches)) / len(batches), f"encoding {len(batches):,} images")
    widths = torch.cat(scales).numpy() if scales else None
    codes = with_components(Codes(torch.cat(means).numpy(), widths, dataset.labels, dataset.classes, dataset.split))
    files.write(run.path / "codes.npz", codes.to_bytes())
    return codes


def with_components(codes: Codes) -> Codes:
    """Return codes with their principal components, if they have more than two dimensions."""
    if codes.means.shape[1] <= 2:
        return codes
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="full").fit(codes.means)
    found = {"mean": pca.mean_, "components": pca.components_, "explained": pca.explained_variance_ratio_}
    return replace(codes, **{name: values.astype(np.float32) for name, values in found.items()})


@torch.no_grad()
def atlas(run: Run, model: LatentModel, codes: Codes, say: Say = silent) -> None:
    """Save the default plane decoded, uint8 [G, G, C, H, W] (rows upwards), for decoders that browsers cannot run."""
    view = plane.default(codes)
    points = view.to_plane(codes.means)
    low, high = points.min(0), points.max(0)
    axes = [np.linspace(low[i], high[i], ATLAS_SIDE) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes), -1)  # [row = y ascending, column = x ascending, 2]
    z = torch.from_numpy(view.to_latent(grid).astype(np.float32)).reshape(-1, run.spec.latent)
    if run.spec.condition is not None:
        model = model.given(torch.tensor(SHOWN_LABEL))
    means = []
    for i, part in enumerate(parts := z.split(256)):
        means.append(model.decode(part).mean)
        say((i + 1) / len(parts), f"decoding {len(z):,} points")
    tiles = torch.cat(means)
    pixels = (tiles.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    buffer = io.BytesIO()
    extent = np.array([low[0], high[0], low[1], high[1]], dtype=np.float32)
    np.savez_compressed(buffer, tiles=pixels.reshape(ATLAS_SIDE, ATLAS_SIDE, *run.spec.shape), extent=extent)
    files.write(run.path / "atlas.npz", buffer.getvalue())


def rows_at_once(spec: Spec) -> int:
    """Return how many examples are measured at once: fewer for a decoder whose layers have many results."""
    each = work.values(spec.decoder_layers(), (spec.latent,)) * CHUNK
    return max(1, min(ROWS, int(NUMBERS / each)))


def metrics(numbers: dict[str, Estimate], data_name: str, split: str, k: int) -> dict[str, Any]:
    """Return evaluation results as JSON content, each with standard error, count and unit."""
    content: dict[str, Any] = {"data": data_name, "split": split}
    for name, estimate in numbers.items():
        content[name] = asdict(estimate) | {"units": UNITS.get(name, "nats")}
    if "log_px" in content:
        content["log_px"]["k"] = k
        content["log_px"]["ess"] = content.pop("ess")["value"]
    return content


TITLES = {
    "log_px": "log p(x), importance-weighted bound L_{k}",
    "elbo": "ELBO",
    "distortion": "Distortion −E[log p(x\\|z)]",
    "rate": "Rate KL(q‖p)",
}


def known(number: float | None) -> bool:
    """Return whether a number is there; JSON has null for one that is not finite."""
    return number is not None and math.isfinite(number)


def card(run: Run, spec: Spec, numbers: dict[str, Any]) -> str:
    """Return the model card as Markdown."""
    kind, shape = presets.title(spec.preset, full=True), "×".join(map(str, spec.shape))
    lines = [
        f"# {run.name}",
        "",
        f"A {spec.latent}-D **{kind}** on {spec.data_name} ({shape}).",
        "",
        f"$${spec.formula()}$$",
        "",
        f"Measured on the {numbers['split']} split ({numbers['data']}), nats per example, ± one standard error.",
        "",
        "| quantity | value | examples |",
        "|---|---|---|",
    ]
    for name, title in TITLES.items():
        if name in numbers:
            entry = numbers[name]
            row = title.format(k=entry.get("k", ""))
            value = f"{entry['value']:.2f}".replace("-", "−")
            error = f" ± {entry['se']:.2f}" if known(entry["se"]) else ""  # one example has none
            lines.append(f"| {row} | {value}{error} | {entry['n']:,} |")
    if "elbo" in numbers and spec.likelihood_kind.bits:
        bits = bits_per_dim(-numbers["elbo"]["value"], math.prod(spec.shape))
        lines.append(f"| Bits per dimension, −ELBO / (n ln 2) | {bits:.3f} | {numbers['elbo']['n']:,} |")
    if "log_px" in numbers:
        lines += ["", f"Effective sample size {numbers['log_px']['ess']:.0f} of K = {numbers['log_px']['k']}."]
    if "among" in numbers:
        lines += ["", f"The examples are random ones of {numbers['among']:,}: all would have taken too long."]
    if "rate" not in numbers:
        lines += ["", "An autoencoder has no prior and no density q(z|x), so it has no rate and no bound on log p(x)."]
    if "command" in numbers:
        lines += ["", "Trained with", "", "```sh", numbers["command"], "```"]
    if "train_seconds" in numbers:
        minutes = numbers["train_seconds"] / 60
        on = f" on {numbers['hardware']}" if "hardware" in numbers else ""
        lines += ["", f"in {minutes:.1f} minutes of optimisation{on}."]
    return "\n".join(lines) + "\n"


def finish(
    run: Run, k: int = 100, n: int | None = None, command: str | None = None, say: Say = silent
) -> dict[str, Any]:
    """Save codes, metrics, card, and an atlas if the browser cannot run the decoder; return the metrics.

    `say` receives the progress of each part in turn: the share that is done, and what is done now.
    """
    model = load_model(run)
    codes = encode(run, model, say=say)
    if not layers.in_browser(run.spec.decoder_layers()):
        atlas(run, model, codes, say)
    _, batches = held_out(run)
    limit = PATIENCE if n is None else None
    found = evaluate(
        model,
        batches,
        k,
        run.spec.seed,
        n,
        rows_at_once(run.spec),
        lambda share, text: say(share, f"measuring {text}"),
        limit,
    )
    numbers = metrics(found, run.spec.data_name, "test", k)
    if limit is not None and (measured_ones := found["distortion"].n) < len(batches):
        numbers["among"] = len(batches)
        say(
            1.0, f"measured {measured_ones:,} of {len(batches):,} images; `python -m vae evaluate {run.name}` takes all"
        )
    if command is not None:
        numbers["command"] = command
    if run.history:
        numbers["train_seconds"] = run.history[-1]["seconds"]
        numbers["hardware"] = f"{torch.get_num_threads()} CPU thread(s), {platform.machine()}"
    return keep(run, numbers, trained=True)[1]


def keep(run: Run, numbers: dict[str, Any], trained: bool = False) -> tuple[Path, dict[str, Any]]:
    """Save a measurement, see `measured.keep`, and the card that shows the best one; return file and content."""
    file, content = measured.keep(run, numbers, trained)
    files.write(run.path / "card.md", card(run, run.spec, measured.known(run)))
    return file, content
