"""AutoencoderKL of diffusers, from its configuration and weights: the networks are built here, as graphs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from vae.model.operators import GraphError
from vae.opened import lower, tensors
from vae.opened.builder import Builder
from vae.opened.errors import OpenError
from vae.opened.foreign import Declared, Foreign
from vae.spec.layer_kinds import Shape
from vae.spec.layers import NetworkError

KIND = "diffusers"
NAMES = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.bin",
)
CLASS = "AutoencoderKL"
ACTIVATIONS = {"silu": "Swish", "swish": "Swish", "mish": "Mish", "gelu": "Gelu", "relu": "Relu"}
EPSILON = 1e-6  # of every norm in these networks
LOG_VARIANCE = (-30.0, 20.0)  # diffusers keeps the second head within these


@dataclass(frozen=True)
class Config:
    """What config.json says of the networks."""

    channels: tuple[int, ...]
    layers: int
    groups: int
    activation: str
    image: Shape
    latents: int
    attention: bool


def recognises(path: Path) -> bool:
    """Return whether a folder, or its folder vae, is one of diffusers' AutoencoderKL."""
    return _folder(path) is not None


def _folder(path: Path) -> Path | None:
    for folder in (path, path / "vae"):
        if (folder / "config.json").is_file() and any((folder / name).is_file() for name in NAMES):
            try:
                if tensors.read_json(folder / "config.json").get("_class_name") == CLASS:
                    return folder
            except OpenError:
                continue
    return None


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return the model; its latent image is flattened for the map and restored for the decoder. Raises OpenError."""
    folder = _folder(path)
    assert folder is not None
    raw = tensors.read_json(folder / "config.json")
    config = _config(raw, options)
    file = next(folder / name for name in NAMES if (folder / name).is_file())
    weights, _ = tensors.load(file)
    small = 2 ** (len(config.channels) - 1)
    latent = (config.latents, config.image[1] // small, config.image[2] // small)
    try:
        first = Builder(weights, "x", config.image)
        encoder = lower.network(first.graph(*(heads := _encoder(first, config))), "x", config.image, heads)
        last = Builder(weights, "z", latent)
        image = _decoder(last, config)
        decoder = lower.network(last.graph(image), "z", latent, [image], flat_input=True)
    except (GraphError, NetworkError) as error:
        raise OpenError(
            f"{file.name} and config.json do not fit: {str(error).rstrip('.')}. Restore the pair."
        ) from error
    if encoder.out_shape != (2 * prod(latent),) or decoder.out_shape != config.image:
        raise OpenError(
            f"{file.name} makes {list(decoder.out_shape)} of {list(latent)}: config.json is of another model."
        )
    notes = []
    if raw.get("scaling_factor") not in (None, 1, 1.0) or raw.get("latents_mean"):
        notes.append("scaling_factor belongs to the diffusion model on top, so codes are shown without it.")
    stated = {"second": "log variance", "likelihood": "normal", "input": "[-1, 1]", "output": "[-1, 1]"}
    return Foreign(
        KIND, Declared(config.image, layout="NCHW"), latent, encoder, decoder, "logvar",
        stated={**stated, "model": f"{CLASS} of diffusers"},
        origin={"files": ["config.json", file.name], "producer": f"diffusers {raw.get('_diffusers_version', '')}"[:40]},
        notes=tuple(notes),
    )  # fmt: skip


def _config(raw: Mapping[str, Any], options: Mapping[str, Any]) -> Config:
    kinds = [*_words(raw, "down_block_types"), *_words(raw, "up_block_types")]
    known = {"DownEncoderBlock2D", "AttnDownEncoderBlock2D", "UpDecoderBlock2D", "AttnUpDecoderBlock2D"}
    if unknown := sorted(set(kinds) - known):
        raise OpenError(f"This AutoencoderKL has blocks {', '.join(unknown)[:100]}, which are not built here.")
    activation = ACTIVATIONS.get(str(raw.get("act_fn", "silu")))
    if activation is None:
        raise OpenError(f"This AutoencoderKL has the activation {str(raw['act_fn'])[:40]!r}, which is not built here.")
    channels = raw.get("block_out_channels", [64])
    numbers = [raw.get(k, v) for k, v in (
        ("layers_per_block", 1), ("norm_num_groups", 32), ("in_channels", 3), ("sample_size", 32),
        ("latent_channels", 4),
    )]  # fmt: skip
    whole = [*channels, *numbers] if isinstance(channels, list) else [None]
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 65536 for n in whole) or len(channels) > 8:
        raise OpenError("config.json of this AutoencoderKL holds sizes that are no whole numbers. Restore it.")
    layers, groups, planes, side, latents = numbers
    image = tuple(options.get("shape") or (planes, side, side))
    small = 2 ** (len(channels) - 1)
    if len(image) != 3 or image[0] != planes or any(n % small or n < small for n in image[1:]):
        raise OpenError(
            f"This AutoencoderKL takes {planes} channels and sides that {small} divides, not {list(image)}."
        )
    attention = bool(raw.get("mid_block_add_attention", True))
    return Config(tuple(channels), layers, groups, activation, image, latents, attention)


def _words(raw: Mapping[str, Any], key: str) -> list[str]:
    found = raw.get(key, [])
    return [str(word)[:60] for word in found[:16]] if isinstance(found, list) else []


def _resnet(b: Builder, x: str, name: str, config: Config) -> str:
    h = b.conv(b.op(config.activation, b.group_norm(x, f"{name}.norm1", config.groups, EPSILON)), f"{name}.conv1", 1, 1)
    h = b.conv(b.op(config.activation, b.group_norm(h, f"{name}.norm2", config.groups, EPSILON)), f"{name}.conv2", 1, 1)
    if f"{name}.conv_shortcut.weight" in b.weights:
        x = b.conv(x, f"{name}.conv_shortcut")
    made: str = b.op("Add", x, h)
    return made


def _attention(b: Builder, x: str, name: str, config: Config) -> str:
    """Add one head of attention over the pixels, beside its input. Older files have other names of its layers."""
    older = f"{name}.query.weight" in b.weights
    q, k, v, out = ("query", "key", "value", "proj_attn") if older else ("to_q", "to_k", "to_v", "to_out.0")
    channels = b.weights[f"{name}.group_norm.weight"].shape[0] if f"{name}.group_norm.weight" in b.weights else 0
    h = b.group_norm(x, f"{name}.group_norm", config.groups, EPSILON)
    pixels = b.op("Transpose", b.op("Reshape", h, b.whole(0, channels, -1)), perm=[0, 2, 1])
    query, key, value = (b.linear(pixels, f"{name}.{part}") for part in (q, k, v))
    scores = b.op("MatMul", query, b.op("Transpose", key, perm=[0, 2, 1]))
    weights = b.op("Softmax", b.op("Mul", scores, b.number(max(channels, 1) ** -0.5)), axis=-1)
    seen = b.op("Transpose", b.linear(b.op("MatMul", weights, value), f"{name}.{out}"), perm=[0, 2, 1])
    made: str = b.op("Add", b.op("Reshape", seen, b.op("Shape", x)), x)
    return made


def _middle(b: Builder, x: str, name: str, config: Config) -> str:
    x = _resnet(b, x, f"{name}.resnets.0", config)
    if config.attention and f"{name}.attentions.0.group_norm.weight" in b.weights:
        x = _attention(b, x, f"{name}.attentions.0", config)
    return _resnet(b, x, f"{name}.resnets.1", config)


def _block(b: Builder, x: str, name: str, layers: int, config: Config) -> str:
    for j in range(layers):
        x = _resnet(b, x, f"{name}.resnets.{j}", config)
        if f"{name}.attentions.{j}.group_norm.weight" in b.weights:
            x = _attention(b, x, f"{name}.attentions.{j}", config)
    return x


def _ending(b: Builder, x: str, role: str, config: Config) -> str:
    x = b.op("Swish", b.group_norm(x, f"{role}.conv_norm_out", config.groups, EPSILON))  # whatever act_fn says
    return b.conv(x, f"{role}.conv_out", 1, 1)


def _encoder(b: Builder, config: Config) -> list[str]:
    x = b.conv("x", "encoder.conv_in", 1, 1)
    for i in range(len(config.channels)):
        x = _block(b, x, f"encoder.down_blocks.{i}", config.layers, config)
        if i < len(config.channels) - 1:
            x = b.op("Pad", x, b.whole(0, 0, 0, 0, 0, 0, 1, 1))
            x = b.conv(x, f"encoder.down_blocks.{i}.downsamplers.0.conv", 2, 0)
    x = _ending(b, _middle(b, x, "encoder.mid_block", config), "encoder", config)
    if "quant_conv.weight" in b.weights:
        x = b.conv(x, "quant_conv")
    mean, second = b.op("Split", x, outputs=2, axis=1, num_outputs=2)
    return [mean, b.op("Clip", second, *(b.number(v) for v in LOG_VARIANCE))]


def _decoder(b: Builder, config: Config) -> str:
    x = b.conv("z", "post_quant_conv") if "post_quant_conv.weight" in b.weights else "z"
    x = _middle(b, b.conv(x, "decoder.conv_in", 1, 1), "decoder.mid_block", config)
    for i in range(len(config.channels)):
        x = _block(b, x, f"decoder.up_blocks.{i}", config.layers + 1, config)
        if i < len(config.channels) - 1:
            x = b.op("Upsample", x, mode="nearest", scales=[1.0, 1.0, 2.0, 2.0])
            x = b.conv(x, f"decoder.up_blocks.{i}.upsamplers.0.conv", 1, 1)
    return _ending(b, x, "decoder", config)
