"""The pages of the app, in the order of the navigation. A new page is a script in pages/ and a line here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.words import phrase, say


@dataclass(frozen=True)
class Page:
    """A page: the name of its script and of its URL, its name in the navigation, and its icon.

    `heading` says what one does on the page and `purpose` what one sees and does first; `views` has the purpose of the
    page's other views, by their name in the address. All may contain the words that heading.py knows of a model, in
    braces. The texts are English, and translated where they are shown.
    """

    name: str
    title: str
    icon: str
    heading: str
    purpose: str
    views: Mapping[str, str] = field(default_factory=dict)

    @property
    def script(self) -> str:
        """The file in pages/."""
        return f"{self.name}.py"


PAGES = (
    Page(
        "explore", phrase("Explore"), ":material/explore:", phrase("Explore a map of {examples}"),
        phrase("Every dot is {one} that the model has squeezed into {numbers}. "
               "Point anywhere and see what it draws there."),
    ),
    Page(
        "train", phrase("Train"), ":material/model_training:", phrase("Train a model, and watch it learn"),
        phrase("It starts from noise and learns to rebuild its data from a few numbers. Choose data and a model, then "
               "press Train."),
    ),
    Page(
        "paths", phrase("Paths"), ":material/route:", phrase("Walk from one image to another"),
        phrase("The path on the map is decoded step by step. Drag one of its waypoints and watch the images change."),
    ),
    Page(
        "sample", phrase("Sample"), ":material/casino:", phrase("Draw new images from a model"),
        phrase("Random points become images that nobody has drawn. Compare the two grids, then press Draw again."),
        {
            "manifold": phrase("Each cell is the {example} that the model decodes at that place of the map. Point at a "
                               "cell to see it large."),
            "traverse": phrase("Each row changes one number of a code and keeps the others. Move a slider and watch "
                               "the {example} change."),
            "missing": phrase("Hide a part of {one}, and see what the model expects there and how sure it is."),
        },
    ),
    Page(
        "theory", phrase("Theory"), ":material/function:", phrase("Follow one image from pixels to a bound"),
        phrase("Every number belongs to the loaded model and the picked image. Read chapter 1, or pick another image."),
    ),
    Page(
        "diagnose", phrase("Diagnose"), ":material/stethoscope:", phrase("Check a model for a dozen known faults"),
        phrase("Each check says what was found, how sure it is, and what you can change. Start with the first line."),
    ),
    Page(
        "compare", phrase("Compare"), ":material/compare:", phrase("Compare models on the same images"),
        phrase("The maps share one cursor. Point at an image on one map and see what each model makes of it."),
    ),
    Page(
        "open", phrase("Open"), ":material/upload_file:", phrase("Open your own model and data"),
        phrase("Drop the files. The app finds out how to read them and shows what it found; correct it, then open or "
               "train."),
    ),
    Page(
        "models", phrase("Models"), ":material/view_list:", phrase("Browse the models on this machine"),
        phrase("Choose a model from the list to see its numbers, its training curves and the command that made it."),
    ),
)  # fmt: skip
# only where the server was started with a password, and in nobody else's navigation
TEACHER = Page(
    "teacher", phrase("Class"), ":material/co_present:", phrase("Look after a class"),
    phrase("Who is here, what trains and what waits. Let a run start next, stop one, or clear up at the end."),
)  # fmt: skip
BY_NAME = {page.name: page for page in PAGES}


def navigation(hidden: Collection[str] = (), more: Sequence[Page] = ()) -> tuple[StreamlitPage, Page]:
    """Draw the navigation; return the page that was asked for and its entry; the first one has the bare address.

    Hidden pages are left out of the navigation; their own links still open them. `more` are pages at its end.
    """
    pages = (*PAGES, *more)
    scripts = [
        st.Page(
            page.script,
            title=say(page.title),
            default=page is PAGES[0],
            url_path=None if page is PAGES[0] else page.name,
            visibility="hidden" if page.name in hidden else "visible",
        )
        for page in pages
    ]
    chosen = st.navigation(scripts, position="top")
    return chosen, next(page for script, page in zip(scripts, pages, strict=True) if script is chosen)


def link(name: str, label: str, query: Mapping[str, str] | None = None) -> None:
    """Draw a link to a page, with values for its address."""
    page = BY_NAME[name]
    st.page_link(page.script, label=label, icon=page.icon, query_params=None if query is None else dict(query))


def switch(name: str) -> None:
    """Go to a page."""
    st.switch_page(BY_NAME[name].script)
