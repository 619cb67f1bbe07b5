"""The film component in Chromium, on a page without Streamlit: what it draws is where the codes say."""

import base64
import io
import json

import numpy as np
import pytest
from filmed import COUNT, filmed, shoot
from PIL import Image
from playwright.sync_api import expect

from ui.shared.components import pack, text
from ui.train import film
from vae import runs
from vae.page import palette
from vae.runs import film as films
from vae.runs.film import Frame

STEPS = [0, 1, 3, 10, 40, 100]

MOUNT = """async ([source, css]) => {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    document.body.style.cssText = "margin: 0; --st-background-color: #fbfaf7; --st-text-color: #1b1f24";
    const parent = document.createElement("div");
    parent.append(Object.assign(document.createElement("style"), { textContent: css }), document.createElement("div"));
    document.body.append(parent);
    window.send = (text) => {
        const data = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const leave = module.default({ data, parentElement: parent });
        if (!parent.isConnected) document.body.append(parent);
        window.overtaken = leave; // as Streamlit ends a call that a newer one overtook: the place stays
        window.unmount = () => { parent.remove(); leave(); };
        if (window.steps) return;
        window.steps = [];
        const node = parent.querySelector(".film"), note = () => window.steps.push(node.dataset.step);
        new MutationObserver(note).observe(node, { attributeFilter: ["data-step"] });
    };
    window.again = (data) => module.default({ data, parentElement: parent });
    window.readFilm = module.readFilm;
}"""

# how far along the points are, and their size, of every frame that is drawn
WATCH = """() => {
    window.seen = [];
    const { uniform1f } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.uniform1f = function (place, value) {
        seen.push(value);
        uniform1f.call(this, place, value);
    };
}"""


class Stage:
    """A page that holds one film."""

    def __init__(self, page):
        self.page = page
        page.set_viewport_size({"width": 1240, "height": 640})
        page.goto("about:blank")
        page.evaluate(MOUNT, [film.SOURCE, text("train/film.css")])

    def send(self, data: bytes) -> "Stage":
        self.page.evaluate("send", base64.b64encode(data).decode())
        return self

    @property
    def node(self):
        return self.page.locator(".film")

    def said(self, name: str) -> str | None:
        return self.node.get_attribute(f"data-{name}")

    def wait(self, **wanted) -> "Stage":
        """Wait until the film says of itself what is wanted, and nothing moves any more."""
        for name, value in wanted.items():
            self.page.wait_for_selector(f".film[data-{name}='{value}']")
        self.page.wait_for_function(
            """() => new Promise((resolve) => {
                const node = document.querySelector(".film"), before = node.dataset.drawn;
                setTimeout(() => resolve(before !== undefined && node.dataset.drawn === before), 200);
            })"""
        )
        return self

    def place(self, x: float, y: float) -> tuple[float, float]:
        return tuple(
            self.page.evaluate("([x, y]) => document.querySelector('.film').project(x, y)", [float(x), float(y)])
        )

    def colours(self) -> np.ndarray:
        """Return the page as drawn, [H, W, 3]."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")).astype(int)

    def press(self, *keys: str) -> None:
        self.page.locator(".plane").focus()
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def stage(blank):
    """A film that does not move by itself: the tests about motion ask for it."""
    blank.emulate_media(reduced_motion="reduce")
    return Stage(blank)


@pytest.fixture
def moving(blank):
    return Stage(blank)


def near(pixels: np.ndarray, place: tuple[float, float], hue: str) -> float:
    """Return how far the pixel closest in colour is from a hue, within three pixels of a place."""
    x, y = round(place[0]), round(place[1])
    around = pixels[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3)
    rgb = np.array([int(hue[i : i + 2], 16) for i in (1, 3, 5)])
    return float(np.abs(around - rgb).sum(1).min())


def alone(codes: np.ndarray, count: int = 12) -> list[int]:
    """Return the points inside the first ring or two that lie furthest from every other point."""
    inside = np.flatnonzero(np.abs(codes).max(1) < 2.2)
    gaps = [np.sort(np.hypot(*(codes - codes[i]).T))[1] for i in inside]
    return [int(inside[k]) for k in np.argsort(gaps)[::-1][:count]]


def distances(stage, codes: np.ndarray, labels: np.ndarray) -> list[float]:
    pixels = stage.colours()
    return [near(pixels, stage.place(*codes[i]), palette.still(palette.of_class(int(labels[i])))) for i in alone(codes)]


def whole(tmp_path, **more):
    run = filmed(tmp_path, steps=STEPS, **more)
    return run, film.payload(run.path)


def test_points_have_the_places_and_colours_of_the_codes(stage, tmp_path):
    """Points are drawn where the codes say in the colours of their classes."""
    run, data = whole(tmp_path)
    stage.send(data).wait(step=100, frames=len(STEPS), run="run")
    labels = films.constants(run.path).labels
    for step, keys in ((100, ()), (0, ("Home",)), (3, ("ArrowRight", "ArrowRight"))):
        stage.press(*keys)
        stage.wait(step=step)
        codes = films.read(run.path, step).codes
        assert np.median(distances(stage, codes, labels)) < 120, "translucent, so only close to the class's colour"
        elsewhere = films.read(run.path, 40).codes
        assert np.median(distances(stage, elsewhere, labels)) > 150


def test_without_webgl_the_same_points_are_drawn(blank, tmp_path):
    without = """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
            return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
        };"""
    blank.emulate_media(reduced_motion="reduce")
    with blank.add_init_script(without):
        stage = Stage(blank)
    run, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    codes, labels = films.read(run.path, 100).codes, films.constants(run.path).labels
    assert np.median(distances(stage, codes, labels)) < 120


def test_equal_axes_and_rings_of_the_prior(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    (x0, y0), (x1, y1) = stage.place(0, 0), stage.place(1, 1)
    assert x1 - x0 == pytest.approx(y0 - y1, rel=1e-6)
    left, _ = stage.place(-3, 0)
    box = stage.page.locator(".cloud").bounding_box()
    assert left >= box["x"], "the third ring is in view"


def test_arrays_arrive_in_the_browser_as_they_are(stage, tmp_path):
    run, data = whole(tmp_path)
    found = stage.page.evaluate(
        """async (text) => {
            const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
            const { frames, labels, originals, history } = await readFilm(bytes);
            const lists = (f) => [f.step, [...f.codes], [...f.rate], [...f.reconstructions], [...f.samples]];
            return { frames: frames.map(lists), labels: [...labels], originals: [...originals],
                     distortion: [...history.distortion], held: [...history.valid_step] };
        }""",
        base64.b64encode(data).decode(),
    )
    for (step, *arrays), wanted in zip(found["frames"], (films.read(run.path, s) for s in STEPS), strict=True):
        assert step == wanted.step
        for got, name in zip(arrays, ("codes", "rate", "reconstructions", "samples"), strict=True):
            np.testing.assert_array_equal(np.array(got, np.float32), getattr(wanted, name).reshape(-1))
    np.testing.assert_array_equal(found["originals"], films.constants(run.path).originals.reshape(-1))
    np.testing.assert_array_equal(found["labels"], films.constants(run.path).labels)
    assert found["held"] == list(range(500, 5001, 500))


def test_images_show_the_frame(stage, tmp_path):
    run, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    frame, still = films.read(run.path, 100), films.constants(run.path)
    pixels = stage.colours()
    for selector, columns, strips in (
        (".pairs canvas", 8, [still.originals, frame.reconstructions]),
        (".samples canvas", 8, [frame.samples]),
    ):
        box = stage.page.locator(selector).bounding_box()
        side = (round(box["width"]) - 2) / columns
        pitch = side + 2 if len(strips) > 1 else side
        for k, strip in enumerate(strips):
            for i in range(3):
                shown = [
                    pixels[
                        round(box["y"] + k * pitch + 1 + (row + 0.5) * side / 8),
                        round(box["x"] + 1 + i * side + (column + 0.5) * side / 8),
                    ][0]
                    for row in range(8)
                    for column in range(8)
                ]
                np.testing.assert_allclose(shown, strip[i, 0].reshape(-1), atol=2)


def test_film_goes_where_the_address_moves(stage, tmp_path):
    """A lesson or a leader moves it to a step, or to the last frame before it, and back to the newest one."""
    run = filmed(tmp_path, steps=STEPS)
    stage.send(film.payload(run.path)).wait(step=100)

    def place(step, name="run"):
        content = pack({"channel": film.CHANNEL, "run": name, "step": step}, {})
        stage.page.evaluate(
            """([channel, text]) => {
                const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                (window.__latentAnswers ??= new Map()).set(channel, bytes);
                dispatchEvent(new CustomEvent("latent-answers", { detail: channel }));
            }""",
            [film.CHANNEL, base64.b64encode(content).decode()],
        )

    for step, shown in ((10, 10), (39, 10), (0, 0), (None, 100)):
        place(step)
        stage.wait(step=shown)
    place(3, "another")
    stage.wait(step=100)


def test_the_keyboard_steps_jumps_and_plays(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0), ("Shift+ArrowRight", 100), ("End", 100)):
        stage.press(key)
        stage.wait(step=step)
    assert stage.page.locator(".plane").get_attribute("aria-label")
    stage.page.locator("select").select_option("0.25")
    stage.press("Home", "Space")
    stage.page.get_by_role("button", name="Pause the recording").wait_for()
    stage.press("Space")
    stage.page.get_by_role("button", name="Play the recording").wait_for()
    stage.press("Space")
    stage.page.locator("select").select_option("2")
    stage.wait(step=100)
    stage.page.get_by_role("button", name="Play the recording").wait_for()
    expect(stage.page.locator("[aria-live=polite]")).to_contain_text("step 100 of 100")


def test_the_native_slider_takes_the_keys_too(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    slider = stage.page.get_by_role("slider", name="Frame of the recording")
    slider.focus()
    stage.page.keyboard.press("ArrowLeft")
    stage.wait(step=40)
    expect(slider).to_have_attribute("aria-valuetext", "step 40 of 100, frame 5 of 6")
    assert slider.input_value() == "4"


def long_history(run):
    records = [{"step": s, "distortion": 200.0 - s, "rate": s / 10} for s in range(1, 101)]
    records[49]["valid"] = {"distortion": 155.0, "rate": 5.5}
    (run.path / "history.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


def test_curves_scrub_the_film_and_print_numbers(stage, tmp_path):
    """The curves scrub the film and print the numbers at the cursor."""
    run = filmed(tmp_path, steps=STEPS)
    long_history(run)
    stage.send(film.payload(run.path)).wait(step=100)
    page, box = stage.page, stage.page.locator(".curves canvas").bounding_box()
    x = lambda step: box["x"] + 44 + (box["width"] - 52) * step / 100  # noqa: E731 -- the margins of curves.js
    middle = box["y"] + 40
    read = lambda name: page.locator(f".readout .{name}").inner_text()  # noqa: E731
    # hovering looks, and leaving returns
    page.mouse.move(x(60), middle)
    stage.wait(step=40)
    assert "140.0" in read("distortion")
    assert "6.00" in read("rate")
    assert "146.0" in read("elbo")
    assert "155.0" in read("distortion"), "the validation before the cursor"
    page.mouse.move(10, 10)
    stage.wait(step=100)
    # dragging stays
    page.mouse.move(x(90), middle)
    page.mouse.down()
    page.mouse.move(x(30), middle, steps=4)
    page.mouse.move(x(5), middle, steps=4)
    page.mouse.up()
    page.mouse.move(10, 10)
    stage.wait(step=3)
    # the other way round, the film moves the cursor
    stage.press("End")
    stage.wait(step=100)
    assert "100.0" in read("distortion")


def test_steps_may_be_logarithmic(stage, tmp_path):
    run = filmed(tmp_path, steps=STEPS)
    long_history(run)
    stage.send(film.payload(run.path)).wait(step=100)
    page, box = stage.page, stage.page.locator(".curves canvas").bounding_box()
    button = page.get_by_role("button", name="log")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    share = np.log1p(3) / np.log1p(100)
    page.mouse.move(box["x"] + 44 + (box["width"] - 52) * share, box["y"] + 40)
    stage.wait(step=3)


def newest(run, step: int) -> bytes:
    runs.write(films.file(run.path, None), films.pack(shoot(step, run.spec.latent, run.spec.shape)))
    return film.live(run.path)


def test_live_frames_accumulate_in_the_same_film(moving, tmp_path):
    run = filmed(tmp_path, steps=[0])
    moving.send(newest(run, 0)).wait(step=0, frames=1)
    moving.page.evaluate("window.__node = document.querySelector('.film')")
    for n, step in enumerate((5, 9, 14), 2):
        moving.send(newest(run, step)).wait(step=step, frames=n)
    moving.send(newest(run, 14)).wait(frames=4)
    # back in time, and new frames do not pull away from it
    moving.press("Home")
    moving.wait(step=0)
    moving.send(newest(run, 20)).wait(frames=5, step=0)
    moving.page.get_by_role("button", name="Newest").click()
    moving.wait(step=20)
    expect(moving.page.get_by_role("button", name="Newest")).to_have_count(0)
    # a run that resumed from its checkpoint has not been at step 20 yet
    moving.send(newest(run, 10)).wait(frames=4, step=10)
    assert moving.page.evaluate("window.__node === document.querySelector('.film') && window.__node.isConnected")


def test_whole_film_replaces_the_live_one_in_place(stage, tmp_path):
    """The whole film takes the place of the live one where one is."""
    run = filmed(tmp_path, steps=STEPS)
    for step in (2, 40, 100):
        stage.send(newest(run, step)).wait(step=step)
    stage.press("ArrowLeft")
    stage.wait(step=40)
    stage.send(film.payload(run.path)).wait(frames=len(STEPS), step=40)
    # and who looks at the newest goes on doing so
    stage.press("End")
    stage.send(newest(run, 120)).wait(frames=len(STEPS) + 1, step=120)
    stage.send(film.payload(run.path)).wait(frames=len(STEPS) + 1, step=120)


def test_another_run_begins_anew(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(run="run", frames=len(STEPS))
    stage.press("Home")
    other = filmed(tmp_path, "other", steps=[0, 7], labels=False)
    stage.send(film.payload(other.path)).wait(run="other", frames=2, step=7)
    expect(stage.page.locator(".legend button")).to_have_count(0)


def test_a_recorded_film_plays_once_and_rests_on_its_last_frame(moving, tmp_path):
    _, data = whole(tmp_path)
    moving.send(data).wait(step=100)
    assert list(dict.fromkeys(moving.page.evaluate("steps"))) == [str(s) for s in STEPS]
    assert int(moving.said("drawn")) > 10
    drawn = moving.said("drawn")
    moving.page.wait_for_timeout(300)
    assert moving.said("drawn") == drawn, "nothing is drawn while nothing moves"


def test_points_morph_between_two_frames(moving, tmp_path):
    run = filmed(tmp_path, steps=[0, 1])
    moving.send(film.payload(run.path)).wait(step=1)
    moving.page.locator("select").select_option("0.25")
    moving.press("Home")
    moving.wait(step=0)
    moving.page.evaluate(WATCH)
    moving.press("Space")
    moving.wait(step=1)
    progress = [p for p in moving.page.evaluate("seen")[::2] if 0 < p < 1]
    assert len(progress) > 2, "in between, not only at both ends"
    assert progress == sorted(progress)


def test_without_motion_nothing_lies_between_two_frames(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.page.evaluate(WATCH)
    stage.send(data).wait(step=100)
    stage.press("Home", "ArrowRight", "Space")
    stage.wait(step=100)
    assert {p for p in stage.page.evaluate("seen")[::2] if 0 < p < 1} == set()


def test_a_class_can_be_seen_alone(stage, tmp_path):
    run, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    codes, labels = films.read(run.path, 100).codes, films.constants(run.path).labels
    stage.page.get_by_role("button", name="3", exact=True).click()
    stage.wait(step=100)
    pixels = stage.colours()
    hues = [near(pixels, stage.place(*codes[i]), palette.still(palette.of_class(int(labels[i])))) for i in range(COUNT)]
    inside = np.abs(codes).max(1) < 2.8
    assert np.median(np.array(hues)[inside & (labels == 3)]) < 120
    others = [i for i in alone(codes, 40) if labels[i] != 3]
    assert np.median([hues[i] for i in others]) > 150


def test_an_autoencoder_explains_what_is_absent(stage, tmp_path):
    run = filmed(tmp_path, preset="autoencoder")
    stage.send(film.payload(run.path)).wait(step=10)
    page = stage.page
    page.get_by_text(film.AUTOENCODER).wait_for()
    for selector in (".samples", ".bars", ".readout .rate", ".readout .elbo"):
        expect(page.locator(selector)).to_be_hidden()
    expect(page.locator(".pairs")).to_be_visible()


def test_dead_dimensions_are_told(stage, tmp_path):
    run = filmed(tmp_path, latent=10)
    frame = films.read(run.path)
    rate = np.where(np.arange(10) < 7, 0.002, 1.5).astype(np.float32)
    changed = Frame(10, frame.codes, rate, frame.reconstructions, frame.samples)
    for step in (10, None):
        runs.write(films.file(run.path, step), films.pack(changed))
    stage.send(film.payload(run.path)).wait(step=10)
    expect(stage.page.locator(".bars figcaption")).to_contain_text("7 of 10 inactive (KL < 0.01 nats)")


def test_run_without_frames_shows_what_it_waits_for(stage, tmp_path):
    """A run without frames shows the axes and what it waits for."""
    fresh = runs.create(tmp_path / "fresh", filmed(tmp_path).spec)
    stage.send(film.live(fresh.path)).wait(frames=0)
    assert stage.page.locator(".empty").inner_text() == "waiting to be started…"
    assert stage.page.locator(".play").is_disabled()
    ink = (np.abs(stage.colours() - 255).sum(2) > 60).sum()
    assert ink > 2000, "axes and rings"
    runs.write(films.file(fresh.path, None), films.pack(shoot(0, 2, (1, 8, 8))))
    stage.send(film.live(fresh.path)).wait(frames=1, step=0)
    expect(stage.page.locator(".empty")).to_be_hidden()


def test_another_theme_restyles_what_is_drawn(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    light = stage.colours()
    stage.page.evaluate(
        """() => {
            const colours = { "--st-background-color": "#0e1117", "--st-text-color": "#e7eaee", background: "#0e1117" };
            for (const [name, value] of Object.entries(colours)) document.body.style.setProperty(name, value);
            again(null);
        }"""
    )
    stage.wait(step=100)
    dark = stage.colours()
    box = stage.page.locator(".curves").bounding_box()
    ink = lambda p: p[int(box["y"]) : int(box["y"] + box["height"]), int(box["x"]) : int(box["x"] + box["width"])]  # noqa: E731
    assert ink(light).min() < 40 < 200 < ink(dark).max()
    assert stage.said("frames") == str(len(STEPS))


def test_it_fits_a_projector_and_a_phone(stage, tmp_path):
    _, data = whole(tmp_path)
    stage.send(data).wait(step=100)
    for width in (1240, 860, 780):
        stage.page.set_viewport_size({"width": width, "height": 720})
        stage.wait(step=100)
        assert stage.node.bounding_box()["height"] <= 520
        assert stage.page.evaluate("document.documentElement.scrollWidth") <= width
    stage.page.set_viewport_size({"width": 360, "height": 800})
    stage.wait(step=100)
    assert stage.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert stage.page.locator(".plane").bounding_box()["width"] > 300
    assert stage.page.locator(".curves").bounding_box()["y"] > stage.page.locator(".strip").bounding_box()["y"]


def test_mounted_anew_it_goes_on_where_it_was(moving, tmp_path):
    run = filmed(tmp_path, steps=[0])
    for n, step in enumerate((0, 5, 9), 1):
        moving.send(newest(run, step)).wait(step=step, frames=n)
    moving.press("ArrowLeft")
    moving.wait(step=5)
    moving.page.evaluate("unmount()")
    moving.send(newest(run, 12)).wait(frames=4, step=5)
    moving.page.evaluate("unmount()")
    other = filmed(tmp_path, "other", steps=[0, 7])
    moving.send(film.live(other.path)).wait(run="other", frames=1)
    moving.send(newest(run, 15)).wait(run="run", frames=5, step=5)


def test_a_call_that_another_overtook_ends_without_the_film(moving, tmp_path):
    run = filmed(tmp_path, steps=[0])
    for n, step in enumerate((0, 5), 1):
        moving.send(newest(run, step)).wait(step=step, frames=n)
    moving.node.evaluate("node => { node.same = true; }")
    moving.page.evaluate("overtaken()")
    moving.send(newest(run, 9)).wait(step=9, frames=3)
    assert moving.node.evaluate("node => node.same")


def test_its_height_stays_when_the_first_frame_arrives(stage, tmp_path):
    """The buttons below it must not run from under the hand, not for one frame of the screen."""
    run = filmed(tmp_path, steps=[0])
    for step in (0, None):
        films.file(run.path, step).unlink()
    stage.page.set_viewport_size({"width": 751, "height": 720})  # what a window of 1280 leaves it
    stage.send(film.live(run.path))
    stage.page.wait_for_selector(".empty:not([hidden])")
    stage.page.evaluate(
        """() => {
            const node = document.querySelector(".film"), look = () => heights.add(node.clientHeight);
            window.heights = new Set();
            look();
            new ResizeObserver(look).observe(node);
            // a mutation is told before anything is painted, and asking for the height lays the page out
            const all = { childList: true, subtree: true, attributes: true, characterData: true };
            new MutationObserver(look).observe(node, all);
        }"""
    )
    for n, step in enumerate((0, 5), 1):
        stage.send(newest(run, step)).wait(step=step, frames=n)
    assert stage.page.locator(".pairs canvas").is_visible()
    assert len(stage.page.evaluate("[...heights]")) == 1


def test_unmounting_leaves_nothing_behind(moving, tmp_path):
    _, data = whole(tmp_path)
    moving.send(data)
    moving.page.wait_for_selector(".film[data-step]")
    moving.page.evaluate("unmount()")
    expect(moving.page.locator(".film")).to_have_count(0)
    moving.page.wait_for_timeout(200)
