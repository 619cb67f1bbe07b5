"""The glossary: whole, short enough for a hover, on the pages and in the docs with the same words."""

import re
from pathlib import Path

import pytest
from node import evaluate

from ui.shared import glossary
from ui.shared.navigation import BY_NAME
from ui.words import languages
from vae.diagnosis import cards

ROOT = Path(__file__).resolve().parents[3]
MOST_WORDS = 25


def test_every_term_is_whole_and_short():
    terms = glossary.terms()
    assert len(terms) >= 60 and len({one.term for one in terms}) == len(terms)
    for one in terms:
        assert one.hover.endswith((".", "?")) and len(one.hover.split()) <= MOST_WORDS, one.term
        assert one.expert and one.page in BY_NAME, one.term
    labels = [label for one in terms for label in (one.term, *one.labels)]
    assert len(labels) == len(set(labels)), "two terms share a label"


@pytest.mark.parametrize("spoken", [code for code in languages.LANGUAGES if code != languages.ENGLISH])
def test_another_language_has_the_same_terms(spoken):
    """In the same order, each with the same formulas, and found by the English words of the pages."""
    terms = glossary.terms(spoken)
    assert len({one.term for one in terms}) == len(terms)
    for one, said in zip(glossary.terms(), terms, strict=True):
        assert said.hover.endswith((".", "?")) and len(said.hover.split()) <= MOST_WORDS, said.term
        assert said.hover != one.hover and (said.page, said.labels) == (one.page, one.labels)
        assert formulas(said.expert) == formulas(one.expert), said.term
    assert glossary.meanings(spoken).keys() == glossary.meanings("en").keys()
    assert glossary.meanings("de")["log p(z)"].startswith("Wo das Modell Codes erwartet")


def formulas(text):
    return sorted(re.sub(r"\\text{\w+}", "", found) for found in re.findall(r"\$[^$]+\$", text))


def test_docs_have_the_same_words():
    """docs/glossary.md is made from the file: `python scripts/docs.py`."""
    assert (ROOT / "docs" / "glossary.md").read_text() == glossary.markdown()


def test_page_hands_its_components_all_meanings():
    """Nothing in it can end the script, and components read what the file says."""
    (code,) = re.findall(r"<script>(.*)</script>", glossary.script("en"), re.S)
    assert "<" not in code
    program = f"""(labels) => {{
        globalThis.window = {{}};
        {code}
        return labels.map((label) => window.__latentGlossary[label]);
    }}"""
    labels = ["log p(z)", "rate", "KL divergence"]
    assert evaluate(program, labels) == [glossary.meaning(label) for label in labels]
    assert glossary.meaning("log p(z)").startswith("Where the model expects codes")


def test_numbers_of_the_pages_are_explained():
    """Every label that is to be explained is written on a page."""
    written = "".join(path.read_text() for path in [*ROOT.glob("ui/**/*.js"), *ROOT.glob("ui/**/*.py")])
    titles = {card.title for card in cards.CARDS.values()}
    for one in glossary.terms():
        for label in one.labels:
            assert f'"{label}"' in written or label in titles, label


def test_checks_are_explained():
    explained = {card.title for card in cards.CARDS.values() if glossary.meaning(card.title)}
    assert {"Holes", "Overfitting", "ELBO surgery", "Rate per dimension", "Calibration of q"} <= explained
