"""The Diagnose page in a real browser: its numbers, a click on a hole, a remedy that sets Train, and a phone."""

from harness import settle
from playwright.sync_api import expect

from vae import runs
from vae.diagnosis import kept

BARS = ".st-key-card_rates .js-plotly-plot .bars .point path"


def number(value, digits=2):
    return f"{value:.{digits}f}".replace("-", "−")


def test_the_numbers_on_the_page_are_those_that_were_measured(open_page):
    page = open_page("/diagnose?model=digits-vae-2d&mode=expert", wait=BARS)
    page.get_by_text("No fault found in this model").wait_for()
    path = runs.shipped() / "digits-vae-2d"
    bound, width, truth = (kept.read(path, part) for part in ("bound", "width", "gap"))
    card = {name: page.locator(f".st-key-card_{name}").inner_text() for name in ("bound", "posterior", "gap")}
    elbo = runs.Run(path).metrics["elbo"]  # the one ELBO that every page shows
    assert f"{number(elbo['value'])} ± {number(elbo['se'])} nats" in card["bound"]
    assert f"{number(bound.gain.value)} ± {number(bound.gain.se)} nats" in card["bound"]
    assert f"{number(width.slope.value)} ± {number(width.slope.se)}" in card["posterior"]
    assert f"{number(truth.gap.value)} ± {number(truth.gap.se)} nats" in card["gap"]
    drawn = page.evaluate(
        "() => document.querySelector('.st-key-card_surgery .js-plotly-plot').data.map(t => t.x[0] ?? t.x)"
    )
    surgery = kept.read(path, "surgery")
    assert abs(drawn[0] - surgery.mutual_information.value) < 1e-4


def test_missed_classes_and_copies_are_shown_and_lead_to_the_map(open_page):
    page = open_page(
        "/diagnose?model=unhealthy-holes&mode=expert", wait=".st-key-card_memorised .js-plotly-plot .point"
    )
    memorised = kept.read(runs.find("unhealthy-holes", [runs.examples()]).path, "memorised")
    expect(page.locator(".st-key-card_memorised")).to_contain_text(f"of {memorised.n} each")
    drawn = page.evaluate("() => [...document.querySelector('.st-key-card_memorised .js-plotly-plot').data[0].x]")
    assert abs(drawn[-1] - memorised.samples.value) < 1e-6
    card = page.locator(".st-key-card_samples")
    card.get_by_text("Coverage of each class").click()
    expect(card.locator("table")).to_contain_text("0% ± 0%")  # the model draws no two
    link = card.get_by_role("link", name="See on the map what they miss").get_attribute("href")
    there = open_page(f"/{link.removeprefix('./')}")
    there.get_by_text("Distance to the samples").first.wait_for()


def test_an_ill_model_is_told_so_and_its_remedy_opens_train(open_page):
    page = open_page("/diagnose?model=unhealthy-sigma&mode=expert", wait=BARS, scheme="dark")
    page.get_by_role("heading", name="σ of the likelihood miscalibrated").wait_for()
    expect(page.locator(".st-key-diagnosis")).to_contain_text("times too small")
    page.locator(".st-key-remedies_main").get_by_role("button", name="Learn σ").click()
    page.wait_for_selector(".st-key-spec_form")
    settle(page)
    page.get_by_text("Formula and JSON").click()
    page.wait_for_function(
        """() => document.querySelector('.st-key-spec_form [data-testid=stCode]')?.innerText.includes('"shared"')"""
    )


def test_a_click_on_the_map_of_holes_decodes_it(open_page):
    page = open_page("/diagnose?model=unhealthy-holes", wait=".st-key-card_holes .js-plotly-plot .scatterlayer .point")
    card = page.locator(".st-key-card_holes")
    expect(card).to_contain_text("The deepest hole")
    card.locator(".scatterlayer .point").nth(40).click(force=True)
    page.wait_for_function("() => document.querySelector('.st-key-card_holes').innerText.includes('Decoded at')")


def test_it_fits_a_phone(open_page):
    page = open_page("/diagnose?model=unhealthy-collapsed", wait=BARS, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
