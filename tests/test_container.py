"""The container is built and serves the app; where no builder runs, what the file copies is checked alone."""

import fnmatch
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from harness import start, stop
from waiting import until

ROOT = Path(__file__).resolve().parent.parent
FILE = (ROOT / "Containerfile").read_text()
NAME = "latent-explorer-test"
BUILD, STOP = 1800, 60  # seconds


def builder() -> str:
    """Return the command of a builder that runs; skip, with the reason, without one."""
    silent = []
    for name in ("docker", "podman"):
        if shutil.which(name):
            asked = subprocess.run([name, "info"], capture_output=True, text=True)
            if asked.returncode == 0:
                return name
            silent.append(f"{name}: {asked.stderr.strip().splitlines()[-1]}")
    pytest.skip("; ".join(silent) or "neither docker nor podman is on this machine")


def copied() -> list[str]:
    return [path for line in re.findall(r"^COPY (.*) \S+$", FILE, re.M) for path in line.split()]


def test_copied_files_are_there_and_sent_to_the_builder():
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert copied() and all((ROOT / path).exists() for path in copied())
    assert sorted(sent) == sorted(copied())
    assert not any(fnmatch.fnmatch(".streamlit/secrets.toml", pattern) for pattern in sent), "no secret is in an image"


def test_copied_files_alone_are_the_app(tmp_path):
    """They start, and have the shipped models, in a folder that has nothing else of this project."""
    root = tmp_path / "app"
    for path in map(Path, copied()):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copyfile)(ROOT / path, root / path)
    running = start(tmp_path, root=root, PYTHONPATH="")
    try:
        serves(running.url)
    finally:
        stop(running.process)
    words = [sys.executable, "-m", "vae", "models"]
    listed = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout
    assert "mnist-vae-2d" in listed and "digits-vae-2d" in listed


def serves(url: str) -> None:
    """Check that the first page is there, and makes its reader a visitor."""
    page = urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "text/html"}), timeout=10)
    assert b"streamlit" in page.read().lower() and "latent_visitor" in page.headers["set-cookie"]


def test_container_serves_the_app():
    command = builder()
    build = [command, "build", "--quiet", "-f", "Containerfile", "-t", NAME, "."]
    subprocess.run(build, cwd=ROOT, check=True, timeout=BUILD)
    options = ["--rm", "--detach", "--publish", "127.0.0.1::8501"]
    started = subprocess.run([command, "run", *options, NAME], check=True, capture_output=True, text=True)
    container = started.stdout.strip()

    def within(*words: str) -> str:
        return subprocess.run([command, *words], check=True, capture_output=True, text=True).stdout.strip()

    try:
        url = f"http://{within('port', container, '8501').splitlines()[0]}"

        def healthy() -> bool:
            try:
                return urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).status == 200
            except OSError:
                return False

        until(healthy, "the app in the container")
        serves(url)
        assert within("exec", container, "id", "-u") == "10001"
        listed = within("exec", container, "python", "-m", "vae", "models")
        assert "mnist-vae-2d" in listed and "digits-vae-2d" in listed
    finally:
        subprocess.run([command, "stop", container], capture_output=True, timeout=STOP)
