"""What the address says, and always at once: each change of it is a step of the browser's Back, and must be whole."""

from collections.abc import Mapping

import streamlit as st


def say(wanted: Mapping[str, str]) -> None:
    """Make the address say these values, nothing of a name whose value is "", and of other names what it says now."""
    before = st.query_params.to_dict()
    after = {name: value for name, value in {**before, **wanted}.items() if value or name not in wanted}
    if after != before:
        st.query_params.from_dict(after)
