"""Data-parallel training through torch's own launcher and DistributedDataParallel: gloo on CPUs, NCCL on GPUs.

The number of processes changes a step's time, never its numbers. Every process takes the whole batch and draws the
whole batch's noise from the run's one generator, computes its own rows, and the gradients are summed. So history
and checkpoints of one and of many processes agree to rounding, and a run resumes on another number of them.
The objective must be a mean over examples; one that couples a batch's examples cannot be divided.
"""

import os
import signal
import sys
from contextlib import AbstractContextManager
from datetime import timedelta
from types import TracebackType

import torch
from torch import Tensor, nn

from vae.model.families import Part

STORE = "LATENT_TEAM_STORE"  # the file through which the ranks of one launch find each other
TERMINATED = 75  # EX_TEMPFAIL: to be resumed
# the others wait while rank 0 validates or is paused, possibly for days; if it dies, the wait ends at once
PATIENCE = timedelta(days=365)


class Team(AbstractContextManager["Team"]):
    """The processes that train one run together. This class is a team of one process, without communication."""

    rank, size = 0, 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder and follows requests."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module whose backward pass averages gradients over the team."""
        return module

    def part(self, n: int, generator: torch.Generator) -> tuple[slice, torch.Generator | Part, int]:
        """Return this process's rows of a batch of n, the source of their noise, and the divisor of their sums.

        The divided sums, added over the team, are the batch's means.
        """
        return slice(None), generator, n

    def sum(self, numbers: Tensor) -> Tensor:
        """Return the numbers summed over the team, the same in every process."""
        return numbers

    def agree(self, *numbers: float) -> list[float]:
        """Return rank 0's numbers in every process; the others wait for it without a time limit."""
        return list(numbers)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the team."""


SINGLE_PROCESS = Team()


class Ranks(Team):
    """A team of processes started by torchrun, each with a copy of the model; rank 0 writes the run folder."""

    def __init__(self, device: str) -> None:
        import torch.distributed as dist

        self._dist, self.rank, self.size = dist, int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        if device.startswith("cuda"):
            torch.cuda.set_device(device)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo",
            init_method=f"file://{os.environ[STORE]}",
            rank=self.rank,
            world_size=self.size,
            timeout=PATIENCE,
        )
        if self.rank:
            # only rank 0 handles a signal to the whole group, otherwise the ranks would stop at different steps
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.SIG_IGN)

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module whose backward pass averages gradients over the team."""
        return nn.parallel.DistributedDataParallel(module, forward_sync_buffers=False)

    def part(self, n: int, generator: torch.Generator) -> tuple[slice, Part, int]:
        """Return this rank's rows of a batch of n; every rank computes a batch that is too small to divide."""
        if n < self.size:
            return slice(0, n), Part(generator, 0, n, n), n * self.size
        start, stop = n * self.rank // self.size, n * (self.rank + 1) // self.size
        return slice(start, stop), Part(generator, start, stop, n), n

    def sum(self, numbers: Tensor) -> Tensor:
        """Return the numbers summed over the team, the same in every process."""
        total = numbers.detach().clone()
        self._dist.all_reduce(total)
        return total

    def agree(self, *numbers: float) -> list[float]:
        """Return rank 0's numbers in every process; the others wait for it without a time limit."""
        words = torch.tensor(numbers, dtype=torch.float64)
        self._dist.broadcast(words, 0)
        return words.tolist()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the team; rank 0's exit code counts (75 if a process was lost), the others end with 0."""
        gone = error is not None and lost(error)
        if not gone:
            self._dist.destroy_process_group()
        if self.rank and (gone or kind is None):
            # exit at once: an error in Python's shutdown would end rank 0 too, which still evaluates
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        if gone:
            raise SystemExit(TERMINATED) from None


def join(device: str = "cpu") -> tuple[Team, str]:
    """Return this process's team (see `launch`), a team of one if it was not launched in one, and its device."""
    if STORE not in os.environ:
        return SINGLE_PROCESS, device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    return Ranks(device), device


def lost(error: BaseException) -> bool:
    """Return whether an error means that another process of the team ended; the run itself can resume."""
    if STORE not in os.environ or not isinstance(error, RuntimeError):
        return False
    from torch.distributed import DistError

    return isinstance(error, DistError) or "gloo" in str(error)
