"""The pages of the app, in the order of the navigation. A new page is a script in pages/ and a line here."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True)
class Page:
    """A page: the name of its script and of its URL, its title, and its icon."""

    name: str
    title: str
    icon: str

    @property
    def script(self) -> str:
        """The file in pages/."""
        return f"{self.name}.py"


PAGES = (
    Page("explore", "Explore", ":material/explore:"),
    Page("train", "Train", ":material/model_training:"),
    Page("paths", "Paths", ":material/route:"),
    Page("sample", "Sample", ":material/casino:"),
    Page("theory", "Theory", ":material/function:"),
    Page("diagnose", "Diagnose", ":material/stethoscope:"),
    Page("compare", "Compare", ":material/compare:"),
    Page("models", "Models", ":material/view_list:"),
)
BY_NAME = {page.name: page for page in PAGES}


def navigation() -> StreamlitPage:
    """Draw the navigation, and return the page that was asked for; the first one has the bare address."""
    return st.navigation(
        [
            st.Page(
                page.script,
                title=page.title,
                icon=page.icon,
                default=page is PAGES[0],
                url_path=None if page is PAGES[0] else page.name,
            )
            for page in PAGES
        ],
        position="top",
    )


def link(name: str, label: str, query: Mapping[str, str] | None = None) -> None:
    """Draw a link to a page, with values for its address."""
    page = BY_NAME[name]
    st.page_link(page.script, label=label, icon=page.icon, query_params=None if query is None else dict(query))


def switch(name: str) -> None:
    """Go to a page."""
    st.switch_page(BY_NAME[name].script)
