"""A session of the app over its websocket, without a browser, that can send what no browser would."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 120.0


@dataclass
class RawSession:
    """One visitor on one page: the elements that the server sent, by their kind, and the errors among them."""

    url: str
    page: str
    cookie: str = ""
    query: str = ""
    elements: list[tuple[str, Any, str]] = field(default_factory=list)  # kind, element, fragment
    exceptions: list[str] = field(default_factory=list)

    async def open(self) -> "RawSession":
        """Connect, and draw the page once."""
        self.socket: ClientConnection = await connect(
            self.url.replace("http", "ws") + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": f"latent_visitor={self.cookie}"} if self.cookie else {},
            max_size=None,
        )
        self.finished = asyncio.Event()
        self.reader = asyncio.create_task(self._read())
        await self.run(lambda message: None)
        return self

    async def run(self, change: Callable[[Any], object], fragment: str = "") -> None:
        """Ask for a run of the page, or of one of its fragments, after `change` of the request."""
        message = BackMsg()
        client = message.rerun_script
        client.page_name = "" if self.page == "explore" else self.page
        client.query_string = self.query
        client.fragment_id = fragment
        change(client)
        self.finished.clear()
        await self.send(message)
        await asyncio.wait_for(self.finished.wait(), PATIENCE)

    async def send(self, message: BackMsg) -> None:
        """Send any message."""
        await self.socket.send(message.SerializeToString())

    async def close(self) -> None:
        """Leave."""
        self.reader.cancel()
        await self.socket.close()

    async def _read(self) -> None:
        async for packet in self.socket:
            assert isinstance(packet, bytes)
            message = ForwardMsg.FromString(packet)
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                name = element.WhichOneof("type")
                self.elements.append((name, getattr(element, name), message.delta.fragment_id))
                if name == "exception":
                    self.exceptions.append(f"{element.exception.type}: {element.exception.message}")
            elif kind == "script_finished":
                self.finished.set()
