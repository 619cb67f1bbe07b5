"""A pool of a few warm processes with torch that compute the pages' answers, with a cache of the answers.

    answer = pool.ask(explore.encode, run.path, images)
    means = answer.result().means          # waits; or check answer.done and answer.fraction

A call with the same arguments and weights is computed once, for all visitors. Long calls run in turns of half a second
(`Partial`), between which the process runs other calls; a call that no page watches any more is suspended until one
does. The app imports neither torch nor, before the first call, loky.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import partial
from hashlib import blake2b
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import numpy as np

from vae.answers import process
from vae.answers.process import Partial
from vae.data import DataError
from vae.jobs import JobError
from vae.runs import RunError, machine
from vae.runs.machine import cores
from vae.runs.stamp import stamp
from vae.spec import SpecError

LIMIT = 256 << 20  # bytes of cached answers
IDLE = 300.0  # seconds without a call after which processes end
PATIENCE = 60.0  # seconds for which reading an answer keeps it running; browsers read once a minute from hidden tabs
MOST = 4  # processes, each about 300 MB

ENDED = (
    "The process that computed this was ended, most likely because memory ran out. Nothing is lost: ask again. If it "
    "is ended again, free some memory or ask for less (a smaller K, fewer images)."
)
CLOSED = "The app is closing, so this was not computed. Ask again once it is back."
UNSTARTED = "No process could be started for this ({error}). Free some memory or end other programs, then ask again."

T = TypeVar("T")
P = ParamSpec("P")
log = logging.getLogger(__name__)


class Answer(Generic[T]):
    """The future result of one call; reading `done` or waiting for `result` keeps the call running."""

    def __init__(self, pool: "Pool", key: Hashable, call: Callable[..., Any], arguments: tuple[Any, ...], named: Any):
        self.key = key
        self.fraction = 0.0
        self.seconds = 0.0  # seconds that its turns have taken
        self._pool, self._call, self._arguments, self._named = pool, call, arguments, named
        self._state: Any = None  # the state from which the next turn continues
        self._looked, self._waiting = 0.0, 0
        self._over = threading.Event()
        self._value: Any = None
        self._error: Exception | None = None
        self._size = 0

    @property
    def done(self) -> bool:
        """Whether `result` returns or raises at once."""
        if not self._over.is_set():
            self._pool._want(self)
        return self._over.is_set()

    @property
    def remaining(self) -> float | None:
        """The estimated remaining seconds, None before the first estimate."""
        return self.seconds / self.fraction * (1 - self.fraction) if self.fraction else None

    def result(self, timeout: float | None = None) -> T:
        """Return the value; its arrays are shared and read-only.

        Raises the call's RunError, DataError or SpecError, JobError (a RunError) for every other error, and
        TimeoutError if it takes longer than `timeout` seconds.
        """
        with self._pool._waits(self):
            if not self.done and not self._over.wait(timeout):
                raise TimeoutError(f"no answer within {timeout} s")
        if self._error is not None:
            raise self._error.with_traceback(None)
        return cast(T, self._value)

    def drop(self) -> None:
        """Cancel the call for this caller: it stops after this turn, unless another caller watches it."""
        self._looked = 0.0

    @property
    def _wanted(self) -> bool:
        return self._waiting > 0 or time.monotonic() - self._looked < PATIENCE


class Pool:
    """The processes, the running calls and the cached answers; every method can be called by any thread.

    `workers` is the number of processes, by default half of the processors and at most four.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._asked_workers = workers
        self._lock = threading.RLock()
        self._answers: OrderedDict[Hashable, Answer[Any]] = OrderedDict()  # the most recently requested one is last
        self._queue: list[Answer[Any]] = []
        self._at_work: set[Answer[Any]] = set()
        self._executor: Any = None
        self._lifeline: Connection | None = None
        self._closing = False

    @property
    def workers(self) -> int:
        """The largest number of processes."""
        return self._asked_workers or max(1, min(MOST, cores() // 2))

    def ask(
        self,
        function: Callable[Concatenate[Path, P], T | Partial],
        run: Path,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer[T]:
        """Return the Answer of function(run, ...), a function of vae.answers, without waiting; it can be cached."""
        key = (function.__module__, function.__qualname__, str(run), stamp(run), _identity(args), _identity(kwargs))
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                answer = self._answers[key] = Answer(self, key, function, (run, *args), kwargs)
            self._answers.move_to_end(key)
            self._want(answer)
        return answer

    def warm(self) -> None:
        """Start the processes if there are none, so that the next call of a page does not have to wait for them."""
        with self._lock:
            try:
                self._submit(process.ready)
            except (OSError, RuntimeError):
                log.warning("no processes could be started ahead of a question", exc_info=True)

    def close(self) -> None:
        """End the processes and all running calls; the next call starts new processes."""
        with self._lock:
            executor, lifeline = self._executor, self._lifeline
            self._executor, self._lifeline, self._closing = None, None, True
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)
        if lifeline is not None:
            lifeline.close()
        with self._lock:
            queue, self._queue, self._closing = self._queue, [], False
            for answer in queue:
                self._finish(answer, error=JobError(CLOSED))

    @contextmanager
    def _waits(self, answer: Answer[Any]) -> Iterator[None]:
        """Count a thread that waits for an answer."""
        with self._lock:
            answer._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                answer._waiting -= 1

    def _want(self, answer: Answer[Any]) -> None:
        with self._lock:
            answer._looked = time.monotonic()
            if not (answer._over.is_set() or answer in self._at_work or answer in self._queue):
                self._queue.append(answer)
                self._start()

    def _start(self) -> None:
        """Give free processes to calls without a turn yet, then to those that have waited longest."""
        while self._queue and len(self._at_work) < self.workers and not self._closing:
            answer = next((a for a in self._queue if a._state is None), self._queue[0])
            self._queue.remove(answer)
            if not answer._wanted:
                if answer._state is None:
                    self._answers.pop(answer.key, None)
                continue
            named = answer._named if answer._state is None else {**answer._named, "so_far": answer._state}
            self._at_work.add(answer)
            try:
                future = self._submit(process.run_call, answer._call, *answer._arguments, **named)
            except (OSError, RuntimeError) as error:
                self._at_work.discard(answer)
                self._finish(answer, error=JobError(UNSTARTED.format(error=error)))
                if self._executor is not None:
                    self._executor.shutdown(wait=False, kill_workers=True)
                    self._executor = None
                continue
            future.add_done_callback(partial(self._arrived, answer))

    def _submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submit a call to the executor, a new one if the last has lost a process; raises OSError, RuntimeError."""
        from loky.process_executor import ProcessPoolExecutor, ShutdownExecutorError

        if self._executor is not None:
            try:
                return self._executor.submit(function, *args, **kwargs)
            except (BrokenProcessPool, ShutdownExecutorError):
                pass
        # not loky's reusable executor, which exists once per thread: each visitor's script is a thread
        if self._lifeline is not None:
            self._lifeline.close()
        reader, self._lifeline = Pipe(duplex=False)
        threads = max(1, cores() // self.workers)
        self._executor = ProcessPoolExecutor(
            max_workers=self.workers,
            timeout=IDLE,
            initializer=process.begin,
            initargs=(reader, threads, machine.ANSWERS * machine.memory() / self.workers),
            env={
                "OMP_NUM_THREADS": str(threads),
                "MKL_NUM_THREADS": str(threads),
                # while trainers run, waiting threads that spin made everything five to ten times slower
                "OMP_WAIT_POLICY": "PASSIVE",
                # a large grid is not a leak: loky replaces processes that have grown by more than this
                "LOKY_MAX_MEMORY_LEAK_SIZE": "1e9",
            },
        )
        return self._executor.submit(function, *args, **kwargs)

    def _arrived(self, answer: Answer[Any], future: "Future[Any]") -> None:
        """Handle a turn's result; must not raise, because it runs in loky's thread."""
        value: Any = None
        error: Exception | None = None
        try:
            value = future.result()
        except BrokenProcessPool as raised:
            error = JobError(ENDED)
            log.warning("a process of the pool was ended: %s", " ".join(str(raised).split()))
        except (RunError, DataError, SpecError) as raised:
            error = raised
            if isinstance(raised, JobError):
                log.error("a call failed in the pool", exc_info=raised)
        except Exception:
            error = JobError(CLOSED)  # the executor was shut down
        with self._lock:
            self._at_work.discard(answer)
            if isinstance(value, Partial):
                answer.fraction, answer._state, answer._size = value.fraction, value.state, _seal(value.state)
                answer.seconds += value.seconds
                self._queue.append(answer)
            else:
                self._finish(answer, value, error)
            self._trim()
            self._start()

    def _finish(self, answer: Answer[Any], value: Any = None, error: Exception | None = None) -> None:
        if error is None:
            answer._value, answer._size, answer.fraction = value, _seal(value), 1.0
            self._answers.setdefault(answer.key, answer)
        else:
            answer._error = error
            self._answers.pop(answer.key, None)
            if isinstance(error, JobError) and answer._state is not None:
                # the turns before the failed one are not lost: a repeated call continues from them
                again = Answer[Any](self, answer.key, answer._call, answer._arguments, answer._named)
                again.fraction, again.seconds, again._state = answer.fraction, answer.seconds, answer._state
                again._size = answer._size
                self._answers[answer.key] = again
        # a cached answer does not need its arguments
        answer._state = None
        if error is None:
            answer._arguments = ()
        answer._over.set()

    def _trim(self) -> None:
        total = sum(answer._size for answer in self._answers.values())
        for answer in list(self._answers.values()):
            if total <= LIMIT:
                break
            if answer._size and answer not in self._at_work and answer not in self._queue:
                del self._answers[answer.key]
                total -= answer._size


def _identity(value: Any) -> Hashable:
    """Return a hashable key that is equal for equal arguments; arrays are compared by type, shape and content."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, blake2b(value.tobytes(), digest_size=16).digest()
    if isinstance(value, dict):
        return tuple((name, _identity(value[name])) for name in sorted(value))
    if isinstance(value, tuple | list):
        return tuple(_identity(item) for item in value)
    return type(value).__name__, value


def _seal(value: Any) -> int:
    """Make all arrays within a value read-only, and return its approximate number of bytes."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
        return value.nbytes + 100
    if isinstance(value, dict):
        return sum(_seal(item) for item in value.values()) + 100
    if isinstance(value, tuple | list):
        return sum(_seal(item) for item in value) + 100
    if is_dataclass(value):
        return sum(_seal(getattr(value, field.name)) for field in fields(value)) + 100
    return len(value) + 100 if isinstance(value, str | bytes) else 100


_pool = Pool()
ask, warm, close = _pool.ask, _pool.warm, _pool.close
