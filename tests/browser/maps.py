"""Gestures on the maps and what they hold."""

import numpy as np
from harness import CHART, pixel

NODE = ".st-key-map .bigmap"
READY = f"{NODE}[data-ready]"


def project(page, x, y):
    """Return the page position of a point of the map of very many codes."""
    return page.locator(f"{NODE} .plane").evaluate("(node, [x, y]) => node.project(x, y)", [x, y])


def draw(page, mode, corners):
    """Draw on the map of very many codes, with its own tool."""
    page.locator(NODE).get_by_role("button", name=mode).click()
    places = [project(page, *corner) for corner in corners]
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
    """Remember the chart's element, so that a remount can be told."""
    page.evaluate("selector => { window.__chart = document.querySelector(selector); }", CHART)


def kept(page):
    return page.evaluate(
        "selector => window.__chart === document.querySelector(selector) && window.__chart.isConnected", CHART
    )


def lasso(page, corners):
    """Draw a lasso through the points of the map, with the modebar's own tool."""
    page.locator(CHART).hover()
    page.locator(f"{CHART} .modebar-btn[data-val=lasso]").click()
    places = [pixel(page, *corner) for corner in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def number(page):
    """Return N of "N points" under the map; "No points selected" is 0."""
    first = page.locator(".st-key-strip").inner_text().split()[0]
    return 0 if first == "No" else int(first.replace(",", ""))
