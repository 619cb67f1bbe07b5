"""A selection in a link: what the lassos hold, joined as they were drawn, or why it cannot be made again."""

import numpy as np
import pytest
from fake_runs import SMALL, make_run
from page_scripts import explore, lives, maps, texts

from ui.explore import outlines
from ui.shared import figures
from ui.state import lasso
from ui.state.lasso import Step

pytestmark = pytest.mark.usefixtures("folder")
LEFT = ((-50.0, -50.0), (0.0, -50.0), (0.0, 50.0), (-50.0, 50.0))
LOW = ((-50.0, -50.0), (50.0, -50.0), (50.0, 0.0), (-50.0, 0.0))


@pytest.fixture
def codes(digits):
    return digits.codes


def test_lassos_are_joined_as_they_were_drawn(digits, codes):
    x, y = codes.means.T
    left, low = x < 0, y < 0

    def held(*steps):
        return outlines.indices(digits, codes, steps, {"mine": np.array([1, 5])}).tolist()

    assert held(Step("New", LEFT)) == np.flatnonzero(left).tolist()
    assert held(Step("New", LEFT), Step("Add", LOW)) == np.flatnonzero(left | low).tolist()
    assert held(Step("New", LEFT), Step("Subtract", LOW)) == np.flatnonzero(left & ~low).tolist()
    assert held(Step("All"), Step("Subtract", LOW)) == np.flatnonzero(~low).tolist()
    assert held(Step("Named", name="mine"), Step("Add", LEFT)) == sorted({1, 5, *np.flatnonzero(left).tolist()})
    # hidden are traces of the chart, by their place in the legend
    hidden = [index for _, index in figures.groups(codes)][2]
    assert held(Step("New", LEFT, (2,))) == sorted(set(np.flatnonzero(left)) - set(hidden.tolist()))


def test_what_the_session_does_not_know_is_said(digits, codes):
    with pytest.raises(outlines.OutlineError, match="saved in another session"):
        outlines.indices(digits, codes, (Step("Named", name="theirs"),), {})


def test_a_map_that_is_not_made_is_named(folder):
    run = make_run(folder, "ten", latent=10, **SMALL)
    with pytest.raises(outlines.OutlineError, match="not made yet"):
        outlines.indices(run, run.codes, (Step("New", LEFT, plane="tsne"),), {})


def test_a_link_selects_and_a_rubbish_one_says_so(digits, codes):
    n = int((codes.means[:, 0] < 0).sum())
    app = lives(explore(lasso=lasso.text((Step("New", LEFT),))))
    assert f"{n:,} point" in texts(app) and not app.warning
    app = lives(explore(lasso="n:1,2"))
    assert "No points selected" in texts(app) and "cannot be read" in app.warning[0].value
    app = lives(explore(lasso="=theirs"))
    assert "another session" in app.warning[0].value


def test_all_and_none_are_in_the_link(digits, codes):
    app = lives(explore())
    app.button(key="selection_all_button").click().run()
    assert app.query_params["lasso"] in ("all", ["all"])
    app.button(key="selection_all_button").click().run()
    assert "lasso" not in app.query_params


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"how": "Other", "corners": LEFT},
        {"how": "New", "corners": LEFT[:2]},
        {"how": "New", "corners": [[0, 0]] * 500},
        {"how": "New", "corners": [[0, float("nan")], [1, 1], [2, 2]]},
        {"how": "New", "corners": [["1", 0], [1, 1], [2, 2]]},
        {"how": "New", "corners": LEFT, "hidden": [-1]},
        {"how": "New", "corners": LEFT, "hidden": ["1"]},
        {"how": ["New"], "corners": "abc"},
    ],
)
def test_a_forged_lasso_leaves_the_link_empty(event):
    assert lasso.after((Step("All"),), event, "") == ()


def test_the_part_that_is_seen_is_in_the_link_and_on_the_map(digits):
    app = lives(explore(seen="-1,1,-0.5,0.5"))
    assert maps(app)[0]["seen"] == [-1, 1, -0.5, 0.5]
    # another part in the address leaves the map as it is mounted
    app.query_params["seen"] = "-2,2,-2,2"
    assert maps(app.run())[0]["seen"] == [-1, 1, -0.5, 0.5]
