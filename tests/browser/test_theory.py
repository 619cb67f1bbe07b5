"""The Theory page in a real browser: the numbers read there are vae.evaluation's, and the pictures are to scale."""

import itertools
import re

import numpy as np
import pytest
import torch
from fake_runs import complete, make_run
from harness import settle
from playwright.sync_api import expect

from vae import data, runs
from vae.answers import theory
from vae.evaluation import gradients
from vae.evaluation.derivation import ladder

SMALL = {"data": "digits", "shape": (1, 8, 8), "encoder": {"kind": "mlp", "widths": [32]}}
READY = ".theory[data-ready]"
PAGE = "window.__latentTheory.page"


@pytest.fixture(scope="module")
def digits():
    found = data.load("digits", "test")
    return (found.images.astype(np.uint16) * 255 // found.levels).astype(np.uint8)


def opened(open_page, query="model=digits-vae-2d&image=3", **more):
    page = open_page(f"/theory?{query}", wait=None, **more)
    page.wait_for_selector(READY)
    page.wait_for_selector(".formula .katex-html")
    settle(page)
    return page


def number(page, chapter, name):
    text = page.locator(f'[data-chapter="{chapter}"] dd[data-name="{name}"]').get_attribute("data-number")
    return float(text)


def slide(page, chapter, label, value):
    page.locator(f'[data-chapter="{chapter}"]').get_by_role("slider", name=label).fill(str(value))


def test_the_numbers_of_the_page_are_the_evaluations(open_page, digits):
    page = opened(open_page)
    shipped = runs.find("digits-vae-2d", [runs.shipped()]).path
    found = theory.numbers(shipped, digits[3], number=3)
    for name in ("elbo", "kl", "log_px", "distortion", "rate"):
        assert number(page, 4, name) == pytest.approx(found.numbers[name], abs=2e-4), name
    assert abs(number(page, 4, "residual")) < 1e-3
    # what stands under the formula's braces is the same number
    written = page.locator('[data-formula="identity"] [data-value="kl"]').first.text_content()
    assert float(written.replace("−", "-")) == pytest.approx(found.numbers["kl"], abs=0.006)
    log_w = torch.from_numpy(found.arrays["log_w"])
    (one,) = ladder(log_w, (1,))
    for exponent in (0, 3, 6):
        slide(page, 4, "samples K", exponent)
        slide(page, 3, "weights averaged before the log, K", exponent)
        (rung,) = ladder(log_w, (2**exponent,))
        # what K samples add to the ELBO, which is known by quadrature
        expected = min(found.numbers["elbo"] + (rung.log_px - one.log_px).item(), found.numbers["log_px"])
        assert number(page, 4, "bound") == pytest.approx(expected, abs=1e-4)
        assert number(page, 4, "ess") == pytest.approx(rung.ess.item(), rel=1e-3)
        # one number of a quantity on the page
        assert number(page, 3, "mean_log") == number(page, 4, "bound")
        assert number(page, 3, "log_mean") == number(page, 4, "log_px")
        assert number(page, 3, "jensen_gap") == pytest.approx(number(page, 4, "log_px") - expected, abs=1e-6)
    prior = found.arrays["prior_log_px"]
    slide(page, 2, "samples S", 8)
    assert number(page, 2, "naive") == pytest.approx(np.logaddexp.reduce(prior[:256]) - np.log(256), abs=1e-3)


def test_the_gradients_variances_are_pythons(open_page, digits):
    page = opened(open_page)
    found = theory.numbers(runs.find("digits-vae-2d", [runs.shipped()]).path, digits[3], number=3).arrays
    names = ("noise", "slope", "slope_px", "log_w", "scale", "rate_slope")
    samples = gradients.Samples(*(found[name].astype(np.float64) for name in names))
    for bound, table in (("ELBO", gradients.ELBO), ("importance-weighted", gradients.WEIGHTED)):
        page.locator('[data-chapter="5"]').get_by_role("button", name=bound, exact=True).click()
        slide(page, 5, "samples K", 3)
        for name, estimator in table.items():
            expected = gradients.variance(gradients.cloud(samples, estimator, 8))
            assert number(page, 5, f"variance_{name}") == pytest.approx(expected, rel=1e-3), (bound, name)


def test_ellipse_and_contours_are_to_scale(open_page):
    page = opened(open_page)
    page.locator('[data-chapter="4"]').scroll_into_view_if_needed()
    page.wait_for_function(f"{PAGE}.chapters[3].outline")
    outline = np.array(page.evaluate(f"{PAGE}.chapters[3].outline"))
    mean, scale = (np.array(page.evaluate(f"Array.from({PAGE}.now.{name})")) for name in ("mean", "scale"))
    z = mean + scale * np.random.default_rng(0).normal(size=(100_000, 2))
    # by the drawn polygon itself: even-odd over its edges
    inside = np.zeros(len(z), bool)
    for (xa, ya), (xb, yb) in itertools.pairwise(outline):
        crosses = (ya > z[:, 1]) != (yb > z[:, 1])
        inside ^= crosses & (z[:, 0] < (xb - xa) * (z[:, 1] - ya) / (yb - ya + 1e-300) + xa)
    assert inside.mean() == pytest.approx(0.3935, abs=0.006)
    whole = page.evaluate(f"""() => {{
        const {{ density, basis, numbers }} = {PAGE}.now;
        const area = Math.abs(basis[0] * basis[3] - basis[1] * basis[2]);
        return [density.reduce((sum, v) => sum + Math.exp(v) * area, 0), numbers.inside];
    }}""")
    assert whole[0] == pytest.approx(1, abs=0.01)
    assert whole[0] == pytest.approx(whole[1], abs=1e-4)


def test_another_image_changes_every_number_and_the_address(open_page):
    page = opened(open_page)
    before = number(page, 4, "elbo")
    page.get_by_role("button", name="Next image").click()
    expect(page.locator('.theory[data-image="4"]')).to_have_count(1)
    assert number(page, 4, "elbo") != before
    expect(page).to_have_url(re.compile(r"image=4\b"))
    expect(page.locator(".st-key-chip_image")).to_contain_text("test #4")
    page.locator(".strip button").first.click()
    expect(page.locator('.strip button[aria-pressed="true"]').first).to_have_attribute("data-image", re.compile(r"\d+"))


def test_the_next_image_stands_in_the_frame_after_the_press(open_page, digits):
    page = opened(open_page)
    page.wait_for_function(f"{PAGE}.kept.has(4)")
    shipped = runs.find("digits-vae-2d", [runs.shipped()]).path
    # the press and the look at the page are one task, in which no answer can arrive
    shown = page.evaluate(
        """() => {
          const { body } = window.__latentTheory.page;
          body.querySelector('[aria-label="Next image"]').click();
          const at = (name) => body.querySelector(`[data-chapter="4"] dd[data-name="${name}"]`).dataset.number;
          return { image: body.dataset.image, elbo: at("elbo"), kl: at("kl") };
        }"""
    )
    found = theory.numbers(shipped, digits[4], number=4).numbers
    assert shown["image"] == "4"
    for name in ("elbo", "kl"):
        assert float(shown[name]) == pytest.approx(found[name], abs=2e-4)
    expect(page).to_have_url(re.compile(r"image=4\b"))


def test_back_is_the_image_before(open_page):
    page = opened(open_page)
    button = page.get_by_role("button", name="Next image")
    for image in (4, 5):
        button.click()
        expect(page).to_have_url(re.compile(rf"image={image}\b"))
        settle(page, 500)
    page.go_back()
    expect(page).to_have_url(re.compile(r"image=4\b"))
    expect(page.locator('.theory[data-image="4"]')).to_have_count(1)


def test_presses_faster_than_answers_end_at_the_last_one(open_page):
    page = opened(open_page)
    for _ in range(6):
        page.locator('[aria-label="Next image"]').click(no_wait_after=True)
    expect(page).to_have_url(re.compile(r"image=9\b"))
    settle(page, 1500)
    expect(page.locator('.theory[data-image="9"]')).to_have_count(1)
    expect(page).to_have_url(re.compile(r"image=9\b"))


def test_thumbnail_under_the_pointer_is_computed_ahead(open_page):
    """A thumbnail under the pointer is computed ahead where the strip is not."""
    page = opened(open_page, own=True)
    page.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page.reload()
    page.wait_for_selector(READY)
    settle(page, 1000)
    button = page.locator(".strip button").nth(11)
    image = int(button.get_attribute("data-image"))
    # the next image and the random one alone, unless chance made it this one
    assert page.evaluate(f"{PAGE}.slow && (!{PAGE}.kept.has({image}) || {PAGE}.randomImage === {image})")
    button.hover()
    page.wait_for_function(f"{PAGE}.kept.has({image})")
    expect(page.locator('.theory[data-image="3"]')).to_have_count(1)


def test_once_all_is_there_the_page_asks_no_more(open_page):
    page = opened(open_page)
    page.evaluate(f"{PAGE}.slow = true")
    page.wait_for_function(f"!{PAGE}.ahead.length && !{PAGE}.pending.size")
    # of two images that are awaited one may come, and the page ask again, before the other's "not yet" is heard
    page.evaluate(f"{PAGE}.pending.add('ahead1'); {PAGE}.poll(50)")
    page.wait_for_function(f"!{PAGE}.pending.size")
    settle(page, 1000)
    serial = page.evaluate(f"{PAGE}.serial")
    page.wait_for_timeout(1000)
    assert page.evaluate(f"{PAGE}.serial") == serial


def test_the_whole_strip_is_there_before_anybody_presses(open_page):
    page = opened(open_page)
    # a machine that is busy with other tests is too slow for it, and the page would leave it at the likely images
    page.evaluate(f"Object.defineProperty({PAGE}, 'slow', {{ get: () => false, set() {{}} }}); {PAGE}.sendState()")
    page.wait_for_function(f"{PAGE}.header.choices.every(i => i === {PAGE}.image || {PAGE}.kept.has(i))")
    shown = page.evaluate(
        """() => {
          const { body, strip } = window.__latentTheory.page;
          strip.querySelector('[aria-pressed="false"]').click();
          return body.dataset.image;
        }"""
    )
    assert int(shown) == page.evaluate(f"{PAGE}.header.choices.find(i => i !== 3)")
    expect(page).to_have_url(re.compile(rf"image={shown}\b"))


def test_new_samples_change_estimates_and_leave_the_truth(open_page):
    page = opened(open_page)
    slide(page, 4, "samples K", 3)
    before = {name: number(page, 4, name) for name in ("bound", "log_px", "elbo", "kl")}
    page.get_by_role("button", name="New samples of q").first.click()
    page.wait_for_function(f"{PAGE}.now.seed === 1")
    after = {name: number(page, 4, name) for name in before}
    assert after["bound"] != before["bound"]
    assert {k: v for k, v in after.items() if k != "bound"} == {k: v for k, v in before.items() if k != "bound"}
    # the images that come next are asked for with these samples too
    page.wait_for_function(f"{PAGE}.kept.get(4)?.seed === 1")


def test_another_likelihood_s_elbo_is_its_formula(open_page, digits):
    page = opened(open_page)
    chapter = page.locator('[data-chapter="6"]')
    found = theory.numbers(runs.find("digits-vae-2d", [runs.shipped()]).path, digits[3], number=3)
    for likelihood, name in (("Gaussian, σ", "squares"), ("Laplace, b", "absolutes")):
        chapter.get_by_role("button", name=likelihood).click()
        slide(page, 6, "scale σ or b", -10)
        scale, n = 10**-0.5, 64
        error = torch.from_numpy(found.arrays[name])[:, None] / n  # as if each pixel had the mean error
        away = error.sqrt() if name == "squares" else error
        family = torch.distributions.Normal if name == "squares" else torch.distributions.Laplace
        expected = n * family(0.0, scale).log_prob(away).mean().item() - found.numbers["rate"]
        assert number(page, 6, "sigma_elbo") == pytest.approx(expected, rel=1e-4), likelihood
        best = error.mean().item() ** (0.5 if name == "squares" else 1)
        assert number(page, 6, "sigma_best") == pytest.approx(best, rel=1e-4), likelihood
    chapter.get_by_role("button", name="the model’s own").click()
    assert number(page, 6, "sigma_elbo") == pytest.approx(found.numbers["elbo"], abs=2e-4)


def test_q_walks_to_its_optimum_and_the_gap_is_split(open_page):
    page = opened(open_page)
    page.locator('[data-chapter="4"]').scroll_into_view_if_needed()
    start = page.evaluate(f"{PAGE}.chapters[3].q.at")
    page.locator("[data-action=refine]").click()
    expect(page.locator('[data-chapter="4"][data-walking="done"]')).to_have_count(1)
    parts = number(page, 4, "amortisation"), number(page, 4, "approximation")
    assert parts[0] >= 0 and parts[1] > -1e-3
    assert sum(parts) == pytest.approx(number(page, 4, "kl"), abs=2e-3)
    assert page.evaluate(f"{PAGE}.chapters[3].q.at") != start


def test_turning_z_changes_no_digit_of_the_elbo(open_page):
    page = opened(open_page)
    for angle in (0, 37, 120):
        slide(page, 6, "rotate z by", angle)
        assert number(page, 6, "turned_elbo") == pytest.approx(number(page, 4, "elbo"), abs=1e-4)
    assert number(page, 6, "diagonal_loss") >= 0


@pytest.mark.parametrize("name, query", [("points", "autoencoder"), ("sixteen", "vae")])
def test_other_models_have_their_own_version_without_blanks(open_page, server, name, query):
    changes = {"latent": 2} if query == "autoencoder" else {"latent": 16}
    if not (server.data / "runs" / name).is_dir():
        complete(make_run(server.data / "runs", name, query, n=360, **SMALL, **changes))
    page = opened(open_page, f"model={name}")
    for chapter in range(1, 7):
        rows = page.locator(f'[data-chapter="{chapter}"] dd')
        assert rows.count() > 0
        assert "NaN" not in page.locator(f'[data-chapter="{chapter}"]').inner_text()
    values = page.locator(".formula [data-value]").all_text_contents()
    assert values and all(v and v != "–" for v in values)


def test_a_term_lights_up_with_its_numbers_and_it_fits_a_phone(open_page):
    page = opened(open_page, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator('[data-formula="identity"] .term[data-term="kl"]').first.hover()
    expect(page.locator('[data-chapter="4"] dd[data-name="kl"]')).to_have_class(re.compile("on"))


def test_address_opens_a_chapter_with_its_sliders_and_the_refined_q(open_page):
    link = "/theory?model=mnist-vae-2d&image=8&chapter=4&sliders=4.1:6&refined=1"
    page = open_page(link, wait='.theory[data-image="8"]')
    chapter = page.locator('[data-chapter="4"]')
    expect(chapter.locator("input[type=range]").first).to_have_value("6")
    expect(page.locator('[data-chapter="4"][data-walking="done"]')).to_have_count(1)
    expect(chapter).to_be_in_viewport()
    chapter.locator("input[type=range]").first.fill("3")
    chapter.locator("input[type=range]").first.dispatch_event("change")
    page.wait_for_function("() => new URL(location.href).searchParams.get('sliders') === '4.1:3'")
    assert page.evaluate("() => new URL(location.href).searchParams.get('chapter')") == "4"


def test_chapters_ask_before_they_reveal(open_page):
    """Each chapter asks; what it reveals is true of the numbers beside it, which it names, and moves with the image."""
    page = opened(open_page)
    for chapter in range(1, 7):
        asked = page.locator(f'[data-chapter="{chapter}"] .prediction')
        expect(asked.get_by_role("button")).to_have_count(4)
        expect(asked.locator(".reveal")).to_be_empty()
    assert number(page, 2, "naive_ess") < 0.25 * 64
    assert number(page, 3, "jensen_gap") > 0
    slide(page, 4, "samples K", 6)
    assert number(page, 4, "elbo") < number(page, 4, "bound")
    assert number(page, 5, "variance_score") > number(page, 5, "variance_reparametrised")
    # a wrong answer is explained, and another one can be chosen; the keyboard stays where it was
    asked = page.locator('[data-chapter="4"] .prediction')
    asked.get_by_role("button", name="The ELBO.").press("Enter")
    expect(asked).to_contain_text("You chose A. The idea behind it: More samples are thought")
    again = asked.get_by_role("button", name="Choose again")
    expect(again).to_be_focused()
    elbo = page.locator('[data-chapter="4"] dd[data-name="elbo"]').text_content()
    expect(asked.locator(".measured")).to_contain_text(elbo)
    page.locator(".strip button").first.click()
    expect(page.locator(".theory")).not_to_have_attribute("data-image", "3")
    expect(asked.locator(".measured")).not_to_contain_text(elbo)
    again.press("Enter")
    expect(asked.get_by_role("button", name="The ELBO.")).to_be_focused()
    asked.get_by_role("button", name="The one with 64 samples.").click()
    expect(asked).to_contain_text("✓ C")
    expect(asked).not_to_contain_text("You chose")
    for chapter in (1, 2, 3, 5, 6):
        asked = page.locator(f'[data-chapter="{chapter}"] .prediction')
        asked.get_by_role("button", name="Not sure: show me").click()
        expect(asked.locator(".reveal > p").first).to_contain_text("✓")
        expect(asked).not_to_contain_text("{")
        assert asked.locator(".measured").is_visible() == (chapter < 6)
