"""The readers of models: an entry for each kind of file, tried in this order. Importing this table needs no torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae.opened.foreign import Foreign

PIP = "pip install 'latent-space-explorer[{}]'"


@dataclass(frozen=True)
class Reader:
    """One kind of model.

    `module` has `recognises(path) -> bool`, which looks at contents before suffixes, and `read(path, options) ->
    Foreign`. `safe`: reading runs nobody's code, so that a shared server may do it. `extra` is the optional dependency
    that it needs, "" for none. `options` are the names of what can be chosen, each with its sentence.
    """

    title: str
    sentence: str
    module: str
    suffixes: tuple[str, ...] = ()
    safe: bool = True
    extra: str = ""
    options: Mapping[str, str] | None = None

    def recognises(self, path: Path) -> bool:
        """Return whether a file or folder is of this kind."""
        found: Callable[[Path], bool] = import_module(self.module).recognises
        return found(path)

    def read(self, path: Path, options: Mapping[str, Any]) -> "Foreign":
        """Return the model; raises OpenError."""
        found: Callable[[Path, Mapping[str, Any]], Foreign] = import_module(self.module).read
        return found(path, options)

    @property
    def pip(self) -> str:
        """The line that installs what it needs, or ""."""
        return PIP.format(self.extra) if self.extra else ""


_HEADS = {
    "mean": "The output or value that is the mean of q(z|x).",
    "second": 'The output that says how wide q(z|x) is; "none" for a model without one.',
}
_SHAPE = {"shape": "One example's shape, such as [3, 32, 32], where the file leaves it open."}
READERS: dict[str, Reader] = {
    "run": Reader(
        "Run of this program",
        "A run's folder, or spec.json with weights of torch.save or safetensors.",
        "vae.opened.readers.run_folder",
    ),
    "pythae": Reader(
        "pythae folder",
        "A folder that pythae saved, of a model with its own default networks.",
        "vae.opened.readers.pythae_folder",
    ),
    "diffusers": Reader(
        "diffusers AutoencoderKL folder",
        "config.json with its weights, alone or as the folder vae of a pipeline.",
        "vae.opened.readers.diffusers_folder",
        options={"shape": "One image's shape, such as [3, 64, 64], instead of the configuration's sample_size."},
    ),
    "onnx": Reader(
        "ONNX",
        "An encoder and a decoder, one file with several outputs, or one file from x to its reconstruction.",
        "vae.opened.readers.onnx_model",
        (".onnx",),
        extra="onnx",
        options={
            **_HEADS,
            "bottleneck": "The value of a file from x to its reconstruction that is the code.",
            "output": "The output that is the reconstruction.",
            **_SHAPE,
        },
    ),
    "torchscript": Reader(
        "TorchScript",
        "A scripted module with encode and decode, or an encoder and a decoder.",
        "vae.opened.readers.torchscript",
        (".pt", ".ts", ".torchscript"),
        safe=False,
        extra="onnx",
        options={**_HEADS, **_SHAPE},
    ),
    "exported": Reader(
        "torch.export program",
        "An encoder and a decoder of torch.export, or one program.",
        "vae.opened.readers.exported_program",
        (".pt2",),
        safe=False,
        extra="onnx",
        options={**_HEADS, **_SHAPE},
    ),
    "weights": Reader(
        "Weights by name",
        "A state_dict or checkpoint of a network that names and shapes tell.",
        "vae.opened.readers.weights",
        (".pt", ".pth", ".ckpt", ".bin", ".safetensors"),
        options={
            "activation": "The function between linear layers, where the file does not tell it.",
            "final": "The function at the decoder's end, where the file does not tell it.",
        },
    ),
    "pickled": Reader(
        "Pickled network",
        "A network that torch.save or pickle wrote with its code, with encode and decode.",
        "vae.opened.readers.pickled",
        (".pkl", ".pickle", ".joblib"),
        safe=False,
        extra="onnx",
        options=_SHAPE,
    ),
    "codes": Reader(
        "Codes alone",
        "A file of arrays: mean [N, d], and scale or log_variance, labels; a map without the model.",
        "vae.opened.readers.codes_file",
        (".npz", ".npy", ".h5", ".h5ad", ".mat"),
    ),
    "python": Reader(
        "Python object",
        "module:name of an object with encode and decode, or of a function that returns one.",
        "vae.opened.readers.python_object",
        safe=False,
        extra="onnx",
        options=_SHAPE,
    ),
}  # fmt: skip
