"""Whoever opened the leader's link sees the leader's page, model and point, from move to move, until they let go."""

import json
import os
from dataclasses import replace

import pytest
from fake_runs import SMALL, make_run
from page_scripts import lives, start, texts

from ui.state import followed
from ui.state.permalink import FIELDS

pytestmark = pytest.mark.usefixtures("digits", "ten")
SHARED = {one.name for one in FIELDS if not one.own}


def led(page="explore", name="Ms Lee", **query):
    """Return a leader's session, and the code of their link."""
    app = start(page, **query)
    app.text_input(key="lead_name").set_value(name)
    app.button(key="lead_start").click().run()
    lives(app)
    (path,) = followed.folder().glob("*.json")
    return app, path.stem


def said(app):
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def buttons(app):
    return {button.key for button in app.button}


def test_followers_see_page_model_and_point(tmp_path):
    leader, code = led("theory", model="digits-vae-2d", z="0.500,0.250")
    follower = lives(start("explore", follow=code, hide="share"))
    assert follower.title[0].value == leader.title[0].value
    assert said(follower)["model"] == "digits-vae-2d" and said(follower)["z"] == "0.500,0.250"
    assert said(follower)["hide"] == "share", "what is left out of a page is each visitor's own"
    assert "You follow **Ms Lee**" in texts(follower)
    leader.selectbox(key="chip_model").set_value("ten").run()
    follower.run()
    assert said(lives(follower))["model"] == "ten" and "z" not in said(follower)
    leader.switch_page("sample.py").run()
    follower.run()
    assert follower.title[0].value == lives(leader).title[0].value != ""


def test_own_moves_last_until_the_leader_moves():
    leader, code = led(model="digits-vae-2d")
    follower = start("explore", follow=code)
    follower.selectbox(key="chip_model").set_value("ten").run()
    assert said(follower.run())["model"] == "ten"
    leader.segmented_control(key="mode").set_value("Expert").run()
    assert said(follower.run())["model"] == "digits-vae-2d" and said(follower)["mode"] == "expert"


def test_letting_go_keeps_the_view_and_writes_nothing():
    leader, code = led(model="ten")
    before = followed.read(code)
    follower = start("theory", follow=code)
    follower.button(key="follow_end").click().run()
    assert said(lives(follower))["model"] == "ten" and "follow" not in said(follower)
    leader.selectbox(key="chip_model").set_value("digits-vae-2d").run()
    assert said(follower.run())["model"] == "ten"
    after = followed.read(code)
    assert after.values["model"] == "digits-vae-2d" and after.turn == before.turn + 1, "the leader's one move alone"


def test_the_leaders_end_frees_the_followers():
    leader, code = led(model="ten")
    follower = start("explore", follow=code)
    leader.button(key="follow_end").click().run()
    assert not list(followed.folder().iterdir())
    follower.run()
    assert "Nobody leads here any more" in texts(lives(follower)) and said(follower) == {"model": "ten"}
    assert "lead_start" in buttons(follower.run())


def test_another_tab_takes_over():
    first, code = led(model="ten")
    second = start("explore", model="digits-vae-2d")
    assert "lead_start" not in buttons(second)
    second.button(key="lead_here").click().run()
    assert followed.read(code).values["model"] == "digits-vae-2d"
    first.segmented_control(key="mode").set_value("Expert").run()
    assert "mode" not in followed.read(code).values, "a tab that leads no more writes nothing"
    assert "lead_here" in buttons(first.run())


def test_teachers_notes_and_zoom_stay_with_the_teacher():
    _, code = led(model="ten", lesson="latent-space", notes="1", seen="-1,1,-1,1", step="on-the-way")
    values = followed.read(code).values
    assert values["lesson"] == "latent-space" and values["step"] == "on-the-way"
    assert set(values) <= SHARED and not {"notes", "seen", "hide", "follow"} & set(values)


@pytest.mark.parametrize("code", ["../../etc/passwd", "x" * 15, "x" * 16, "x" * 10_000, "%00", "....////....////"])
def test_a_code_of_nobody_changes_nothing(code):
    follower = lives(start("explore", follow=code, model="ten"))
    assert said(follower) == {"model": "ten"} and "Nobody leads here" in texts(follower)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b"\xff\xfe", b'{"page": "explore"}', b'{"page": "/etc", "turn": 1}',
        b'{"page": ["explore"], "turn": 1}', b'{"page": "explore", "turn": true}', b'{"page": "a", "turn": 1e999}',
        b"[" * 100_000, b" " * (followed.LARGEST + 1),
    ],
)  # fmt: skip
def test_a_damaged_file_leads_nobody(content):
    followed.folder().mkdir(parents=True)
    (followed.folder() / ("x" * 16 + ".json")).write_bytes(content)
    assert followed.read("x" * 16) is None
    assert "Nobody leads here" in texts(lives(start("explore", follow="x" * 16)))


def test_a_forged_file_brings_only_fields_of_the_table():
    values = {
        "model": "<script>", "z": "nan,1e999", "lasso": "x" * 10**5, "own": "1x28x28~~", "hide": "title",
        "follow": "y" * 16,
        "notes": "1", "unknown": "1", "path": {"a": 1}, "seed": 7, "plane": None, "image": "-1", "mode": "expert",
    }  # fmt: skip
    forged = {"page": "explore", "turn": 3, "name": "<b>*a*</b>" * 1000, "owner": ["x"], "values": values}
    followed.folder().mkdir(parents=True)
    (followed.folder() / ("x" * 16 + ".json")).write_text(json.dumps(forged))
    assert set(followed.read("x" * 16).values) == {"model", "z", "lasso", "own", "image", "mode"}
    follower = lives(start("theory", follow="x" * 16))
    assert "There is no" in texts(follower) or follower.warning
    assert {"unknown", "notes", "hide"}.isdisjoint(said(follower)) and said(follower)["follow"] == "x" * 16


def test_nobody_is_followed_for_ever(monkeypatch):
    _, code = led(model="ten")
    path = followed.folder() / f"{code}.json"
    old = path.stat().st_mtime - 3600 * followed.HOURS
    os.utime(path, (old, old))
    assert followed.read(code) is None and not list(followed.led_by("local"))
    other = followed.begin("somebody", "")
    assert not path.exists() and other.code != code and len(other.code) == 16


def test_a_visitor_without_a_cookie_cannot_lead(monkeypatch):
    monkeypatch.delenv("LATENT_ALONE")
    app = start("explore", model="ten")
    app.button(key="lead_start").click().run()
    assert any("keeps no cookie" in error.value for error in app.error)
    assert not followed.folder().exists()


def test_path_moves_with_the_leader(folder):
    make_run(folder, "another", **SMALL)
    leader, code = led("paths", model="ten", path=";".join([",".join(["0.5"] * 10), ",".join(["0.1"] * 10)]))
    follower = lives(start("explore", follow=code))
    assert said(follower)["path"] == said(leader)["path"]
    leader.switch_page("compare.py").run()
    lives(follower.run())
    assert follower.title[0].value == leader.title[0].value and "path" not in said(follower)
    before = followed.read(code)  # then another path, and at last the first one of the page
    path = said(start("paths", model="ten", path=";".join([",".join(["0.7"] * 10), ",".join(["0.2"] * 10)])))["path"]
    for turn, values in ((1, {"model": "ten", "path": path}), (2, {"model": "ten"})):
        followed.write(replace(before, page="paths", values=values, turn=before.turn + turn))
        assert said(lives(follower.run())).get("path") == values.get("path")
