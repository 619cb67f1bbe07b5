"""Texts with places for values, such as "The prior of this model {0}.", and what their places hold when filled in."""

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

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
