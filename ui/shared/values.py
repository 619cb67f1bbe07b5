"""Numbers of each code, or over all of them, sent to the browser's window once (values.js), for maps and layer."""

import hashlib

import streamlit as st

from ui.shared import parcels
from ui.shared.components import pack, source

_component = st.components.v2.component(
    "latent_values", html="<i hidden></i>", js=source("shared/values.js"), isolate_styles=False
)


def packed(model: str, sections: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the identity of float32 numbers in the browser's window, and the bytes that are sent."""
    name = hashlib.sha256(model.encode() + b"".join(sections.values())).hexdigest()[:16]
    return name, pack({"id": name, "model": model}, sections)


def send(model: str, what: str, data: bytes) -> None:
    """Put what was packed into the browser's window."""
    _component(data=parcels.placed(data), key=f"values_{model}_{what}", height="content")
