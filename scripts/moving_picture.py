"""Make the README's moving picture with a real server and browser: the pointer goes round, the image follows."""

import io
import math
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from harness import CHART, chromium, pixel, settle, start, stop  # noqa: E402

OUT = ROOT / "docs" / "screenshots" / "explore.webp"
FRAMES, MILLISECONDS = 60, 80
SIZE, WINDOW = (960, 540), (1280, 720)
POINTER = ((0, 0), (0, 17), (4, 13.5), (7, 20), (10, 18.7), (7, 12.3), (12, 12))  # its outline in pixels; (0, 0) points
INK, RIM = "#14171b", "#ffffff"


def place(turn: float) -> tuple[float, float]:
    """Return the point of the map at a share of the round, from 0 to 1: a figure of three leaves among the codes."""
    angle = 2 * math.pi * turn
    radius = 1.15 + 0.45 * math.cos(3 * angle)
    return radius * math.cos(angle), radius * math.sin(angle)


def frame(page: Page, turn: float) -> Image.Image:
    """Return the window with the pointer at its place of the round."""
    x, y = pixel(page, *place(turn))
    page.mouse.move(x, y)
    page.wait_for_timeout(120)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # a browser without a screen draws no pointer
    outline = [(x + 1.3 * dx, y + 1.3 * dy) for dx, dy in POINTER]
    ImageDraw.Draw(picture).polygon(outline, fill=INK, outline=RIM, width=1)
    return picture.resize(SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]}, color_scheme="light")
            page.goto(server.url)
            page.wait_for_selector(CHART)
            settle(page, 1500)
            frame(page, 0)  # the invitation goes with the first move
            page.wait_for_timeout(1000)
            frames = [frame(page, k / FRAMES) for k in range(FRAMES)]
        finally:
            browser.close()
            stop(server.process)
    frames[0].save(OUT, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0, quality=70, method=6)
    print(OUT, f"{OUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
