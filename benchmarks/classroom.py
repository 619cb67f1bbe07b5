"""A class on one server: how long its pages take while one run trains and others wait.

    python benchmarks/classroom.py [--pupils 30 100] [--seconds 60]

Each pupil is a raw websocket session, without a browser, with a cookie of its own: it opens a page, thinks for 2 to 6
seconds, and then does what a hand does there: all or no codes on Explore, the next image on Theory, another temperature
on Sample, a look at the run on Train. A rerun is from the message to the end of the script; an answer is until the
numbers asked for have arrived. One run trains and five wait. Watchers are sessions that look at the live run alone.
Memory is the app's, less what it had before the class. Exits with 1 where a limit is missed.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "browser")]

from harness import start, stop  # noqa: E402
from streamlit.components.v2.bidi_component.main import _make_trigger_id  # noqa: E402
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: E402
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402

from vae import jobs  # noqa: E402
from vae.runs import manage  # noqa: E402
from vae.spec import preset  # noqa: E402

MODEL = "mnist-vae-2d"
PAGES = ("explore", "theory", "sample", "train")
THINK = 2.0, 6.0
PATIENCE = 60.0
WAITING, LOOKS, SESSION = 5, 1.0, 1.0  # jobs that wait; looks a second of a watcher; MB a session
LIMITS = {30: (0.5, 1.5), 100: (1.0, None)}  # pupils -> seconds of the 95th percentile of reruns and of answers


def header(content: bytes) -> dict[str, Any]:
    """Return the header of what `components.pack` made."""
    length = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + length])


@dataclass
class Pupil:
    """One session: what it knows of its page, and how long what it did has taken."""

    url: str
    page: str
    random: random.Random
    run: str = ""  # the one that is looked at on Train
    reruns: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    looks: int = 0
    received: int = 0
    errors: list[str] = field(default_factory=list)
    elements: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> id and fragment
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)  # component's key -> header of its newest bytes
    ticks: dict[str, asyncio.Task] = field(default_factory=dict)
    script: str = ""

    async def open(self) -> None:
        """Connect and draw the page for the first time."""
        token = "".join(self.random.choices("abcdefghijklmnop", k=24))
        self.socket: ClientConnection = await connect(
            self.url.replace("http", "ws") + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": f"latent_visitor={token}"},
            max_size=None,
        )
        self.lock, self.finished, self.news = asyncio.Lock(), asyncio.Event(), asyncio.Event()
        self.reader = asyncio.create_task(self._read())
        await self.rerun()

    async def rerun(self, fragment: str = "", **states: Any) -> float:
        """Run the script, or one fragment of it, with these states of widgets; return the seconds to its end."""
        async with self.lock:
            message = BackMsg()
            client = message.rerun_script
            client.page_name = "" if self.page == "explore" else self.page
            client.query_string = f"model={MODEL}" + (f"&run={self.run}" if self.run else "")
            client.page_script_hash = self.script
            client.fragment_id = fragment
            for name, value in states.items():
                state = client.widget_states.widgets.add()
                state.id = self.elements[name][0]
                if isinstance(value, bool):
                    state.trigger_value = value
                else:  # a component's event, beside its state
                    state.json_value = "{}"
                    state = client.widget_states.widgets.add()
                    state.id = self.elements[name][0]
                    state.id = _make_trigger_id(state.id, "events")
                    state.json_trigger_value = json.dumps([{"event": "ask", "value": value}])
            self.finished.clear()
            began = time.perf_counter()
            await self.socket.send(message.SerializeToString())
            await asyncio.wait_for(self.finished.wait(), PATIENCE)
            return time.perf_counter() - began

    async def _read(self) -> None:
        async for packet in self.socket:
            assert isinstance(packet, bytes)
            self.received += len(packet)
            message = ForwardMsg.FromString(packet)
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self.script = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._take(message.delta)
            elif kind == "auto_rerun":
                self._tick(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            elif kind == "stop_auto_rerun":
                for name in message.stop_auto_rerun.fragment_ids:
                    if task := self.ticks.pop(name, None):
                        task.cancel()
            elif kind == "script_finished":
                self.finished.set()

    def _take(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(element.exception.message)
        made = getattr(element, kind)
        name = getattr(made, "id", "").split("-", 2)[-1]
        if name:
            self.elements[name] = made.id, delta.fragment_id
        if kind == "bidi_component" and made.bytes:
            self.headers[name] = header(made.bytes)
            self.news.set()

    def _tick(self, fragment: str, seconds: float) -> None:
        async def again() -> None:
            while True:
                await asyncio.sleep(seconds)
                await self.rerun(fragment)
                self.looks += 1

        if fragment not in self.ticks:
            self.ticks[fragment] = asyncio.create_task(again())

    async def until(self, true: Callable[[], bool], ask: Callable[[], Any] | None = None) -> None:
        """Wait until something that has arrived makes this true; ask again where nothing comes by itself."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self.news.clear()
                try:
                    await asyncio.wait_for(self.news.wait(), 0.25)
                except TimeoutError:
                    if ask is not None and not true():
                        await ask()

    async def act(self) -> None:
        """Do what a hand does on this page."""
        began = time.perf_counter()
        if self.page == "explore":
            name = "selection_all_button"
            self.reruns.append(await self.rerun(self.elements[name][1], **{name: True}))
            self.answers.append(self.reruns[-1])
        elif self.page == "theory":
            image, name = self.random.randrange(10_000), f"theory_{MODEL}"
            fragment = self.elements[name][1]

            def ask(poll: bool = False) -> Any:
                event = {"image": image, "seed": 0, "ahead": [], "settled": False, "walk": None}
                return self.rerun(fragment, **{name: event | ({"poll": True} if poll else {})})

            self.reruns.append(await ask())

            def there() -> bool:
                found = self.headers.get("theory_numbers", {})
                return found.get("question", [None])[0] == image and not found.get("waiting")

            await self.until(there, lambda: ask(True))
            self.answers.append(time.perf_counter() - began)
        elif self.page == "sample":
            t, name = round(self.random.uniform(0.5, 2.0), 2), f"samples_{MODEL}"
            self.reruns.append(await self.rerun(self.elements[name][1], **{name: {"left": f"prior,{t},mean"}}))

            def drawn() -> bool:
                halves = self.headers.get(name, {}).get("halves", [{}])
                return halves[0].get("t") == t and all(half.get("state") == "there" for half in halves)

            await self.until(drawn, lambda: self.rerun(self.elements[name][1]))
            self.answers.append(time.perf_counter() - began)
        else:
            self.reruns.append(await self.rerun())

    async def learn(self, seconds: float) -> None:
        """Open the page, and act on it until the lesson is over."""
        await asyncio.sleep(self.random.uniform(0, THINK[1]))
        end = time.perf_counter() + seconds
        try:
            await self.open()
            while time.perf_counter() < end:
                await asyncio.sleep(self.random.uniform(*THINK))
                await self.act()
        except (TimeoutError, OSError, KeyError) as error:
            self.errors.append(f"{self.page}: {type(error).__name__} {error}")
        await self.close()

    async def watch(self, seconds: float) -> float:
        """Watch the live run; return the looks a second."""
        await self.open()
        self.looks, began = 0, time.perf_counter()
        await asyncio.sleep(seconds)
        rate = self.looks / (time.perf_counter() - began)
        await self.close()
        return rate

    async def close(self) -> None:
        """Leave."""
        for task in self.ticks.values():
            task.cancel()
        if hasattr(self, "socket"):
            await self.socket.close()
            self.reader.cancel()


def percentile(values: list[float], share: float) -> float:
    """Return a quantile."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def row(name: str, values: list[float], limit: float | None) -> bool:
    """Print a row of the table; return whether its limit is kept."""
    p50, p95 = statistics.median(values) if values else float("nan"), percentile(values, 0.95)
    good = limit is None or p95 <= limit
    verdict = "" if limit is None else f"≤ {1000 * limit:.0f} {'met' if good else '**missed**'}"
    print(f"| {name} | {len(values)} | {1000 * p50:.0f} | {1000 * p95:.0f} | {verdict} |", flush=True)
    return good


def begin_runs() -> str:
    """Let one run train and five wait; return the name of the one that trains."""
    spec = preset("vae", data="glyphs", epochs=100_000)
    made = [manage.create(spec, "local", f"Run {k}") for k in range(1 + WAITING)]
    for run in made:
        jobs.play(run.path)
    return made[0].name


async def lesson(url: str, run: str, pupils: int, seconds: float, app: psutil.Process) -> bool:
    """Let so many pupils work, and print how long it took them."""
    before = app.memory_info().rss
    found = [Pupil(url, PAGES[k % len(PAGES)], random.Random(k), run) for k in range(pupils)]
    await asyncio.gather(*(pupil.learn(seconds) for pupil in found))
    grown = (app.memory_info().rss - before) / 2**20 / pupils
    reruns, answers = LIMITS.get(pupils, (None, None))
    good = row(f"{pupils} pupils, reruns", [s for p in found for s in p.reruns], reruns)
    good &= row(f"{pupils} pupils, answers", [s for p in found for s in p.answers], answers)
    for page in PAGES:
        row(f"… {page}", [s for p in found if p.page == page for s in p.reruns], None)
    errors = [error for pupil in found for error in pupil.errors]
    sent = statistics.mean(p.received for p in found) / 2**20
    fits = grown <= SESSION
    print(f"errors: {len(errors)}; {grown:.2f} MB a session (≤ {SESSION} {'met' if fits else '**missed**'}), "
          f"{sent:.2f} MB received each", *errors[:3], sep="\n", flush=True)  # fmt: skip
    return good and fits and not errors


async def watchers(url: str, run: str, pupils: int, seconds: float) -> bool:
    """Let so many watch the run that trains, and print how often they see it anew."""
    found = [Pupil(url, "train", random.Random(k), run) for k in range(pupils)]
    rates = await asyncio.gather(*(pupil.watch(seconds) for pupil in found))
    slowest = min(rates)
    good = slowest >= LOOKS
    print(f"{pupils} watchers: {statistics.median(rates):.2f} looks a second, the slowest {slowest:.2f} "
          f"(≥ {LOOKS} {'met' if good else '**missed**'})", flush=True)  # fmt: skip
    return good


def main() -> int:
    """Print the tables; return 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, nargs="*", default=[30, 100], help="how many, class after class")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each class")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its runs would go on training without it
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_DATA"] = folder
        server = start(Path(folder))
        app = psutil.Process(server.process.pid)
        good = True
        try:
            run = begin_runs()
            time.sleep(5)
            asyncio.run(lesson(server.url, run, 4, 10, app))  # the first looks build what all later ones share
            print("\n| | times | median ms | 95 % ms | limit |\n|---|---|---|---|---|", flush=True)
            for pupils in given.pupils:
                good &= asyncio.run(lesson(server.url, run, pupils, given.seconds, app))
            good &= asyncio.run(watchers(server.url, run, 30, min(given.seconds, 20)))
        finally:
            stop(server.process)
            for process in psutil.process_iter(["environ"]):
                if (process.info["environ"] or {}).get("LATENT_DATA") == folder and process.pid != os.getpid():
                    process.kill()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
