"""A language's catalogue: its gettext files (.po), one for each room of the source.

A text is found by its English form. The core knows no language: what it says is filled in already, so its sentences are
recognised by their templates, "The prior of this model {0}."
"""

import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import polib

from ui.words.languages import LANGUAGES

HERE = Path(__file__).resolve().parent
NOT_SHOWN = "not-shown"  # the flag of a text of the source that no page shows
LEAST_LETTERS = 7  # a template with fewer of its own fits sentences that are not its: its values have to be known
MOST_SENTENCES = 6  # of one template
DEEPEST = 5  # values within values that are translated
SENTENCES = re.compile(r"(?<=[.!?]) +")
JOINTS = re.compile(r",? (and|or) ")  # between the last two parts of a list
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Template:
    """A text with places for values: its own parts, and the names of the places behind them."""

    message: str
    own: Sequence[str]
    places: Sequence[str]

    @cached_property
    def letters(self) -> int:
        """How many letters are its own."""
        return sum(map(str.isalpha, "".join(self.own)))

    @cached_property
    def weight(self) -> tuple[int, int]:
        """How much of what it is filled in to is its own: its letters, and all its signs."""
        return self.letters, sum(map(len, self.own))

    @cached_property
    def words(self) -> Sequence[str]:
        """The words that stand in whatever it is filled in to: whole ones, which no value touches."""
        last = len(self.own) - 1
        return [
            found[0]
            for i, part in enumerate(self.own)
            for found in WORD.finditer(part)
            if (found.start() or not i) and (found.end() < len(part) or i == last)
        ]

    def values(self, text: str) -> Sequence[str] | None:
        """Return what the places hold where the text is the template filled in, None where it is another text."""
        first, *between, last = self.own
        if not (text.startswith(first) and text.endswith(last)) or (not last and text.endswith(".")):
            return None  # a dot at the end is the sentence's, not the last value's
        found, start, end = [], len(first), len(text) - len(last)
        for part in between:
            stop = text.find(part, start + 1, end)
            if stop < 0:
                return None
            found.append(text[start:stop])
            start = stop + len(part)
        found.append(text[start:end])
        return found if start < end else None


class Filler(string.Formatter):
    """Fills a translation in; `{0!t}` translates the value too, `{0!l}` the joints of a list such as "a, b or c"."""

    def __init__(self, catalogue: "Catalogue", depth: int = 0) -> None:
        self.catalogue, self.depth = catalogue, depth

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Return the value, translated for the conversions t and l."""
        if conversion not in ("t", "l"):
            return super().convert_field(value, conversion)
        said = self.catalogue.recognised(str(value), self.depth + 1)
        return JOINTS.sub(self.joint, said) if conversion == "l" and said == value else said

    def joint(self, found: re.Match[str]) -> str:
        """Return what joins the last two parts of a list."""
        return f" {self.catalogue.texts.get(found[1], found[1])} "

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Return the value in its format; one that a sentence of the core came with has it already."""
        return value if isinstance(value, str) else super().format_field(value, format_spec)


@dataclass(frozen=True)
class Reading:
    """A translation of a text that is filled in already, and the values in it that stay as they are."""

    said: str
    kept: tuple[str, ...] = ()

    @property
    def letters(self) -> int:
        """How many letters stay as they are."""
        return sum(map(str.isalpha, "".join(self.kept)))

    @property
    def short(self) -> bool:
        """Whether what stays as it is holds no sentence, which would be a text of its own."""
        return not any(map(SENTENCES.search, self.kept))


@dataclass(frozen=True)
class Catalogue:
    """Translations by their English text; a plural's by the pair of its texts."""

    texts: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def templates(self) -> Mapping[str, Sequence[Template]]:
        """The texts with places by the rarest of their own words, "" for those without one."""
        found = [one for one in map(template, self.texts) if one is not None]
        common = Counter(word for one in found for word in one.words)
        by_word: dict[str, list[Template]] = defaultdict(list)
        for one in found:
            by_word[min(one.words, key=lambda word: common[word], default="")].append(one)
        return by_word

    def filled(self, text: str, values: Mapping[str, Any]) -> str:
        """Return a text's translation with named values, the English text where there is none."""
        return Filler(self).vformat(self.texts.get(text, text), (), values)

    def recognised(self, text: str, depth: int = 0) -> str:
        """Return the translation of a text that is filled in already; what is not recognised stays as it is."""
        return _recognised(self, text, depth)

    def near(self, text: str) -> Sequence[Template]:
        """Return the templates that may fit a text, those with the most letters of their own first."""
        words = {"", *WORD.findall(text), *WORD.findall(text[:1].lower() + text[1:])}
        found = [one for word in words for one in self.templates.get(word, ())]
        return sorted(found, key=lambda one: one.weight, reverse=True)

    def readings(self, text: str, depth: int = 0) -> Iterator[Reading]:
        """Yield what a text can be.

        The core makes sentences of some reasons, with a capital letter and a dot, and takes the dot of others.
        """
        near = self.near(text) if depth < DEEPEST else ()
        other = text[:-1] if text.endswith(".") else f"{text}."
        for body in (text, other):
            for begun in dict.fromkeys((body, body[:1].lower() + body[1:])):
                for found in self.exact(begun, near, depth):
                    said = found.said if begun == body else found.said[:1].upper() + found.said[1:]
                    if body is not text:
                        said = f"{said}." if text.endswith(".") else said.removesuffix(".")
                    yield Reading(said, found.kept)

    def exact(self, text: str, near: Sequence[Template], depth: int) -> Iterator[Reading]:
        """Yield what a text as it is can be: a text of the catalogue, or a template that is filled in."""
        if text in self.texts:
            yield Reading(self.texts[text])
        for one in near:
            if values := one.values(text):
                named = dict(zip(one.places, values, strict=True))
                numbered = [named[str(i)] for i in range(len(named)) if str(i) in named]
                translation, kept, strange = self.texts[one.message], list[str](), ""
                for place, how in fields(translation):
                    inner = _best(self, named[place], depth + 1) if how else None
                    kept += [named[place]] if inner is None else inner.kept
                    strange += named[place] if inner is None else ""
                found = Reading(Filler(self, depth).vformat(translation, numbered, named), tuple(kept))
                sure = one.letters >= LEAST_LETTERS or not any(map(str.isalpha, strange))
                if sure and (found.short or one.own[0]):
                    yield found


@lru_cache(4096)
def _best(catalogue: Catalogue, text: str, depth: int) -> Reading | None:
    """Return the reading of a text that leaves the least of it as it is."""
    return min(catalogue.readings(text, depth), key=lambda one: (not one.short, one.letters), default=None)


@lru_cache(4096)
def _recognised(catalogue: Catalogue, text: str, depth: int) -> str:
    whole, parts = _best(catalogue, text, depth), SENTENCES.split(text)
    if len(parts) == 1 or (whole and whole.short):
        return whole.said if whole else text
    said: list[str] = []
    known = True
    while parts:
        begun, count = _begun(catalogue, parts[: min(len(parts) - (not said), MOST_SENTENCES)], depth)
        said.append(begun.said if begun else parts[0])
        known = known and begun is not None
        del parts[:count]
    return whole.said if whole and not known else " ".join(said)


def _begun(catalogue: Catalogue, parts: Sequence[str], depth: int) -> tuple[Reading | None, int]:
    """Return the reading of as many of the first sentences as are one text, None for none, and their number."""
    begun: tuple[Reading | None, int] = None, 1
    for count in range(len(parts), 0, -1):
        found = _best(catalogue, " ".join(parts[:count]), depth)
        if found and found.short:
            return found, count
        begun = (found, count) if found and begun[0] is None else begun
    return begun


def fields(translation: str) -> Iterator[tuple[str, bool]]:
    """Yield the places of a translation, and whether what they hold is translated too."""
    count = 0
    for _, place, _, conversion in string.Formatter().parse(translation):
        if place is not None:
            yield place or str(count), conversion in ("t", "l")
            count += 1


def template(message: str) -> Template | None:
    """Return a text's own parts and its places, None for a text without either of them."""
    own = [""]
    places: list[str] = []
    try:
        for literal, place, _, _ in string.Formatter().parse(message if "{" in message else ""):
            own[-1] += literal
            if place is not None:
                own.append("")
                places.append(place or str(len(places)))
    except ValueError:  # the braces of a formula
        return None
    found = Template(message, own, places)
    return found if places and found.letters else None


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
