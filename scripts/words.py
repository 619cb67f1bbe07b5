"""Collects the texts of the app for the translators: `python scripts/words.py` writes ui/words/LANGUAGE/ROOM.po anew.

A text of the pages is what `say`, `phrase` or `say_n` are called with, in JavaScript `say`, `phrase` or `sayN`. The
core knows no language: each of its strings that could be a text is a text, or has the flag `not-shown`. So has a string
of the pages that looks like a text and is none. What was translated stays; what the source no longer has goes, unless
it has the flag `by-hand`. `--check` changes nothing and names what is missing. `--rooms NAME …` writes only those.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
import yaml

from ui.words.catalogue import HERE, NOT_SHOWN, entries
from ui.words.languages import ENGLISH, LANGUAGES
from ui.words.template import fields

ROOT = Path(__file__).resolve().parent.parent
BY_HAND = "by-hand"
TEXT_FILES = ("ui/theory/predictions.yaml",)  # whose strings all are on a page
SHELL = ("vae/cli", "vae/__main__.py", "ui/words", "vae/notebook.py", "vae/exploring.py")  # not on a page
SAYING = {"say": 1, "phrase": 1, "say_n": 2, "sayN": 2}  # function -> how many texts it begins with
WORDS = re.compile(r"[^\W\d_]{2,}.* .*[^\W\d_]|^[A-Z][a-z]{2,}", re.DOTALL)  # two words, or one with a capital letter
LITERAL = r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`'
JS_SAYING = re.compile(rf"\b(say|sayN|phrase)\(\s*((?:(?:{LITERAL})[\s+,]*)+)")
JS_PARTS = re.compile(rf"({LITERAL})|([+,])")
JS_SKIPPED = re.compile(rf"//[^\n]*|/\*.*?\*/|^import[^;]*;|({LITERAL})", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Text:
    """A string of the source: the English text, its plural or "", where it is, and whether the source says it."""

    message: str
    plural: str
    place: str
    said: bool


def room(place: str) -> str:
    """Return the name of the catalogue file for a place in the source: its room, the browser's code apart."""
    path = Path(place.partition(":")[0])
    folders = path.parts[1:-1] if path.parts[0] == "ui" else path.parts[:-1]
    return "-".join([*folders, *(["js"] if path.suffix == ".js" and folders != ("js",) else [])]) or "ui"


def sources() -> Iterator[Path]:
    """Return the files whose texts a page can show."""
    for folder in ("ui", "pages", "vae"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if name in TEXT_FILES or (path.suffix in (".py", ".js") and not name.startswith(SHELL)):
                yield path


def texts(path: Path) -> Iterator[Text]:
    """Return the texts of one file."""
    if path.suffix == ".yaml":
        return file_texts(path)
    return python_texts(path) if path.suffix == ".py" else script_texts(path)


def file_texts(path: Path) -> Iterator[Text]:
    """Return the texts of a YAML file."""
    yield from _values(yaml.compose(path.read_text(), yaml.SafeLoader), path.relative_to(ROOT).as_posix())


def _values(node: yaml.Node, name: str) -> Iterator[Text]:
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:str":
            yield Text(node.value, "", f"{name}:{node.start_mark.line + 1}", True)
        return
    parts = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
    for part in parts:
        yield from _values(part, name)


def joined(node: ast.AST) -> str | None:
    """Return a string of the source with numbered places for its values, None where the node is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    count = -1
    parts = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value).replace("{", "{{").replace("}", "}}"))
        else:
            count += 1
            parts.append(f"{{{count}}}")
    return "".join(parts)


def python_texts(path: Path) -> Iterator[Text]:
    """Return the texts of a Python file."""
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text())
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            inner.add(body[0].value)  # a docstring
        if isinstance(node, ast.JoinedStr):
            inner.update(v for v in node.values if isinstance(v, ast.Constant))
            inner.update(v.format_spec for v in node.values if isinstance(v, ast.FormattedValue) and v.format_spec)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if note is not None:
                inner.update(ast.walk(note))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called not in SAYING:
            continue
        found = [joined(one) for one in node.args[: SAYING[called]]]
        if found and found[0] and all(isinstance(one, ast.Constant) for one in node.args[: SAYING[called]]):
            inner.update(node.args[: SAYING[called]])
            yield Text(found[0], (found[1] or "") if len(found) > 1 else "", f"{name}:{node.lineno}", True)
    for node in ast.walk(tree):
        message = None if node in inner else joined(node)
        if message and WORDS.search(message):
            yield Text(message, "", f"{name}:{getattr(node, 'lineno', 0)}", False)


def unquoted(literal: str) -> str:
    """Return what a JavaScript literal is, its values as numbered places."""
    body = literal[1:-1]
    if literal[0] == "`":
        count = iter(range(1000))
        body = re.sub(r"\$\{[^}]*\}+", lambda _: f"{{{next(count)}}}", body)
    escapes = {"n": "\n", "t": "\t"}
    return re.sub(
        r"\\(u\{?([0-9a-fA-F]{4,6})\}?|.)", lambda m: chr(int(m[2], 16)) if m[2] else escapes.get(m[1], m[1]), body
    )


def script_texts(path: Path) -> Iterator[Text]:
    """Return the texts of a JavaScript file."""
    name, code = path.relative_to(ROOT).as_posix(), path.read_text()
    said: list[tuple[int, int]] = []
    for call in JS_SAYING.finditer(code):
        found = [""]
        for literal, sign in JS_PARTS.findall(call[2]):
            if sign == "," and len(found) == SAYING[call[1]]:
                break
            if sign == ",":
                found.append("")
            found[-1] += unquoted(literal) if literal else ""
        said.append(call.span())
        line = code.count("\n", 0, call.start()) + 1
        yield Text(found[0], found[1] if SAYING[call[1]] > 1 and len(found) > 1 else "", f"{name}:{line}", True)
    for match in JS_SKIPPED.finditer(code):
        if not match[1] or any(a <= match.start() < b for a, b in said):
            continue
        message = unquoted(match[1])
        if WORDS.search(message):
            yield Text(message, "", f"{name}:{code.count(chr(10), 0, match.start()) + 1}", False)


def collected() -> dict[tuple[str, str], list[Text]]:
    """Return all texts of the source by message and plural, each with all its places, in the order of the files."""
    found: dict[tuple[str, str], list[Text]] = {}
    for path in sources():
        for one in texts(path):
            found.setdefault((one.message, one.plural), []).append(one)
    return found


def translated(entry: polib.POEntry) -> bool:
    """Return whether an entry has its translation."""
    return bool(entry.msgstr or (entry.msgstr_plural and all(entry.msgstr_plural.values())))


def known(language: str) -> dict[tuple[str, str], polib.POEntry]:
    """Return a language's entries by message and plural; of one that two files have, that which is translated."""
    return {(e.msgid, e.msgid_plural): e for e in sorted(entries(language), key=translated)}


def held(text: str) -> set[str]:
    """Return the places of a text, none for a formula with braces of its own."""
    try:
        return {place for place, _ in fields(text)}
    except ValueError:
        return set()


def problems(language: str) -> list[str]:
    """Return what a language's catalogue lacks, one line each."""
    have = known(language)
    lines = []
    for key, places in collected().items():
        entry, said = have.get(key), [one for one in places if one.said]
        if entry is None:
            lines.append(f"{places[0].place}: not in the catalogue: {key[0]!r}")
        elif not translated(entry) and (said or NOT_SHOWN not in entry.flags):
            lines.append(f"{places[0].place}: not translated: {key[0]!r}")
        elif entry.msgstr and not held(entry.msgstr) <= held(key[0]):
            lines.append(f"{places[0].place}: its translation has other places: {key[0]!r}")
        elif not said and NOT_SHOWN not in entry.flags and places[0].place.startswith(("ui", "pages")):
            lines.append(f"{places[0].place}: a text outside of say(): {key[0]!r}")
    return lines


def write(language: str, rooms: list[str]) -> None:
    """Write a language's files; with `rooms` only theirs."""
    have = known(language)
    files: dict[str, list[polib.POEntry]] = {}
    taken = set()
    for key, places in collected().items():
        old = have.get(key)
        here = [one for one in places if not rooms or room(one.place) in rooms]
        if not here:
            continue
        taken.add(key)
        entry = polib.POEntry(
            msgid=key[0],
            msgid_plural=key[1],
            msgstr=old.msgstr if old else "",
            msgstr_plural=dict(old.msgstr_plural) if old and key[1] else {0: "", 1: ""} if key[1] else {},
            flags=[flag for flag in old.flags if flag != NOT_SHOWN or not translated(old)] if old else [],
            tcomment=old.tcomment if old else "",
            occurrences=sorted({(one.place.partition(":")[0], "") for one in places}),
        )
        files.setdefault(room(here[0].place), []).append(entry)
    (HERE / language).mkdir(exist_ok=True)
    for path in sorted((HERE / language).glob("*.po")):
        if not rooms or path.stem in rooms:
            kept = [e for e in polib.pofile(str(path)) if BY_HAND in e.flags and (e.msgid, "") not in taken]
            files.setdefault(path.stem, []).extend(kept)
            taken.update((e.msgid, "") for e in kept)
    if not rooms:
        for path in (HERE / language).glob("*.po"):
            path.unlink()
    for name, found in ((name, found) for name, found in files.items() if found):
        file = polib.POFile(wrapwidth=120)
        file.metadata = {
            "Language": language,
            "Content-Type": "text/plain; charset=UTF-8",
            "Plural-Forms": "nplurals=2; plural=(n != 1);",
        }
        file.extend(found)
        file.save(str(HERE / language / f"{name}.po"))


def main() -> None:
    """Write the catalogues, or check them."""
    parser = argparse.ArgumentParser(description="Collect the texts of the app for the translators.")
    parser.add_argument("--check", action="store_true", help="change nothing and name what is missing")
    parser.add_argument("--rooms", nargs="*", default=[], help="only these rooms, such as explore or vae-spec")
    asked = parser.parse_args()
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        if asked.check:
            lines = [one for one in problems(language) if not asked.rooms or room(one) in asked.rooms]
            print(*lines, sep="\n")
            if lines:
                sys.exit(f"{len(lines)} texts")
        else:
            write(language, asked.rooms)


if __name__ == "__main__":
    main()
