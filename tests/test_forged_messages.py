"""Messages that no browser of ours sends harm neither the server, nor other visitors, nor their runs."""

import asyncio
import json
from typing import Any

import asgi
import pytest
from fake_runs import SMALL, make_run
from harness import ROOT, start, stop
from raw_session import PATIENCE, RawSession
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from waiting import until

from vae import jobs
from vae.runs import files, status

PAGES = ("explore", "train", "paths", "sample", "theory", "diagnose", "compare", "models", "teacher")
# what a component can be said to have reported: other types, numbers that are none, and things far too large
REPORTS: tuple[Any, ...] = (
    None, [], "text", 7, True, {"ask": None}, {"ask": [[]]}, {"ask": {"pin": [1e999, {}], "image": -1}},
    {"ask": {"pin": "1e308,1e308", "image": 1 << 70, "left": "x" * 100_000, "box": [None] * 9, "z": {"a": []}}},
    {"ask": {name: float("nan") for name in ("image", "seed", "k", "step", "side", "t", "label", "show", "spacing")}},
)  # fmt: skip
# values of the field that a kind of widget reads, which the widget does not offer
VALUES: dict[str, tuple[Any, ...]] = {
    "trigger_value": (True,),
    "bool_value": (True, False),
    "int_value": (-1, 1 << 62),
    "double_value": (1e15, -1.0),
    "string_value": ("", "no such option", "x" * 100_000, "<img src=x>", "\0\ud7ff"),
    "string_array_value": ([], ["no such option"], ["<img src=x>"] * 1000),
    "double_array_value": ([float("nan")], [1e308, 1e308]),
    "int_array_value": ([], [10**9], [-1]),
}
FIELDS = {
    "button": "trigger_value", "download_button": "trigger_value", "checkbox": "bool_value",
    "text_input": "string_value", "text_area": "string_value", "selectbox": "string_value",
    "number_input": "double_value", "slider": "double_array_value", "multiselect": "string_array_value",
    "button_group": "string_array_value", "radio": "string_value",
}  # fmt: skip
PASSWORD = "known to nobody but the teacher"
# what Streamlit itself cannot read: it ends the run of whoever sent it
UNREADABLE = ("{", "[" * 5000 + "]" * 5000, "NaN NaN")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with people on it, and a run of one of them; what the forged presses began to train is stopped."""
    data = tmp_path_factory.mktemp("data")
    theirs = make_run(data / "runs", "theirs", **SMALL)
    files.write_json(theirs.path / "meta.json", {"owner": "somebody-else", "created": 1.0, "title": "Theirs"})
    running = start(data, LATENT_ALONE="", LATENT_TEACHER=PASSWORD)
    yield running
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_DATA", str(data))
        for made in (data / "runs").iterdir():
            jobs.executor().stop(made)
        until(lambda: not any(status.held(made) for made in (data / "runs").iterdir()), "the end of the trainers")
    stop(running.process)


def widget_ids(session: RawSession) -> dict[str, str]:
    """Return the ids of a page's widgets and components, with their kind; a slider over words answers like a group."""
    return {
        element.id: "button_group" if kind == "slider" and element.options else kind
        for kind, element, _ in session.elements
        if getattr(element, "id", "")
    }


def forge(client: Any, ids: dict[str, str], turn: int) -> None:
    """Give each of a page's widgets and components a value that it does not offer."""
    for place, (name, kind) in enumerate(ids.items()):
        state = client.widget_states.widgets.add()
        state.id = name
        if kind == "bidi_component":
            report = REPORTS[(place + turn) % len(REPORTS)]
            state.json_value = json.dumps(report)
            event = client.widget_states.widgets.add()
            event.id = _make_trigger_id(name, "events")
            event.json_trigger_value = json.dumps([{"event": "ask", "value": report}])
        elif kind in FIELDS:
            field = FIELDS[kind]
            value = VALUES[field][(place + turn) % len(VALUES[field])]
            if field.endswith("_array_value"):
                getattr(state, field).data.extend(value)
            else:
                setattr(state, field, value)


async def attack(url: str, page: str) -> RawSession:
    """Send a page every forged value in turn, and what is no run of a page at all."""
    session = await RawSession(url, page, cookie="attacker-attacker-attack").open()
    ids = widget_ids(session)
    assert ids, f"{page} has no widgets to forge"
    for turn in range(len(REPORTS)):
        await session.run(lambda client, turn=turn: forge(client, ids, turn))
    for fragment in ("no-such-fragment", "../..", "x" * 10_000):
        with_fragment = BackMsg()
        with_fragment.rerun_script.fragment_id = fragment
        await session.send(with_fragment)
    for name in ("clear_cache", "stop_script"):
        message = BackMsg()
        setattr(message, name, True)
        await session.send(message)
    return session


async def garble(url: str, page: str) -> RawSession:
    """Send what Streamlit cannot read, then reload the page; return the session of the reload."""
    session = await RawSession(url, page, cookie="attacker-attacker-attack").open()
    for text in UNREADABLE:

        def change(client: Any, text: str = text) -> None:
            for name in widget_ids(session):
                state = client.widget_states.widgets.add()
                state.id, state.json_value = name, text

        await session.run(change)
    await session.close()
    return await RawSession(url, page, cookie="attacker-attacker-attack").open()


@pytest.mark.parametrize("page", PAGES)
def test_forged_values_are_dropped_and_the_page_lives(server, page):
    """Whatever a page's widgets and components are said to hold: no traceback, and the page draws again as before."""

    async def tried() -> tuple[RawSession, RawSession]:
        attacker = await attack(server.url, page)
        await attacker.close()
        visitor = await RawSession(server.url, page, cookie="visitor-visitor-visitor").open()
        await visitor.close()
        return attacker, visitor

    attacker, visitor = asgi.run(asyncio.wait_for(tried(), PATIENCE))
    log = server.log.read_text()
    assert not attacker.exceptions and not visitor.exceptions, log[-6000:]
    assert widget_ids(visitor)
    # Streamlit logs what it drops itself
    assert not [room for room in ("ui", "pages", "vae") if str(ROOT / room) in log], log[-6000:]
    assert PASSWORD not in log
    assert server.process.poll() is None


def test_what_cannot_be_read_ends_only_its_senders_run(server):
    """The page of whoever sent it is as before after a reload."""

    async def tried() -> RawSession:
        session = await garble(server.url, "explore")
        await session.close()
        return session

    assert not asgi.run(asyncio.wait_for(tried(), PATIENCE)).exceptions
    assert server.process.poll() is None


def test_presses_of_absent_buttons_change_no_foreign_run(server):
    """The buttons of an owner are not drawn for others; a press of one that is forged finds nothing to do."""
    run = server.data / "runs" / "theirs"
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}

    async def tried() -> RawSession:
        session = await RawSession(server.url, "models", cookie="attacker-attacker-attack", query="model=theirs").open()

        def press(client: Any) -> None:
            for key in ("delete_run", "save_run", "undo_delete", "evaluate", "run_stop"):
                for kind in ("button", "form_submit_button"):
                    state = client.widget_states.widgets.add()
                    state.id = f"$$ID-{'0' * 32}-{key}"
                    state.trigger_value = True
                    state.id = state.id.replace("$$ID", f"$$ID-{kind}") if kind != "button" else state.id

        await session.run(press)
        await session.close()
        return session

    session = asgi.run(asyncio.wait_for(tried(), PATIENCE))
    assert not session.exceptions
    assert {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()} == before
