"""Gestures on the maps and what they hold."""

import numpy as np
from harness import picture, pixel, settle, until

NODE = ".st-key-map .bigmap"
READY = f"{NODE}[data-ready]"


def draw(page, mode, corners):
    """Draw on the map, with a tool of its strip."""
    page.locator(NODE).get_by_role("button", name=mode).click()
    places = [pixel(page, *corner) for corner in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def inside(polygon, points):
    """Which points [N, 2] lie within a polygon, by the crossing number."""
    x, y = points.T.astype(float)
    within = np.zeros(len(points), bool)
    for (xa, ya), (xb, yb) in zip(polygon, np.roll(polygon, 1, axis=0), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            within ^= ((ya > y) != (yb > y)) & (x < (xb - xa) * (y - ya) / (yb - ya) + xa)
    return within


def mark(page):
    """Remember the map's element, so that a remount can be told."""
    page.evaluate("() => { window.__chart = window.__latentMaps.get('map').node; }")


def kept(page):
    return page.evaluate("() => window.__chart === window.__latentMaps.get('map').node && window.__chart.isConnected")


def lasso(page, corners):
    """Draw a lasso through the points of the map."""
    draw(page, "Lasso", [*corners, corners[0]])


def number(page):
    """Return N of "N points" under the map; "No points selected" is 0."""
    first = page.locator(".st-key-strip").inner_text().split()[0]
    return 0 if first == "No" else int(first.replace(",", ""))


def decoded_on_the_way(page):
    """Move over the map to three points, and return what the decoder draws at each."""
    seen = []
    for point in ((0.0, 0.0), (1.2, 0.6), (-1.1, 1.0)):
        page.mouse.move(*pixel(page, *point), steps=5)
        until(page, lambda: picture(page) not in seen)
        settle(page, 250)
        seen.append(picture(page))
    return seen
