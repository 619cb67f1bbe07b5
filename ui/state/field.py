"""A field of the address: how its text is read and written, and where its value comes from.

The address leads; the session remembers where the address is silent, which it is after a change of page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ui.state import address, session
from ui.state.subject import Subject

T = TypeVar("T")


@dataclass(frozen=True)
class Field(Generic[T]):
    """One field: its name in the address, the pages that show it, its default, and how it is read and written.

    `model_default` gives the default where that depends on the model.
    `parse` returns None for a text that is no value; then the default is used and `refused` says why, "" for nothing
    said. A value `of_model` is dropped with a change of the model; if `carried`, only the session drops it and the
    address keeps it for the next model. An `own` value is each visitor's: whoever follows another does not take it.
    """

    name: str
    pages: tuple[str, ...]
    default: T
    parse: Callable[[str, Subject], T | None]
    write: Callable[[T], str]
    refused: Callable[[str, Subject], str] = lambda text, subject: ""
    of_model: bool = False
    carried: bool = False
    own: bool = False
    model_default: Callable[[Subject], T] | None = None

    def usual(self, subject: Subject) -> T:
        """Return the default."""
        return self.default if self.model_default is None else self.model_default(subject)

    def read(self, text: str, subject: Subject) -> tuple[T, str]:
        """Return a text's value ("" gives the default), and a sentence if the text was refused; it never raises."""
        found = self.parse(text, subject) if text else None
        if found is not None:
            return found, ""
        return self.usual(subject), self.refused(text, subject) if text else ""

    def text(self, subject: Subject) -> str:
        """Return the text that address or session have for a model."""
        asked, (model, kept) = address.get(self.name), session.remembered(self.name).get()
        if not self.of_model or model == subject.model:
            return kept if asked is None else asked
        # what the address still says of another model does not count, unless it names this model too
        stale = asked == kept and address.get("model") != subject.model
        return "" if asked is None or stale else asked

    def value(self, subject: Subject) -> tuple[T, str]:
        """Return the value from address or session, and a sentence if it was refused."""
        return self.read(self.text(subject), subject)


def remember(values: Mapping[Field[Any], Any], subject: Subject) -> dict[str, str]:
    """Save values in the session, and return them as texts for the address: "" for a default."""
    said = {}
    for field, value in values.items():
        text = field.write(value)
        session.remembered(field.name).set((subject.model, text))
        said[field.name] = "" if value == field.usual(subject) else text
    return said


def keep(values: Mapping[Field[Any], Any], subject: Subject) -> None:
    """Write values to session and address."""
    address.write(remember(values, subject))
