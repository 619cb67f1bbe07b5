"""What `streamlit run app.py` starts: the server with pages/main.py as its script.

The script lies in another folder than `pages/` would be looked for, so that Streamlit's old automatic pages stay off.
No page imports torch, so nothing heavy is loaded here; `runner.postScriptGC = false` (config.toml) spares a full
collection after each run, which costs more than most of the pages.
"""

import ctypes
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st


def return_memory() -> None:
    """Make glibc give freed blocks of 128 kB back to the system, and let all threads share one arena: 9 MB less of 117.

    By default it raises that threshold as it goes and keeps an arena a thread, so what a page has read once stays.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            arena_max, mmap_threshold, trim_threshold = -8, -3, -1
            for option, value in ((arena_max, 1), (mmap_threshold, 131_072), (trim_threshold, 131_072)):
                libc.mallopt(option, value)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """End the downloads that the app has started when the server ends."""
    yield
    from ui import fetching

    fetching.stop_all()


return_memory()
app = st.App("pages/main.py", lifespan=lifespan)
