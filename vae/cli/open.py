"""Open a trained model of another library with data, as a run that the app shows."""

import argparse
import sys

from vae.cli import opening_options

HELP = "open a model that was trained elsewhere, with data, and show it in the app"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    opening_options.add(parser)
    parser.add_argument(
        "--no-app", action="store_true", help="Only make the run; do not start the app. (default: start it)"
    )


def run(given: argparse.Namespace) -> int:
    """Make the run, print what was found, and start the app on it until it is stopped."""
    brought = opening_options.bring(given, strict=False)
    opening_options.show_found(brought)
    print(brought.run.path)
    if given.no_app:
        return 0
    return start(brought.run.name, "explore")


def start(name: str, page: str) -> int:
    """Start the app on this machine, show a page of a run in a browser, and return the app's exit status."""
    import socket
    import subprocess
    import threading
    from urllib.parse import urlencode

    from vae.opened.errors import OpenError

    try:
        from latent_explorer import app, options
    except ImportError as error:
        raise OpenError("The app is not beside this command. Start it with latent-explorer.") from error
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = "" if page == "explore" else page
    address = f"http://localhost:{port}/{path}?{urlencode({'model': name})}"
    print(address, file=sys.stderr)
    words = [*options(["--server.port", str(port)]), "--server.headless", "true"]
    threading.Thread(target=_show, args=(port, address), daemon=True).start()
    try:
        return subprocess.run([sys.executable, "-m", "streamlit", "run", str(app()), *words], check=False).returncode
    except KeyboardInterrupt:
        return 0


def _show(port: int, address: str) -> None:
    """Open the address in a browser as soon as the app answers."""
    import socket
    import time
    import webbrowser

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            webbrowser.open(address)
            return
