"""A run is a folder: what reads, writes, steers and manages it, without torch."""

from vae.runs.run import (
    NAME,
    SHOWN_LABEL,
    Broken,
    Codes,
    Run,
    RunError,
    create,
    examples,
    find,
    keep_evaluation,
    library,
    roots,
    shipped,
    ships,
    user_runs,
    write,
    write_json,
)

__all__ = [
    "NAME",
    "SHOWN_LABEL", "Broken", "Codes", "Run", "RunError", "create", "examples", "find", "keep_evaluation", "library",
    "roots", "shipped", "ships", "user_runs", "write", "write_json",
]  # fmt: skip
