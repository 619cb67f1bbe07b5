"""A language's catalogue: its gettext files (.po), one for each room of the source, and texts by their English form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polib

from ui.words.languages import LANGUAGES
from ui.words.recognition import Filler, Recognition

HERE = Path(__file__).resolve().parent
NOT_SHOWN = "not-shown"  # the flag of a text of the source that no page shows


@dataclass(frozen=True)
class Catalogue:
    """Translations by their English text; a plural's by the pair of its texts."""

    texts: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def recognition(self) -> Recognition:
        """How texts that are filled in already are found."""
        return Recognition(self.texts)

    def filled(self, text: str, values: Mapping[str, Any]) -> str:
        """Return a text's translation with named values, the English text where there is none."""
        return Filler(self.recognition).vformat(self.texts.get(text, text), (), values)

    def recognised(self, text: str) -> str:
        """Return the translation of a text that is filled in already; what is not recognised stays as it is."""
        return self.recognition.recognised(text)


@cache
def entries(language: str) -> Sequence[polib.POEntry]:
    """Return all entries of a language's files, those that no page shows too."""
    return [
        entry for path in sorted((HERE / language).glob("*.po")) for entry in polib.pofile(str(path)) if entry.msgid
    ]


@cache
def catalogue(language: str) -> Catalogue:
    """Return a language's catalogue, an empty one for English and for a language that the app has not."""
    texts: dict[str, str] = {}
    plurals: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in entries(language) if language in LANGUAGES else ():
        if entry.msgid_plural and all(entry.msgstr_plural.values()):
            plurals[entry.msgid, entry.msgid_plural] = (entry.msgstr_plural[0], entry.msgstr_plural[1])
        elif entry.msgstr:
            texts[entry.msgid] = entry.msgstr
    return Catalogue(texts, plurals)
