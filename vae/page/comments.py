"""Take the comments out of scripts: they are for readers of the source, and would only make pages larger."""

import re
from functools import lru_cache

TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | [`{}/"']""", re.VERBOSE | re.DOTALL
)
TEMPLATE = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(?P<end>`|\$\{)", re.DOTALL)  # up to its end or to an expression
EXPRESSION = re.compile(r"(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/")  # a regular one, after its first slash
# what a slash begins a regular expression after; after anything else it divides
OPERATOR = re.compile(r"(?:^|[(,=:\[!&|?{;+\-*%<>~^]|(?<![\w$.])(?:return|typeof|case|of|in|void|delete))$")


@lru_cache(maxsize=256)
def without_comments(script: str) -> str:
    """Return a script without its comments, and without the lines that held nothing else.

    Strings, templates and regular expressions stay as they are. ValueError: one of them, or a comment, has no end.
    """
    kept: list[str] = []
    depths: list[int] = []  # of each template that is open, how many braces are open within its expression
    at, begun = 0, False  # whether the line has something in it

    def rest(pattern: re.Pattern[str], what: str) -> re.Match[str]:
        if found := pattern.match(script, at):
            return found
        raise ValueError(f"{what} has no end: {script[at - 1 : at + 40]!r}")

    while found := TOKEN.search(script, at):
        token, code = found.group(), script[at : found.start()]
        at = found.end()
        head, newline, tail = code.rpartition("\n")
        begun = bool(tail.strip()) or (begun and not newline)
        if token.startswith(("//", "/*")):
            if not begun and script.startswith("\n", at):  # a line of its own
                at += 1
                kept.append(head + newline)
            else:  # a line's end within a comment may end a statement
                kept.append(code + ("\n" if "\n" in token else " "))
            continue
        kept += [code, token]
        begun = True
        within = token == "}" and depths and depths[-1] == 0
        if token == "`" or within:
            if within:
                depths.pop()
            text = rest(TEMPLATE, "a template")
            if text["end"] == "${":
                depths.append(0)
            kept.append(text.group())
            at = text.end()
        elif token == "/":
            if script.startswith("*", at):
                raise ValueError(f"a comment has no end: {script[at - 1 : at + 40]!r}")
            if OPERATOR.search("".join(kept[-8:-1]).rstrip()[-40:]):
                text = rest(EXPRESSION, "a regular expression")
                kept.append(text.group())
                at = text.end()
        elif token in ('"', "'"):
            raise ValueError(f"a string has no end: {script[at - 1 : at + 40]!r}")
        elif depths:
            depths[-1] += (token == "{") - (token == "}")
    if depths:
        raise ValueError("a template has no end")
    kept.append(script[at:])
    return "".join(kept)
