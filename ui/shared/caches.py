"""Ignores a browser's request to clear the caches: they are all visitors', and filling them again costs everybody."""

from streamlit.runtime.app_session import AppSession

# at the import, so that a Streamlit without the method is noticed where the app starts and not by a visitor
assert callable(AppSession._handle_clear_cache_request)


def _kept(self: AppSession) -> None:
    """Do nothing."""


def keep() -> None:
    """Ignore such requests in every session of this process."""
    AppSession._handle_clear_cache_request = _kept  # type: ignore[method-assign]
