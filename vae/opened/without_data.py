"""How a model is read without data: by what its file says, and by what is usual elsewhere."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vae.opened import abilities
from vae.opened.conventions import Conventions, detect
from vae.opened.fitting import BERNOULLI, NORMAL
from vae.opened.foreign import Foreign
from vae.opened.found import ANSWER
from vae.spec.layer_kinds import Shape

_ENDS = {"sigmoid": "unit", "tanh": "symmetric"}
_STATED = {"probabilities": "unit", "[-1, 1]": "symmetric", "clamped": "unit"}


def stated(foreign: Foreign, answers: Mapping[str, Any] | None = None) -> Conventions:
    """Return how a model is to be read without data: by what its file says, the usual elsewhere, and answers."""
    shape = foreign.shape if abilities.takes(foreign) else abilities.out_shape(foreign)
    assert shape is not None
    own = _own_shape(shape)
    x = np.random.default_rng(0).random((2, *own), np.float32)
    given = dict(answers or {})
    gives = str(foreign.stated.get("output", ""))
    ends = _ENDS.get(foreign.decoder.ends_with if foreign.decoder is not None else "", "logits")
    usual = {"input": "unit", "output": _STATED.get(gives, ends), "likelihood": ""}
    if usual["output"] == "symmetric":
        usual["input"] = "symmetric"
    chances = usual["output"] == "logits" or ends == "unit"
    usual["likelihood"] = BERNOULLI if chances and len(own) == 3 else NORMAL
    if foreign.second is not None:
        usual |= {"second": str(foreign.stated.get("second") or "log variance"), "mean": "first", "beta": "1"}
    found = detect(foreign, x, (), usual | given)
    marked = tuple(
        one if one.name in given or one.confirmed_by != ANSWER else replace(one, confirmed_by="", ask=True)
        for one in found.found
    )
    return replace(found, found=marked, error=None)


def _own_shape(shape: Shape) -> Shape:
    """Return the shape of an example of this program that a model of this shape takes: an image or a row."""
    if len(shape) == 3:
        return (shape[2], shape[0], shape[1]) if shape[2] in (1, 3) and shape[0] not in (1, 3) else shape
    if len(shape) == 2:
        return (1, *shape)
    n = math.prod(shape)
    side = math.isqrt(n)
    return (1, side, side) if side * side == n and side >= 8 else (n,)
