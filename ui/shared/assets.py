"""The front end's own scripts, packed: Plotly's has 4.6 MB, and Streamlit sends it as it is."""

from pathlib import Path

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import __version__
from streamlit.file_util import get_static_dir

from ui.shared import packed

PREFIX = "/static/"
TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
LEAST = 4096  # bytes: less is not worth it


class PackedAssets:
    """Answers requests for the front end's scripts with packed ones, which are packed once for each version."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.root = Path(get_static_dir()).resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is no such request, and what cannot be packed."""
        answer = self.app
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PREFIX):
            headers = dict(scope["headers"])
            if b"gzip" in headers.get(b"accept-encoding", b"") and b"range" not in headers:
                # in a thread: packing the largest takes a quarter of a second, in which nobody else would be answered
                file = await to_thread.run_sync(self._packed, scope["path"].lstrip("/"))
                if file is not None:
                    answer = packed.answer(file, TYPES[Path(scope["path"]).suffix])
        await answer(scope, receive, send)

    def _packed(self, name: str) -> Path | None:
        """Return the packed file of one of the front end's; None where there is none to pack."""
        source = (self.root / name).resolve()
        if source.suffix not in TYPES or not source.is_relative_to(self.root / "static") or not source.is_file():
            return None
        if source.stat().st_size < LEAST:
            return None
        target = packed.folder(f"front-end-{__version__}") / f"{source.name}.gz"
        try:
            if not target.exists():
                packed.write(target, source.read_bytes(), level=6)
        except OSError:
            return None
        return target
