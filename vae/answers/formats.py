"""A trained model in the formats of other programs: ONNX, torch.export, and safetensors with its spec.

Encoder and decoder are two programs with any batch size. What is written names no file of this machine.
"""

import io
import json
import logging
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae.answers.loaded import open_model
from vae.runs import Run, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch.export import ExportedProgram

    from vae.model import LatentModel

Files = dict[str, bytes]  # by name


@dataclass(frozen=True)
class Format:
    """A format: its title, what is in its files, the packages that it needs beyond torch, and how they are made."""

    title: str
    about: str
    needs: tuple[str, ...]
    extra: str
    made: Callable[[Run, "LatentModel"], Files]

    @property
    def missing(self) -> str:
        """What has to be installed first, as a sentence; "" if nothing is."""
        gone = [name for name in self.needs if find_spec(name) is None]
        if not gone:
            return ""
        return f"{self.title} needs {' and '.join(gone)}: run `pip install 'latent-space-explorer[{self.extra}]'`."


def files(run: Path, name: str) -> Files:
    """Return a run's model in a format of FORMATS as files by name; raises RunError."""
    kind = FORMATS.get(name)
    if kind is None:
        raise RunError(f"There is no format {name!r}. There are: {', '.join(FORMATS)}.")
    if kind.missing:
        raise RunError(kind.missing)
    return kind.made(*open_model(run))


def bundle(run: Path, name: str) -> bytes:
    """Return the same as a zip, in a folder of the run's name; raises RunError."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for file, content in files(run, name).items():
            made.writestr(f"{run.name}/{file}", content)
    return buffer.getvalue()


def _programs(run: Run, model: "LatentModel") -> "dict[str, tuple[ExportedProgram, list[str], list[str]]]":
    """Return encoder and decoder as exported programs, with the names of their inputs and outputs."""
    import torch
    from torch import Tensor, nn

    spec = run.spec

    class Encoder(nn.Module):
        """x -> the mean of q(z|x) and, where it has a width, the logarithm of its variance, both [B, d]."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
            q = self.model.given(labels).encode(x)
            return (q.mean, 2 * q.stddev.log()) if spec.probabilistic else (q.mean,)

    class Decoder(nn.Module):
        """z [B, d] -> the mean of p(x|z) [B, *shape]."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
            return self.model.given(labels).decode(z).mean

    two = 2  # a batch of one would be taken for a constant
    labels = (torch.zeros(two, dtype=torch.long),) if spec.labels else ()
    told = ["labels"] if spec.labels else []
    outputs = ["mean", "log_variance"] if spec.probabilistic else ["mean"]
    generator = torch.Generator().manual_seed(0)
    x, z = (torch.rand(two, *shape, generator=generator) for shape in (spec.shape, (spec.latent,)))
    return {
        "encoder": (_exported(Encoder().eval(), (x, *labels)), ["x", *told], outputs),
        "decoder": (_exported(Decoder().eval(), (z, *labels)), ["z", *told], ["mean"]),
    }


def _exported(module: "torch.nn.Module", example: "tuple[torch.Tensor, ...]") -> "ExportedProgram":
    """Return a module as a program with any batch size, without the places in the source that it was traced from."""
    import torch

    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(module, example, dynamic_shapes=tuple(batch for _ in example))
    for node in program.graph.nodes:
        for name in ("stack_trace", "from_node", "nn_module_stack", "source_fn_stack"):
            node.meta.pop(name, None)
    return program


def _about(run: Run) -> str:
    """Return what a reader has to know of the programs, as JSON."""
    spec = run.spec
    return json.dumps(
        {
            "name": run.name,
            "shape": spec.shape,
            "latent": spec.latent,
            "encoder": "the mean of q(z|x)" + (", and log variance" if spec.probabilistic else ""),
            "decoder": "the mean of p(x|z)",
            "input": "pixels from 0 to 1" if len(spec.shape) == 3 else "numbers as in the data",
            "spec": json.loads(spec.to_json()),
        },
        indent=2,
    )


def onnx(run: Run, model: "LatentModel") -> Files:
    """Return encoder.onnx and decoder.onnx, and about.json; raises RunError for what ONNX cannot express."""
    import torch

    made: Files = {"about.json": _about(run).encode()}
    for name, (program, inputs, outputs) in _programs(run, model).items():
        batch = {0: torch.export.Dim("batch")}
        with _quiet():
            try:
                written = torch.onnx.export(
                    program, dynamo=True, input_names=inputs, output_names=outputs, verbose=False,
                    dynamic_shapes=tuple(batch for _ in inputs),
                )  # fmt: skip
            except Exception as error:  # torch has no common class for what it cannot convert
                raise RunError(
                    f"The {name} of {run.name} cannot be written as ONNX: {str(error).splitlines()[0]}. Export it with "
                    "--pt2 or --safetensors."
                ) from error
        assert written is not None
        made[f"{name}.onnx"] = _without_places(written.model_proto)
    return made


def _without_places(proto: Any) -> bytes:
    """Return an ONNX model as bytes, without what torch says of the source that it was traced from."""
    proto.producer_version = ""
    for graph in (proto.graph, *proto.functions):
        for part in (graph, *graph.node, *graph.value_info, *getattr(graph, "initializer", ())):
            part.ClearField("doc_string")
            part.ClearField("metadata_props")
        for part in (*getattr(graph, "input", ()), *getattr(graph, "output", ())):
            if not isinstance(part, str):  # those of a function are names
                part.ClearField("metadata_props")
    return bytes(proto.SerializeToString())


@contextmanager
def _quiet() -> "Iterator[None]":
    """Keep torch's exporter from telling the terminal of its steps."""
    import warnings

    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def pt2(run: Run, model: "LatentModel") -> Files:
    """Return encoder.pt2 and decoder.pt2 (torch.export.load reads them), and about.json."""
    import torch

    made: Files = {"about.json": _about(run).encode()}
    for name, (program, _, _) in _programs(run, model).items():
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
        made[f"{name}.pt2"] = buffer.getvalue()
    return made


def safetensors(run: Run, model: "LatentModel") -> Files:
    """Return model.safetensors and spec.json, which this program opens again."""
    from safetensors.torch import save

    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    return {"model.safetensors": save(weights), "spec.json": run.spec.to_json().encode()}


FORMATS: dict[str, Format] = {
    "onnx": Format("ONNX", "encoder.onnx and decoder.onnx for any runtime", ("onnx", "onnxscript"), "onnx", onnx),
    "pt2": Format("torch.export", "encoder.pt2 and decoder.pt2 for PyTorch without this program", (), "", pt2),
    "safetensors": Format("safetensors", "the weights and spec.json, without code", (), "", safetensors),
}
