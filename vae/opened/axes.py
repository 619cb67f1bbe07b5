"""How a model wants an example's axes, and the layers between them and this program's [C, H, W]."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vae.opened.errors import OpenError
from vae.opened.network import Step, reshape, step
from vae.spec.layer_kinds import Shape

MOST_BORDER = 16  # pixels by which a model's images may be larger than the data's, with black around them


@dataclass(frozen=True)
class Layout:
    """`before` leads from an example of this program to one of the model, `after` back.

    Between an example and `before` lie `border`, black pixels around it, and the model's range; `crop` removes them.
    """

    name: str
    title: str
    before: tuple[Step, ...]
    after: tuple[Step, ...]
    border: tuple[Step, ...] = ()
    crop: tuple[Step, ...] = ()


def possible(own: Shape, model_in: Shape, model_out: Shape | None) -> list[Layout]:
    """Return the layouts in which a model can take examples of the shape `own` and give them back, the usual first.

    `model_out` is None for a model without a decoder. Raises OpenError if there is none.
    """
    if len(own) != 3:
        if math.prod(model_in) != own[0]:
            raise OpenError(_unlike(own, model_in))
        return [Layout("flat", f"a row of {own[0]} numbers", _steps(own, model_in), _back(model_out, own))]
    channels, height, width = own
    first, last = (channels, height, width), (height, width, channels)
    found: list[Layout] = []
    if max(model_in) == math.prod(model_in):
        _flat(found, own, model_in, model_out)
    elif model_in == first or (channels == 1 and model_in == first[1:]):
        found.append(Layout("NCHW", "NCHW: channels first", _steps(own, model_in), _pixels(model_out, own)))
    if model_in == last and channels > 1:
        turn = step("permute", axes=[1, 2, 0])
        found.append(Layout("NHWC", "NHWC: channels last", (turn,), _last(model_out, own)))
    elif model_in == last and not found:
        found.append(Layout("NHWC", "NHWC: channels last", _steps(own, model_in), _pixels(model_out, own)))
    if not found:
        found += _bordered(own, model_in, model_out)
    if not found:
        raise OpenError(_unlike(own, model_in))
    return found


def _flat(found: list[Layout], own: Shape, model_in: Shape, model_out: Shape | None) -> None:
    """Add the layouts of a model that takes a row of pixels."""
    if math.prod(model_in) != math.prod(own):
        return
    channels, height, width = own
    found.append(Layout("flat", f"a row of {math.prod(own)} pixels", _steps(own, model_in), _pixels(model_out, own)))
    if channels > 1:
        turned = (step("permute", axes=[1, 2, 0]), *_steps((height, width, channels), model_in))
        found.append(Layout("flat NHWC", "a row of pixels, channels last", turned, _last(model_out, own)))


def _steps(before: Shape, after: Shape) -> tuple[Step, ...]:
    return tuple(reshape(before, after))


def _back(model_out: Shape | None, own: Shape) -> tuple[Step, ...]:
    """Return the layers that give a model's output the shape of an example."""
    if model_out is None:
        return ()
    if math.prod(model_out) != math.prod(own):
        raise OpenError(
            f"The decoder gives {list(model_out)}, and an example of the data is {list(own)}. Open the decoder that "
            "belongs to these data."
        )
    return _steps(model_out, own)


def _pixels(model_out: Shape | None, own: Shape) -> tuple[Step, ...]:
    """Return the layers back to an image; a decoder can give channels last where its encoder takes them first."""
    if model_out is not None and own[0] > 1 and model_out == (*own[1:], own[0]) and model_out != own:
        return _last(model_out, own)
    return _back(model_out, own)


def _last(model_out: Shape | None, own: Shape) -> tuple[Step, ...]:
    """Return the layers back from channels last; a decoder that gives channels first needs none."""
    if model_out is None or model_out == own:
        return ()
    channels, height, width = own
    return (*_back(model_out, (height, width, channels)), step("permute", axes=[2, 0, 1]))


def _bordered(own: Shape, model_in: Shape, model_out: Shape | None) -> list[Layout]:
    """Return the layout with a black border, for a model of images that are a little larger than the data's."""
    channels, height, width = own
    if len(model_in) != 3 or model_in[0] != channels:
        return []
    more = (model_in[1] - height, model_in[2] - width)
    if min(more) < 0 or max(more) > MOST_BORDER or (model_out is not None and model_out != model_in):
        return []
    top, left = more[0] // 2, more[1] // 2
    pads = [top, left, more[0] - top, more[1] - left]
    title = f"NCHW, with a black border to {model_in[1]} × {model_in[2]}"
    return [
        Layout(
            "bordered", title, (), (),
            (step("pad", pads=pads),), (step("pad", pads=[-n for n in pads]),),
        )
    ]  # fmt: skip


def _unlike(own: Sequence[int], model_in: Sequence[int]) -> str:
    return (
        f"The model takes examples of {'×'.join(map(str, model_in))}, and those of the data are "
        f"{'×'.join(map(str, own))}. Open it with the data that it was trained on."
    )
