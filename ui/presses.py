"""A press arrives once: a page's timer that ticks while a press is on its way must not deliver it as well."""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

TRIGGERS = frozenset({"trigger_value", "string_trigger_value", "chat_input_value", "json_trigger_value"})


def without_presses(content: bytes) -> bytes:
    """Return what a browser sends Streamlit; presses are taken out of what a fragment's timer (`run_every`) sends.

    The front end keeps a press among its widgets' values until the next turn of its event loop sends it. A timer that
    is due in between sends all values too, and the callback would run twice: two runs of one Train, two steps of one
    Step.
    """
    try:
        message = BackMsg.FromString(content)
    except DecodeError:
        return content  # Streamlit has an answer to that
    if not message.rerun_script.is_auto_rerun:
        return content
    widgets = message.rerun_script.widget_states.widgets
    kept = [widget for widget in widgets if widget.WhichOneof("value") not in TRIGGERS]
    if len(kept) == len(widgets):
        return content
    del widgets[:]
    widgets.extend(kept)
    return message.SerializeToString()


class PressOnce:
    """Stands between the browser's socket and Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but the presses in a timer's messages."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def once() -> Message:
            message = await receive()
            if content := message.get("bytes"):
                message = {**message, "bytes": without_presses(content)}
            return message

        await self.app(scope, once, send)
