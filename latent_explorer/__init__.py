"""The command `latent-explorer`: the app, started from anywhere."""

import sys
from pathlib import Path


def app() -> Path:
    """Return the script that Streamlit starts: in this package when installed, next to it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "app.py"
    return installed if installed.is_file() else here.parent / "app.py"


def main() -> None:
    """Run the app until it is stopped; options are Streamlit's, such as `--server.port 8600`.

    Streamlit reads .streamlit/config.toml in the script's own folder, and puts that folder first on the path.
    """
    from streamlit.web import cli

    cli.main(["run", str(app()), *sys.argv[1:]], prog_name="latent-explorer")
