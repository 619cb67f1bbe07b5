"""The tests of the browser's own functions (tests/js), in node."""

import subprocess
from pathlib import Path

import pytest
from node import command

FILES = sorted((Path(__file__).resolve().parents[2] / "js").glob("*.test.js"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name.removesuffix(".test.js"))
def test_the_browsers_functions(file):
    ended = subprocess.run([*command(), "--test", str(file)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "pass 0" not in ended.stdout
