"""The head of every page: the app's name, what one does here, and a sentence with the first action."""

from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shared import messages
from ui.shared.navigation import Page
from ui.state.permalink import SHOW
from ui.state.subject import Subject
from ui.state.view import View
from ui.words import phrase, say
from vae import data
from vae.runs import Run, RunError

APP = "Latent Space Explorer"
UI = Path(__file__).resolve().parents[1]
ICON = UI / "icon.svg"
WORDMARKS = {theme: UI / f"wordmark-{theme}.svg" for theme in ("light", "dark")}
NUMBERS = (
    phrase("no numbers"),
    phrase("one number"),
    phrase("two numbers"),
    phrase("three numbers"),
    phrase("four numbers"),
    phrase("five numbers"),
    phrase("six numbers"),
    phrase("seven numbers"),
    phrase("eight numbers"),
    phrase("nine numbers"),
)


def name_app() -> None:
    """Show the app's name beside the navigation and on the browser's tab; before the navigation is drawn."""
    # an icon of our own: for a page's Material icon the browser would ask another site
    st.set_page_config(page_title=APP, page_icon=str(ICON), layout="wide")
    st.html(UI / "shared" / "page.css")
    st.logo(str(WORDMARKS.get(str(st.context.theme.type), WORDMARKS["light"])), size="large")


def name_tab(page: Page) -> None:
    """Name the browser's tab after the page."""
    st.set_page_config(page_title=f"{say(page.title)} · {APP}")


def head(page: Page, shown: View | None, titled: bool = True) -> DeltaGenerator:
    """Draw a page's title and its sentence, if `titled`; return the place beside the title for the model and the
    image."""
    if not titled:
        return st.container(horizontal=True, vertical_alignment="center", gap="small", key="header")
    words = _words(page, None if shown is None else shown.run)
    with st.container(gap=None, key="head"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.title(messages.plain(say(page.heading, **words)), anchor=False, width="content")
            beside = st.container(
                horizontal=True, vertical_alignment="center", gap="small", width="content", key="header"
            )
        purpose = page.views.get(SHOW.value(Subject())[0], page.purpose)
        st.markdown(messages.plain(say(purpose, **words)))
    return beside


def _words(page: Page, run: Run | None) -> dict[str, str]:
    """Return what a page's texts say of a model and its data."""
    latent = 2 if run is None else run.spec.latent
    numbers = say(NUMBERS[latent]) if latent < len(NUMBERS) else say("{count:,} numbers", count=latent)
    example, examples, count = "image", "images", None
    if run is not None:
        with suppress(data.DataError):  # data that this machine does not know
            about = data.describe(run.spec.data)
            example, examples = about.example, about.examples
        if "{examples}" in page.heading:
            with suppress(RunError):  # the page says why the codes cannot be read
                count = f"{len(run.codes):,}"
    # "one digit" is a text of its own: other languages decline it
    words = {"example": say(example), "one": say(f"one {example}"), "examples": say(examples), "numbers": numbers}
    return words if count is None else words | {"examples": f"{count} {words['examples']}"}
