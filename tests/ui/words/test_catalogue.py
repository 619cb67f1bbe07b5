"""The catalogue is whole: every text of the source is in it, and translated."""

import re
from collections import Counter

import polib
import pytest

from scripts import words
from ui.words.catalogue import HERE, NOT_SHOWN, entries
from ui.words.languages import ENGLISH, LANGUAGES

OTHERS = [code for code in LANGUAGES if code != ENGLISH]
TAG = re.compile(r"</?(?:b|i|em|strong|sub|sup|br|code|a)\b[^>]*>")


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_source_is_translated_or_named_as_none(language):
    """A new text is missing here until `python scripts/words.py` has collected it and somebody has translated it."""
    assert words.problems(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_keeps_the_markup(language):
    wrong = [
        (entry.msgid, entry.msgstr)
        for entry in entries(language)
        if entry.msgstr and Counter(TAG.findall(entry.msgid)) != Counter(TAG.findall(entry.msgstr))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_has_one_entry_and_is_shown_or_not(language):
    found = entries(language)
    seen = Counter((entry.msgid, entry.msgid_plural) for entry in found)
    assert [key for key, count in seen.items() if count > 1] == []
    assert [entry.msgid for entry in found if NOT_SHOWN in entry.flags and entry.msgstr] == []


def test_the_files_are_as_the_collector_writes_them(tmp_path, monkeypatch):
    """Nothing is changed by collecting again."""
    for language in OTHERS:
        before = {path.name: path.read_text() for path in sorted((HERE / language).glob("*.po"))}
        (tmp_path / language).mkdir()
        for name, content in before.items():
            (tmp_path / language / name).write_text(content)
        monkeypatch.setattr(words, "HERE", tmp_path)
        monkeypatch.setattr("ui.words.catalogue.HERE", tmp_path)
        words.write(language, [])
        after = {path.name: path.read_text() for path in sorted((tmp_path / language).glob("*.po"))}
        assert list(after) == list(before)
        for name, content in after.items():
            assert polib.pofile(content) == polib.pofile(before[name]) or content == before[name], name
