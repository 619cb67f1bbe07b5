"""What `streamlit run app.py` starts: the server with pages/main.py as its script.

The script lies in another folder than `pages/` would be looked for, so that Streamlit's old automatic pages stay off.
No page imports torch, so nothing heavy is loaded here; `runner.postScriptGC = false` (config.toml) spares a full
collection after each run, which costs more than most of the pages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """End the downloads that the app has started when the server ends."""
    yield
    from ui import fetching

    fetching.stop_all()


app = st.App("pages/main.py", lifespan=lifespan)
