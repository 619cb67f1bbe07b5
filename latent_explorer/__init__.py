"""The command `latent-explorer`: the app, started from anywhere."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

ADDRESS = "--server.address"


def app() -> Path:
    """Return the script that Streamlit starts: in this package when installed, next to it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "app.py"
    return installed if installed.is_file() else here.parent / "app.py"


def options(given: Sequence[str]) -> list[str]:
    """Return the options for Streamlit: without an address the app is for one person, on loopback, as by `make run`.

    It then sets LATENT_ALONE to 1, unless that is set.
    """
    said = any(word.split("=")[0] == ADDRESS for word in given) or "STREAMLIT_SERVER_ADDRESS" in os.environ
    if said:
        return list(given)
    os.environ.setdefault("LATENT_ALONE", "1")
    return [ADDRESS, "127.0.0.1", *given]


def main() -> None:
    """Run the app until it is stopped; options are Streamlit's, such as `--server.port 8600`.

    `latent-explorer check MODEL --data DATA` and the other commands of `vae` are those of `vae`.

    Without an address it is for one person on this machine, see `options`. Streamlit reads .streamlit/config.toml in
    the script's own folder, and puts that folder first on the path.
    """
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        from vae.cli import main as command

        sys.exit(command(sys.argv[1:]))
    from streamlit.web import cli

    cli.main(["run", str(app()), *options(sys.argv[1:])], prog_name="latent-explorer")
