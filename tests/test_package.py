"""What `pip install .` gives: two packages that hold every file, two commands, and nothing that needs the checkout."""

import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

import latent_explorer
from vae import runs

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SHIPPED = [run.name for run in runs.library([runs.shipped()])]


@dataclass(frozen=True)
class Installed:
    """The wheel, and the commands' folder of an environment in which it is installed."""

    wheel: Path
    scripts: Path
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return this process's environment without what leads to the checkout."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return kept | {"LATENT_DATA": str(self.folder / "data")}

    def run(self, command: str, *words: str) -> str:
        """Return what a command of the environment prints, run in an empty folder."""
        words = (str(self.scripts / command), *words)
        done = subprocess.run(words, cwd=self.folder, env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """Build the wheel and install it into a new environment, which finds its dependencies in this one's."""
    base = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", base, ROOT], check=True)
    (wheel,) = base.glob("*.whl")
    environment = base / "environment"
    venv.create(environment)
    paths = sysconfig.get_paths("venv", {"base": str(environment), "platbase": str(environment)})
    python = Path(paths["scripts"]) / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (base / "elsewhere").mkdir()
    return Installed(wheel, Path(paths["scripts"]), base / "elsewhere")


@pytest.fixture(scope="module")
def app(installed) -> Iterator[str]:
    """Start `latent-explorer` and return its address once it is healthy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = installed.folder.parent / "server.log"
    command = [installed.scripts / "latent-explorer", "--server.port", port, "--server.headless", "true"]
    server = subprocess.Popen(
        command, cwd=installed.folder, env=installed.environment(), stdout=log.open("wb"), stderr=subprocess.STDOUT
    )
    end = time.monotonic() + 60
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize("extra", ["", "cluster", "hub", "notebook", "onnx", "signin", "dev"])
def test_requirements_pin_what_the_package_allows(extra):
    """requirements*.txt name the same packages as pyproject.toml, each pinned to a version in its range."""
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    allowed = {found.name: found for found in map(Requirement, wanted) if found.name != PROJECT["name"]}
    lines = (ROOT / f"requirements{extra and '-'}{extra}.txt").read_text().splitlines()
    pins = {found.name: found for found in map(Requirement, (x for x in lines if re.match(r"\w", x)))}
    assert pins.keys() == allowed.keys()
    for name, pin in pins.items():
        (exact,) = pin.specifier
        assert exact.operator == "==" and exact.version in allowed[name].specifier, name
        assert pin.extras == allowed[name].extras


@pytest.mark.parametrize(
    ("given", "environment", "options", "alone"),
    [
        ([], {}, ["--server.address", "127.0.0.1"], "1"),
        (["--server.port", "8600"], {}, ["--server.address", "127.0.0.1", "--server.port", "8600"], "1"),
        ([], {"LATENT_ALONE": "0"}, ["--server.address", "127.0.0.1"], "0"),
        (["--server.address", "0.0.0.0"], {}, ["--server.address", "0.0.0.0"], None),
        (["--server.address=127.0.0.1"], {}, ["--server.address=127.0.0.1"], None),
        ([], {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, [], None),
    ],
)
def test_command_is_for_one_person_unless_it_has_an_address(given, environment, options, alone, monkeypatch):
    for name in ("LATENT_ALONE", "STREAMLIT_SERVER_ADDRESS"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert latent_explorer.options(given) == options
    assert os.environ.get("LATENT_ALONE") == alone


def test_wheel_holds_every_file_in_two_packages(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"vae", "latent_explorer"}
    moved = {name: f"latent_explorer/{name}" for name in ("ui", "pages", ".streamlit")} | {"models": "vae/runs/shipped"}
    folders = ("vae", "latent_explorer", *moved, "app.py")
    tracked = subprocess.check_output(["git", "ls-files", *folders], cwd=ROOT, text=True).splitlines()
    assert tracked
    for path in map(Path, tracked):
        first = path.parts[0]
        place = "latent_explorer" if first == "app.py" else moved.get(first, first)
        assert "/".join((place, *path.parts[first != "app.py" :])) in names, path


def test_import_loads_no_torch(installed):
    code = "import sys, vae; print(vae.__file__, 'torch' in sys.modules)"
    place, torch = installed.run("python", "-c", code).split()
    assert Path(place).is_relative_to(installed.scripts.parent) and torch == "False"


def test_commands_need_no_checkout(installed):
    assert {line.split()[0] for line in installed.run("vae", "models").splitlines()} >= set(SHIPPED)
    installed.run("vae", "train", "vae", "--data=digits", "--epochs=1", "--k=2", "--n=20", "--name=mine")
    assert "mine" in installed.run("vae", "models")


def test_app_shows_the_shipped_models(app):
    """A visitor's first run of the script names the shipped models, and ends without an error."""
    with connect(f"ws://{app}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as page:
        message = BackMsg()
        message.rerun_script.query_string = ""
        page.send(message.SerializeToString())
        seen, kind = b"", None
        while kind != "script_finished":
            content = page.recv(timeout=60)
            answer = ForwardMsg.FromString(content)
            seen, kind = seen + content, answer.WhichOneof("type")
            assert answer.delta.new_element.WhichOneof("type") != "exception", answer
    assert all(name.encode() in seen for name in SHIPPED)


def test_app_trains_what_is_queued(installed, app):
    code = """
import time
from vae import jobs
from vae.runs import manage, status
from vae.spec import preset
run = manage.create(preset("vae", data="digits", shape=(1, 8, 8), epochs=1), "local")
jobs.play(run.path)
while not status.current(run.path).ended:
    time.sleep(0.1)
print(status.current(run.path).state)
"""
    assert installed.run("python", "-c", code).split() == ["done"]
