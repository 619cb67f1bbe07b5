"""Make a run folder of a foreign model, its conventions and data, so that every page works on it."""

import time
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae import data
from vae.opened import abilities, missing, written
from vae.opened.conventions import Conventions
from vae.opened.errors import OpenError
from vae.opened.foreign import Foreign
from vae.opened.network import Network, step
from vae.runs import Codes, Run, files
from vae.runs.load import held_out, load_model
from vae.spec import Spec
from vae.spec.layer_kinds import Shape
from vae.training import finish

DRAWS = 2000  # codes of a model that has no encoder, or no data
QUICK, SAMPLES = 500, 10  # examples of the first numbers, and samples of each
PRIOR = {"kind": "standard_normal"}
Say = Callable[[float, str], None]


def spec_of(foreign: Foreign, found: Conventions, name: str) -> tuple[Spec, Network, Network]:
    """Return the spec of a model on the data `name`, and its networks; raises OpenError."""
    if foreign.opaque is not None:
        raise OpenError(
            "This model runs only by its own code, so it cannot be written as a run. Export it as ONNX to open it."
        )
    encoder = found.encoder(foreign) if abilities.takes(foreign) else _no_encoder(found.own, foreign.d)
    decoder = found.decoder(foreign) if abilities.gives(foreign) else _no_decoder(found.own, foreign.d)
    point = found.reading is None and abilities.takes(foreign)
    entries: dict[str, Any] = {
        "preset": "autoencoder" if point else "vae",
        "data": name,
        "shape": found.own,
        "latent": foreign.d,
        "likelihood": dict(found.likelihood),
        "posterior": {"kind": "delta"} if point else {"kind": "given_normal"},
        "prior": None if point else PRIOR,
        "objective": {"kind": "reconstruction"} if point else {"kind": "elbo", "beta": found.beta or 1.0},
        "binarisation": "none",
        "epochs": 1,
    }
    return written.spec(encoder, decoder, **entries), encoder, decoder


def _no_encoder(own: Shape, d: int) -> Network:
    """Return a network whose q(z|x) is the prior for every x."""
    weights = {"weight": np.zeros((2 * d, prod(own)), np.float32), "bias": np.zeros(2 * d, np.float32)}
    flat = (step("flatten"),) if len(own) > 1 else ()
    return Network((*flat, step("linear", weights, **{"in": prod(own), "out": 2 * d})), own)


def _no_decoder(own: Shape, d: int) -> Network:
    """Return a network that gives 0, which is grey as a logit and the mean of standardised rows, for every z."""
    weights = {"weight": np.zeros((prod(own), d), np.float32), "bias": np.zeros(prod(own), np.float32)}
    made = Network((step("linear", weights, **{"in": d, "out": prod(own)}),), (d,))
    return made.then(step("unflatten", shape=list(own))) if len(own) > 1 else made


def lacking(foreign: Foreign, found: Conventions, with_data: bool) -> list[str]:
    """Return what the model lacks, as vae.opened.missing names it."""
    point = found.reading is None and abilities.takes(foreign)
    lacks = {
        missing.ENCODER: not abilities.takes(foreign),
        missing.DECODER: not abilities.gives(foreign),
        missing.PRIOR: point,
        missing.DATA: not with_data,
    }
    return [word for word, absent in lacks.items() if absent]


def write(
    folder: Path,
    foreign: Foreign,
    found: Conventions,
    name: str,
    with_data: bool = True,
    meta: Mapping[str, Any] | None = None,
    say: Say = finish.silent,
) -> Run:
    """Write spec, weights, codes and metadata into an empty folder, which the map needs; return the run.

    `numbers` measures the rest. Raises OpenError and DataError.
    """
    spec, encoder, decoder = spec_of(foreign, found, name)
    opened = {
        "kind": foreign.kind,
        "origin": dict(foreign.origin),
        "notes": list(foreign.notes) + list(found.notes),
        "found": [one.to_json() for one in found.found],
        "missing": lacking(foreign, found, with_data),
    }
    about = {"created": time.time(), **dict(meta or {}), "opened": opened}
    run = written.write(folder, spec, encoder, decoder, about)
    model = load_model(run)
    if with_data and abilities.takes(foreign):
        codes = finish.encode(run, model, say=say)
    else:
        codes = _draws(run)
    from vae.spec.layers import in_browser

    if not in_browser(spec.decoder_layers()):
        finish.atlas(run, model, codes, say)
    card(run)
    return Run(folder)


def _draws(run: Run) -> Codes:
    """Save and return draws from the prior as codes."""
    generator = torch.Generator().manual_seed(run.spec.seed)
    points = torch.randn(DRAWS, run.spec.latent, generator=generator).numpy()
    extra: dict[str, Any] = {}
    if run.spec.latent > 2:
        d = run.spec.latent
        extra = {"mean": np.zeros(d), "components": np.eye(2, d), "explained": np.full(2, 1 / d)}
        extra = {k: v.astype(np.float32) for k, v in extra.items()}
    codes = Codes(points, np.ones_like(points), None, (), "test", **extra)
    files.write(run.path / "codes.npz", codes.to_bytes())
    return codes


def numbers(run: Run, say: Say = finish.silent) -> dict[str, Any]:
    """Measure and save the first numbers, of QUICK examples, and the card that shows them; return them."""
    from vae.evaluation import evaluate

    model = load_model(run)
    _, batches = held_out(run)
    n = min(QUICK, len(batches))
    made = finish.metrics(
        evaluate(model, batches, SAMPLES, run.spec.seed, n, say=say), run.spec.data_name, "test", SAMPLES
    )
    content = finish.keep(run, made, trained=True)[1]
    card(run)
    return content


def card(run: Run) -> None:
    """Write the card of an opened model: where it comes from, and what was found out about it."""
    from vae.runs import measured

    known, opened = measured.known(run), Run(run.path).meta.get("opened", {})
    text = finish.card(run, run.spec, known) if "split" in known else f"# {run.name}\n"
    origin = opened.get("origin", {})
    lines = [text.rstrip(), "", f"Opened from a model of another library ({opened.get('kind', '')})."]
    if names := origin.get("files"):
        lines.append(f"Its files: {', '.join(map(str, names))}.")
    lines += ["", "| what was found | value | how sure |", "|---|---|---|"]
    lines += [f"| {one['title']} | {one['shown']} | {one['bar']} |" for one in opened.get("found", ())]
    lines += ["", *(f"* {note}" for note in opened.get("notes", ()))]
    files.write(run.path / "card.md", "\n".join(lines).rstrip() + "\n")


def available(name: str) -> bool:
    """Return whether data of that name are on this machine."""
    try:
        return data.available(name)
    except data.DataError:
        return False
