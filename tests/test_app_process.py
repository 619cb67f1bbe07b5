"""The app's process stays light: no module that it imports, now or while it serves, loads torch or the like."""

import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "torchvision", "sklearn", "scipy", "ray", "umap", "openTSNE")
ROOMS = ("ui", "vae.spec", "vae.data", "vae.runs", "vae.jobs", "vae.answers", "vae.cli")
WITH_TORCH = {"vae.data.batches", "vae.runs.load"}  # for processes that compute


def modules():
    """Every module of the interface, and of the rooms of the core that it asks."""
    for room in ROOMS:
        yield room
        for found in pkgutil.walk_packages(import_module(room).__path__, f"{room}."):
            if found.name not in WITH_TORCH:
                yield found.name


def test_app_process_imports_nothing_heavy():
    lines = ["import sys", "from importlib import import_module", f"for name in {list(modules())!r}:"]
    lines += ["    import_module(name)", f"    heavy = set({HEAVY!r}) & set(sys.modules)"]
    lines += ["    assert not heavy, f'{name} loads {sorted(heavy)}'"]
    found = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr[-2000:]
