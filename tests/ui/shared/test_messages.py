"""Names and typed texts in messages are shown as they are: no picture, link, colour or formula is made of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ui.shared import chips, messages
from ui.state import permalink, texts
from ui.state.subject import Subject
from ui.train import spec_fields
from vae.spec import SpecError
from vae.spec.fields import show

EVIL = "![](http://evil.example/x.png) [a](javascript:b) :red[c] $d$ <img src=x> **e** `![](f)` |g|"
LIVE = re.compile(r"[\[\]<>$*_|~`]|:(?=\S)|^[#+-]|^\d+[.)]\s")


def outside_code(text):
    """Return a Markdown text without its escaped characters and without what stands in code."""
    return re.sub(r"\\.|`[^`]*`", "", text)


@pytest.mark.parametrize(
    "text", [EVIL, "`" + EVIL, "``![](x)`` `![](y)", "a\n\n# b\n\n- ![](c)", "# a", "- b", "12. c", "\\![](x)"]
)
def test_message_has_no_live_markdown_outside_of_code(text):
    assert not LIVE.search(outside_code(messages.sentence(text)))


@given(some.text(alphabet="`!\\[]()a$:\n ", max_size=30))
def test_any_message_has_no_live_markdown_outside_of_code(text):
    shown = messages.sentence(text)
    assert not LIVE.search(outside_code(shown)) and "\n" not in shown


def test_command_in_a_message_stays_code():
    assert messages.sentence("Run `vae train x` again.") == "Run `vae train x` again."


def test_units_of_a_run_are_escaped():
    assert not LIVE.search(outside_code(chips.number({"value": 1.0, "se": 0.1, "units": EVIL.replace("`", "")})))


def test_huge_texts_are_cut_at_once():
    """What a forged message or link may hold: thousands of names, megabytes of widths, numbers of many digits."""
    many = ",".join(f"model-{i}" for i in range(300_000))
    assert len(permalink.COMPARED.read(many, Subject())[0]) == texts.MOST_NAMES
    widths = spec_fields.parse_sizes("256, " * 2_000_000)
    assert isinstance(widths, str) and len(widths) <= spec_fields.LONGEST_SIZES
    assert spec_fields.parse_sizes("9" * 990) == [int("9" * 990)]
    assert spec_fields.parse_sizes("9" * 4_400) == "9" * spec_fields.LONGEST_SIZES
    assert len(show("x" * 10**7)) < 70 and len(show([256] * 10**6)) < 70 and "digits" in show(10**5_000)
    with pytest.raises(SpecError, match="at most 100,000"):
        spec_fields.read_json("[" * 10**7)


def test_headings_are_lowered_and_code_is_not():
    text = "# Title\n\ntext # no heading\n```bash\n# a comment\n```\n## Part"
    assert messages.lowered(text) == "### Title\n\ntext # no heading\n```bash\n# a comment\n```\n#### Part"
