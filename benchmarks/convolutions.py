"""Convolutions: a loaded model against the same one in torch's usual memory format, and estimates against the clock.

    python benchmarks/convolutions.py [--rounds 7]

One thread; the two formats take turns, medians of several rounds. The models are the shipped one of sprites and
untrained ones of three sizes. Exits with 1 where a loaded model decodes slower, or an estimate is off by more than a
factor of three.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.timing import finish

from vae import runs
from vae.model import LatentModel, build
from vae.runs.load import load_model
from vae.spec import Spec, cost, preset, work

ROWS = 500
SLOWER, OFF = 0.95, 3.0  # limits: of the ratio of times, and of estimate to measured time either way
CONV = {"kind": "conv", "channels": [32, 64, 128], "hidden": 128}


def models() -> dict[str, tuple[Spec, LatentModel]]:
    """Return specs and models by name."""
    sprites = runs.find("sprites-beta-vae-10d", [runs.shipped()])
    found = {sprites.name: (sprites.spec, load_model(sprites))}
    for shape in ((1, 28, 28), (3, 32, 32), (3, 64, 64)):
        spec = preset("vae", shape=shape, encoder=CONV, binarisation="none")
        model = build.model(spec).eval()
        found["untrained, " + " x ".join(map(str, shape))] = (spec, model)
    return found


def seconds(network: Callable[[torch.Tensor], object], x: torch.Tensor) -> float:
    """Return the seconds that a network takes for x."""
    began = time.perf_counter()
    network(x)
    return time.perf_counter() - began


def main() -> None:
    """Print the table; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    missed = False
    print("| model | decode, us an image | times as fast as in the usual format | encode | estimate / measured |")
    print("|---|---|---|---|---|")
    for name, (spec, model) in models().items():
        z = torch.randn(ROWS, 1, spec.latent)
        x = torch.rand(ROWS, *spec.shape)
        times: dict[str, list[float]] = {"decode": [], "encode": [], "usual decode": [], "usual encode": []}
        with torch.no_grad():
            for i in range(rounds + 1):
                for kind, form in (("", torch.channels_last), ("usual ", torch.contiguous_format)):
                    model.to(memory_format=form)
                    model.decode(z)
                    taken = {"decode": seconds(model.decode, z), "encode": seconds(model.encode, x)}
                    for what, value in taken.items():
                        times[kind + what] += [value] * (i > 0)  # the first round warms up
        middle = {what: statistics.median(values) for what, values in times.items()}
        ratios = [middle[f"usual {what}"] / middle[what] for what in ("decode", "encode")]
        guessed = ROWS * work.effort(spec.decoder_layers(), (spec.latent,)) / cost.SPEED / middle["decode"]
        missed |= min(ratios) < SLOWER or not 1 / OFF < guessed < OFF
        print(f"| {name} | {1e6 * middle['decode'] / ROWS:.0f} | {ratios[0]:.2f} | {ratios[1]:.2f} | {guessed:.2f} |")
    finish(not missed)


if __name__ == "__main__":
    main()
