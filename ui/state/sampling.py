"""What the Sample page shows of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.state.field import Field, keep
from ui.state.permalink import BOX, LABEL, LEFT, RIGHT, SEED, SHOW, SHOWS, SIDE, SPACING, SPACINGS
from ui.state.subject import Subject
from ui.state.texts import Box, Half
from vae.runs import SHOWN_LABEL
from vae.spec import Spec

FIELDS: tuple[Field[Any], ...] = (SHOW, LEFT, RIGHT, SEED, BOX, SPACING, SIDE)


@dataclass(frozen=True)
class Settings:
    """All that the page shows of a model; `box` is x0, x1, y0, y1 on the plane."""

    left: Half
    right: Half
    show: str = SHOWS[0]
    seed: int = 0
    box: Box | None = None
    label: int = SHOWN_LABEL
    spacing: str = SPACINGS[0]
    side: int = 20

    def texts(self) -> dict[str, str]:
        """Return every part as text for the address; "" for None."""
        return {field.name: field.write(getattr(self, field.name)) for field in (*FIELDS, LABEL)}


def default(spec: Spec) -> Settings:
    """Return the default settings."""
    return parse({}, spec)


def parse(texts: Mapping[str, str], spec: Spec) -> Settings:
    """Return the settings of texts; missing or invalid parts have their defaults."""
    subject = Subject.described("", spec)
    return _settings({field: field.read(texts.get(field.name, ""), subject)[0] for field in (*FIELDS, LABEL)})


def _settings(values: Mapping[Field[Any], Any]) -> Settings:
    known = {field.name: value for field, value in values.items() if value is not None}
    return Settings(**known)


def read(model: str, spec: Spec) -> Settings:
    """Return the settings from address and session."""
    subject = Subject.described(model, spec)
    found = _settings({field: field.value(subject)[0] for field in (*FIELDS, LABEL)})
    write(model, spec, found)
    return found


def write(model: str, spec: Spec, settings: Settings) -> None:
    """Write settings to session and address; the label is a part of the view (view.py)."""
    keep({field: getattr(settings, field.name) for field in FIELDS}, Subject.described(model, spec))


def changed(settings: Settings, event: Any, spec: Spec) -> Settings:
    """Return the settings after a browser's message; invalid parts of it change nothing."""
    if not isinstance(event, dict):
        return settings
    sent = {field.name: event[field.name] for field in FIELDS if isinstance(event.get(field.name), str)}
    return parse(settings.texts() | sent, spec)
