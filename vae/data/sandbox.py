"""Run one function on files that somebody brought in a process of its own, with limits of memory, time and places.

The process gets JSON and answers JSON: nothing is unpickled on either side. What a damaged or hostile file does to a
parser ends there: too much memory, an endless loop and a crash are one sentence here.
"""

import errno
import importlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vae.data.dataset import DataError

GB = 10**9
ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.05  # seconds between looks at whether the work was cancelled
LONGEST_ANSWER = 64 * 2**20  # bytes of one line
NEVER = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.symlink", "os.link")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "shutil.rmtree")

Report = Callable[[str, int, int], None]  # what is done, how many of how many


@dataclass(frozen=True)
class Limits:
    """The most that the process may take: bytes of address space, seconds, and bytes of each file that it writes."""

    memory: float = 4 * GB
    seconds: float = 120.0
    file: float = 20 * GB


_confined = False


def confined() -> bool:
    """Return whether this process is one that `run` has started, with its limits."""
    return _confined


class SandboxError(DataError):
    """The work could not be done within its limits, or broke down; the message says which."""


class Cancelled(DataError):
    """The work was cancelled."""


def run(
    function: str,
    arguments: Mapping[str, Any],
    folder: Path,
    limits: Limits | None = None,
    progress: Report | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Any:
    """Return what `function` ("module:name") returns for JSON arguments, in a process that writes below `folder` alone.

    The function also gets `progress`, a Report. Raises DataError with the function's own sentence, SandboxError for
    what broke a limit, Cancelled.
    """
    limits = limits or Limits()
    asked = {"function": function, "arguments": dict(arguments), "folder": str(folder), "limits": asdict(limits)}
    words = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
             "from vae.data.sandbox import serve\nserve()"]  # fmt: skip
    kept = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT", "LANG")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}
    environment |= {"ARROW_DEFAULT_MEMORY_POOL": "system", "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=folder
    ) as process:
        said: dict[str, Any] = {}
        errors: list[bytes] = []
        readers = [
            threading.Thread(target=_answers, args=(process.stdout, said, progress), daemon=True),
            threading.Thread(target=lambda: errors.append(process.stderr.read(100_000)), daemon=True),  # type: ignore
        ]
        for reader in readers:
            reader.start()
        with suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.write(json.dumps(asked).encode())
            process.stdin.close()
        end = time.monotonic() + limits.seconds
        try:
            while process.poll() is None:
                if cancelled():
                    raise Cancelled("Cancelled: nothing was kept.")
                if time.monotonic() > end:
                    raise SandboxError(
                        f"Reading it took more than {limits.seconds:g} seconds and was ended. Use a smaller or simpler "
                        "file, or read it on your own computer."
                    )
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        for reader in readers:
            reader.join(5)
    if "error" in said:
        raise DataError(str(said["error"]))
    if "value" not in said:
        raise SandboxError(_why(process.returncode, b"".join(errors), limits))
    return said["value"]


def _why(status: int, errors: bytes, limits: Limits) -> str:
    """Return in a sentence why the process ended without an answer."""
    lines = errors.decode(errors="replace").strip().splitlines()
    last = lines[-1][:200] if lines else f"exit status {status}"
    if "MemoryError" in last or "Unable to allocate" in last or "malloc" in last:
        return f"Reading it needs more than {limits.memory / GB:g} GB of memory. Use a smaller file."
    return f"The file broke its reader ({last}), which ran apart from the app. The file is damaged: save it again."


def _answers(stream: Any, said: dict[str, Any], progress: Report | None) -> None:
    """Read the lines of the process: progress, and at the end the value or the error."""
    while line := stream.readline(LONGEST_ANSWER):
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and "done" in message:
            if progress is not None:
                progress(*message["done"])
        elif isinstance(message, dict):
            said.update(message)


def serve() -> None:
    """Do the one piece of work that standard input asks for; the process's only act."""
    asked = json.loads(sys.stdin.buffer.read())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    def progress(what: str, done: int, of: int) -> None:
        say(done=[what, done, of])

    limits = Limits(**asked["limits"])
    module, _, name = asked["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        _confine(limits, Path(asked["folder"]).resolve())
        say(value=function(**asked["arguments"], progress=progress))
    except DataError as error:
        say(error=str(error))
    except (MemoryError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:
            raise
        say(error=f"Reading it needs more than {limits.memory / GB:g} GB of memory. Use a smaller file.")


def _confine(limits: Limits, folder: Path) -> None:
    """Limit this process for good: its memory, time and files, where it writes, and that it starts and calls nobody."""
    global _confined
    _confined = True
    with suppress(ImportError, OSError, ValueError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_CPU, limits.seconds + 5),
            (resource.RLIMIT_FSIZE, limits.file),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (int(most), int(most)))

    def inside(path: Any) -> bool:
        if isinstance(path, int):  # a file that is open already
            return True
        try:
            place = Path(os.fsdecode(path))
        except (TypeError, ValueError):
            return False
        return place == Path(os.devnull) or place.parent.resolve().joinpath(place.name).is_relative_to(folder)

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            writes = any(letter in str(mode) for letter in "wax+") if mode else bool((flags or 0) & WRITING)
            if writes and not inside(path):
                raise PermissionError(f"writing outside the folder of the upload is refused: {path}")
        elif event in CHANGES and not inside(given[0]):
            raise PermissionError(f"changing {given[0]} is refused: it lies outside the folder of the upload")
        elif event.startswith(NEVER):
            raise PermissionError(f"{event} is refused to what reads a file that somebody brought")

    sys.addaudithook(watch)
