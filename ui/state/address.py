"""The address of the page, always written as a whole: each change is one step of the browser's Back button."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

LONGEST = 20_000  # characters of a value: a path of twelve waypoints in a hundred dimensions has half of it


def get(name: str) -> str | None:
    """Return the address's value of a name, None where it has none; a value beyond LONGEST is cut."""
    found = st.query_params.get(name)
    return None if found is None else found[:LONGEST]


def link() -> str:
    """Return the whole address of the view, as it can be sent to others."""
    query = urlencode(st.query_params.to_dict())
    return f"{base()}?{query}" if query else base()


def base() -> str:
    """Return the address of the page without its values, "" where no browser says it."""
    return str(st.context.url or "").partition("?")[0]


def write(wanted: Mapping[str, str]) -> None:
    """Write these values at once; empty values are left out, and other names keep their values."""
    before = st.query_params.to_dict()
    after = {name: value for name, value in {**before, **wanted}.items() if value or name not in wanted}
    if after != before:
        st.query_params.from_dict(after)
