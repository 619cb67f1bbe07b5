"""What somebody's file does to its reader ends with the reader's process, in one sentence."""

import os
import time
from pathlib import Path

import pytest

from vae.data import DataError, sandbox
from vae.data.sandbox import Cancelled, Limits, SandboxError


def answer(number, progress):
    progress("counted", 1, 2)
    return {"twice": 2 * number, "process": os.getpid()}


def refuse(progress):
    raise DataError("This is no file: save it again.")


def never_end(progress):
    while True:
        pass


def take(gigabytes, progress):
    return len(bytearray(int(gigabytes * 1e9)))


def crash(progress):
    os.abort()


def write(path, progress):
    Path(path).write_text("here")
    return True


def call(progress):
    import socket

    socket.create_connection(("127.0.0.1", 9), 1)


def run(function, folder, limits=None, progress=None, cancelled=lambda: False, **arguments):
    # the process finds this file as the project's modules, by its place
    return sandbox.run(f"{function.__module__}:{function.__name__}", arguments, folder, limits, progress, cancelled)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Let the process import this file by its name."""
    monkeypatch.setattr(sandbox, "ROOT", Path(__file__).resolve().parents[3])
    for function in (answer, refuse, never_end, take, crash, write, call):
        monkeypatch.setattr(function, "__module__", "tests.vae.data.test_sandbox")


def test_an_answer_and_its_progress_come_back(tmp_path):
    said = []
    found = run(answer, tmp_path, progress=lambda *what: said.append(what), number=21)
    assert found["twice"] == 42 and found["process"] != os.getpid()
    assert said == [("counted", 1, 2)]


@pytest.mark.parametrize(
    ("function", "arguments", "limits", "said"),
    [
        (refuse, {}, Limits(), "^This is no file: save it again.$"),
        (never_end, {}, Limits(seconds=1.5), "more than 1.5 seconds"),
        (take, {"gigabytes": 3}, Limits(memory=2e9), "more than 2 GB of memory"),
        (crash, {}, Limits(), "ran apart from the app"),
        (call, {}, Limits(), "socket.* is refused"),
    ],
)
def test_what_breaks_a_limit_is_one_sentence(function, arguments, limits, said, tmp_path):
    with pytest.raises(DataError, match=said) as caught:
        run(function, tmp_path, limits, **arguments)
    assert "\n" not in str(caught.value)


def test_work_is_cancelled_at_once(tmp_path):
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        run(never_end, tmp_path, cancelled=lambda: time.monotonic() > begun + 0.5)


def test_nothing_is_written_outside_the_folder(tmp_path):
    inside, outside = tmp_path / "upload", tmp_path / "elsewhere"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    assert run(write, inside, path=str(inside / "file"))
    for path in (outside, inside / ".." / "elsewhere", inside / "link" / "elsewhere"):
        with pytest.raises(SandboxError, match="outside the folder"):
            run(write, inside, path=str(path))
    assert not outside.exists()
