"""The catalogues: a translation has no place for a value that its text has not, and can be filled in."""

import string

import pytest

from ui.words import catalogue, languages

LANGUAGES = [code for code in languages.LANGUAGES if code != languages.ENGLISH]


def places(text):
    """Return the names of the places for values."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_a_translation_needs_no_value_that_its_text_has_not(spoken):
    wrong = []
    for entry in catalogue.entries(spoken):
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if "{" in text and not places(text) <= places(entry.msgid + entry.msgid_plural):
                wrong.append((entry.msgid, text))
    assert wrong == []
