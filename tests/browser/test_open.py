"""Page Open in a real browser: files are dropped, something is corrected, the data are trained on and explored."""

import base64

import own_files
import pytest
from harness import CHART, settle, until
from playwright.sync_api import expect

from vae import runs
from vae.data import own
from vae.data.own import names

NOTHING = "Nothing at hand"


@pytest.fixture
def kept(server):
    """The names of data that a test keeps: their folders are removed after it."""
    found = []
    yield found
    for name in found:
        if own.find(name, server.data):
            own.remove(name, server.data)


def drop(page, path):
    page.locator(".st-key-open_data_drop [data-testid=stFileUploaderDropzoneInput]").set_input_files(path)
    page.get_by_text("What was found").wait_for()
    settle(page)


def choose(page, name, title):
    settle(page)  # drawn anew, a box closes its list
    box = page.locator(f'[class*="st-key-open_line_{name}_"]').get_by_role("combobox")
    box.scroll_into_view_if_needed()
    box.focus()
    box.press("ArrowDown")  # a click that scrolls the page closes the list again
    page.get_by_role("option", name=title).click()
    settle(page)


def train(page, server, name):
    """Keep the data, train one epoch on them, and open the model on Explore."""
    page.locator(".st-key-open_keep button").click()
    page.locator(f".st-key-open_train_{name} button").click()
    page.wait_for_url("**/train*")
    settle(page)
    epochs = page.get_by_role("spinbutton", name="Epochs").first
    epochs.fill("1")
    epochs.press("Enter")
    settle(page)
    page.locator(".st-key-train button").click()
    until(page, lambda: [run for run in runs.library([server.data / "runs"]) if trained_on(run, name)])
    (made,) = [run for run in runs.library([server.data / "runs"]) if trained_on(run, name)]
    page.goto(f"{server.url}/?model={made.name}")
    page.wait_for_selector(CHART)
    settle(page)


def trained_on(run, name):
    """Return whether a run of that data has its codes."""
    return isinstance(run, runs.Run) and run.spec.data == name and (run.path / "codes.npz").is_file()


def test_a_table_is_dropped_corrected_trained_and_explored(open_page, server, kept, tmp_path):
    cells = ["size (mm),weight,colour,kind"] + [
        f"{k % 17},{k % 7 + 0.5},{['red', 'blue'][k % 2]},{['ant', 'bee', 'cat'][k % 3]}" for k in range(90)
    ]
    (tmp_path / "insects.csv").write_text("\n".join(cells))
    page = open_page("/open", wait=None)
    drop(page, tmp_path / "insects.csv")
    kept.append("insects")
    zone = page.locator(".st-key-open_zone")
    expect(zone).to_contain_text("90 rows of 4 values · 3 classes")
    expect(page.locator(".own-examples")).to_contain_text("size (mm)")
    choose(page, "column_colour", "left out")
    expect(zone).to_contain_text("90 rows of 2 values")
    expect(page.locator(".own-examples")).not_to_contain_text("colour")
    train(page, server, "insects")
    expect(page.locator(".st-key-map")).to_contain_text("bee")


def test_a_zip_of_images_is_kept_and_trained_on(open_page, server, kept, tmp_path):
    path = own_files.write_zip(tmp_path, own_files.smooth(60, 12), own_files.labels(60))
    page = open_page("/open", wait=None)
    drop(page, path)
    kept.append("pictures")
    expect(page.locator(".st-key-open_zone")).to_contain_text("60 images 12 × 12, grey · 3 classes")
    pictures = page.locator(".own-examples img")
    assert pictures.count() == 5
    drawn = pictures.first.evaluate(
        """image => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 12;
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return Array.from(context.getImageData(0, 0, 12, 12).data);
        }"""
    )
    first = own_files.smooth(60, 12)[0, 0]
    assert [drawn[4 * k] for k in range(144)] == [int(v) for v in first.ravel()]
    train(page, server, "pictures")
    expect(page.locator(".st-key-map")).to_contain_text("kind1")


def test_a_refused_file_says_why_and_leaves_nothing(open_page, server, tmp_path):
    (tmp_path / "network.pkl").write_bytes(b"\x80\x04\x95none")
    page = open_page("/open", wait=None)
    before = set(names.folder(server.data).glob("*"))
    page.locator(".st-key-open_data_drop [data-testid=stFileUploaderDropzoneInput]").set_input_files(
        tmp_path / "network.pkl"
    )
    refused = page.locator(".st-key-open_refused")
    expect(refused).to_contain_text("could run any code")
    page.locator(".st-key-open_change button").click()
    page.get_by_text(NOTHING).wait_for()
    settle(page)
    assert set(names.folder(server.data).glob("*")) == before


def test_an_example_is_tried_and_its_line_is_drawn(open_page):
    page = open_page("/open", wait=None)
    page.locator(".st-key-open_try_series button").click()
    page.get_by_text("What was found").wait_for()
    expect(page.locator(".st-key-open_zone")).to_contain_text("400 series of 60 steps")
    lines = page.locator(".own-examples img")
    assert lines.count() == 5
    drawn = base64.b64decode(lines.first.get_attribute("src").split(",")[1]).decode()
    corners = [tuple(map(float, pair.split(","))) for pair in drawn.split("points='")[1].split("'")[0].split()]
    assert len(corners) == 60 and max(y for _, y in corners) - min(y for _, y in corners) > 40
    assert lines.first.evaluate("image => image.naturalWidth") == 150
    page.locator(".st-key-open_change button").click()
    page.get_by_text(NOTHING).wait_for()
