"""A model of two graphs: which is the encoder, and how their ends meet."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from vae.opened import heads, lower
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.graph import Graph
from vae.opened.graph_ends import (
    candidates_of,
    example_shape,
    known,
    made_of,
    reconstruction_of,
    refusal,
    the_source,
    traced,
    with_batch,
)

PARTS = (("encoder", "decoder"), ("enc", "dec"))


def role(path: Path) -> str:
    """Return "encoder" or "decoder" where a file's name says it, else ""."""
    found = [name for i, name in enumerate(PARTS[0]) if any(pair[i] in path.name.lower() for pair in PARTS)]
    return found[0] if len(found) == 1 else ""


def of_two(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> Foreign:
    """Return the model of an encoder's and a decoder's graph; raises OpenError where they do not fit."""
    encoder, decoder = roles(graphs, options)
    outputs, notes = known(encoder)
    images, more = known(decoder)
    if not outputs or not images:
        raise refusal(decoder if outputs else encoder)
    source, code = the_source(encoder, outputs), the_source(decoder, images)
    shape, latent = example_shape(encoder, source, options), example_shape(decoder, code, {})
    decoder = with_batch(decoder, code, latent, images)
    whole = [one for one in candidates_of(decoder, code, latent, images) if prod(one.shape) == prod(shape)]
    reconstruction = reconstruction_of(whole, options) if whole else images[0]
    encoder = with_batch(encoder, source, shape, outputs)
    candidates = candidates_of(encoder, source, shape, outputs)
    mean, second = heads.chosen(candidates, options, prod(latent))
    wide = prod(mean.shape) == 2 * prod(latent)  # one output that holds means and second heads
    if wide:
        second = None
    elif prod(mean.shape) != prod(latent):
        raise OpenError(
            f"The encoder gives {list(mean.shape)} and the decoder takes {list(latent)}: they are of two models. Open "
            "an encoder and its own decoder."
        )
    names = [mean.name, *([second.name] if second else [])]
    name = f"second half of {mean.name}" if wide else second.name if second else None
    return made_of(
        encoder.inputs[source],
        latent,
        lower.network(encoder, source, shape, names),
        lower.network(decoder, code, latent, [reconstruction], flat_input=True),
        name,
        {"heads": tuple(candidates)},
        [*notes, *more],
    )


def roles(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> tuple[Graph, Graph]:
    """Return encoder and decoder of two files, by their names, else by which makes more numbers than it takes."""
    by_name = {role(file): graph for file, graph in graphs.items()}
    if set(by_name) == set(PARTS[0]):
        return by_name["encoder"], by_name["decoder"]
    one, other = graphs.values()
    sizes = [growth(graph) for graph in (one, other)]
    if sizes[0] == sizes[1]:
        names = ", ".join(file.name for file in graphs)
        raise OpenError(f"It is not clear which of {names} is the encoder. Name them encoder.onnx and decoder.onnx.")
    return (one, other) if sizes[0] < sizes[1] else (other, one)


def growth(graph: Graph) -> float:
    """Return how many times as many numbers a graph makes as it takes."""
    outputs, _ = known(graph)
    if not outputs:
        raise refusal(graph)
    source = the_source(graph, outputs[:1])
    shape = tuple(n or 1 for n in graph.inputs[source].shape)
    at = traced(graph, source, shape, outputs[:1])
    return prod(at[outputs[0]].shape[1:]) / max(1, prod(shape))
