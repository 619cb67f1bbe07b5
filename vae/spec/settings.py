"""The numbers of training and measuring that are no part of a spec: their bounds, for shell and Python."""

from typing import Any

from vae.spec.fields import Scalar
from vae.spec.spec import SpecError

SETTINGS = {
    "k": Scalar(
        "Importance samples", "Draws of z for each image, from which log p(x) is bounded.", 100, 1, 10**6, symbol="K",
        whole=True,
    ),
    "n": Scalar(
        "Test examples", "The first of them are measured; empty takes all.", None, 1, 10**9, whole=True, optional=True
    ),
    "processes": Scalar("Processes", "Processes of this machine that train together.", 1, 1, 256, whole=True),
    "threads": Scalar(
        "Threads", "CPU threads of each process; empty leaves it to torch.", None, 1, 1024, whole=True, optional=True
    ),
    "components": Scalar(
        "Components", "Normals of the mixture; empty chooses by the Bayesian information criterion.", None, 1, 1000,
        whole=True, optional=True,
    ),
}  # fmt: skip


def check(**values: Any) -> None:
    """Raise SpecError, with every reason, unless each value is allowed for the setting of its name."""
    problems = [(name, text) for name, value in values.items() if (text := SETTINGS[name].problem(value))]
    if problems:
        raise SpecError(" ".join(text for _, text in problems), problems)
