"""Downloads of datasets in the background: `python -m vae fetch NAME`."""

from ui.shared import background
from ui.shared.background import Job
from vae import data


def size(name: str) -> str:
    """Return the size of a download as text, "" if there is none or it is unknown."""
    try:
        description = data.describe(name)
    except data.DataError:
        return ""
    return "" if description.embedded else f"{description.megabytes:.0f} MB"


def job(name: str) -> Job | None:
    """Return the download of that name, if one was started since the server started."""
    return background.job(f"fetch {name}")


def start(name: str, python: str) -> Job:
    """Start a download unless one of that name runs; raises DataError for an unknown name."""
    data.describe(name)
    return background.start(f"fetch {name}", ["fetch", name], python)
