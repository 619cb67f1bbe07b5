"""Make ui/open/digits-onnx.zip, the example of page Open: the shipped digits model as an ONNX encoder and decoder.

Run from the project's root: python scripts/onnx_sample.py. It needs the packages onnx and torch.
"""

import io
import sys
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vae.runs import Run  # noqa: E402
from vae.runs.load import load_model  # noqa: E402

TARGET = ROOT / "ui" / "open" / "digits-onnx.zip"


class Encoder(nn.Module):
    """x -> mu, logvar."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance."""
        mu, log_sigma = self.net(x).chunk(2, 1)
        return mu, 2 * log_sigma


def exported(module: nn.Module, example: Tensor, name: str, outputs: list[str]) -> bytes:
    """Return a module as an ONNX file."""
    buffer = io.BytesIO()
    torch.onnx.export(
        module.eval(), (example,), buffer, input_names=[name], output_names=outputs, dynamo=False,
        dynamic_axes={one: {0: "batch"} for one in (name, *outputs)},
    )  # fmt: skip
    return buffer.getvalue()


def main() -> None:
    """Write the zip."""
    run = Run(ROOT / "models" / "digits-vae-2d")
    model = load_model(run)
    files = {
        "encoder.onnx": exported(Encoder(model.encoder.net), torch.zeros(2, *run.spec.shape), "x", ["mu", "logvar"]),
        "decoder.onnx": exported(model.decoder.net, torch.zeros(2, run.spec.latent), "z", ["logits"]),
    }
    with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
