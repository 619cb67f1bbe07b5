"""A class follows its teacher through the pages, and whoever lets go is left alone."""

import re
import time

from harness import CHART, settle, until
from playwright.sync_api import expect

MODEL = "digits-vae-2d"
THEORY = ".theory[data-ready]"
FILM = ".st-key-film [data-step]"


def started(open_page):
    """Return a leader's page, and the path and query of the link that Share then shows."""
    page = open_page(f"/?model={MODEL}")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_label("Name that they see").fill("Ms Lee")
    page.get_by_role("button", name="Let others follow me").click()
    link = page.locator("[data-testid=stPopoverBody] code").filter(has_text="?follow=")
    expect(link).to_have_text(re.compile(r"/\?follow=[\w-]{16}$"))
    settle(page)
    return page, "/" + link.inner_text().split("/")[-1]


def test_a_class_follows_and_lets_go(open_page):
    leader, link = started(open_page)
    expect(leader.locator("[data-testid=stPopoverBody] img")).to_have_count(2)  # this view's code, and the class's
    leader.keyboard.press("Escape")
    said = [0.0]

    def listen(socket):
        socket.on("framesent", lambda _: said.append(time.monotonic()))

    follower = open_page(link, wait=CHART, width=390, height=844, watch=lambda page: page.on("websocket", listen))
    band = follower.locator(".st-key-follow_band")
    expect(band).to_contain_text("You follow Ms Lee")
    expect(follower).to_have_url(re.compile(f"model={MODEL}"))

    # the point
    leader.locator(CHART).first.click(position={"x": 200, "y": 200})
    expect(leader).to_have_url(re.compile("z="))
    settle(leader)
    z = re.search(r"z=[^&]+", leader.url)[0]
    expect(follower).to_have_url(re.compile(re.escape(z)))

    # the page, and the chapter on it
    leader.get_by_role("link", name="Theory").click()
    leader.wait_for_selector(THEORY)
    follower.wait_for_selector(THEORY)
    expect(follower).to_have_url(re.compile("/theory.*follow="))
    settle(leader)
    leader.locator(".contents a[data-number='4']").click()
    expect(follower).to_have_url(re.compile("chapter=4"))
    expect(follower.locator(".chapter[data-chapter='4'] h2").first).to_be_in_viewport()

    # the film's place, where the leader stops it
    leader.get_by_role("link", name="Train").click()
    leader.wait_for_selector(FILM)
    follower.wait_for_selector(FILM)
    settle(leader)
    leader.locator(".st-key-film .plane").focus()
    for _ in range(3):
        leader.keyboard.press("ArrowLeft")
    leader.wait_for_function("() => new URL(location.href).searchParams.get('film')")
    settle(leader)
    there = re.search(r"film=(\d+)", leader.url)[1]
    expect(follower).to_have_url(re.compile(f"/train.*film={there}"))
    expect(follower.locator(FILM)).to_have_attribute("data-step", there)
    leader.get_by_role("link", name="Theory").click()
    follower.wait_for_selector(THEORY)
    settle(follower)  # what is pressed while a page gives way to the next is dropped

    # who lets go keeps the view, and asks for nothing more
    band.get_by_role("button", name="Let go").click()
    expect(band).to_have_count(0)
    expect(follower).to_have_url(re.compile(f"/theory.*model={MODEL}"))
    assert "follow=" not in follower.url
    until(follower, lambda: time.monotonic() - said[-1] > 3)
    leader.get_by_role("link", name="Sample").click()
    leader.wait_for_selector(".samples")
    settle(leader)
    assert "/theory" in follower.url
    leader.locator(".st-key-follow_band").get_by_role("button", name="End").click()
    expect(leader.locator(".st-key-follow_band")).to_have_count(0)
