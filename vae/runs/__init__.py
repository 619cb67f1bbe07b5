"""A run is a folder: what reads, writes, steers and manages it, without torch (all but `load`, which makes a model)."""

from vae.runs.files import write, write_json
from vae.runs.folders import (
    NAME,
    Broken,
    create,
    examples,
    find,
    library,
    open_run,
    roots,
    shipped,
    ships,
    user_runs,
)
from vae.runs.run import SHOWN_LABEL, Codes, Run, RunError, keep_evaluation

__all__ = [
    "NAME",
    "SHOWN_LABEL", "Broken", "Codes", "Run", "RunError", "create", "examples", "find", "keep_evaluation", "library",
    "open_run", "roots", "shipped", "ships", "user_runs", "write", "write_json",
]  # fmt: skip
