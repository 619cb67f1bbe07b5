"""The evaluation table of a run, measured in parts of some seconds and saved as evaluation.json."""

from collections.abc import Callable
from typing import Any

from vae import data, runs
from vae.data.batches import prepare
from vae.evaluation.importance import KS
from vae.evaluation.table import PARTS, Row, Sizes, measure
from vae.model import LatentModel
from vae.runs import Run
from vae.runs.load import held_out, load_model
from vae.spec import Spec, cost, work

EXAMPLES, SUBSET, PROBE, FEW = 200, 2000, 2000, 5
TOLERANCE = 1e-3  # nats; the error of each integral of the gap
PATIENCE = 20.0  # limit of the bounds' estimated seconds


def sizes(spec: Spec) -> Sizes:
    """Return the table's numbers of examples and samples; fewer samples for an expensive decoder."""
    operations = work.effort(spec.decoder_layers(), (spec.latent,))
    most = PATIENCE * cost.SPEED / (EXAMPLES * operations)
    ks = tuple(k for k in KS if k <= max(most, 1))
    return Sizes(EXAMPLES, ks, SUBSET, EXAMPLES, FEW, TOLERANCE, 2 * FEW, probe=PROBE)


def part(run: Run, model: LatentModel, name: str) -> list[dict[str, Any]]:
    """Return the rows of one of PARTS on the run's test split, each with name, symbol, value, se, n, units and note.

    Raises DataError if the data are missing.
    """
    dataset, batches = held_out(run)
    train = data.load(run.spec.data, "train", n=PROBE) if name == "codes" and dataset.labels is not None else None
    known = None if train is None else prepare(train, run.spec)
    labels = None if train is None else train.labels
    rows = measure(
        model, batches, sizes(run.spec), dataset.labels, dataset.classes, known, labels, run.spec.seed, parts=(name,)
    )
    return [_plain(row) for row in rows]


def _plain(row: Row) -> dict[str, Any]:
    found = row.estimate
    numbers = {"value": found.value, "se": found.se, "n": found.n, "units": row.units}
    return {"name": row.name, "symbol": row.symbol, **numbers, "note": row.note}


def table(
    run: Run, keep: bool = True, say: Callable[[float, str], None] = lambda share, text: None
) -> list[dict[str, Any]]:
    """Measure and return the whole table; `keep` saves it in the run, `say` receives share and name of what is done."""
    model, rows = load_model(run), []
    for i, name in enumerate(PARTS):
        say(i / len(PARTS), name)
        rows += part(run, model, name)
    if keep:
        runs.keep_evaluation(run, rows)
    return rows
