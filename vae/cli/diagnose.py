"""Diagnose a model's faults, and save the evidence."""

import argparse
import sys

from vae.cli import reporting
from vae.runs import open_run

HELP = "check a model for known faults and save the evidence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    parser.add_argument("model", help="A run's name or folder.")


def run(given: argparse.Namespace) -> None:
    """Print the diagnosis, and a line for each card."""
    from vae.training import denormals

    with denormals.flushed():
        _diagnose(given)


def _diagnose(given: argparse.Namespace) -> None:
    from vae.diagnosis import cards, kept, quick, report
    from vae.diagnosis.verdict import Absent

    found = open_run(given.model)
    with reporting.bar(found.name) as say:
        known = report.diagnose(found, keep=True, say=say)
    findings = cards.judge(found.spec, quick.with_metrics(found, known))
    worst = cards.main(findings)
    print("no fault found" if worst is None else cards.TITLES[worst.name])
    for name, finding in findings.items():
        if finding is not None:
            word = "absent" if isinstance(finding, Absent) else finding.severity.name.lower()
            text = finding.reason if isinstance(finding, Absent) else finding.sentence
            print(f"{cards.CARDS[name].title:22} {word:8} {text}")
    print(f"the evidence is saved in {kept.place(found.path)}", file=sys.stderr)
