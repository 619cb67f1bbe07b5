"""Operators on single numbers: arithmetic, comparisons, activations."""

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from vae.model.operators.entry import (
    FLOATS,
    TYPES,
    Attributes,
    GraphError,
    Operator,
    Values,
    bounded,
    needed,
    on_one_device,
    optional,
)


def _unary(function: Callable[[Tensor], Tensor]) -> Operator:
    return Operator(lambda values, a: function(needed(values, 0)))


def pair(values: Values) -> list[Tensor]:
    """Return an operator's two inputs on one device; raises GraphError if their broadcast would be too large."""
    left, right = on_one_device(needed(values, 0), needed(values, 1))
    bounded(torch.broadcast_shapes(left.shape, right.shape))
    return [left, right]


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return Operator(lambda values, a: function(*pair(values)))


def _many(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return Operator(lambda values, a: reduce(lambda x, y: function(*pair([x, y])), map_needed(values)))


def map_needed(values: Values) -> list[Tensor]:
    """Return all inputs; raises GraphError if one is missing or there is none."""
    if not values:
        raise GraphError("it has no inputs")
    return [needed(values, i) for i in range(len(values))]


def _divide(left: Tensor, right: Tensor) -> Tensor:
    if left.is_floating_point() or right.is_floating_point():
        return left / right
    if right.device.type != "meta" and (right == 0).any():
        raise GraphError("it divides a whole number by 0")
    return torch.div(left, right, rounding_mode="trunc")


def _mod(values: Values, a: Attributes) -> Tensor:
    left, right = pair(values)
    if not right.is_floating_point() and right.device.type != "meta" and (right == 0).any():
        raise GraphError("it divides a whole number by 0")
    return torch.fmod(left, right) if a.get("fmod", 0) else torch.remainder(left, right)


def _power(left: Tensor, right: Tensor) -> Tensor:
    if not left.is_floating_point() and not right.is_floating_point():
        return torch.pow(left.double(), right.double()).to(left.dtype)
    return torch.pow(left, right).to(left.dtype)


def _mean(values: Values, a: Attributes) -> Tensor:
    return reduce(lambda x, y: torch.add(*pair([x, y])), map_needed(values)) / len(values)


def _clip(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    for position, name, bound in ((1, "min", torch.maximum), (2, "max", torch.minimum)):
        limit = optional(values, position)
        if limit is None and name in a:
            limit = torch.tensor(a[name], dtype=x.dtype)
        if limit is not None:
            limit, x = on_one_device(limit.to(x.dtype), x)
            x = bound(x, limit)
    return x


def _cast(values: Values, a: Attributes) -> Tensor:
    """Return the input as another type; a floating-point number keeps its precision, which the model's weights set."""
    x = needed(values, 0)
    kind = str(a.get("to", ""))
    if kind in FLOATS:
        return x if x.is_floating_point() else x.to(torch.get_default_dtype())
    if kind not in TYPES:
        raise GraphError(f"there is no type {kind[:20]!r} to cast to")
    return x.to(TYPES[kind])


def _cast_like(values: Values, a: Attributes) -> Tensor:
    x, other = needed(values, 0), needed(values, 1)
    return x if x.is_floating_point() and other.is_floating_point() else x.to(other.dtype)


def _where(values: Values, a: Attributes) -> Tensor:
    condition, left, right = on_one_device(needed(values, 0), needed(values, 1), needed(values, 2))
    bounded(torch.broadcast_shapes(condition.shape, left.shape, right.shape))
    return torch.where(condition.bool(), left, right)


def _prelu(values: Values, a: Attributes) -> Tensor:
    x, slope = pair(values)
    return torch.where(x < 0, x * slope, x)


def _swish(values: Values, a: Attributes) -> Tensor:
    x, alpha = needed(values, 0), a.get("alpha", 1.0)
    return F.silu(x) if alpha == 1 else x * torch.sigmoid(alpha * x)


def _gelu(values: Values, a: Attributes) -> Tensor:
    return F.gelu(needed(values, 0), approximate="tanh" if a.get("approximate") == "tanh" else "none")


def _leaky(values: Values, a: Attributes) -> Tensor:
    return F.leaky_relu(needed(values, 0), a.get("alpha", 0.01))


def _celu(values: Values, a: Attributes) -> Tensor:
    x, alpha = needed(values, 0), a.get("alpha", 1.0)
    return x.clamp(min=0) + (alpha * torch.expm1(x / alpha)).clamp(max=0)


def _elu(values: Values, a: Attributes) -> Tensor:
    return F.elu(needed(values, 0), a.get("alpha", 1.0))


def _selu(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    alpha, gamma = a.get("alpha", 1.6732632423543772), a.get("gamma", 1.0507009873554805)
    return gamma * F.elu(x, alpha)


def _hard_sigmoid(values: Values, a: Attributes) -> Tensor:
    return (a.get("alpha", 0.2) * needed(values, 0) + a.get("beta", 0.5)).clamp(0, 1)


def _thresholded(values: Values, a: Attributes) -> Tensor:
    x = needed(values, 0)
    return torch.where(x > a.get("alpha", 1.0), x, torch.zeros_like(x))


def _hard_swish(x: Tensor) -> Tensor:
    return x * (x / 6 + 0.5).clamp(0, 1)


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


ELEMENTWISE = {
    "Add": _binary(torch.add),
    "Sub": _binary(torch.sub),
    "Mul": _binary(torch.mul),
    "Div": _binary(_divide),
    "Pow": _binary(_power),
    "Mod": Operator(_mod),
    "Equal": _binary(torch.eq),
    "Greater": _binary(torch.gt),
    "GreaterOrEqual": _binary(torch.ge),
    "Less": _binary(torch.lt),
    "LessOrEqual": _binary(torch.le),
    "And": _binary(torch.logical_and),
    "Or": _binary(torch.logical_or),
    "Xor": _binary(torch.logical_xor),
    "Not": _unary(torch.logical_not),
    "Min": _many(torch.minimum),
    "Max": _many(torch.maximum),
    "Sum": _many(torch.add),
    "Mean": Operator(_mean),
    "Abs": _unary(torch.abs),
    "Neg": _unary(torch.neg),
    "Sign": _unary(torch.sign),
    "Sqrt": _unary(torch.sqrt),
    "Reciprocal": _unary(torch.reciprocal),
    "Exp": _unary(torch.exp),
    "Log": _unary(torch.log),
    "Erf": _unary(torch.erf),
    "Sin": _unary(torch.sin),
    "Cos": _unary(torch.cos),
    "Floor": _unary(torch.floor),
    "Ceil": _unary(torch.ceil),
    "Round": _unary(torch.round),
    "IsNaN": _unary(torch.isnan),
    "Clip": Operator(_clip),
    "Cast": Operator(_cast),
    "CastLike": Operator(_cast_like),
    "Where": Operator(_where),
    "Relu": _unary(F.relu),
    "Sigmoid": _unary(torch.sigmoid),
    "Tanh": _unary(torch.tanh),
    "Softplus": _unary(_softplus),
    "Softsign": _unary(F.softsign),
    "HardSwish": _unary(_hard_swish),
    "Mish": _unary(lambda x: x * torch.tanh(_softplus(x))),
    "LeakyRelu": Operator(_leaky),
    "Elu": Operator(_elu),
    "Celu": Operator(_celu),
    "Selu": Operator(_selu),
    "HardSigmoid": Operator(_hard_sigmoid),
    "ThresholdedRelu": Operator(_thresholded),
    "Gelu": Operator(_gelu),
    "Swish": Operator(_swish),
    "PRelu": Operator(_prelu, trained=(1,)),
}
