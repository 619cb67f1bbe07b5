"""The two ends of a graph: its input and outputs, their shapes, and the model that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from vae.opened import heads
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.fold import fixed_batch
from vae.opened.foreign import Candidate, Declared, Foreign
from vae.opened.graph import Graph
from vae.opened.network import Network
from vae.spec.layer_kinds import Shape

KIND = "onnx"
BATCH = 2
ACTIVATIONS = {"sigmoid": "probabilities", "tanh": "[-1, 1]", "clamp": "clamped"}


def known(graph: Graph) -> tuple[list[str], list[str]]:
    """Return the outputs that run here, and a sentence for each that does not."""
    unknown = graph.unknown()
    notes = [
        f"The output {name} needs the operator {unknown[name]}, which does not run here; it is left out."
        for name in graph.outputs
        if name in unknown
    ]
    return [name for name in graph.outputs if name not in unknown], notes


def refusal(graph: Graph) -> OpenError:
    """Return what to say of a graph whose outputs all need operators that do not run here."""
    names = sorted(set(graph.unknown().values()))
    remedy = "Export the network without it, such as its mean instead of a random sample."
    if any("." in name for name in names):
        remedy = "Export it with standard ONNX operators, without optimisations of a runtime or sklearn-only nodes."
    return OpenError(f"This ONNX model needs {', '.join(names)[:200]}, which does not run here. {remedy}")


def the_source(graph: Graph, outputs: Sequence[str]) -> str:
    """Return the one input that the outputs need; raises OpenError for several."""
    needed = graph.slice(outputs).inputs
    if not needed:
        raise OpenError("This ONNX model's outputs depend on none of its inputs, so it holds no encoder or decoder.")
    if len(needed) > 1:
        names = ", ".join(needed)
        raise OpenError(
            f"This ONNX model needs {len(needed)} inputs ({names[:200]}); only models of one input are opened. Export "
            "it with the others as constants."
        )
    return next(iter(needed))


def example_shape(graph: Graph, source: str, options: Mapping[str, Any]) -> Shape:
    """Return one example's shape of an input: as the file declares it, or as the option "shape" says."""
    declared, asked = graph.inputs[source].shape, options.get("shape")
    if asked is not None:
        asked = tuple(int(n) for n in asked)
        if len(asked) == len(declared) and all(n in (None, m) for n, m in zip(declared, asked, strict=True)):
            return asked
        if None in declared:
            raise OpenError(f"This ONNX model takes {words(declared)}, not {list(asked)}. Give a shape that fits.")
    if None in declared or not declared:
        raise ChoiceNeededError(
            f"This ONNX file leaves the shape of {source} open: {words(declared)}. Give one example's shape as "
            "`shape`, such as [3, 32, 32].", "shape", ()
        )  # fmt: skip
    return tuple(n for n in declared if n is not None)


def words(shape: Sequence[int | None]) -> str:
    """Return a shape in words, "?" for what is open."""
    return "[" + ", ".join("?" if n is None else str(n) for n in shape) + "]"


def traced(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> dict[str, Tensor]:
    """Return the shapes of the values that the outputs need."""
    return graph.slice(outputs).trace({source: shape}, graph.batch or BATCH)


def with_batch(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> Graph:
    """Return the graph with the batch that it is fixed to, which its file may not say."""
    return replace(graph, batch=fixed_batch(graph.slice(outputs), {source: shape}))


def by_example(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> list[str]:
    """Return the outputs; one whose last reshape joins all examples is replaced by what it reshapes.

    skl2onnx writes a regressor's [N, 64] as [64 N, 1].
    """
    at, makers = traced(graph, source, shape, outputs), graph.makers()
    batch, found = graph.batch or BATCH, []
    for name in outputs:
        maker = makers.get(name)
        if maker is not None and maker["op"] == "Reshape" and at[name].shape[:1] != (batch,):
            before = maker["inputs"][0]
            name = before if at[before].shape[:1] == (batch,) else name
        found.append(name)
    return found


def candidates_of(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> list[Candidate]:
    """Return the outputs that could be a head or an image, with one example's shape each."""
    at = traced(graph, source, shape, outputs)
    return [Candidate(name, tuple(at[name].shape[1:])) for name in outputs if at[name].ndim > 1]


def reconstruction_of(whole: Sequence[Candidate], options: Mapping[str, Any]) -> str:
    """Return which of the outputs of the input's size is the reconstruction; raises OpenError for one that is none."""
    names = [one.name for one in whole]
    asked = options.get("output")
    if asked is not None:
        if asked not in names:
            raise OpenError(
                f"No output {str(asked)[:60]!r} has the input's size. Choose one of {', '.join(names)[:300]}."
            )
        return str(asked)
    named = [name for name in names if any(word in name.lower() for word in ("rec", "hat", "out", "decode"))]
    return (named or names)[0]


def made_of(
    declared: Declared,
    latent: Shape,
    encoder: Network,
    decoder: Network,
    second: str | None,
    candidates: Mapping[str, tuple[Candidate, ...]],
    notes: Sequence[str],
) -> Foreign:
    """Return the model of two networks, with what names and last layers say of it."""
    stated = {}
    if word := heads.reading(second):
        stated["second"] = word
    if end := ACTIVATIONS.get(decoder.ends_with):
        stated["output"] = end
    return Foreign(KIND, declared, latent, encoder, decoder, second, candidates, stated, notes=tuple(notes))
