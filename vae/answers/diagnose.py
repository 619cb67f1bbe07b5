"""The Diagnose page's computation in the pool: one part of the evidence at a time, cached."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae.answers.loaded import encoded_examples, loaded
from vae.data import DataError
from vae.runs.stamp import Stamp, stamp

if TYPE_CHECKING:
    from vae.diagnosis.measure import Case


@lru_cache(maxsize=1)
def _case(path: Path, version: Stamp) -> "Case":
    """Return the run's case; successive parts share what it has already computed."""
    from vae.diagnosis.measure import Case

    opened, model = loaded(path, version)
    return Case(opened, model, encoded_examples(opened))


def diagnosis(run: Path, part: str) -> dict[str, Any] | None:
    """Return a part of the evidence (one of diagnosis.evidence.PARTS), cached or measured; None if the model has none.

    Without the data, holes are computed from the saved codes. Raises RunError and DataError.
    """
    from vae.diagnosis import evidence, hole_map, kept, measure

    known = kept.read(run, part)
    if known is not None:
        return None if known is kept.ABSENT else dict(evidence.plain(known))
    version = stamp(run)
    try:
        found = measure.MEASURES[part](_case(run, version))
    except DataError:
        opened, _ = loaded(run, version)
        if part != "holes" or (opened.spec.probabilistic and not opened.spec.standard_prior):
            raise
        # not cached: with the data the number would be different
        return dict(evidence.plain(hole_map.saved(opened)))
    content = None if found is None else dict(evidence.plain(found))
    if stamp(run) == version:
        with suppress(OSError):  # a full disk or no permission: it is measured again next time
            kept.write(run, part, content)
    return content
