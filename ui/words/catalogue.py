"""A language's catalogue: its gettext files (.po), one for each room of the source.

A text is found by its English form. The core knows no language: what it says is filled in already, so its sentences are
recognised by their templates, "The prior of this model {0}."
"""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import polib

from ui.words.languages import LANGUAGES

HERE = Path(__file__).resolve().parent
NOT_SHOWN = "not-shown"  # the flag of a text of the source that no page shows
LEAST_LETTERS = 10  # a template with fewer of its own fits sentences that are not its
SENTENCES = re.compile(r"(?<=[.!?]) +")


@dataclass(frozen=True)
class Template:
    """A text with places for values: its pattern, its own letters, and its longest part between two places."""

    message: str
    pattern: re.Pattern[str]
    letters: int
    longest: str


class Filler(string.Formatter):
    """Fills a translation in; `{0!t}` translates the value too."""

    def __init__(self, catalogue: "Catalogue") -> None:
        self.catalogue = catalogue

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Return the value, translated for the conversion t."""
        return self.catalogue.recognised(str(value)) if conversion == "t" else super().convert_field(value, conversion)


@dataclass(frozen=True)
class Catalogue:
    """Translations by their English text; a plural's by the pair of its texts."""

    texts: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def templates(self) -> Sequence[Template]:
        """The texts with numbered places, those with the most letters of their own first."""
        found = [template(message) for message in self.texts if "{0" in message]
        return sorted((one for one in found if one.letters >= LEAST_LETTERS), key=lambda one: -one.letters)

    def filled(self, text: str, values: Mapping[str, Any]) -> str:
        """Return a text's translation with named values, the English text where there is none."""
        return Filler(self).vformat(self.texts.get(text, text), (), values)

    def recognised(self, text: str) -> str:
        """Return the translation of a text that is filled in already; what is not recognised stays as it is."""
        return _recognised(self, text)

    def translated(self, text: str) -> str | None:
        """Return the translation of one text, None where none of the templates fits."""
        if text in self.texts:
            return self.texts[text]
        for one in self.templates:
            if one.longest in text and (found := one.pattern.fullmatch(text)):
                return Filler(self).vformat(self.texts[one.message], found.groups(), {})
        return None


@lru_cache(4096)
def _recognised(catalogue: Catalogue, text: str) -> str:
    whole = catalogue.translated(text)
    if whole is not None:
        return whole
    parts = SENTENCES.split(text)
    return " ".join(catalogue.translated(part) or part for part in parts) if len(parts) > 1 else text


def template(message: str) -> Template:
    """Return the pattern of a text with numbered places."""
    parts = [(literal, place) for literal, place, _, _ in string.Formatter().parse(message)]
    pattern = "".join(re.escape(literal) + ("(.+?)" if place is not None else "") for literal, place in parts)
    own = [literal for literal, _ in parts]
    return Template(message, re.compile(pattern, re.DOTALL), sum(map(str.isalpha, "".join(own))), max(own, key=len))


def entries(language: str) -> list[polib.POEntry]:
    """Return all entries of a language's files, those that no page shows too."""
    return [entry for path in sorted((HERE / language).glob("*.po")) for entry in polib.pofile(str(path))]


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
