"""Training throughput on MNIST, MLP 784-400-20, batch 128, Adam: this package against its peers in one interleaved run.

    python benchmarks/throughput.py [--rounds 5] [--threads 2] [--pythae PYTHON]

Contestants take turns, a round each; medians count. `pythae` needs an environment of its own: without --pythae one is
made beside the user's data (torch pinned, so that nothing pulls CUDA). Exits 1 where a limit is missed.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vae import data  # noqa: E402
from vae.data.batches import Batches  # noqa: E402
from vae.spec import preset  # noqa: E402
from vae.training import loop as training  # noqa: E402

BATCH, HIDDEN, LATENT, PIXELS = 128, 400, 20, 784
LIMITS = {"pytorch/examples' loop": 3.5, "pythae 0.1.2": 2.0, "bare matrix products": 0.4}


def mnist_root() -> Path:
    """Return the folder that holds MNIST: LATENT_DATA, ../shared/data or the user's data folder."""
    for root in (os.environ.get("LATENT_DATA"), ROOT.parent / "shared" / "data", data.data_root()):
        if root and data.available("mnist", root):
            return Path(root)
    raise SystemExit("This benchmark needs MNIST: python -m vae fetch mnist")


def mnist(n: int) -> np.ndarray:
    """Return n training images uint8 [n, 28, 28]."""
    return data.load("mnist", "train", root=mnist_root()).images[:n, 0]


def ours(images: np.ndarray) -> Callable[[], None]:
    """Return one round of vae.training.loop.fit, dynamic binarisation and all statistics included."""
    spec = preset("vae", latent=LATENT, encoder={"kind": "mlp", "widths": [HIDDEN]}, batch=BATCH, epochs=10**6)
    batches = Batches(torch.from_numpy(images[:, None].copy()), 255, True)
    steps = training.fit(training.State.fresh(spec), spec, batches)

    def go() -> None:
        for _ in range(-(-len(images) // BATCH)):
            next(steps)

    return go


class ExampleVAE(nn.Module):
    """784-400-(20, 20), 20-400-784 with a sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(PIXELS, HIDDEN), nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.fc3, self.fc4 = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, PIXELS)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return reconstruction, mean, log variance."""
        h = F.relu(self.fc1(x.view(-1, PIXELS)))
        mean, log_var = self.fc21(h), self.fc22(h)
        std = torch.exp(0.5 * log_var)
        z = mean + torch.randn_like(std) * std
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, log_var


def torchvision_parts() -> tuple[Any, Any]:
    """Return torchvision's datasets and transforms, though its wheel from PyPI lacks operators beside a CPU torch."""
    try:
        from torchvision import datasets, transforms
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        for operator in ("nms", "qnms"):  # declared, not implemented: reading images never calls them
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        from torchvision import datasets, transforms
    return datasets, transforms


def example(images: np.ndarray) -> Callable[[], None]:
    """Return one epoch of a loop like pytorch/examples' VAE, written from its description."""
    datasets, transforms = torchvision_parts()
    whole = datasets.MNIST(mnist_root(), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Subset(whole, range(len(images))), batch_size=BATCH, shuffle=True)
    model = ExampleVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)

    def go() -> None:
        total = 0.0
        for x, _ in loader:
            optimiser.zero_grad()
            again, mean, log_var = model(x)
            bce = F.binary_cross_entropy(again, x.view(-1, PIXELS), reduction="sum")
            loss = bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
            loss.backward()
            total += loss.item()
            optimiser.step()

    return go


def products(images: np.ndarray) -> Callable[[], None]:
    """Return only the matrix products of forward and backward, into preallocated buffers: a bound on training speed."""
    jobs = []
    for k, (n_in, n_out) in enumerate([(PIXELS, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, PIXELS)]):
        x, w, dy = torch.randn(BATCH, n_in), torch.randn(n_out, n_in), torch.randn(BATCH, n_out)
        jobs.append((x, w.t(), torch.empty(BATCH, n_out)))
        jobs.append((dy.t(), x, torch.empty(n_out, n_in)))
        if k:  # nobody needs the gradient of the pixels
            jobs.append((dy, w, torch.empty(BATCH, n_in)))

    def go() -> None:
        for _ in range(-(-len(images) // BATCH)):
            for a, b, out in jobs:
                torch.mm(a, b, out=out)

    return go


class Pythae:
    """pythae in its own process and environment; each line of input starts one epoch."""

    def __init__(self, python: str | None, images: np.ndarray, threads: int) -> None:
        if python is None:
            folder = data.data_root() / "peers" / "pythae"
            python = str(folder / "bin" / "python")
            if not Path(python).exists():
                venv.create(folder, with_pip=True)
                wanted = ["torch==2.13.0", "pythae==0.1.2"]
                subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "images.npy"
        np.save(file, images)
        self.process = subprocess.Popen(
            [python, str(ROOT / "benchmarks" / "peers" / "pythae_vae.py"), str(file), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def speed(self) -> float:
        """Return images a second of one more epoch."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.folder.cleanup()


def speed(go: Callable[[], None], n: int) -> float:
    """Return images a second of one round."""
    began = time.perf_counter()
    go()
    return n / (time.perf_counter() - began)


def main() -> int:
    """Measure, print a table, and say whether the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=200 * BATCH)
    parser.add_argument("--pythae", metavar="PYTHON", help="the interpreter of an environment with pythae 0.1.2")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    images = mnist(a.images)
    pythae = Pythae(a.pythae, images, a.threads)
    rounds = {
        "this package": ours(images),
        "pytorch/examples' loop": example(images),
        "bare matrix products": products(images),
    }
    measures: dict[str, Callable[[], float]] = {k: (lambda go=go: speed(go, len(images))) for k, go in rounds.items()}
    measures["pythae 0.1.2"] = pythae.speed
    found: dict[str, list[float]] = {name: [] for name in measures}
    try:
        for turn in range(a.rounds + 1):
            for name, measure in measures.items():
                value = measure()
                if turn:  # the first round warms up
                    found[name].append(value)
    finally:
        pythae.close()
    median = {name: statistics.median(values) for name, values in found.items()}
    ok = True
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, {a.threads} threads, torch {torch.__version__}, {a.rounds} rounds\n")
    print("| contestant | images/s, median (min–max) | this package ÷ it | limit |")
    print("|---|---|---|---|")
    for name, values in found.items():
        ratio = median["this package"] / median[name]
        limit = LIMITS.get(name)
        ok &= limit is None or ratio >= limit
        wanted = "" if limit is None else f"≥ {limit}"
        print(f"| {name} | {median[name]:,.0f} ({min(values):,.0f}–{max(values):,.0f}) | {ratio:.2f} | {wanted} |")
    print(f"\nLimits {'met' if ok else 'MISSED'}.")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
