"""What `streamlit run app.py` starts: the server with pages/main.py as its script.

The script lies in another folder than `pages/` would be looked for, so that Streamlit's old automatic pages stay off.
No page imports torch, so nothing heavy is loaded here; `runner.postScriptGC = false` (config.toml) spares a full
collection after each run, which costs more than most of the pages.
"""

import ctypes
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from ui.shared import caches, late_questions, parcels, ticks
from ui.shared.assets import PackedAssets
from ui.shared.front_end import FrontEnd
from ui.state.headers import SecurityHeaders
from ui.state.visitor import VisitorCookie
from ui.state.way_back import WayBack
from ui.words import script


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
    """Work the queue off while the server lives; at its end, downloads end too, and runs in training go on."""
    from ui.shared import background
    from vae import jobs
    from vae.answers import pool
    from vae.jobs.engine import Engine
    from vae.runs import machine, manage

    engine = None if os.environ.get(jobs.CLUSTER) else Engine()
    if engine is not None:
        engine.start()
    manage.empty_trash()
    machine.limit_memory(machine.APP * machine.memory())
    yield
    background.stop_all()
    pool.close()
    if engine is not None:
        engine.close()


return_memory()
ticks.silence()
late_questions.sort()
caches.keep()
layers = [Middleware(part) for part in (SecurityHeaders, VisitorCookie, WayBack, FrontEnd, PackedAssets)]
app = st.App("pages/main.py", lifespan=lifespan, middleware=layers, routes=[*parcels.routes(), *script.routes()])
