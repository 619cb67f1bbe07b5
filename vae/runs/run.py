"""A run is a folder: spec.json, model.safetensors, history.jsonl, codes.npz, metrics.json, card.md and state.pt.

Training adds meta.json, status.json, control.json, worker.lock and the film (see `status`, `control` and `film`).
Reading never unpickles and needs no torch. Only training reads `state.pt` (optimiser, generator, position and the
weights that belong to them).
"""

import io
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from vae.data.dataset import SPLITS
from vae.runs import arrays, checked, files
from vae.spec import Spec, SpecError, json_text
from vae.spec.layers import fold
from vae.spec.layers import weights as weights_of

RESUME = "Resume the run from its last checkpoint (`python -m vae train --resume`) or train it again."
CODES_ONLY = "codes-only"  # the data of a run without a model, and the mark in its meta.json
SHOWN_LABEL = 0  # the default label of a conditional decoder


WRAPPERS = ("module", "_orig_mod")  # what torch's data-parallel and compiled modules put into their weights' names


def plain_name(name: str) -> str:
    """Return a weight's name without the parts that torch's wrappers of modules add."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


class RunError(Exception):
    """A run folder that cannot be read; the message says what, why and what to do."""


@dataclass(frozen=True)
class Codes:
    """Posterior means [N, d] and scales [N, d] (None for an autoencoder) of a split's first N examples, with labels.

    `mean`, `components` [2, d] and `explained` [2] are the codes' PCA if d > 2; reading needs no scikit-learn.
    """

    means: np.ndarray
    scales: np.ndarray | None
    labels: np.ndarray | None
    classes: tuple[str, ...]
    split: str
    mean: np.ndarray | None = None
    components: np.ndarray | None = None
    explained: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.means)

    def every(self, step: int) -> "Codes":
        """Return every `step`-th code, starting at the first, with the principal components of all."""
        scales, labels = (None if v is None else v[::step] for v in (self.scales, self.labels))
        return replace(self, means=self.means[::step], scales=scales, labels=labels)

    def to_bytes(self) -> bytes:
        """Return the codes as a compressed .npz without pickled objects."""
        made = {k: v for k, v in self.__dict__.items() if isinstance(v, np.ndarray)}
        made |= {"classes": np.array(self.classes, dtype=np.str_), "split": np.array(self.split)}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **made)
        return buffer.getvalue()


class Run:
    """A run folder, read lazily; every property raises RunError with the remedy if its file is damaged."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            there = (self.path / "spec.json").is_file()
        except (OSError, ValueError):  # a name that is too long, or holds a zero
            there = False
        if not there:
            raise RunError(
                f"{self.path} is no run: it has no spec.json. Pick a folder that `python -m vae train` made."
            )

    def copy(self) -> "Run":
        """Return another object with the spec, metrics and metadata that were read; its other files are read again."""
        made = object.__new__(Run)
        made.__dict__ |= {k: v for k, v in self.__dict__.items() if k in ("path", "spec", "metrics", "meta")}
        return made

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The folder's name, which permalinks use; what is no UTF-8 in it is escaped."""
        return self.path.name.encode(errors="surrogateescape").decode(errors="backslashreplace")

    @cached_property
    def spec(self) -> Spec:
        """The spec of the run."""
        try:
            return Spec.from_json(files.read_small(self.path / "spec.json"))
        except (SpecError, ValueError, OSError) as error:
            raise RunError(
                f"{self.name}/spec.json cannot be used: {str(error).rstrip('.')}. Restore it, or train the run again."
            ) from error

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The records of training, in order; a last line cut short by a kill is dropped."""
        file = self.path / "history.jsonl"
        try:
            lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
        except OSError as error:
            raise RunError(f"{self.name}/history.jsonl cannot be read: {error}.") from error
        records = []
        for i, line in enumerate(lines):
            try:
                records.append(checked.record(json_text.loads(line)))
            except ValueError as error:
                if i == len(lines) - 1:
                    break
                raise RunError(
                    f"{self.name}/history.jsonl, line {i + 1} is damaged: {error}. Delete that line."
                ) from error
        return records

    @cached_property
    def meta(self) -> dict[str, Any]:
        """The run's metadata: title, note, owner, created (unix time), parent {"run", "step"}, group {"name", "values",
        "seed"}; without damaged ones."""
        try:
            return checked.meta(files.read_json(self.path / "meta.json"))
        except (OSError, ValueError):
            return {}

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint file from which training continues, or None if there is none yet."""
        return next((f for f in (self.path / "state.pt", self.path / "previous.pt") if f.is_file()), None)

    @property
    def resumable(self) -> bool:
        """Whether training can go on: from a checkpoint, or from the saved weights with a fresh optimiser."""
        return self.checkpoint is not None or (self.path / "model.safetensors").is_file()

    @property
    def title(self) -> str:
        """The title set by the user, or the folder's name."""
        return str(self.meta.get("title") or self.name)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Evaluation results by name, each {"value", "se", "n", "units"}, and the data of the evaluation."""
        file = self.path / "metrics.json"
        try:
            return checked.metrics(files.read_json(file)) if file.is_file() else {}
        except (ValueError, OSError) as error:
            remedy = f"Run `python -m vae evaluate {self.name}` again."
            raise RunError(f"{self.name}/metrics.json is damaged: {error}. {remedy}") from error

    @cached_property
    def evaluation(self) -> list[dict[str, Any]]:
        """The rows of the evaluation table, {"name", "symbol", "value", "se", "n", "units", "note"} each."""
        file = self.path / "evaluation.json"
        try:
            return checked.rows(files.read_json(file)) if file.is_file() else []
        except (ValueError, OSError) as error:
            remedy = f"Run `python -m vae evaluate {self.name} --table` again."
            raise RunError(f"{self.name}/evaluation.json is damaged: {error}. {remedy}") from error

    @cached_property
    def card(self) -> str:
        """The model card, Markdown."""
        file = self.path / "card.md"
        try:
            # what a link points to is none of the run's
            return "" if file.is_symlink() else file.read_text(errors="replace")
        except OSError:
            return ""

    @cached_property
    def codes(self) -> Codes:
        """The saved codes, which the map shows even if the data are not on this machine."""
        remedy = f"Run `python -m vae encode {self.name}` to make it again."
        d = self.spec.latent
        try:
            found = arrays.read(self.path / "codes.npz")
            means = arrays.numbers(found.get("means"), "means", (None, d))
            if means is None:
                raise ValueError("it has no means")
            n, split = len(means), str(found.get("split", "test"))
            if split not in SPLITS:
                raise ValueError(f"there is no split {split[:20]!r}")
            return Codes(
                means,
                arrays.numbers(found.get("scales"), "scales", (n, d)),
                arrays.labels(found.get("labels"), n),
                arrays.words(found.get("classes"), "classes"),
                split,
                arrays.numbers(found.get("mean"), "mean", (d,)),
                arrays.numbers(found.get("components"), "components", (2, d)),
                arrays.numbers(found.get("explained"), "explained", (2,)),
            )
        except FileNotFoundError as error:
            raise RunError(f"{self.name} has no codes.npz yet. {remedy}") from error
        except ValueError as error:
            raise RunError(f"{self.name}/codes.npz is damaged: {error}. {remedy}") from error

    def weights(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the weights whose names start with `prefix`, without it; raises RunError if damaged or not finite."""
        remedy = RESUME
        file = self.path / "model.safetensors"
        try:
            with safe_open(file, framework="np") as tensors:
                names = {plain_name(k): k for k in tensors.keys()}  # noqa: SIM118 -- not a mapping
                weights = {k[len(prefix) :]: tensors.get_tensor(v) for k, v in names.items() if k.startswith(prefix)}
        except FileNotFoundError as error:
            if self.meta.get(CODES_ONLY):
                raise RunError(f"{self.title} holds codes without a model: nothing decodes a point.") from error
            raise RunError(f"{self.name} has no model.safetensors yet: nothing was saved. {remedy}") from error
        except (SafetensorError, OSError, ValueError) as error:
            raise RunError(f"{self.name}/model.safetensors is damaged: {error}. {remedy}") from error
        if wrong := next((prefix + name for name, array in weights.items() if not np.isfinite(array).all()), ""):
            raise RunError(f"{self.name}/model.safetensors: {wrong} holds NaN or infinity. {remedy}")
        return weights

    def decoder(self, label: int | None = None) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """Return the decoder's layers and its weights "i.weight", "i.bias" by layer index, shapes checked.

        A decoder that is conditioned on labels is returned for one label (None: SHOWN_LABEL), which is folded into a
        bias, so that code that runs a decoder needs no labels.
        """
        layers, weights = self.spec.decoder_layers(), self.weights("decoder.net.")
        for i, layer in enumerate(layers):
            for name, shape in ((f"{i}.{key}", shape) for key, shape in weights_of(layer).items()):
                found = weights[name].shape if name in weights else None
                if found != shape:
                    raise RunError(
                        f"{self.name}: decoder layer {name} is {found}, but spec.json says {shape}. "
                        "The weights belong to another spec: restore the pair, or train the run again."
                    )
        if not self.spec.labels:
            return layers, weights
        label = SHOWN_LABEL if label is None else label
        if not 0 <= label < self.spec.labels:
            raise RunError(f"{self.name} has the labels 0 to {self.spec.labels - 1}, and {label} is none of them.")
        return fold(layers, weights, label)


def keep_evaluation(run: Run, rows: list[dict[str, Any]]) -> None:
    """Save an evaluation table in its run."""
    files.write_json(run.path / "evaluation.json", {"data": run.spec.data_name, "split": "test", "rows": rows})
