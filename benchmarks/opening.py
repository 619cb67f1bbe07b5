"""Time the opening of a model of a million parameters with 10,000 images: to the first map, and to all verdicts.

    python benchmarks/opening.py

It makes an ONNX pair of random weights and an .npz of 10,000 images of 28 x 28, and opens them in this process as
`vae check` does. The aims on two cores: the map within 10 seconds, all cards within 30 seconds.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

BEGAN = time.monotonic()
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

MAP, CARDS = 10.0, 30.0
IMAGES, HIDDEN, LATENT = 10_000, 600, 8


def write_data(path: Path) -> None:
    """Write images of blurred strokes with the statistics of handwriting, and ten classes of them."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 28), np.linspace(0, 1, 28), indexing="ij"))
    labels = rng.integers(0, 10, IMAGES)
    centres = rng.uniform(0.2, 0.8, (10, 4, 2))
    images = np.empty((IMAGES, 28, 28), np.uint8)
    for i, k in enumerate(labels):
        points = centres[k] + 0.03 * rng.standard_normal((4, 2))
        t = np.linspace(0, 1, 24)[:, None] * 3
        at = np.minimum(t.astype(int), 2)
        line = points[at[:, 0]] * (1 - (t - at)) + points[at[:, 0] + 1] * (t - at)
        away = ((grid[:, :, :, None] - line.T[:, None, None, :]) ** 2).sum(0).min(-1)
        images[i] = np.round(255 * np.exp(-away / 0.0012))
    np.savez_compressed(path, images=images, labels=labels)


def write_model(folder: Path) -> int:
    """Write a VAE that was trained for a moment on such images as an ONNX pair; return its number of parameters."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    body = nn.Sequential(nn.Flatten(), nn.Linear(784, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENT))
    decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 784), nn.Unflatten(1, (1, 28, 28)))
    with np.load(folder.parent / "images.npz") as file:
        x = torch.from_numpy(file["images"][:2000].astype(np.float32) / 255)[:, None]
    weights = [*body.parameters(), *decoder.parameters()]
    climb = torch.optim.Adam(weights, 1e-3)
    for step in range(300):
        part = x[(step * 100) % 2000 : (step * 100) % 2000 + 100]
        mu, logvar = body(part).chunk(2, 1)
        logits = decoder(mu + torch.randn_like(mu) * (logvar / 2).exp())
        rate = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
        loss = (nn.functional.binary_cross_entropy_with_logits(logits, part, reduction="sum") + rate) / 100
        climb.zero_grad()
        loss.backward()
        climb.step()

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            mu, logvar = self.body(x).chunk(2, 1)
            return mu, logvar

    for name, module, example, outputs in (
        ("encoder", Encoder(), x[:2], ["mu", "logvar"]),
        ("decoder", decoder, torch.zeros(2, LATENT), ["logits"]),
    ):
        torch.onnx.export(
            module.eval(), (example,), str(folder / f"{name}.onnx"), input_names=["x"], output_names=outputs,
            dynamo=False, dynamic_axes={one: {0: "n"} for one in ("x", *outputs)},
        )  # fmt: skip
    return sum(weight.numel() for weight in weights)


def main() -> None:
    """Print the seconds, and whether each aim is met."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["LATENT_DATA"] = place
        folder = Path(place) / "model"
        folder.mkdir()
        write_data(Path(place) / "images.npz")
        parameters = write_model(folder)

        from vae.diagnosis import report
        from vae.opened import to_run

        began, cpu = time.monotonic(), time.process_time()
        brought = to_run.bring(folder, str(Path(place) / "images.npz"))
        mapped, mapped_cpu = time.monotonic() - began, time.process_time() - cpu
        began, cpu = time.monotonic(), time.process_time()
        report.diagnose(brought.run)
        judged, judged_cpu = time.monotonic() - began, time.process_time() - cpu
        assert brought.found is not None
        found = {one.name: one.value for one in brought.found.found}
    result = {
        "parameters": parameters, "images": IMAGES, "codes": len(brought.run.codes), "found": found,
        "map_seconds": round(mapped, 1), "map_cpu_seconds": round(mapped_cpu, 1),
        "cards_seconds": round(judged, 1), "cards_cpu_seconds": round(judged_cpu, 1),
        "met": {"map": mapped <= MAP, "cards": mapped + judged <= CARDS},
    }  # fmt: skip
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
