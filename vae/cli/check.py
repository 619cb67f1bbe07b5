"""Check a trained model: open it with data, diagnose it, and say in the exit status whether it passed."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from vae.cli import opening_options

HELP = "check a model that was trained elsewhere: verdicts, report.html, report.json and an exit status"
PASSED, FAILED, COULD_NOT = 0, 1, 2
MARKS = {"passed": "✓", "note": "!", "problem": "✗", "failed": "✗", "absent": "·"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    opening_options.add(parser)
    parser.add_argument("--out", type=Path, default=Path(), help="The folder for both reports. (default: this one)")
    parser.add_argument("--strict", action="store_true", help="Notes fail too, not only problems. (default: they pass)")
    parser.add_argument(
        "--accept", action="store_true", help="Go on with the likeliest reading where it is not clear. (default: stop)"
    )
    parser.add_argument("--open", action="store_true", help="Show the model in the app afterwards. (default: do not)")
    group = parser.add_argument_group("thresholds", "A number beyond its threshold fails the check.")
    for bound, words in (("min", "least"), ("max", "most")):
        group.add_argument(
            f"--{bound}", action="append", default=[], metavar="MEASURE=NUMBER",
            help=f"The {words} that a number may be, such as {'elbo=-110' if bound == 'min' else 'holes=0.2'}. "
            "(default: none)",
        )  # fmt: skip
    group.add_argument(
        "--thresholds", type=Path, help="A TOML file: [thresholds], then holes = { max = 0.2 }. (default: none)"
    )
    group.add_argument(
        "--ignore", action="append", default=[], metavar="CARD", help="A card that never fails. (default: none)"
    )


def run(given: argparse.Namespace) -> int:
    """Check the model, print a line for each number, write both reports, and return the exit status."""
    from vae.training import denormals

    with denormals.flushed():
        return _check(given)


def _check(given: argparse.Namespace) -> int:
    from vae.cli import reporting
    from vae.diagnosis import cards
    from vae.diagnosis import report as diagnosis
    from vae.opened import checking, making, report_html
    from vae.opened.errors import OpenError
    from vae.runs import files

    asked = checking.thresholds(_thresholds(given))
    ignored = tuple(given.ignore)
    if unknown := set(ignored) - set(cards.CARDS):
        raise OpenError(f"There is no card {min(unknown)[:40]!r}. Choose one of {', '.join(cards.CARDS)}.")
    if given.data is None:
        raise OpenError("A check needs data to measure on: give them with --data, a file or a dataset's name.")
    began = time.monotonic()
    brought = opening_options.bring(given, strict=not given.accept, decodes=True)
    opening_options.show_found(brought)
    with reporting.bar("measuring") as say:
        evidence = diagnosis.diagnose(brought.run, keep=True, say=lambda share, text: say(0.9 * share, text))
        say(0.95, "first numbers")
        making.numbers(brought.run)
    found = checking.report(brought, evidence, asked, given.strict, ignored, {"diagnosis": time.monotonic() - began})
    print()
    for one in found.results:
        value = "" if one.value is None else _value(one)
        print(f"{MARKS[one.verdict]} {one.title[:50]:50} {value:24} {one.sentence if one.verdict != 'absent' else ''}")
    given.out.mkdir(parents=True, exist_ok=True)
    files.write_json(given.out / "report.json", found.to_json())
    files.write(given.out / "report.html", report_html.report_page(brought, evidence, found))
    print(f"\n{'passed' if found.success else 'failed'}: {found.headline}")
    print(f"{given.out / 'report.html'}, {given.out / 'report.json'}", file=sys.stderr)
    if given.open:
        from vae.cli.open import start

        start(brought.run.name, "diagnose")
    return PASSED if found.success else FAILED


def _value(one: Any) -> str:
    text = f"{one.value:.4g}" + (f" ± {one.standard_error:.2g}" if one.standard_error else "")
    return f"{text} {one.units}".strip().replace("-", "−")


def _thresholds(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return the thresholds of the TOML file and of options, which go before it; raises OpenError."""
    import tomllib

    from vae.opened.errors import OpenError

    found: dict[str, dict[str, Any]] = {}
    if given.thresholds is not None:
        try:
            content = tomllib.loads(given.thresholds.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OpenError(f"{given.thresholds} is no TOML file: {error}.") from error
        table = content.get("thresholds", content)
        if not isinstance(table, dict):
            raise OpenError(f"{given.thresholds} has no table [thresholds].")
        found |= {name: dict(v) if isinstance(v, dict) else {"": v} for name, v in table.items()}
    for bound in ("min", "max"):
        for name, value in opening_options.pairs(getattr(given, bound), f"--{bound}").items():
            try:
                found.setdefault(name, {})[bound] = float(value)
            except (TypeError, ValueError) as error:
                raise OpenError(f"--{bound} takes MEASURE=NUMBER, not {name}={value}.") from error
    return found
