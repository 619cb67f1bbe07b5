"""ONNX models: an encoder and a decoder, one file with several outputs, one file from x to its reconstruction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from torch import Tensor

from vae.model.operators import GraphError
from vae.opened import files, heads, lower, onnx_file
from vae.opened.errors import ChoiceNeededError, OpenError
from vae.opened.fold import fixed_batch, folded
from vae.opened.foreign import Candidate, Declared, Foreign
from vae.opened.graph import Graph
from vae.opened.network import Network
from vae.opened.quiet import quiet, sampled
from vae.spec.layer_kinds import Shape
from vae.spec.layers import NetworkError

KIND = "onnx"
BATCH = 2
PARTS = (("encoder", "decoder"), ("enc", "dec"))
ACTIVATIONS = {"sigmoid": "probabilities", "tanh": "[-1, 1]", "clamp": "clamped"}


def recognises(path: Path) -> bool:
    """Return whether a path is an ONNX file or a folder that holds one."""
    return bool(_models(path))


def _models(path: Path) -> list[Path]:
    found = files.listing(path) if path.is_dir() else [path]
    return [file for file in found if file.is_file() and (file.suffix.lower() == ".onnx" or _looks_like_onnx(file))]


def _looks_like_onnx(path: Path) -> bool:
    """Return whether a file begins as an ONNX model does: the field of the IR version, then the producer or graph."""
    try:
        with open(path, "rb") as file:
            start = file.read(3)
    except OSError:
        return False
    return len(start) == 3 and start[0] == 0x08 and 3 <= start[1] <= 20 and start[2] in (0x12, 0x1A, 0x3A, 0x42, 0x22)


def read(path: Path, options: Mapping[str, Any]) -> Foreign:
    """Return an ONNX model; raises OpenError."""
    found = _models(path)
    if not path.is_dir() and (other := partner(path)) is not None:
        found = [path, other]
    if len(found) > 2 and sorted(filter(None, map(role, found))) == sorted(PARTS[0]):
        found = [file for file in found if role(file)]  # beside a file of the whole model
    if len(found) > 2:
        names = ", ".join(file.name for file in found)
        raise OpenError(f"Here are {len(found)} ONNX files: {names[:200]}. Open the encoder and the decoder alone.")
    graphs = {file: onnx_file.read(_content(file), onnx_file.beside(file.parent)) for file in found}
    about = next(iter(graphs.values())).about
    return replace(of_graphs(graphs, options), origin={"files": [file.name for file in found], **about})


def of_graphs(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> Foreign:
    """Return the model of one graph or of two, by the files that they come from; raises OpenError."""
    try:
        return _pair(graphs, options) if len(graphs) == 2 else _single(next(iter(graphs.values())), options)
    except (GraphError, NetworkError) as error:
        text = str(error)
        raise OpenError(f"This model cannot be run here. {text[:1].upper()}{text[1:].rstrip('.')}.") from error


def role(path: Path) -> str:
    """Return "encoder" or "decoder" where a file's name says it, else ""."""
    found = [name for i, name in enumerate(PARTS[0]) if any(pair[i] in path.name.lower() for pair in PARTS)]
    return found[0] if len(found) == 1 else ""


def _content(path: Path) -> bytes:
    if path.stat().st_size > onnx_file.LARGEST_FILE:
        raise OpenError("This ONNX file is larger than 2 GB. Export its weights as external data.")
    return path.read_bytes()


def partner(path: Path) -> Path | None:
    """Return the decoder beside an encoder's file, or the encoder beside a decoder's, by their names."""
    for pair in PARTS:
        for one, other in (pair, pair[::-1]):
            if one in path.name.lower():
                name = path.name.lower().replace(one, other)
                return next(
                    (f for f in path.parent.glob(f"*{path.suffix}") if f.name.lower() == name and f != path), None
                )
    return None


def _known(graph: Graph) -> tuple[list[str], list[str]]:
    """Return the outputs that run here, and a sentence for each that does not."""
    unknown = graph.unknown()
    notes = [
        f"The output {name} needs the operator {unknown[name]}, which does not run here; it is left out."
        for name in graph.outputs
        if name in unknown
    ]
    return [name for name in graph.outputs if name not in unknown], notes


def _refuse(graph: Graph) -> OpenError:
    names = sorted(set(graph.unknown().values()))
    remedy = "Export the network without it, such as its mean instead of a random sample."
    if any("." in name for name in names):
        remedy = "Export it with standard ONNX operators, without optimisations of a runtime or sklearn-only nodes."
    return OpenError(f"This ONNX model needs {', '.join(names)[:200]}, which does not run here. {remedy}")


def _source(graph: Graph, outputs: Sequence[str]) -> str:
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


def _shape(graph: Graph, source: str, options: Mapping[str, Any]) -> Shape:
    """Return one example's shape of an input: as the file declares it, or as the option "shape" says."""
    declared, asked = graph.inputs[source].shape, options.get("shape")
    if asked is not None:
        asked = tuple(int(n) for n in asked)
        if len(asked) == len(declared) and all(n in (None, m) for n, m in zip(declared, asked, strict=True)):
            return asked
        if None in declared:
            raise OpenError(f"This ONNX model takes {_words(declared)}, not {list(asked)}. Give a shape that fits.")
    if None in declared or not declared:
        raise ChoiceNeededError(
            f"This ONNX file leaves the shape of {source} open: {_words(declared)}. Give one example's shape as "
            "`shape`, such as [3, 32, 32].", "shape", ()
        )  # fmt: skip
    return tuple(n for n in declared if n is not None)


def _words(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("?" if n is None else str(n) for n in shape) + "]"


def _traced(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> dict[str, Tensor]:
    """Return the shapes of the values that the outputs need."""
    return graph.slice(outputs).trace({source: shape}, graph.batch or BATCH)


def _with_batch(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> Graph:
    """Return the graph with the batch that it is fixed to, which its file may not say."""
    return replace(graph, batch=fixed_batch(graph.slice(outputs), {source: shape}))


def _by_example(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> list[str]:
    """Return the outputs; one whose last reshape joins all examples is replaced by what it reshapes.

    skl2onnx writes a regressor's [N, 64] as [64 N, 1].
    """
    at, makers = _traced(graph, source, shape, outputs), graph.makers()
    batch, found = graph.batch or BATCH, []
    for name in outputs:
        maker = makers.get(name)
        if maker is not None and maker["op"] == "Reshape" and at[name].shape[:1] != (batch,):
            before = maker["inputs"][0]
            name = before if at[before].shape[:1] == (batch,) else name
        found.append(name)
    return found


def _candidates(graph: Graph, source: str, shape: Shape, outputs: Sequence[str]) -> list[Candidate]:
    at = _traced(graph, source, shape, outputs)
    return [Candidate(name, tuple(at[name].shape[1:])) for name in outputs if at[name].ndim > 1]


def _pair(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> Foreign:
    encoder, decoder = _roles(graphs, options)
    outputs, notes = _known(encoder)
    images, more = _known(decoder)
    if not outputs or not images:
        raise _refuse(decoder if outputs else encoder)
    source, code = _source(encoder, outputs), _source(decoder, images)
    shape, latent = _shape(encoder, source, options), _shape(decoder, code, {})
    decoder = _with_batch(decoder, code, latent, images)
    whole = [one for one in _candidates(decoder, code, latent, images) if prod(one.shape) == prod(shape)]
    reconstruction = _reconstruction(whole, options) if whole else images[0]
    encoder = _with_batch(encoder, source, shape, outputs)
    candidates = _candidates(encoder, source, shape, outputs)
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
    return _made(
        encoder.inputs[source],
        latent,
        lower.network(encoder, source, shape, names),
        lower.network(decoder, code, latent, [reconstruction], flat_input=True),
        name,
        {"heads": tuple(candidates)},
        [*notes, *more],
    )


def _roles(graphs: Mapping[Path, Graph], options: Mapping[str, Any]) -> tuple[Graph, Graph]:
    """Return encoder and decoder of two files, by their names, else by which makes more numbers than it takes."""
    by_name = {role(file): graph for file, graph in graphs.items()}
    if set(by_name) == set(PARTS[0]):
        return by_name["encoder"], by_name["decoder"]
    one, other = graphs.values()
    sizes = [_growth(graph) for graph in (one, other)]
    if sizes[0] == sizes[1]:
        names = ", ".join(file.name for file in graphs)
        raise OpenError(f"It is not clear which of {names} is the encoder. Name them encoder.onnx and decoder.onnx.")
    return (one, other) if sizes[0] < sizes[1] else (other, one)


def _growth(graph: Graph) -> float:
    """Return how many times as many numbers a graph makes as it takes."""
    outputs, _ = _known(graph)
    if not outputs:
        raise _refuse(graph)
    source = _source(graph, outputs[:1])
    shape = tuple(n or 1 for n in graph.inputs[source].shape)
    at = _traced(graph, source, shape, outputs[:1])
    return prod(at[outputs[0]].shape[1:]) / max(1, prod(shape))


def _single(graph: Graph, options: Mapping[str, Any]) -> Foreign:
    """Return the model of one file: with heads and a reconstruction, with a reconstruction alone, or a half of one."""
    graph, noise = quiet(graph)
    outputs, notes = _known(graph)
    if not outputs:
        raise _refuse(graph)
    source = _source(graph, outputs)
    shape = _shape(graph, source, options)
    graph = _with_batch(graph, source, shape, outputs)
    outputs = _by_example(graph, source, shape, outputs)
    found = _candidates(graph, source, shape, outputs)
    whole = [one for one in found if prod(one.shape) == prod(shape)]
    heads_found = [one for one in found if prod(one.shape) < prod(shape) and one not in whole]
    if not whole:
        return _half(graph, source, shape, found, options, notes)
    reconstruction = _reconstruction(whole, options)
    if noise:
        notes.append("The file samples its code; the noise is left out, so that one image has one code.")
    graph = folded(graph.slice([reconstruction, *(one.name for one in heads_found)]), {source: shape})
    at = _traced(graph, source, shape, graph.outputs)
    ways = [
        Candidate(name, tuple(at[name].shape[1:]))
        for name in graph.bottlenecks(source, reconstruction)
        if at[name].shape[:1] == (graph.batch or BATCH,)
        and at[name].ndim > 1
        and prod(at[name].shape[1:]) < prod(shape)
    ]
    code, mean, second = _code(graph, noise, heads_found, ways, options)
    stated = {} if second is None or second.name in graph.outputs else {"second": "sigma"}  # a factor of the noise
    made = _made(
        graph.inputs[source],
        code.shape,
        lower.network(graph, source, shape, [mean.name, *([second.name] if second else [])]),
        lower.network(graph, code.name, code.shape, [reconstruction], flat_input=True),
        second.name if second else None,
        {"heads": tuple(heads_found), "bottlenecks": tuple(ways), "outputs": tuple(whole)},
        notes,
    )
    return replace(made, stated={**made.stated, **stated})


def _reconstruction(whole: Sequence[Candidate], options: Mapping[str, Any]) -> str:
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


def _code(
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


def _half(
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


def _made(
    declared: Declared,
    latent: Shape,
    encoder: Network,
    decoder: Network,
    second: str | None,
    candidates: Mapping[str, tuple[Candidate, ...]],
    notes: Sequence[str],
) -> Foreign:
    stated = {}
    if word := heads.reading(second):
        stated["second"] = word
    if end := ACTIVATIONS.get(decoder.ends_with):
        stated["output"] = end
    return Foreign(KIND, declared, latent, encoder, decoder, second, candidates, stated, notes=tuple(notes))
