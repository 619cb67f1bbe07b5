"""What happens to one image in a model, layer by layer: the Theory page's picture of encoder and decoder.

Each function takes a run's folder first, and torch is imported inside (see `process`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae.answers.loaded import as_coded, check_finite, open_model
from vae.answers.process import single_threaded
from vae.runs import RunError
from vae.spec import stages
from vae.spec.stages import Machine, evenly

if TYPE_CHECKING:
    import torch

    from vae.model import LatentModel

MOST_UNITS = 1024  # of a vector
MOST_MAPS, SIDE = 32, 16  # of an image's channels, and the longest side that is drawn

Arrays = dict[str, NDArray[Any]]


def thinned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one layer's output [n] or [C, H, W] with few enough numbers to draw.

    Of many units or channels, evenly spread ones; of large maps, the means of blocks of pixels.
    """
    if values.ndim != 3:
        return values.reshape(-1)[evenly(values.size, MOST_UNITS)]
    values = values[evenly(len(values), MOST_MAPS)]
    height, width = values.shape[1:]
    times = -(-max(height, width) // SIDE)
    if times == 1:
        return values
    rows, columns = (np.arange(0, n, times) for n in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values, rows, 1), columns, 2)
    counts = np.minimum(times, height - rows)[:, None] * np.minimum(times, width - columns)[None]
    return (sums / counts).astype(np.float32)


def _outputs(network: "torch.nn.Sequential", run: Any, machine: Machine) -> Arrays:
    """Return the outputs of a network's hidden stages while `run()` computes: "layer0", "layer1", ..."""
    wanted = {stage.last: k for k, stage in enumerate(machine.hidden)}
    found: Arrays = {}
    hooks = [
        network[last].register_forward_hook(
            lambda _module, _inputs, output, k=k: found.update({f"layer{k}": thinned(output[0].detach().numpy())})
        )
        for last, k in wanted.items()
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _conditioned(model: "LatentModel", label: int | None) -> "LatentModel":
    import torch

    return model if label is None else model.given(torch.tensor(label))


@single_threaded
def encoding(run: Path, image: NDArray[Any], label: int | None = None, number: int | None = None) -> Arrays:
    """Return what the encoder's hidden stages make of one image [C, H, W], thinned: "layer0", "layer1", ...

    The image is taken as on the Theory page (see `theory.numbers`). Raises RunError and DataError.
    """
    import torch

    opened, model = open_model(run)
    x = as_coded(opened, image, number)
    net: Any = model.encoder.net
    machine = stages.machine(opened.spec.encoder_layers(), opened.spec.shape)
    with torch.no_grad():
        found = _outputs(net, lambda: _conditioned(model, label).encode(x), machine)
    check_finite(opened, *found.values())
    return found


@single_threaded
def decoding(run: Path, z: Sequence[float], label: int | None = None) -> Arrays:
    """Return the mean of p(x|z) [*shape] at z, and the decoder's hidden stages, thinned; raises RunError."""
    import torch

    opened, model = open_model(run)
    if len(z) != opened.spec.latent:
        raise RunError(f"{opened.name} decodes points of {opened.spec.latent} numbers, not {len(z)}.")
    net: Any = model.decoder.net
    machine = stages.machine(opened.spec.decoder_layers(), (opened.spec.latent,))
    mean: list[torch.Tensor] = []
    with torch.no_grad():
        point = torch.tensor([list(z)], dtype=torch.float32)
        found = _outputs(net, lambda: mean.append(_conditioned(model, label).decode(point).mean), machine)
    found["mean"] = mean[0][0].numpy()
    check_finite(opened, *found.values())
    return found
