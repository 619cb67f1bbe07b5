"""The front end's own scripts, packed: Plotly's has 4.6 MB, and Streamlit sends it as it is."""

import gzip
import os
import tempfile
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import __version__
from streamlit.file_util import get_static_dir

from vae.data import data_root

PREFIX = "/static/"
TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
LEAST = 4096  # bytes: less is not worth it
# the name of each of these files holds a digest of its content
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Encoding": "gzip",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


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
                packed = self._packed(scope["path"].lstrip("/"))
                if packed is not None:
                    kind = TYPES[Path(scope["path"]).suffix]
                    answer = FileResponse(packed, media_type=kind, headers=HEADERS)
        await answer(scope, receive, send)

    def _packed(self, name: str) -> Path | None:
        """Return the packed file of one of the front end's; None where there is none to pack."""
        source = (self.root / name).resolve()
        if source.suffix not in TYPES or not source.is_relative_to(self.root / "static") or not source.is_file():
            return None
        if source.stat().st_size < LEAST:
            return None
        target = data_root() / "cache" / f"front-end-{__version__}" / f"{source.name}.gz"
        try:
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
                    file.write(gzip.compress(source.read_bytes(), 6, mtime=0))
                os.replace(file.name, target)
        except OSError:
            return None
        return target
