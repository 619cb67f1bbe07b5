"""Each page names the app, itself and its first action; what it says of the data is true of them."""

import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start

from ui.shared import heading
from ui.shared.navigation import PAGES
from ui.state.permalink import SHOWS

pytestmark = pytest.mark.usefixtures("folder")


def purposes(app):
    return [part.value.replace("\\", "") for part in app.markdown]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_has_one_title_and_a_purpose(digits, page):
    app = lives(start(page.name))
    assert len(app.title) == 1
    (title,) = app.title
    others = [other.heading for other in PAGES if other is not page]
    assert title.proto.tag == "h1" and title.value and title.value not in others
    assert any(page.purpose.partition("{")[0] in text for text in purposes(app))


@pytest.mark.parametrize("page, view", [(page, view) for page in PAGES for view in page.views])
def test_purpose_follows_the_view(digits, page, view):
    app = lives(start(page.name, show=view))
    assert any(page.views[view].partition("{")[0] in text for text in purposes(app))
    assert not any(page.purpose.partition("{")[0] in text for text in purposes(app))


def test_every_view_of_sample_has_its_purpose():
    views = next(page for page in PAGES if page.name == "sample").views
    assert {SHOWS[0], *views} == set(SHOWS) and len(set(views.values())) == len(views)


def test_titles_and_names_differ():
    assert len({page.heading for page in PAGES}) == len({page.purpose for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", [PAGES[0], PAGES[-1]], ids=lambda page: page.name)
def test_tab_has_the_names_of_page_and_app(digits, monkeypatch, page):
    named = []
    ours = heading.name_tab
    monkeypatch.setattr(heading, "name_tab", lambda found: (named.append(found), ours(found)))
    lives(start(page.name))
    assert named == [page]


def test_explore_counts_what_its_data_are_of(digits, ten):
    count = len(digits.codes)
    app = lives(start("explore", model="ten"))
    assert app.title[0].value == f"Explore a map of {count:,} handwritten digits"
    assert any("Every dot is one digit that the model has squeezed into 10 numbers." in x for x in purposes(app))


def test_unknown_data_and_damaged_codes_leave_a_title(folder):
    own = make_run(folder, "own", **{**SMALL, "data": "my-own-pictures"})
    assert lives(start("explore", model="own")).title[0].value == f"Explore a map of {len(own.codes):,} images"
    (own.path / "codes.npz").unlink()
    assert lives(start("explore", model="own")).title[0].value == "Explore a map of images"
