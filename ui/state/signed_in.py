"""Accounts: where the server's secrets name a provider (OpenID Connect), a visitor is the account, not the browser.

Streamlit does the signing in (st.login) and keeps who it was in a signed cookie.
"""

import hashlib
from collections.abc import Mapping
from functools import cache

import streamlit as st


@cache
def wanted() -> bool:
    """Return whether this server knows visitors by their accounts: its secrets have a section [auth]."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def providers() -> list[str | None]:
    """Return the names of the providers to choose from, None for the one without a name."""
    section = st.secrets["auth"]
    named = [name for name, entry in section.items() if isinstance(entry, Mapping) and "client_id" in entry]
    return [None, *named] if "client_id" in section else list(named)


def here() -> bool:
    """Return whether this visitor has signed in."""
    return wanted() and bool(st.user.get("is_logged_in"))


def identity() -> str:
    """Return the name of this visitor's account for run folders, a digest of provider and number; "" for none."""
    number = st.user.get("sub") if here() else None
    if not isinstance(number, str) or not number:
        return ""
    return hashlib.sha256(f"account {st.user.get('iss', '')} {number}".encode()).hexdigest()[:16]


def name() -> str:
    """Return how the visitor is called at the provider, "" for one who has not signed in."""
    found = (st.user.get(key) for key in ("name", "preferred_username", "email")) if here() else ()
    return next((text for text in found if isinstance(text, str) and text), "")
