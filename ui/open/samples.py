"""Models to try page Open with, made of the shipped digits model."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ui.words import phrase
from vae.runs import shipped

DIGITS = "digits-vae-2d"


@dataclass(frozen=True)
class ModelSample:
    """One model as a file: what it is, its name, the data that it goes with, and what makes its content."""

    title: str
    sentence: str
    file: str
    data: str
    content: Callable[[], bytes]


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@cache
def weights_and_spec() -> bytes:
    """Return a zip of a spec and of weights under another name, as people keep them beside each other."""
    run = shipped() / DIGITS
    return _zip(
        {"spec.json": (run / "spec.json").read_bytes(), "weights.safetensors": (run / "model.safetensors").read_bytes()}
    )


@cache
def onnx_pair() -> bytes:
    """Return the zip of an ONNX encoder and decoder that scripts/onnx_sample.py made of the digits model."""
    return (Path(__file__).with_name("digits-onnx.zip")).read_bytes()


MODELS = {
    "onnx": ModelSample(
        phrase("ONNX pair"), phrase("a VAE of digits, exported from PyTorch"), "digits-onnx.zip", "digits", onnx_pair
    ),
    "weights": ModelSample(
        phrase("Weights + spec"), phrase("the same VAE as weights and a short description"), "digits-weights.zip",
        "digits", weights_and_spec,
    ),
}  # fmt: skip
