"""What is laid over the map, in a real browser: other colours, images, lines and selections mount no chart again."""

import json

import numpy as np
import pytest
from fake_runs import make_run
from harness import in_view, pixel, settle, until
from maps import NODE, READY, draw, inside, kept, lasso, mark, number
from playwright.sync_api import expect

from vae.runs import Run, pointwise

SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}
N, MANY = 2000, 30_000


@pytest.fixture(scope="module", autouse=True)
def measured(server):
    """Two thousand and thirty thousand codes, each with a number that is kept: how far it is from the centre."""
    patch = pytest.MonkeyPatch()
    patch.setenv("LATENT_DATA", str(server.data))
    for name, n in (("layered", N), ("layered-many", MANY)):
        run = make_run(server.data / "runs", name, n=n, **SMALL)
        values = np.hypot(*run.codes.means.T).astype(np.float32)
        values[::10] = np.nan
        pointwise.keep(run, pointwise.TIGHTNESS, pointwise.Pointwise({"gap": values}, "By hand"))
    patch.undo()


@pytest.fixture(scope="module")
def codes(server):
    return Run(server.data / "runs" / "layered").codes


def ready(page, text):
    """Wait until the layer shows what its state names."""
    page.wait_for_function(
        "text => [...document.querySelectorAll('.st-key-layer *')]"
        ".some(e => e.shadowRoot?.querySelector('.layer')?.dataset.ready?.includes(text))",
        arg=text,
    )


def colours(page, places):
    """Return the red, green and blue of the map's points at its places, by the most opaque pixel near."""
    return page.evaluate(
        """async places => {
            const { node } = window.__latentMaps.get("map");
            const canvas = node.querySelector("canvas.cloud:not([hidden])");
            const copy = new OffscreenCanvas(canvas.width, canvas.height), context = copy.getContext("2d");
            const box = canvas.getBoundingClientRect();
            node.dispatchEvent(new WheelEvent("wheel", { deltaY: 0, cancelable: true })); // one more frame
            await new Promise((then) => requestAnimationFrame(() => { context.drawImage(canvas, 0, 0); then(); }));
            return places.map((place) => {
                const [x, y] = node.project(...place);
                const { data } = context.getImageData(x - box.left - 1, y - box.top - 1, 3, 3);
                let best = 0;
                for (let o = 0; o < data.length; o += 4) if (data[o + 3] > data[best + 3]) best = o;
                return Array.from(data.slice(best, best + 4));
            });
        }""",
        [[float(v) for v in place] for place in places],
    )


def counted(page, chosen):
    """Wait until about as many codes are selected (drawn by hand: pixels decide at the edge), and the strip says so."""
    n = int(chosen.sum())
    page.wait_for_function("([n, off]) => Math.abs(window.__latentLayer.selected - n) <= off", arg=[n, 0.03 * n + 6])
    found = page.evaluate("() => window.__latentLayer.selected")
    expect(page.locator(".st-key-strip")).to_contain_text(f"{found:,} points")


def lonely(codes, count=12):
    """Return codes that have no other near them, from the centre outwards, so that a pixel there is theirs."""
    means = codes.means.astype(float)
    near = np.sort(((means[:, None] - means[None]) ** 2).sum(-1), axis=1)[:, 1] ** 0.5
    found = np.argsort(-near)[: 6 * count]
    found = found[(np.abs(means[found]) < 3).all(1) & (found % 10 != 0)]
    return found[np.argsort(np.hypot(*means[found].T))]


def test_codes_take_other_colours_and_the_chart_stays(open_page, codes):
    page = open_page("/?model=layered")
    mark(page)
    page.mouse.move(*pixel(page, 0, 0))
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(300)
    zoomed = in_view(page)
    page.locator(".st-key-map_dress button").first.click()
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="Gap log p(x) − ELBO").click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('colour') === 'gap'")
    ready(page, "recoloured")
    settle(page)
    page.keyboard.press("Escape")
    bar = page.get_by_role("img", name="Codes coloured by Gap")
    expect(bar).to_contain_text("nats")
    assert kept(page)
    assert in_view(page) == pytest.approx(zoomed, abs=0.1)  # a scrollbar that comes makes the map a little narrower
    found = lonely(codes)
    low, high = colours(page, codes.means[[found[0], found[-1]]])[0:2]
    assert high[0] > low[0] + 40  # cividis grows from blue to yellow with the distance from the centre
    page.locator(".st-key-map_dress button").first.click()
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="Class", exact=True).click()
    page.wait_for_function("() => !new URL(location.href).searchParams.get('colour')")
    until(page, lambda: (same := colours(page, codes.means[[found[0]]])[0]) != low and same[3] > 200)
    assert kept(page)


def test_lassos_add_and_subtract_and_selections_are_restored(open_page, codes):
    """Lassos are added and taken away and a saved selection comes back."""
    page = open_page("/?model=layered")
    mark(page)
    x, y = codes.means.T
    first, second = (x > -2) & (x < 0.5) & (y > -2) & (y < 1), (x > 0) & (x < 2) & (y > 0) & (y < 2)
    third = (x > -1) & (x < 1) & (y > -1) & (y < 1)

    def box(x0, x1, y0, y1):
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]

    lasso(page, box(-2, 0.5, -2, 1))
    page.wait_for_selector(".st-key-selection_csv")
    counted(page, first)
    page.keyboard.down("Shift")
    lasso(page, box(0, 2, 0, 2))
    page.keyboard.up("Shift")
    counted(page, first | second)
    saved = number(page)
    page.locator(".st-key-selections button").first.click()
    page.get_by_role("textbox", name="Name").fill("both")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.locator(".st-key-selection_save button").click()
    settle(page)
    with page.expect_download() as started:
        page.locator(".st-key-selections_download button").click()
    with open(started.value.path()) as file:
        assert len(json.load(file)["selections"]["both"]) == saved
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Subtract").click()
    lasso(page, box(-1, 1, -1, 1))
    counted(page, (first | second) & ~third)
    page.locator(".st-key-selections button").first.click()
    page.locator(".st-key-selection_restore_0 button").first.click()
    expect(page.locator(".st-key-strip")).to_contain_text(f"{saved:,} points")
    page.wait_for_function("n => window.__latentLayer.selected === n", arg=saved)
    assert kept(page)


def test_class_hidden_by_the_legend_stays_hidden(open_page, codes):
    """A class that the legend shows alone is seen alone in other colours too."""
    page = open_page("/?model=layered&colour=gap")
    ready(page, "recoloured")
    found = lonely(codes)
    one = int(codes.labels[found[0]])
    other = next(i for i in found if codes.labels[i] != one)
    assert all(alpha > 100 for *_, alpha in colours(page, codes.means[[found[0], other]]))
    page.locator(f"{NODE} .legend button").nth(one).click()
    until(page, lambda: colours(page, codes.means[[other]])[0][3] < 40)
    assert colours(page, codes.means[[found[0]]])[0][3] > 100


def test_images_stand_apart_and_others_come_with_a_zoom(open_page):
    page = open_page("/?model=digits-vae-2d&marks=images&contours=1")
    mark(page)
    page.wait_for_function("() => window.__latentLayer?.images > 5 && window.__latentLayer.waiting === 0")
    page.get_by_text("images at their codes, without overlap").wait_for()
    page.get_by_text("The lines enclose 50, 80 and 95 % of the codes.").wait_for()
    assert page.evaluate("() => Boolean(window.__latentMaps.get('map').node.querySelector('[data-latent-sheet]'))")
    before = page.evaluate("() => window.__latentLayer.images")
    page.mouse.move(*pixel(page, 0, 0))
    page.mouse.wheel(0, -300)
    page.wait_for_function("n => window.__latentLayer.images !== n", arg=before)
    assert kept(page)


def test_column_is_uploaded_or_refused_in_words(open_page, tmp_path):
    """A column is uploaded and a wrong one is refused in words."""
    page = open_page("/?model=layered")
    page.locator(".st-key-map_dress button").first.click()
    field = page.locator(".st-key-map_upload input[type=file]")
    short = tmp_path / "short.csv"
    short.write_text("mass\n1\n2\n")
    field.set_input_files(short)
    page.get_by_text("The file has 2 rows below its names, and the map 2,000 codes.").wait_for()
    good = tmp_path / "good.csv"
    good.write_text("mass (kg)\n" + "".join(f"{i}\n" for i in range(N)))
    field.set_input_files(good)
    ready(page, "recoloured")
    page.get_by_role("img", name="Codes coloured by mass: from ≤ 100 to ≥ 1,899 kg").wait_for()


def test_many_codes_take_colours_lassos_and_a_class_alone(open_page, server):
    codes = Run(server.data / "runs" / "layered-many").codes
    page = open_page("/?model=layered-many&colour=gap&contours=1", wait=READY)
    ready(page, "recoloured lines")
    page.get_by_role("img", name="Codes coloured by Gap").wait_for()
    page.get_by_text("computed for 27,000 of 30,000 codes").wait_for()
    boxes = [(-2.0, -1.5), (1.5, 1.0)], [(0.0, 0.0), (2.5, 2.0)]
    within = [((codes.means > a) & (codes.means < b)).all(1) for a, b in boxes]

    draw(page, "Box", boxes[0])
    counted(page, within[0])
    page.keyboard.down("Alt")
    draw(page, "Box", boxes[1])
    page.keyboard.up("Alt")
    counted(page, within[0] & ~within[1])
    legend = page.locator(f"{NODE} .legend button")
    legend.nth(3).click()
    expect(legend.nth(3)).to_have_attribute("aria-pressed", "true")
    page.locator(NODE).get_by_role("button", name="Clear").click()
    page.wait_for_selector(".st-key-selection_csv", state="detached")
    polygon = np.array([(-2, -1.5), (1.5, -1.5), (1.5, 1.0), (-2, 1.0)])
    assert inside(polygon, codes.means).sum() == within[0].sum()


@pytest.mark.parametrize("model", ["layered", "layered-many"])
def test_on_a_phone_the_layer_sticks_out_nowhere(open_page, model):
    page = open_page(f"/?model={model}&colour=gap", width=390, height=844, wait=".st-key-layer")
    ready(page, "recoloured")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
