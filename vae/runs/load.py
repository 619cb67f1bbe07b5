"""Load a run's trained model and its held-out examples; the only module of vae.runs that needs torch."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vae import data
from vae.data.batches import Batches, prepare
from vae.model import LatentModel, build
from vae.model.graph import check_graphs
from vae.model.operators import GraphError
from vae.runs.run import RESUME, Run, RunError, plain_name


def load_model(run: Run) -> LatentModel:
    """Return a run's trained model in evaluation mode; raises RunError if its weights do not fit or are not finite."""
    model = build.model(run.spec)
    load_weights(run, model)
    try:
        check_graphs(model)
    except GraphError as error:
        raise RunError(f"{run.name}/spec.json holds a graph that cannot run: {error} Open the model anew.") from error
    # convolutions decode faster so (benchmarks/README.md)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's stubs
    return model.eval()


def load_weights(run: Run, model: LatentModel) -> None:
    """Give a model the saved weights of a run; raises RunError if they do not fit or are not finite."""
    try:
        weights = {plain_name(name): weight for name, weight in load_file(run.path / "model.safetensors").items()}
        _check_names(run, model, weights)
        model.load_state_dict(weights)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise RunError(f"{run.name}/model.safetensors does not fit spec.json: {error}. Train the run again.") from error
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise RunError(f"{run.name}/model.safetensors: {name} holds NaN or infinity. {RESUME}")


def _check_names(run: Run, model: LatentModel, weights: dict[str, Tensor]) -> None:
    """Raise RunError, in one line, for weights of other names than the model's: torch lists each of them."""
    missing = [name for name in model.state_dict() if name not in weights]
    foreign = [name for name in weights if name not in model.state_dict()]
    if missing and foreign:
        found = f"it lacks {_few(missing)} and it holds {_few(foreign)}"
    else:
        found = f"it lacks {_few(missing)}" if missing else f"it holds {_few(foreign)}" if foreign else ""
    if found:
        raise RunError(
            f"{run.name}/model.safetensors does not fit spec.json: {found}. The weights are another "
            "network's: rename them, restore the pair, or train the run again."
        )


def _few(names: list[str]) -> str:
    return f"{names[0][:80]} and {len(names) - 1} more" if len(names) > 1 else names[0][:80]


def held_out(run: Run, n: int | None = None, name: str | None = None) -> tuple[data.Dataset, Batches]:
    """Return the test split of the run's data (or of dataset `name`), and its batches under the run's spec.

    Raises DataError if the data are not on this machine.
    """
    dataset = data.load(name or run.spec.data, "test", n=n)
    return dataset, prepare(dataset, run.spec)


def encoded_examples(run: Run, whole: Batches | None = None) -> Batches:
    """Return the test examples of a run's codes, in the codes' order; `whole` is the test split, if already loaded.

    Raises RunError if the codes belong to other examples, DataError if the data are missing.
    """
    batches, count = whole if whole is not None else held_out(run)[1], len(run.codes)
    if len(batches) > count:
        batches = held_out(run, count)[1]  # a part comes in another order than the whole
    if len(batches) != count:
        raise RunError(
            f"{run.name} has {count:,} codes, and the test split here {len(batches):,} images: they are not "
            "the same ones. Train it again, or bring back its data."
        )
    return batches
