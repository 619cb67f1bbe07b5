"""Load a run's trained model and its held-out examples; the only module of vae.runs that needs torch."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from vae import data
from vae.data.batches import Batches, prepare
from vae.model import LatentModel, build
from vae.runs.run import RESUME, Run, RunError


def load_model(run: Run) -> LatentModel:
    """Return a run's trained model in evaluation mode; raises RunError if its weights do not fit or are not finite."""
    model = build.model(run.spec)
    load_weights(run, model)
    return model.eval()


def load_weights(run: Run, model: LatentModel) -> None:
    """Give a model the saved weights of a run; raises RunError if they do not fit or are not finite."""
    try:
        weights = load_file(run.path / "model.safetensors")
        model.load_state_dict(weights)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise RunError(f"{run.name}/model.safetensors does not fit spec.json: {error}. Train the run anew.") from error
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise RunError(f"{run.name}/model.safetensors: {name} holds NaN or infinity. {RESUME}")


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
            "the same ones. Train it anew, or bring back its data."
        )
    return batches
