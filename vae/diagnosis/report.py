"""The whole diagnosis of a run, computed in this process; for the command line and the tests."""

from collections.abc import Callable, Iterator
from typing import Any

from vae.diagnosis import kept, measure, quick
from vae.diagnosis.evidence import QUICK, Evidence, plain
from vae.runs import Run
from vae.runs.load import encoded_examples, load_model


def quickly(run: Run) -> Evidence:
    """Return the evidence from the run folder without the model: from codes and history."""
    return Evidence(codes=quick.codes(run.codes), training=quick.training(run), codebook=quick.codebook(run))


def measured(run: Run) -> Iterator[tuple[str, Any]]:
    """Yield each part of the evidence that needs the model, None if not applicable; raises RunError and DataError."""
    run.weights()  # says what is wrong with damaged or infinite ones
    case = measure.Case(run, load_model(run), encoded_examples(run))
    for name, of in measure.MEASURES.items():
        yield name, of(case)


def diagnose(
    run: Run,
    keep: bool = False,
    beside: bool | None = None,
    say: Callable[[float, str], None] = lambda share, text: None,
) -> Evidence:
    """Measure and return all evidence of a run; `keep` saves it as `kept.write` does, which explains `beside`.

    `say` receives the progress: the share that is done, and what was measured last.
    """
    known = {name: getattr(quickly(run), name) for name in QUICK}
    for i, (name, found) in enumerate(measured(run), 1):
        say(i / len(measure.MEASURES), name)
        known[name] = found
        if keep:
            kept.write(run.path, name, None if found is None else plain(found), beside)
    return Evidence(**known)
