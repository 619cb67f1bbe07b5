"""What a component needs and does not change, by the digest of its content: fetched once, and kept by the browser.

Over the websocket the same bytes would be sent to every visitor, and again at every reload. A parcel lies packed in a
file; its address never means anything else, so the browser keeps it, and a proxy may.
"""

import hashlib
import os
import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ui.shared import packed

LEAST = 32_768  # bytes: less is sent as it is
MOST = 512 * 2**20  # bytes of all files; what was asked for longest ago goes first
KNOWN = 8  # parcels, each held in memory, whose digest is remembered: a page drawn again does not count it again
PATH = "/parcel/{name:str}"
NAME = re.compile(r"[0-9a-f]{40}")

_lock = Lock()
_known: OrderedDict[int, tuple[bytes, str]] = OrderedDict()  # id of the bytes -> them, and their name
serving = False  # whether the route below is served; a test of a page alone has no server


def folder() -> Path:
    """Return the folder of the files."""
    return packed.folder("parcels")


def placed(data: bytes) -> bytes | str:
    """Return the address from which the browser fetches these bytes (see shared.js), or few bytes as they are.

    The same object is packed once; where it cannot be written, the bytes are sent as they are.
    """
    if not serving or len(data) < LEAST:
        return data
    with _lock:
        found = _known.get(id(data))
        if found is not None and found[0] is data and (folder() / found[1]).exists():
            _known.move_to_end(id(data))
            return _address(found[1])
    name = hashlib.sha256(data).hexdigest()[:40]
    try:
        _write(name, data)
    except OSError:
        return data
    with _lock:
        _known[id(data)] = data, name
        while len(_known) > KNOWN:
            _known.popitem(last=False)
    return _address(name)


def _address(name: str) -> str:
    return PATH.replace("{name:str}", name).lstrip("/")


def _write(name: str, data: bytes) -> None:
    path = folder() / name
    if path.exists():
        os.utime(path)
        return
    packed.write(path, data, level=1)
    files = sorted(((f.stat().st_mtime, f.stat().st_size, f) for f in path.parent.iterdir()), reverse=True)
    total = 0
    for _, size, old in files:
        total += size
        if total > MOST and old != path:
            old.unlink(missing_ok=True)


async def answer(request: Request) -> Response:
    """Answer with a parcel; 404 for one that is not there any more: a reload of the page makes it again."""
    name = request.path_params["name"]
    path = folder() / name
    if not NAME.fullmatch(name) or not path.is_file():
        return Response(status_code=404)
    return packed.answer(path, "application/octet-stream")


def routes() -> list[Route]:
    """Return the route by which parcels are served, and begin to use it."""
    global serving
    serving = True
    return [Route(PATH, answer)]
