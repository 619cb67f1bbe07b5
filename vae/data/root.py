"""The folder of this user's downloads and runs."""

import os
import sys
from pathlib import Path


def data_root() -> Path:
    """Return the folder for downloads and runs: $LATENT_DATA, or this user's data folder; it may not exist yet."""
    if chosen := os.environ.get("LATENT_DATA"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "latent-space-explorer"
