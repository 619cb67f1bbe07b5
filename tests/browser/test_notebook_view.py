"""The map in a real JupyterLab: it decodes under the pointer, and what is picked arrives in Python, and back."""

import json
import os
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from harness import ROOT, stop, until
from playwright.sync_api import expect

from ui.decode import numpy_decoder
from vae import runs

CELLS = [
    'import vae\nview = vae.explore("digits-vae-2d")\nview',
    'print("picked", view.z, len(view.selection), view.codes[view.selection].max(0, initial=0).round(3))',
    "view.z = [0.5, -0.25]\nview.selection = range(10)",
]
# nobody else is asked for anything
SILENT = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
PIXELS = """canvas => Array.from(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter((_, t) => t % 4 === 0)
)"""


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab without a password, for this test only, with a notebook of CELLS."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cells = [
        {"cell_type": "code", "id": f"cell{k}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for k, text in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "map.ipynb").write_text(json.dumps(book))
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own = {"LATENT_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path / "ipython")}
    options = {"ip": "127.0.0.1", "port": port, "root_dir": tmp_path, "allow_root": True, "open_browser": False}
    words = [f"--ServerApp.{name}={value}" for name, value in options.items()]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *words, "--IdentityProvider.token=", *SILENT],
        env={**os.environ, **folders, **own},
        stdout=(tmp_path / "lab.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert server.poll() is None, (tmp_path / "lab.log").read_text()
        try:
            return urllib.request.urlopen(f"{url}/api", timeout=5).read()
        except OSError:
            return False

    try:
        from waiting import until as wait

        wait(answers)
        yield url
    finally:
        stop(server)


def run_cell(page, k, done):
    """Run cell number k and wait until something is true of its output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(k)
    prompt = cell.locator(".jp-InputPrompt")

    def ran():
        """Press again where the kernel was not there yet and forgot the cell."""
        if (choice := page.locator(".jp-Dialog").get_by_role("button", name="Select", exact=True)).count():
            choice.click()  # it asks which kernel, where it was not told yet
        elif prompt.inner_text() == "[ ]:":
            cell.locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            page.wait_for_timeout(1000)
        return any(letter.isdigit() for letter in prompt.inner_text())

    until(page, ran)
    until(page, lambda: done(cell))
    return cell


def test_what_is_picked_comes_back_as_python_values(browser, lab):
    run = runs.find("digits-vae-2d", [runs.shipped()])
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_default_timeout(120_000)
    page.goto(f"{lab}/lab/tree/map.ipynb?reset")
    page.wait_for_function("() => document.body.innerText.includes('(ipykernel) | Idle')")
    page.wait_for_timeout(1000)
    shown = run_cell(page, 0, lambda cell: cell.locator(".latent-widget[data-ready=yes]").count())
    plane = shown.locator(".plane")
    project = "(node, [x, y]) => node.project(x, y)"
    plane.scroll_into_view_if_needed()
    at = plane.evaluate(project, [1.0, -0.5])
    page.mouse.move(*at, steps=3)
    canvas = shown.locator(".card canvas").first
    expected = 255 * numpy_decoder.mean(run.spec, *run.decoder(), np.array([[1.0, -0.5]], np.float32))[0, 0]
    until(page, lambda: np.abs(np.array(canvas.evaluate(PIXELS)) - expected.reshape(-1)).max() < 6)
    page.mouse.click(*at)
    expect(shown.get_by_role("button", name="Unpin")).to_be_visible()
    shown.get_by_role("button", name="Box").click()
    corners = [plane.evaluate(project, corner) for corner in ([-1, -1], [1, 1])]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=5)
    page.mouse.up()
    expect(shown.locator(".selection")).to_contain_text("selected")
    words = run_cell(page, 1, lambda cell: "picked" in cell.locator(".jp-OutputArea").inner_text())
    text = words.locator(".jp-OutputArea-output").last.inner_text()
    found = json.loads(text[text.index("[") : text.index("]") + 1])
    np.testing.assert_allclose(found, [1.0, -0.5], atol=0.03)
    inside = (np.abs(run.codes.means) < 1).all(1)
    assert int(text[text.index("]") + 1 :].split()[0]) == pytest.approx(inside.sum(), abs=4)
    # what Python sets is seen
    run_cell(page, 2, lambda _: "10 selected" in shown.locator(".selection").inner_text())
    expect(shown.locator(".card dl").last).to_contain_text("(0.50, −0.25)")
    context.close()
    assert not problems, problems
