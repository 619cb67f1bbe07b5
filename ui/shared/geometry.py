"""The codes of a run, sent to the browser once and apart from what changes on the page."""

import hashlib
from pathlib import Path

import numpy as np
import streamlit as st

from ui.shared import library, parcels
from ui.shared.components import pack, source
from ui.shared.figures import FEW
from ui.words import say
from vae.runs import Codes, Run, RunError

LABELS = 256  # labels that fit into a byte

SOURCE = source("shared/geometry.js")
_component = st.components.v2.component("latent_geometry", html="<span hidden></span>", js=SOURCE)


def apart(codes: Codes) -> bool:
    """Return whether a run's codes are so many that the card takes the map's, and no image is sent with them."""
    return len(codes) > FEW


def payloads(run: Run, codes: Codes) -> dict[str, bytes]:
    """Return the payloads by identity: means as float32 with labels as uint8 (for the map), then scales (for log q)."""
    if codes.labels is not None and not 0 <= int(codes.labels.min()) <= int(codes.labels.max()) < LABELS:
        raise RunError(
            say(
                "{run} has labels outside of 0 to {last}: a map holds {classes} classes. "
                "Number the classes from 0, and run `python -m vae encode {run}`.",
                run=run.name,
                last=LABELS - 1,
                classes=LABELS,
            )
        )
    parts = [{"means": codes.means.astype("<f4").tobytes()}]
    if codes.labels is not None:
        parts[0]["labels"] = codes.labels.astype(np.uint8).tobytes()
    if codes.scales is not None:
        parts.append({"scales": codes.scales.astype("<f4").tobytes()})
    made = {}
    for part in parts:
        name = hashlib.sha256(b"".join(part.values())).hexdigest()[:16]
        made[name] = pack({"id": name, "model": run.name, "latent": run.spec.latent}, part)
    return made


@st.cache_resource(max_entries=3, show_spinner=False)
def _payloads(path: Path, version: library.Stamp) -> dict[str, bytes]:
    run = library.open_run(path.name)
    return payloads(run, run.codes)


def kept(run: Run) -> dict[str, bytes]:
    """Return the run's payloads, the same bytes until its files change; raises RunError."""
    return _payloads(run.path, library.stamp(run.path))


def identities(run: Run) -> list[str]:
    """Return the names under which the browser finds the codes (and scales, if there are any); raises RunError."""
    return list(kept(run))


def send(run: Run) -> None:
    """Put the run's codes into the browser's window, with their scales where the card needs them; raises RunError."""
    parts = list(kept(run).values())
    for k, data in enumerate(parts if apart(run.codes) else parts[:1]):
        _component(data=parcels.placed(data), key=f"geometry_{run.name}_{k}")
