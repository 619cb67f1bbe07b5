"""The library's list on the Models page: the first cards of many, a search, and the shown run among them."""

import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start, texts

from ui.models import listing


@pytest.fixture
def many(folder):
    """More runs than are drawn at first, of two presets."""
    for i in range(listing.CARDS + 3):
        make_run(folder, f"run-{i:02}", "beta-vae" if i % 10 == 7 else "vae", n=20, **SMALL)


def cards(app) -> set[str]:
    """The names on the cards but the one that is shown."""
    found = [button for button in app.button if button.key.startswith("show_run-")]
    return {button.key.removeprefix("show_") for button in found if not button.label.endswith("shown")}


def test_many_runs_are_drawn_in_parts_with_the_shown_one(folder, many):
    app = lives(start("models", model=f"run-{listing.CARDS + 2}"))
    assert len(cards(app)) == listing.CARDS and any(button.label.endswith("shown") for button in app.button)
    app = lives(app.button(key="models_more").click().run())
    assert len(cards(app)) == listing.CARDS + 2  # and the shown one
    assert not [button for button in app.button if button.key == "models_more"]


def test_search_finds_names_and_presets(folder, many):
    app = lives(start("models", model="run-00"))
    app.text_input(key=listing.SEARCH).set_value("BETA digits")
    assert cards(lives(app.run())) == {"run-07", "run-17"}
    app.text_input(key=listing.SEARCH).set_value("no such words")
    app = lives(app.run())
    assert not cards(app) and "No model has these words" in texts(app)


def test_few_runs_need_no_search(folder):
    make_run(folder, "one", n=20, **SMALL)
    app = lives(start("models", model="one"))
    assert not [field for field in app.text_input if field.key == listing.SEARCH]
