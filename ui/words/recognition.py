"""Recognises the sentences of the core in a language's texts.

The core knows no language: what it says is filled in already, so its sentences are found by their templates. Of several
readings the one counts that leaves the least in English.
"""

import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ui.words.template import WORD, Template, fields, template

LEAST_LETTERS = 7  # a template with fewer of its own fits sentences that are not its: its values have to be known
MOST_SENTENCES = 6  # of one template
DEEPEST = 5  # values within values that are translated
SENTENCES = re.compile(r"(?<=[.!?]) +")
JOINTS = re.compile(r",? (and|or) ")  # between the last two parts of a list


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
class Recognition:
    """Translations by their English text, and how filled-in texts are found among them."""

    texts: Mapping[str, str]

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


class Filler(string.Formatter):
    """Fills a translation in; `{0!t}` translates the value too, `{0!l}` the joints of a list such as "a, b or c"."""

    def __init__(self, book: "Recognition", depth: int = 0) -> None:
        self.book, self.depth = book, depth

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Return the value, translated for the conversions t and l."""
        if conversion not in ("t", "l"):
            return super().convert_field(value, conversion)
        said = self.book.recognised(str(value), self.depth + 1)
        return JOINTS.sub(self.joint, said) if conversion == "l" and said == value else said

    def joint(self, found: re.Match[str]) -> str:
        """Return what joins the last two parts of a list."""
        return f" {self.book.texts.get(found[1], found[1])} "

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Return the value in its format; one that a sentence of the core came with has it already."""
        return value if isinstance(value, str) else super().format_field(value, format_spec)


@lru_cache(4096)
def _best(book: Recognition, text: str, depth: int) -> Reading | None:
    """Return the reading of a text that leaves the least of it as it is."""
    return min(book.readings(text, depth), key=lambda one: (not one.short, one.letters), default=None)


@lru_cache(4096)
def _recognised(book: Recognition, text: str, depth: int) -> str:
    whole, parts = _best(book, text, depth), SENTENCES.split(text)
    if len(parts) == 1 or (whole and whole.short):
        return whole.said if whole else text
    said: list[str] = []
    known = True
    while parts:
        begun, count = _begun(book, parts[: min(len(parts) - (not said), MOST_SENTENCES)], depth)
        said.append(begun.said if begun else parts[0])
        known = known and begun is not None
        del parts[:count]
    return whole.said if whole and not known else " ".join(said)


def _begun(book: Recognition, parts: Sequence[str], depth: int) -> tuple[Reading | None, int]:
    """Return the reading of as many of the first sentences as are one text, None for none, and their number."""
    begun: tuple[Reading | None, int] = None, 1
    for count in range(len(parts), 0, -1):
        found = _best(book, " ".join(parts[:count]), depth)
        if found and found.short:
            return found, count
        begun = (found, count) if found and begun[0] is None else begun
    return begun
