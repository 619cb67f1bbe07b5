"""What `make run` does before it starts the app: which Python it takes, and when it installs."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STARTED = "started: run app.py --server.address 127.0.0.1, alone: 1"
NOBODY = 65534  # for whom a read-only folder is one also where the tests run as root


def script(path: Path, text: str) -> Path:
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout() -> Iterator[Path]:
    """Return a folder with the Makefile, that everybody may read: pytest's own may be read by its owner alone."""
    folder = Path(tempfile.mkdtemp(prefix="checkout-"))
    folder.chmod(0o755)
    for path in (ROOT / "Makefile", *ROOT.glob("requirements*.txt")):
        shutil.copy(path, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(checkout) -> Path:
    """Add a .venv whose programs only say that they were called, and its stamp."""
    script(checkout / ".venv/bin/python", 'echo "installing: $*"')
    script(checkout / ".venv/bin/streamlit", 'echo "started: $*, alone: $LATENT_ALONE"')
    stamp = checkout / ".venv/runtime.stamp"
    stamp.touch()
    return stamp


def make(folder: Path, *words: str, **options: int) -> subprocess.CompletedProcess[str]:
    """Run make in the folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, env=clean, capture_output=True, text=True, **options)


def test_too_old_python_is_refused_in_one_line(checkout):
    old = 'exec {} -c "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])" "$2"'
    python = script(checkout / "python-of-yesterday", old.format(sys.executable))
    done = make(checkout, f"PYTHON={python}", "run")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert done.returncode != 0 and not (checkout / ".venv").exists()
    assert len(said) == 1 and "Python 3.11 or newer is needed" in said[0] and "is 3.9" in said[0]


def test_new_enough_python_makes_the_environment(checkout):
    python = script(
        checkout / "python-of-today",
        f'[ "$1" = -c ] && exec {sys.executable} "$@"; echo "made: $*"; mkdir -p .venv/bin; '
        "printf '#!/bin/sh\\n' > .venv/bin/python; cp .venv/bin/python .venv/bin/streamlit; chmod +x .venv/bin/*",
    )
    done = make(checkout, f"PYTHON={python}", "run")
    assert done.returncode == 0 and "made: -m venv .venv" in done.stdout, done.stderr


def test_run_installs_what_is_newer_than_the_stamp(checkout, environment):
    os.utime(environment, (0, 0))
    first, second = make(checkout, "run"), make(checkout, "run")
    assert "installing: -m pip install" in first.stdout and STARTED in first.stdout
    assert "installing" not in second.stdout and STARTED in second.stdout


@pytest.mark.parametrize("stamp", ["old", "missing"])
def test_read_only_checkout_starts_as_it_is(checkout, environment, stamp):
    if stamp == "old":
        os.utime(environment, (0, 0))
    else:
        environment.unlink()
    for path in (checkout, checkout / ".venv", checkout / ".venv/bin"):
        path.chmod(0o555)
    done = make(checkout, "run", **({"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}))
    for path in (checkout, checkout / ".venv", checkout / ".venv/bin"):
        path.chmod(0o755)
    assert done.returncode == 0 and STARTED in done.stdout, done.stderr
    assert "installing" not in done.stdout
