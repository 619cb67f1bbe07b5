"""The address of the page, always written as a whole: each change of it is a step of the browser's Back."""

from collections.abc import Mapping

import streamlit as st


def get(name: str) -> str | None:
    """Return what the address says under a name, None where it is silent."""
    return st.query_params.get(name)


def write(wanted: Mapping[str, str]) -> None:
    """Write these values at once, and leave a name out whose value is ""; other names keep what they say."""
    before = st.query_params.to_dict()
    after = {name: value for name, value in {**before, **wanted}.items() if value or name not in wanted}
    if after != before:
        st.query_params.from_dict(after)
