"""A model of one graph: with heads and a reconstruction, with a reconstruction alone, or a half of one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from vae.opened import heads, lower
from vae.opened.errors import OpenError
from vae.opened.fold import folded
from vae.opened.foreign import Candidate, Declared, Foreign
from vae.opened.graph import Graph
from vae.opened.graph_ends import (
    ACTIVATIONS,
    BATCH,
    KIND,
    by_example,
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
from vae.opened.quiet import quiet, sampled
from vae.spec.layer_kinds import Shape


def of_one(graph: Graph, options: Mapping[str, Any]) -> Foreign:
    """Return the model of one file: with heads and a reconstruction, with a reconstruction alone, or a half of one."""
    graph, noise = quiet(graph)
    outputs, notes = known(graph)
    if not outputs:
        raise refusal(graph)
    source = the_source(graph, outputs)
    shape = example_shape(graph, source, options)
    graph = with_batch(graph, source, shape, outputs)
    outputs = by_example(graph, source, shape, outputs)
    found = candidates_of(graph, source, shape, outputs)
    whole = [one for one in found if prod(one.shape) == prod(shape)]
    heads_found = [one for one in found if prod(one.shape) < prod(shape) and one not in whole]
    if not whole:
        return half(graph, source, shape, found, options, notes)
    reconstruction = reconstruction_of(whole, options)
    if noise:
        notes.append("The file samples its code; the noise is left out, so that one image has one code.")
    graph = folded(graph.slice([reconstruction, *(one.name for one in heads_found)]), {source: shape})
    at = traced(graph, source, shape, graph.outputs)
    ways = [
        Candidate(name, tuple(at[name].shape[1:]))
        for name in graph.bottlenecks(source, reconstruction)
        if at[name].shape[:1] == (graph.batch or BATCH,)
        and at[name].ndim > 1
        and prod(at[name].shape[1:]) < prod(shape)
    ]
    code, mean, second = code_of(graph, noise, heads_found, ways, options)
    stated = {} if second is None or second.name in graph.outputs else {"second": "sigma"}  # a factor of the noise
    made = made_of(
        graph.inputs[source],
        code.shape,
        lower.network(graph, source, shape, [mean.name, *([second.name] if second else [])]),
        lower.network(graph, code.name, code.shape, [reconstruction], flat_input=True),
        second.name if second else None,
        {"heads": tuple(heads_found), "bottlenecks": tuple(ways), "outputs": tuple(whole)},
        notes,
    )
    return replace(made, stated={**made.stated, **stated})


def code_of(
    graph: Graph, noise: set[str], found: Sequence[Candidate], ways: Sequence[Candidate], options: Mapping[str, Any]
) -> tuple[Candidate, Candidate, Candidate | None]:
    """Return the value that the decoder starts from, the mean and the second head."""
    by_name = {one.name: one for one in ways}
    if not ways:
        raise OpenError(
            "This file has no bottleneck: every value on the way to the reconstruction is as large as the input, or "
            "there are ways around each, as in a U-Net. Open encoder and decoder as two files."
        )
    asked = options.get("bottleneck")
    if asked is not None and asked not in by_name:
        names = ", ".join(by_name)
        raise OpenError(f"There is no bottleneck {str(asked)[:60]!r}. Choose one of {names[:300]}.")
    if found and (asked is None or len(found) > 1):
        mean, second = heads.chosen(found, options)
        after = graph.after({mean.name})
        fitting = [one for one in ways if one.name in after and prod(one.shape) == prod(mean.shape)]
        if asked is not None or fitting:
            return (by_name[asked] if asked is not None else fitting[0]), mean, second
    least = min(prod(one.shape) for one in ways)
    code = by_name[asked] if asked is not None else [one for one in ways if prod(one.shape) == least][-1]
    for one in ways:
        if prod(one.shape) == prod(code.shape) and (parts := sampled(graph, noise, one.name)) is not None:
            return one, Candidate(parts[0], one.shape), Candidate(parts[1], one.shape)
    return code, code, None


def half(
    graph: Graph,
    source: str,
    shape: Shape,
    found: Sequence[Candidate],
    options: Mapping[str, Any],
    notes: Sequence[str],
) -> Foreign:
    """Return an encoder or a decoder alone: what it makes is smaller or larger than what it takes."""
    if not found:
        raise OpenError("This ONNX model's outputs are single numbers, so it is no encoder and no decoder.")
    if prod(found[0].shape) > prod(shape):
        decoder = lower.network(graph, source, shape, [found[0].name], flat_input=True)
        stated = {"output": word} if (word := ACTIVATIONS.get(decoder.ends_with)) else {}
        note = "This file holds a decoder alone: there are no codes of data."
        declared = Declared(decoder.out_shape)
        return Foreign(KIND, declared, shape, None, decoder, stated=stated, notes=(*notes, note))
    mean, second = heads.chosen(found, options)
    encoder = lower.network(graph, source, shape, [mean.name, *([second.name] if second else [])])
    note = "This file holds an encoder alone: codes are shown, and nothing is decoded."
    name = second.name if second else None
    stated = {"second": word} if (word := heads.reading(name)) else {}
    return Foreign(
        KIND, graph.inputs[source], mean.shape, encoder, None, name, {"heads": tuple(found)}, stated,
        notes=(*notes, note),
    )  # fmt: skip
