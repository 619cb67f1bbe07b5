"""Runs: read, write, control and manage run folders. Only the module `load` needs torch."""

from vae.runs.files import write, write_json
from vae.runs.folders import (
    NAME,
    Broken,
    changeable,
    create,
    examples,
    find,
    is_shipped,
    library,
    open_run,
    roots,
    shipped,
    user_runs,
)
from vae.runs.run import SHOWN_LABEL, Codes, Run, RunError, keep_evaluation

__all__ = [
    "NAME",
    "SHOWN_LABEL",
    "Broken",
    "Codes",
    "Run",
    "RunError",
    "changeable",
    "create",
    "examples",
    "find",
    "is_shipped",
    "keep_evaluation",
    "library",
    "open_run",
    "roots",
    "shipped",
    "user_runs",
    "write",
    "write_json",
]  # fmt: skip
