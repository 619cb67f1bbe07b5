"""The choice of the language: links that open the same view in another one."""

from html import escape

import streamlit as st

from ui.state import address, language
from ui.words import say
from ui.words.languages import ASKED, LANGUAGES


def offer() -> None:
    """Show the language, and links to the others; a link loads the page anew, with the texts of its components.

    The browser puts the view of the moment into a link when it is pressed (front_end.py).
    """
    spoken = language.current()
    with st.popover(spoken.upper(), key="language_popover", help=f"{say('Language')}: {LANGUAGES[spoken]}"):
        st.markdown(f"**{LANGUAGES[spoken]}**")
        for code, name in LANGUAGES.items():
            if code != spoken:
                link = escape(address.link_with(ASKED, code), quote=True)
                st.html(f'<a href="{link}" lang="{code}" hreflang="{code}">{name}</a>')
