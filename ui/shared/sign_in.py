"""Signing in and out, where the server knows visitors by their accounts."""

import streamlit as st

from ui.shared import messages
from ui.state import signed_in, visitor
from ui.words import say


def admitted() -> bool:
    """Return whether this visitor may see the pages: everybody where there are no accounts, else who has signed in."""
    return not signed_in.wanted() or visitor.alone() or signed_in.identity() != ""


def door() -> None:
    """Ask the visitor to sign in."""
    st.title(say("Sign in"), anchor=False)
    st.markdown(say("The runs that you train here belong to your account, on every machine that you use."))
    for provider in signed_in.providers():
        named = {} if provider is None else {"provider": messages.plain(provider.title())}
        st.button(
            say("Sign in with {provider}", **named) if named else say("Sign in"),
            key=f"sign_in_{provider or ''}", type="primary", icon=":material/login:",
            on_click=st.login, args=() if provider is None else (provider,),
        )  # fmt: skip


def sign_out() -> None:
    """Show who has signed in, and a button that ends it."""
    if signed_in.here():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="signed_in"):
            name = messages.plain(signed_in.name() or say("this account"))
            st.caption(say("Signed in as {name}.", name=name), width="content")
            st.button(say("Sign out"), key="sign_out", type="tertiary", icon=":material/logout:", on_click=st.logout)
