"""Any Python model with encode and decode: what its calls give, and the same as networks where that is possible."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vae.opened import exported, heads, lower
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.foreign import Codes, Declared, Foreign, Opaque
from vae.opened.network import Network, reshape, step
from vae.spec.layer_kinds import Shape

MEANS = ("mean", "mu", "z_mean", "loc", "embedding")
SECONDS = (
    "logvar", "log_var", "z_log_var", "log_covariance", "log_variance", "log_sigma", "log_std", "stddev", "std",
    "sigma", "scale", "variance", "var",
)  # fmt: skip
SHAPES = ("shape", "input_shape", "input_dim", "input_size")
DECODED = ("sample", "reconstruction", "x_hat", "recon", "recon_x", "mean", "loc", "logits")
NAMES = ["mean", "second"]
MOST_LINEAR = 4096  # numbers of an example whose unit vectors are tried
NEAR = 1e-4  # of the largest number: how far the networks may be from the calls that they replace


def wrapped(thing: Any, options: Mapping[str, Any], kind: str, declared: Sequence[int] | None = None) -> Foreign:
    """Return a model with encode and decode (or an encoder and a decoder) as networks, or as it is where it has none.

    `declared` is one example's shape where it is known; otherwise the option "shape" or the object's own attribute
    gives it. Raises OpenError for an object without the calls, ChoiceNeededError without a shape.
    """
    parts = _parts(thing)
    encode, decode = _call(thing, "encode"), _call(thing, "decode")
    if encode is None or decode is None:
        missing = " and ".join(name for name, call in (("encode", encode), ("decode", decode)) if call is None)
        raise OpenError(f"This {type(thing).__name__} has no {missing}. Give an object with encode(x) and decode(z).")
    shape = _shape(thing, options, declared)
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            mean, second, stated = read_codes(encode(x))
        opaque = _opaque(encode, decode, tuple(mean.shape[1:]))
        if opaque.decode is not None:
            opaque.decode(mean.flatten(1))
    except OpenError:
        raise
    except Exception as error:  # the model's own code
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise OpenError(f"This model cannot encode and decode an example of shape {list(shape)}: {text}.") from error
    latent = tuple(mean.shape[1:])
    name = None if second is None else "second"
    about: dict[str, Any] = {"second": stated} if stated else {}
    foreign = Foreign(kind, Declared(shape), latent, second=name, stated=about, opaque=opaque)
    try:
        encoder = _network(parts, encode, _heads, x, shape, NAMES[: 1 if second is None else 2])
        decoder = _network(parts, decode, read_image, mean.reshape(3, *latent), latent, ["image"], flat_input=True)
    except Exception as error:  # the exporter raises anything for what it cannot write
        if second is None and (both := _affine_maps(foreign, x, mean.flatten(1))) is not None:
            return _with(foreign, encoder=both[0], decoder=both[1], opaque=None)
        text = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        note = (
            f"Its code was not turned into layers ({text}), so it runs as it is, and no run folder can be made of it."
        )
        return _with(foreign, notes=(note,))
    made_of_layers = _with(foreign, encoder=encoder, decoder=decoder, opaque=None)
    if not all(_agree(foreign, made_of_layers, *probe) for probe in _probes(x, mean.flatten(1))):
        note = "Its layers do not give what its code gives, so it runs as it is, and no run folder can be made of it."
        return _with(foreign, notes=(note,))
    return made_of_layers


def _with(foreign: Foreign, **changes: Any) -> Foreign:
    return Foreign(**{**foreign.__dict__, **changes})


def _probes(x: Tensor, codes: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return inputs and codes of several sizes and signs: code may branch on numbers, which no trace follows."""
    noise = torch.randn(2, codes.shape[1], generator=torch.Generator().manual_seed(1))
    return [(x, codes), (x[:1], -codes[:1]), (2 * x[1:] - 1, noise), (1 - x[:2], -noise)]


def _agree(one: Foreign, other: Foreign, x: Tensor, z: Tensor) -> bool:
    """Return whether two ways to run a model give the same codes of x and images of z."""
    codes, others = one.encode(x), other.encode(x)
    pairs = [(codes["mean"], others["mean"]), (one.decode(z).flatten(1), other.decode(z).flatten(1))]
    if codes["second"] is not None and others["second"] is not None:
        pairs.append((codes["second"], others["second"]))
    return all(a.shape == b.shape and _near(a, b) for a, b in pairs)


def _near(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= NEAR * (1 + expected.abs().max()))


def _call(thing: Any, name: str) -> Callable[[Tensor], Any] | None:
    """Return a method, the part of that name (encoder, decoder), or scikit-learn's transform and its inverse."""
    for candidate in (name, f"{name}r"):
        found = getattr(thing, candidate, None)
        if callable(found):
            return found if isinstance(found, nn.Module) or candidate == name else _part(found)
    found = getattr(thing, {"encode": "transform", "decode": "inverse_transform"}[name], None)
    return None if not callable(found) else lambda x: torch.as_tensor(found(x.numpy())).float()


def _part(found: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    return lambda x: found(x)


def _shape(thing: Any, options: Mapping[str, Any], declared: Sequence[int] | None) -> Shape:
    own = next((getattr(thing, name) for name in SHAPES if hasattr(thing, name)), None)
    for found in (options.get("shape"), declared, own, getattr(thing, "n_features_in_", None)):
        if isinstance(found, int):
            return (found,)
        if isinstance(found, list | tuple | torch.Size) and all(isinstance(n, int) and n > 0 for n in found) and found:
            return tuple(found)
    raise ChoiceNeededError(
        "This model does not say which shape it takes. Give one example's shape as `shape`, such as [1, 28, 28].",
        "shape", (),
    )  # fmt: skip


def _attribute(value: Any, names: Sequence[str]) -> tuple[str, Tensor] | None:
    for name in names:
        found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if isinstance(found, Tensor):
            return name, found
    return None


def read_codes(value: Any) -> tuple[Tensor, Tensor | None, str]:
    """Return mean, second head (or None) and what the second is ("" unknown), of whatever an encode gives."""
    value = getattr(value, "latent_dist", value)
    if isinstance(value, Tensor):
        return value, None, ""
    if isinstance(value, Distribution):
        return value.mean, value.stddev, "sigma"
    if isinstance(value, tuple | list) and value and isinstance(value[0], Tensor) and not hasattr(value, "_fields"):
        second = next((v for v in value[1:] if isinstance(v, Tensor) and v.shape == value[0].shape), None)
        return value[0], second, ""
    centre, width = _attribute(value, MEANS), _attribute(value, SECONDS)
    if centre is None:
        raise OpenError(f"What encode gives, {type(value).__name__}, has no mean. Return the mean, or (mean, second).")
    return centre[1], width[1] if width else None, heads.reading(width[0]) if width else ""


def _heads(value: Any) -> Any:
    mean, second, _ = read_codes(value)
    return mean if second is None else (mean, second)


def read_image(value: Any) -> Tensor:
    """Return the image of whatever a decode gives; raises OpenError."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Distribution):
        mean: Tensor = value.mean
        return mean
    if isinstance(value, tuple | list) and value and isinstance(value[0], Tensor):
        return value[0]
    found = _attribute(value, DECODED)
    if found is None:
        raise OpenError(f"What decode gives, {type(value).__name__}, holds no image. Return a tensor.")
    return found[1]


def _opaque(encode: Callable[[Tensor], Any], decode: Callable[[Tensor], Any], latent: Shape) -> Opaque:
    def codes(x: Tensor) -> Codes:
        with torch.no_grad():
            mean, second, _ = read_codes(encode(x))
        return {"mean": mean.flatten(1), "second": None if second is None else second.flatten(1)}

    def image(z: Tensor) -> Tensor:
        with torch.no_grad():
            return read_image(decode(z.reshape(len(z), *latent)))

    return Opaque(codes, image)


def _affine_maps(foreign: Foreign, x: Tensor, codes: Tensor) -> tuple[Network, Network] | None:
    """Return encoder and decoder of a linear model, such as scikit-learn's PCA, by its images of the unit vectors."""
    n, d = x[0].numel(), codes.shape[1]
    if max(n, d) > MOST_LINEAR:
        return None
    found = []
    for call, size, shape in (
        (lambda v: foreign.encode(v.reshape(-1, *foreign.shape))["mean"], n, foreign.shape),
        (lambda v: foreign.decode(v).flatten(1), d, (d,)),
    ):
        zero = call(torch.zeros(1, size))
        weight = (call(torch.eye(size)) - zero).T
        made = step("linear", {"weight": weight.numpy(), "bias": zero[0].numpy()}, **{"in": size, "out": len(weight)})
        found.append(Network((*reshape(shape, (size,)), made), shape))
    encoder, decoder = found
    decoder = decoder.then(*reshape(decoder.out_shape, tuple(foreign.decode(codes[:1]).shape[1:])))
    linear = _with(foreign, encoder=encoder, decoder=decoder, opaque=None)
    return (encoder, decoder) if all(_agree(foreign, linear, *probe) for probe in _probes(x, codes)) else None


def _network(
    parts: Sequence[nn.Module],
    call: Callable[[Tensor], Any],
    reading: Callable[[Any], Any],
    x: Tensor,
    shape: Shape,
    names: Sequence[str],
    *,
    flat_input: bool = False,
) -> Network:
    # a scripted module is written as it is: it cannot be traced within another
    scripted = call if isinstance(call, torch.jit.ScriptModule) else None
    module = scripted or exported.Call(lambda x: reading(call(x)), parts)
    graph = exported.graph(module, x, names)
    return lower.network(graph, "x", shape, names, flat_input=flat_input)


def _parts(thing: Any) -> list[nn.Module]:
    """Return the modules that an object is or holds, in evaluation mode and without gradients."""
    held = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    found = [thing] if isinstance(thing, nn.Module) else [value for value in held if isinstance(value, nn.Module)]
    for module in found:
        module.eval()
        for weight in module.parameters():
            weight.requires_grad_(False)
    return found
