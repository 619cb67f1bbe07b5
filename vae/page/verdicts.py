"""A model's diagnosis as a page shows it: a headline, and a sentence for each card."""

from collections.abc import Mapping
from dataclasses import dataclass

from vae.diagnosis import cards, kept, quick
from vae.diagnosis.evidence import Evidence
from vae.diagnosis.verdict import Absent, Finding, Severity, Verdict
from vae.runs import Run

WORDS = {Severity.PASSED: "passed", Severity.NOTE: "note", Severity.PROBLEM: "problem"}


@dataclass(frozen=True)
class Card:
    """One check: its title, its result in a word, the sentence with the numbers, and why that matters."""

    title: str
    word: str
    sentence: str
    why: str = ""


@dataclass(frozen=True)
class Judgement:
    """A diagnosis in words; `note` says what was not measured."""

    headline: str
    sentence: str
    cards: tuple[Card, ...]
    note: str = ""


def judgement(findings: Mapping[str, Finding]) -> Judgement | None:
    """Return findings by card (see `diagnosis.cards.judge`) in words; None where nothing was measured."""
    said = {name: finding for name, finding in findings.items() if isinstance(finding, Verdict)}
    if not said:
        return None
    worst = cards.main(findings)
    ill = sum(f.severity == Severity.PROBLEM for f in said.values())
    notes = sum(f.severity == Severity.NOTE for f in said.values())
    headline = "No problem found." if worst is None else f"{cards.TITLES[worst.name]}."
    counted = f"{len(said)} checks, {ill or 'no'} problem{'s' * (ill != 1)}, {notes or 'no'} note{'s' * (notes != 1)}."
    listed = tuple(
        Card(cards.CARDS[name].title, WORDS[found.severity], found.sentence, found.why) for name, found in said.items()
    )
    left = [
        f"{cards.CARDS[name].title}: {f.reason.rstrip('.')}" for name, f in findings.items() if isinstance(f, Absent)
    ]
    unknown = [cards.CARDS[name].title for name, finding in findings.items() if finding is None]
    note = [f"Does not apply: {'; '.join(left)}."] if left else []
    note += [f"Not measured: {', '.join(unknown)}."] if unknown else []
    return Judgement(headline, counted, listed, " ".join(note))


def saved(run: Run) -> Judgement | None:
    """Return the diagnosis from what was measured before; None where nothing but the codes is known."""
    known = kept.known(run.path)
    if not known:
        return None
    known |= {"codes": quick.codes(run.codes), "training": quick.training(run)}
    return judgement(cards.judge(run.spec, Evidence(**known)))
