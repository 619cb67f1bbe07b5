"""The entrypoint of a Ray job: it starts one Ray task, the training of one run, and needs no processor itself.

Ray does not restart a job's entrypoint, but it restarts a task, on any machine: when the trainer or the process around
it was ended, and when its machine was lost.
"""

import argparse
import sys
from typing import Any

from vae.jobs import task


def main(arguments: list[str] | None = None) -> int:
    """Run the training as a Ray task as soon as its processors and GPUs are free; return the trainer's exit code."""
    parser = argparse.ArgumentParser(prog="python -m vae.jobs.driver", description=__doc__)
    parser.add_argument("run", help="the run's folder, on storage that all machines share")
    parser.add_argument("--job", required=True, help="the submission's id, as job.json has it")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each process, and a processor for each")
    parser.add_argument("--gpus", type=int, default=0)
    a = parser.parse_args(arguments)
    import ray

    ray.init(log_to_driver=False)
    # no limit: the attempts count the deaths themselves, and give up without progress
    retries: dict[str, Any] = {"max_retries": -1, "retry_exceptions": [task.Again]}
    attempt = ray.remote(num_cpus=a.processes * a.threads, num_gpus=a.gpus, **retries)(task.attempt)
    code = ray.get(attempt.remote(a.run, a.job, task.options(a.processes, a.threads, a.gpus)))
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
