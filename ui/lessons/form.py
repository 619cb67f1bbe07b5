"""The form of a lesson: one YAML file, in which an unknown or missing key is an error that says where.

A lesson of the same name in another language lies in a folder below, de/NAME.yaml.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ui.shared.navigation import BY_NAME
from ui.state.permalink import FIELDS
from ui.words import say
from ui.words.languages import ENGLISH
from ui.words.speaking import language
from vae.data import data_root

HERE = Path(__file__).resolve().parent
LONGEST = 200_000  # characters of a file

TYPES: dict[object, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}

Entry = TypeVar("Entry")


class LessonError(Exception):
    """A lesson that cannot be played; the message says where and what to do."""


@dataclass(frozen=True)
class Choice:
    """An answer: right, or with the misconception behind it."""

    text: str
    right: bool = False
    misconception: str = ""


@dataclass(frozen=True)
class Measured:
    """A number of the reveal, its standard error and unit, and where it can be read again.

    `source` is "metrics:MODEL:NAME" (metrics.json), "check:MODEL:CARD" (a check of Diagnose whose sentence holds the
    value), "page:TEXT" (a text on the page) or "measured:SENTENCE" (a script; the sentence says what it does).
    """

    value: float
    source: str
    tolerance: float = 0.0
    error: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class Note:
    """What only the teacher sees: what to say, what usually goes wrong, and what to ask next."""

    say: str = ""
    goes_wrong: str = ""
    ask_next: str = ""


@dataclass(frozen=True)
class Step:
    """One view, one question, one action; `link` holds the address parameters of the page."""

    id: str
    at: float
    minutes: float
    page: str
    ask: str
    choices: tuple[Choice, ...]
    do: str
    reveal: str
    link: Mapping[str, str] = field(default_factory=dict)
    view: str = ""
    numbers: Mapping[str, Measured] = field(default_factory=dict)
    note: Note = Note()
    see: tuple[str, ...] = ()

    def revealed(self) -> str:
        """Return the reveal with its numbers."""
        return self.reveal.format_map({name: _written(one) for name, one in self.numbers.items()})


@dataclass(frozen=True)
class Prediction:
    """A question of a chapter of Theory, before its surprise; `measured` has {names} of the chapter's numbers."""

    chapter: int
    ask: str
    choices: tuple[Choice, ...]
    reveal: str
    measured: str = ""


@dataclass(frozen=True)
class Lesson:
    """A lesson: its name in the link, its head, and its steps."""

    lesson: str
    title: str
    minutes: float
    audience: str
    steps: tuple[Step, ...]
    language: str = ENGLISH
    needs: Mapping[str, Any] = field(default_factory=dict)

    def place(self, id: str) -> int:
        """Return the number of the step of that id, 0 for an unknown one."""
        return next((k for k, step in enumerate(self.steps) if step.id == id), 0)


def _written(one: Measured) -> str:
    """Return a number with its unit, as pages write numbers."""
    return f"{one.value:,g}".replace("-", "−") + _unit(one)


def _unit(one: Measured) -> str:
    return f" {one.unit}" if one.unit and one.unit not in ("weights", "images", "dots") else ""


def _made(kind: type[Entry], entries: object, where: str) -> Entry:
    """Return an entry of a file; raises LessonError for unknown and missing keys, and for values of another type."""
    if not isinstance(entries, Mapping):
        found = str(entries)[:40]
        raise LessonError(say("{where} must be a list of keys with values, not {found!r}.", where=where, found=found))
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(str(key) for key in entries if key not in known):
        known_keys = ", ".join(known)
        raise LessonError(
            say("{where} has the unknown key {key!r}. Known keys are {known}.", where=where, key=unknown[0],
                known=known_keys)
        )  # fmt: skip
    missing = [
        name
        for name, one in known.items()
        if name not in entries and one.default is MISSING and one.default_factory is MISSING
    ]
    if missing:
        raise LessonError(say("{where} lacks the key {key!r}. Add it.", where=where, key=missing[0]))
    for name, value in entries.items():
        wanted = TYPES.get(known[name].type)
        if wanted and (not isinstance(value, wanted) or (isinstance(value, float) and not math.isfinite(value))):
            raise LessonError(
                say("{where}: {name} is {value!r}, which is of another type. Correct it.", where=where, name=name,
                    value=str(value)[:40])
            )  # fmt: skip
    return kind(**entries)


def parse(text: str, name: str) -> Lesson:
    """Return the lesson of a file's text; raises LessonError with the place and the remedy."""
    file = f"{name}.yaml"
    if len(text) > LONGEST:
        raise LessonError(
            say("{file} has {count:,} characters, and a lesson at most {most:,}.", file=file, count=len(text),
                most=LONGEST)
        )  # fmt: skip
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())[:200]
        raise LessonError(say("{file} is not YAML: {why}", file=file, why=why)) from error
    if not isinstance(entries, Mapping):
        raise LessonError(
            say("{file} is not a lesson: it needs the keys lesson, title, minutes, audience and steps.", file=file)
        )
    steps = entries.get("steps")
    if not isinstance(steps, list) or not steps:
        raise LessonError(say("{file} has no steps. Add a list of them.", file=file))
    made = tuple(_step(one, say("{file}, step {k}", file=file, k=k)) for k, one in enumerate(steps, 1))
    found = _made(Lesson, {**entries, "steps": made}, file)
    if found.lesson != name:
        raise LessonError(
            say("{file} says that it is the lesson {lesson!r}. Name the file after its lesson.", file=file,
                lesson=found.lesson)
        )  # fmt: skip
    if len({step.id for step in made}) < len(made):
        raise LessonError(
            say("{file} has two steps with one id. Give each its own: it is a part of the link.", file=file)
        )
    at = 0.0
    for step in made:
        if abs(step.at - at) > 1e-9:
            raise LessonError(
                say("{file}, step {id}: it starts at minute {at:g}, but should at {right:g}.", file=file, id=step.id,
                    at=step.at, right=at)
            )  # fmt: skip
        at += step.minutes
    if abs(at - found.minutes) > 1e-9:
        raise LessonError(
            say("{file}: its steps take {sum:g} minutes, and it says {said:g}.", file=file, sum=at, said=found.minutes)
        )
    return found


def _choices(entries: Mapping[Any, Any], where: str) -> tuple[Choice, ...]:
    """Return the choices of a question; raises LessonError unless there are two or more, and one is right."""
    found = entries.get("choices")
    if not isinstance(found, list):
        raise LessonError(say("{where} needs choices, a list.", where=where))
    made = tuple(_made(Choice, one, say("{where}, a choice", where=where)) for one in found)
    if len(made) < 2 or sum(choice.right for choice in made) != 1:
        raise LessonError(say("{where} needs two choices or more, of which exactly one is right.", where=where))
    return made


def predictions(text: str, name: str) -> tuple[Prediction, ...]:
    """Return the questions of a file's text; raises LessonError with the place and the remedy."""
    places = [(one, say("{file}, question {k}", file=name, k=k)) for k, one in enumerate(yaml.safe_load(text), 1)]
    return tuple(_made(Prediction, {**one, "choices": _choices(one, where)}, where) for one, where in places)


def _step(entries: object, where: str) -> Step:
    if not isinstance(entries, Mapping):
        raise LessonError(say("{where} must be a list of keys with values.", where=where))
    choices, numbers = _choices(entries, where), entries.get("numbers", {})
    if not isinstance(numbers, Mapping):
        raise LessonError(say("{where} needs numbers, if it has some, by name.", where=where))
    see, link = entries.get("see", []), entries.get("link", {})
    if not isinstance(see, list) or not isinstance(link, Mapping):
        raise LessonError(
            say("{where}: see is a list of texts, and link holds address parameters by name.", where=where)
        )
    made = _made(
        Step,
        {
            **entries,
            "choices": choices,
            "numbers": {
                str(k): _made(Measured, one, say("{where}, number {k}", where=where, k=k)) for k, one in numbers.items()
            },
            "note": _made(Note, entries.get("note", {}), say("{where}, its note", where=where)),
            "see": tuple(str(text) for text in see),
            "link": {str(k): str(value) for k, value in link.items()},
        },
        where,
    )
    if made.page not in BY_NAME:
        raise LessonError(
            say("{where}: there is no page {page!r}. Pages are {pages}.", where=where, page=made.page,
                pages=", ".join(BY_NAME))
        )  # fmt: skip
    known = {one.name for one in FIELDS if made.page in one.pages}
    if unknown := sorted(set(made.link) - known):
        raise LessonError(
            say("{where}: the page {page} has no address parameter {name!r}.", where=where, page=made.page,
                name=unknown[0])
        )  # fmt: skip
    try:
        made.revealed()
    except (KeyError, ValueError, IndexError) as error:
        raise LessonError(
            say("{where}: the reveal names {name}, which is not among its numbers.", where=where, name=error)
        ) from error
    return made


def folders() -> tuple[Path, Path]:
    """Return where lessons are: those of the project, and a teacher's own below the data folder."""
    return HERE, data_root() / "lessons"


def names() -> list[str]:
    """Return the names of all lessons that are on this machine."""
    return sorted({path.stem for folder in folders() if folder.is_dir() for path in folder.glob("*.yaml")})


def read(name: str) -> Lesson:
    """Return the lesson of a name, in the reader's language where there is such a file; raises LessonError."""
    if name in names():
        for folder in folders():
            for path in (folder / language() / f"{name}.yaml", folder / f"{name}.yaml"):
                if path.is_file():
                    return _read(path, path.stat().st_mtime_ns)
    raise LessonError(say("There is no lesson “{name}”. There are: {all}.", name=name[:40], all=", ".join(names())))


@cache
def _read(path: Path, changed: int) -> Lesson:
    try:
        return parse(path.read_text("utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(say("{file} cannot be read: {why}.", file=path.name, why=error)) from error
