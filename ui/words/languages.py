"""The languages of the app. A new one is a folder of catalogues beside this file and an entry here."""

from collections.abc import Iterable

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # code -> the language's own name
ASKED = "lang"  # the word of an address that asks for a language
COOKIE = "latent_language"  # what was asked for last


def first_known(wishes: Iterable[str | None]) -> str:
    """Return the first of the wishes that the app can speak ("de-AT" asks for "de"), English where there is none."""
    codes = ((wish or "").strip().lower().partition("-")[0] for wish in wishes)
    return next((code for code in codes if code in LANGUAGES), ENGLISH)


def accepted(header: str | None) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first."""
    weighted = []
    for part in (header or "").split(","):
        code, _, weight = part.partition(";q=")
        try:
            weighted.append((float(weight or 1), code.strip()))
        except ValueError:
            continue
    return [code for _, code in sorted(weighted, key=lambda pair: -pair[0])]
