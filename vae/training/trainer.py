"""The trainer of a run folder: it follows control.json, writes status.json, records the film, and evaluates."""

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from types import FrameType

import torch
from filelock import Timeout

from vae import data
from vae.data import DataError
from vae.data.batches import prepare
from vae.runs import Run, RunError, control, halving, machine, manage, status
from vae.runs.status import Status
from vae.spec import SpecError
from vae.training import checkpoints
from vae.training.camera import Camera
from vae.training.checkpoints import Session
from vae.training.loop import Diverged, Step
from vae.training.parallel import SINGLE_PROCESS, Team, lost

DONE, BAD_INPUT, DIVERGED, MEMORY, DISK, LATER = 0, 2, 3, 4, 5, 75  # 75: EX_TEMPFAIL, to be resumed
STATUS_SECONDS = 0.1
PAUSE_SECONDS = 0.02
SMOOTHING = 0.98  # smoothing of the measured seconds per step
REQUESTS = ("run", "pause", "stop", "leave")
SIGNALS: dict[int, str] = {signal.SIGTERM: "leave", signal.SIGINT: "stop"}
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

FULL_DISK = "The disk is full: nothing more could be saved. The last checkpoint is kept. Free some space and resume."
MEMORY_OUT = (
    "Memory ran out at step {step:,} (batch {batch}, {samples} samples each). The last checkpoint is kept. Branch with "
    "fewer samples, or train again with a smaller batch or smaller networks."
)


@dataclass(frozen=True)
class Finish:
    """The final evaluation: K importance samples on n test examples (None: all)."""

    k: int = 100
    n: int | None = None


class _Stop(Exception):
    """The user requested the end of the training."""


class _Leave(Exception):
    """The process was requested to end; the run continues in another."""


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch, Python or the device means that memory is full."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in str(error) or "out of memory" in str(error))
    )


class Trainer:
    """Trains one run folder to its end; `watch` is called after every step, `say` with what a person should know.

    `finishing` receives the progress of what is done after the last step: its share, and what is done now. Only a
    team's leading process writes and says.
    """

    def __init__(
        self,
        run: Run,
        device: str = "cpu",
        finish: Finish | None = None,
        command: str | None = None,
        watch: Callable[[Step, int], None] | None = None,
        team: Team = SINGLE_PROCESS,
        say: Callable[[str], None] = lambda text: None,
        finishing: Callable[[float, str], None] = lambda share, text: None,
    ) -> None:
        self.say, self.finishing = say, finishing
        self.run, self.path, self.device, self.team = run, run.path, device, team
        self.measure, self.command, self.watch = finish or Finish(), command, watch
        self.status = Status(pid=os.getpid(), threads=torch.get_num_threads(), processes=team.size)
        self.leads = team.leads
        self.control = control.ControlReader(run.path)
        self.signal = 0
        self.loses = ""  # why the run was stopped early within its sweep
        self.next_update = 0.0
        self.step_seconds = 0.0

    def update_status(self, **changes: object) -> None:
        """Change the status and write it."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        if self.leads:
            status.write(self.path, self.status)
        self.next_update = time.monotonic() + STATUS_SECONDS

    def __call__(self) -> int:
        """Train until the end, a stop, or an error; return the exit code. status.json contains the reason."""
        previous = {s: signal.signal(s, self._on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            if not self.leads:
                return self._run()
            with status.lock(self.path):
                return self._run()
        except Timeout:
            raise RunError(f"{self.run.name} is being trained already, by another process. Watch it there.") from None
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _default_signals(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.signal = number

    def _run(self) -> int:
        known = status.read(self.path)
        before = known or Status("interrupted" if (self.path / "status.json").exists() else "new")
        if self.leads and before.state not in ("queued", "starting", "new"):
            # the run was started again since it was asked to pause or stop; a step that is still ahead is asked for
            until = control.read(self.path).until
            ahead = until is not None and until > before.step
            control.ask(self.path, mode="run", until=until if ahead else None)
        try:
            self.update_status(state="starting", attempt=before.attempt + 1, step=before.step, total=before.total)
            session, camera = self._prepare()
            try:
                self._train(session, camera)
                end = "done"
            except _Stop:
                end = "stopped"
            if self.leads:
                # the evaluation has nothing to save: a second interrupt ends it, and it can be repeated
                self._default_signals()
            self.update_status(state="finishing", message="Encoding the test set and measuring.")
            if self.leads:
                self._finish()
                if end == "done":
                    checkpoints.tidy(self.path)
            self.update_status(state=end, message=self.loses, remaining=None)
            return DONE
        except _Leave:
            self.update_status()
            return LATER
        except Diverged as error:
            rate, norm = error.learning_rate, error.gradient_norm
            return self._failed(
                "diverged", str(error), DIVERGED, step=error.step, learning_rate=rate, gradient_norm=norm
            )
        except (RunError, SpecError, DataError) as error:
            problem = {SpecError: "spec", DataError: "data"}.get(type(error), "error")
            return self._failed(problem, str(error), BAD_INPUT)
        except OSError as error:
            if not self.path.is_dir():
                return DONE  # the run was deleted while it trained: nobody reads its status
            if error.errno not in NO_SPACE:
                self._failed("error", f"{type(error).__name__}: {error}", 1)
                raise
            return self._failed("disk", FULL_DISK, DISK)
        except Exception as error:
            if lost(error):
                raise  # another process of the team died, which is no error of this run; the team reports it
            if not out_of_memory(error):
                self._failed("error", f"{type(error).__name__}: {error}", 1)
                raise
            spec = self.run.spec
            message = MEMORY_OUT.format(step=self.status.step, batch=spec.batch, samples=spec.samples)
            return self._failed("memory", message, MEMORY)

    def _failed(self, problem: str, message: str, code: int, **changes: object) -> int:
        self.update_status(state="failed", problem=problem, message=message, remaining=None, **changes)
        return code

    def _prepare(self) -> tuple[Session, Camera | None]:
        spec = self.run.spec
        if self.device == "cpu":
            most = (machine.memory_limit() or machine.memory()) * self.team.size
            manage.memory(spec, data.train_size(spec.data, spec.size), most)
        train_set = prepare(data.load(spec.data, "train", n=spec.size), spec, self.device)
        valid_data = data.load(spec.data, "valid")
        valid_set = prepare(valid_data, spec, self.device)
        session = Session(self.run, train_set, valid_set, self.device, team=self.team)
        camera = Camera(self.path, spec, session.total, valid_data, valid_set) if self.leads else None
        return session, camera

    def _train(self, session: Session, camera: Camera | None) -> None:
        state = session.state
        self.update_status(
            state="running", step=state.step, epoch=state.step // session.per_epoch, total=session.total,
            per_epoch=session.per_epoch, seconds=state.seconds, problem="",
            message=session.note,
        )  # fmt: skip
        if session.note and self.leads:
            self.say(session.note)
        if camera is not None:
            camera.film(state.model, state.step)
        self._follow_requests(session, camera)
        with closing(session.steps()) as steps:  # leaving the loop saves
            for step in steps:
                self._follow_step(step, session)
                if camera is not None:
                    camera.film(state.model, step.step)
                if self.watch is not None:
                    self.watch(step, session.total)
                if step.valid is not None and self.leads:
                    self._judge(step)
                if step.step < session.total:
                    self._follow_requests(session, camera)

    def _judge(self, step: Step) -> None:
        """Ask this run to stop if it cannot win within its sweep; all processes of a team follow the request."""
        if why := halving.verdict(self.run, step.step):
            self.loses = why
            control.ask(self.path, mode="stop")

    def _follow_step(self, step: Step, session: Session) -> None:
        """Write the status, at most every STATUS_SECONDS; the remaining time is estimated from the latest steps."""
        seconds = step.seconds - self.status.seconds if self.status.step == step.step - 1 else self.step_seconds
        self.step_seconds = SMOOTHING * self.step_seconds + (1 - SMOOTHING) * seconds if self.step_seconds else seconds
        self.status = replace(
            self.status, step=step.step, epoch=step.step // session.per_epoch, seconds=step.seconds,
            remaining=(session.total - step.step) * self.step_seconds, learning_rate=step.learning_rate,
            gradient_norm=step.gradient_norm, skipped=step.skipped,
        )  # fmt: skip
        if time.monotonic() >= self.next_update:
            self.update_status()

    def _request(self, step: int) -> tuple[str, float | None]:
        """Return the current request of the user or of signals (run, pause, stop or leave), and a learning rate."""
        asked = self.control.latest() if self.leads else control.Control()
        due = asked.mode == "run" and asked.until is not None and step >= asked.until
        mode = SIGNALS.get(self.signal, "pause" if due else asked.mode)
        asked_rate = -1.0 if asked.learning_rate is None else asked.learning_rate
        request, rate = self.team.agree(REQUESTS.index(mode), asked_rate)
        return REQUESTS[int(request)], None if rate < 0 else rate

    def _follow_requests(self, session: Session, camera: Camera | None) -> None:
        """Follow the requests; return when training is to continue, raise _Stop or _Leave otherwise."""
        state = session.state
        paused = False
        while True:
            mode, rate = self._request(state.step)
            if rate is not None and (rate or None) != state.learning_rate:
                state.learning_rate = rate or None
                session.save()  # so that a resumed run changes it at the same step
            if mode == "stop":
                raise _Stop
            if mode == "leave":
                raise _Leave
            if mode == "run":
                if paused:
                    self.update_status(state="running")
                return
            if not paused:
                paused = True
                session.save()
                if camera is not None:
                    camera.film(state.model, state.step, now=True)
                self.update_status(state="paused")
            time.sleep(PAUSE_SECONDS)

    def _finished(self, share: float, text: str) -> None:
        """Show which share of a part of the final work is done, in status.json at most every STATUS_SECONDS."""
        self.finishing(share, text)
        if time.monotonic() >= self.next_update:
            self.update_status(message=f"{text[:1].upper()}{text[1:]}.")

    def _finish(self) -> None:
        from vae.runs import pace, resume
        from vae.training import finish

        run = Run(self.path)
        finish.finish(run, self.measure.k, self.measure.n, resume.commands(run) or self.command, self._finished)
        if run.history:
            pace.learn(run.spec, self.status)
