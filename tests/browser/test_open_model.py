"""Page Open in a real browser: a model of another library and data are dropped, opened, and explored."""

import io
import zipfile

import numpy as np
import pytest
import torch
from harness import CHART, settle
from maps import decoded_on_the_way
from playwright.sync_api import expect

from ui.open import samples
from vae import data, runs
from vae.data import own
from vae.runs.load import load_model

MODEL = ".st-key-open_model_drop [data-testid=stFileUploaderDropzoneInput]"
DATA = ".st-key-open_data_drop [data-testid=stFileUploaderDropzoneInput]"


@pytest.fixture
def kept(server):
    """Remove after the test what it has kept beside the runs that were there."""
    before = {path.name for path in (server.data / "runs").iterdir()}
    yield
    for source in own.every(server.data):
        own.remove(source.about.name, server.data)
    import shutil

    for path in (server.data / "runs").iterdir():
        if path.name not in before:
            shutil.rmtree(path)


def test_an_onnx_pair_and_an_npz_are_dropped_and_explored(open_page, server, kept, tmp_path):
    """Codes are those of the network that was exported, hover decodes; a program is refused with the line to type."""
    digits = data.load("digits", "train", n=400)
    np.savez(tmp_path / "my-digits.npz", images=digits.images, labels=digits.labels)
    with zipfile.ZipFile(io.BytesIO(samples.onnx_pair())) as archive:
        archive.extractall(tmp_path)
    with zipfile.ZipFile(tmp_path / "vae.pt2", "w") as archive:
        archive.writestr("vae/archive_format", "pt2")
        archive.writestr("vae/models/model.json", "{}")
    page = open_page("/open", wait=None)
    page.locator(MODEL).set_input_files(tmp_path / "vae.pt2")
    refused = page.locator(".st-key-open_model_refused")
    expect(refused).to_contain_text("--allow-code")
    page.locator(".st-key-open_model_change button").click()
    expect(refused).to_have_count(0)
    settle(page)
    page.locator(DATA).set_input_files(tmp_path / "my-digits.npz")
    expect(page.locator(".st-key-open_zone")).to_contain_text("400 images 8 × 8")
    page.locator(MODEL).set_input_files([tmp_path / "encoder.onnx", tmp_path / "decoder.onnx"])
    found = page.locator(".st-key-open_model_found")
    expect(found).to_contain_text("Its spread")
    settle(page)
    expect(page.locator(".st-key-open_model_zone")).to_contain_text("2 latent numbers")
    assert page.locator(".open-originals img").count() == page.locator(".open-redrawn img").count() == 5
    page.locator(".st-key-open_model_open button").click()
    page.wait_for_selector(CHART)
    settle(page)
    (made,) = [run for run in runs.library([server.data / "runs"]) if "opened" in run.meta]
    assert made.spec.data == "my-digits" and f"model={made.name}" in page.url
    test = data.load("my-digits", "test", root=server.data)
    x = torch.from_numpy(test.images.astype(np.float32) / test.levels)
    shipped = load_model(runs.find("digits-vae-2d", [runs.shipped()]))
    expected = shipped.encoder.net(x).chunk(2, 1)[0].detach().numpy()
    np.testing.assert_allclose(made.codes.means, expected, atol=1e-5)
    assert len(set(decoded_on_the_way(page))) == 3


def test_codes_that_were_dropped_as_data_become_a_map(open_page, server, kept, tmp_path):
    codes = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", mean=codes, labels=np.arange(80) % 4)
    page = open_page("/open", wait=None)
    page.locator(DATA).set_input_files(tmp_path / "mine.npz")
    page.get_by_role("button", name="Show as a map of codes").click()
    expect(page.locator(".st-key-open_model_found")).to_contain_text("codes without their model")
    settle(page)
    page.locator(".st-key-open_model_open button").click()
    page.wait_for_selector(CHART)
    settle(page)
    (made,) = [run for run in runs.library([server.data / "runs"]) if "opened" in run.meta]
    np.testing.assert_allclose(made.codes.means, codes)
    expect(page.locator("body")).to_contain_text("The map shows them, and nothing is decoded")
