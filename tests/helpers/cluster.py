"""A Ray cluster for the tests: two nodes of one processor each on this machine, reached over loopback only."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

# Ray replaces 127.0.0.1 by the machine's outer address, but no other address of the loopback network
NODE, DASHBOARD = "127.0.0.2", "127.0.0.1"
RECIPE = Path(__file__).resolve().parents[2] / "scripts" / "ray-node"
LEAN = Path(__file__).resolve().parent / "lean"
OBJECTS = 100_000_000  # bytes of shared memory a node
PATIENCE = 180.0
STARTS = 3  # Ray ends a node that is not up in 30 seconds, which a busy machine may need
TOKEN = "RAY_AUTH_TOKEN"


def ours() -> dict[str, str]:
    """Return the environment without a test's own settings: the cluster outlives the test that starts it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LATENT_")}


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as found:
        found.bind((DASHBOARD, 0))
        return found.getsockname()[1]


def end(processes: list[psutil.Process]) -> None:
    """Kill these processes and all that they have started, and wait for their end."""
    tree = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            tree += [process, *process.children(recursive=True)]
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(tree, 30)
    # the dead whose parents have not asked for them yet are no trouble
    left = [process for process in alive if not is_dead(process)]
    assert not left, left


def is_dead(process: psutil.Process) -> bool:
    """Return whether a process has ended, even if it is still in the list."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def with_environment(name: str, value: str) -> list[psutil.Process]:
    """Return the processes, other than this one, that were started with an environment variable of that value."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and not is_dead(process) and process.environ().get(name) == value:
                found.append(process)
    return found


class LocalCluster:
    """Its `address` is what LATENT_CLUSTER holds; every process of it knows this cluster's own token."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # a short path: sockets lie below it
        self.gcs, self.dashboard = free_port(), free_port()
        self.address = f"http://{DASHBOARD}:{self.dashboard}"
        self.token = secrets.token_hex(24)
        self.environment = {
            TOKEN: self.token,
            "RAY_AUTH_MODE": "token",
            "RAY_USAGE_STATS_ENABLED": "0",
            # a worker takes two seconds of a processor to start; those that nobody has asked for yet are not needed
            "RAY_enable_worker_prestart": "0",
            "RAY_prestart_worker_first_driver": "0",
            "PYTHONPATH": os.pathsep.join([str(LEAN), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "NO_PROXY": f"{DASHBOARD},{NODE}",
            "no_proxy": f"{DASHBOARD},{NODE}",
        }
        self.nodes: list[subprocess.Popen] = []
        # ends the cluster as soon as this process does, even where it is killed
        command = [sys.executable, __file__]
        self.guard = subprocess.Popen(command, env=ours(), stdin=subprocess.PIPE, text=True, start_new_session=True)
        print(self.token, self.folder, file=self.guard.stdin, flush=True)

    def node(self, *words: str) -> subprocess.Popen:
        """Start a node of one processor by the script of the README; it joins the head unless `words` make it one."""
        place = words or ("join", f"{NODE}:{self.gcs}", "1", f"--node-ip-address={NODE}")
        command = [str(RECIPE), *place, "--block", f"--object-store-memory={OBJECTS}"]
        command += [
            "--include-log-monitor=false",
            "--min-worker-port=0",
            "--max-worker-port=0",
            "--dashboard-agent-listen-port=0",
        ]
        with open(self.folder / "start.log", "ab") as log:
            environment = ours() | self.environment | {"RAY": str(Path(sys.executable).with_name("ray"))}
            node = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self.nodes.append(node)
        return node

    def start(self) -> None:
        """Start the head and a second node, and wait until both take jobs."""
        # the last of two equal options counts
        head = [f"--port={self.gcs}", f"--dashboard-host={DASHBOARD}", f"--dashboard-port={self.dashboard}"]
        head += [f"--ray-client-server-port={free_port()}", f"--temp-dir={self.folder}", "--include-dashboard=true"]
        self.join(1, "head", NODE, "1", *head)
        self.join(2)

    def join(self, nodes: int, *words: str) -> None:
        """Start a node, which is the last of so many, again where it has ended by itself before it was up."""
        for _ in range(STARTS):
            started = self.node(*words)
            if self.wait(nodes, lambda started=started: started.poll() is None):
                return
        raise RuntimeError(f"no node starts:\n{(self.folder / 'start.log').read_text()[-3000:]}")

    def wait(self, nodes: int, hope: Callable[[], bool] = lambda: True) -> bool:
        """Return whether so many nodes are there, as soon as they are or there is no hope of it."""
        from vae.jobs.cluster import Cluster

        deadline = time.monotonic() + PATIENCE
        while (found := Cluster(self.address).resources()).nodes != nodes:
            if not hope():
                return False
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found.problems}\n{(self.folder / 'start.log').read_text()[-3000:]}")
            time.sleep(0.2)
        return True

    def stop(self) -> None:
        """End every process of the cluster, whatever has become of it."""
        for node in self.nodes:
            if node.poll() is None:
                end([psutil.Process(node.pid)])
            node.wait()  # the guard could not: they are this process's children
        self.guard.communicate()
        assert self.guard.returncode == 0


@contextmanager
def two_nodes() -> Iterator[LocalCluster]:
    """Yield a running cluster of two nodes, with this process's environment made for its client."""
    cluster = LocalCluster()
    before = {name: os.environ.get(name) for name in cluster.environment}
    os.environ.update(cluster.environment)
    try:
        cluster.start()
        yield cluster
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        cluster.stop()


def guard() -> None:
    """Wait for the end of the tests, then kill every process that knows the token, and remove the folder."""
    token, folder = sys.stdin.readline().split()
    sys.stdin.read()
    while found := with_environment(TOKEN, token):
        end(found)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard()
