"""Every preset as it is recommended on every embedded data set, judged by our own diagnosis.

    python benchmarks/presets.py [--data digits ...] [--preset vae ...] [--out FOLDER] [--judge]

Trains what FOLDER does not hold yet, so that an ended measurement goes on where it was; without a FOLDER all is trained
anew, in an hour or two. `--judge` trains nothing: it judges what is there by the verdicts as they are now. Prints a
Markdown table, as in docs/presets.md, and exits with 1 where a preset is ill that does not say so.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vae import data, runs  # noqa: E402
from vae.data.recommended import misfit, recommended  # noqa: E402
from vae.diagnosis import cards, kept, report  # noqa: E402
from vae.diagnosis.evidence import PARTS, QUICK, Evidence, Number  # noqa: E402
from vae.diagnosis.verdict import Severity, Verdict, signed  # noqa: E402
from vae.runs import Run  # noqa: E402
from vae.spec import PRESETS, Spec  # noqa: E402

EMBEDDED = tuple(name for name in data.NAMES if data.describe(name).embedded)
HEAD = "| data | preset | epochs | ELBO (or −distortion) | rate | diagnosis | notes |\n|---|---|---|---|---|---|---|"


class Row(NamedTuple):
    """A row of the table, and the sentence of an illness that the preset does not announce."""

    cells: tuple[str, ...]
    wrong: str


def folder(out: Path, spec: Spec) -> Path:
    """Return the folder of a spec's run, named after the spec, so that a changed preset is trained anew."""
    return out / f"{spec.preset}-{spec.data}-{hashlib.blake2b(spec.to_json().encode(), digest_size=4).hexdigest()}"


def whole(path: Path) -> bool:
    """Return whether a run was trained and all its evidence measured."""
    return (path / "done").is_file()


def trained(path: Path, spec: Spec) -> Run:
    """Return the run of a spec with its evidence beside it; trains it if it is not there."""
    from vae.training import denormals
    from vae.training.trainer import Finish, Trainer

    if not whole(path):
        shutil.rmtree(path, ignore_errors=True)
        with denormals.flushed():
            if code := Trainer(runs.create(path, spec), finish=Finish(20, 500))():
                raise SystemExit(code)
            report.diagnose(Run(path), keep=True, beside=True)
        (path / "done").touch()
    return Run(path)


def evidence(run: Run) -> Evidence:
    """Return the evidence that was kept beside a run."""
    measured = {part: found for part in PARTS if (found := kept.read(run.path, part)) is not kept.ABSENT}
    quick = report.quickly(run)
    return Evidence(**{part: found for part, found in measured.items() if part not in QUICK} | {
        part: getattr(quick, part) for part in QUICK
    })  # fmt: skip


def with_error(number: Number | None) -> str:
    """Return a number with its error, "" for none."""
    return "" if number is None else f"{signed(number.value)} ± {number.se:.2f}"


def judged(run: Run) -> Row:
    """Return a run's row of the table."""
    known = evidence(run)
    assert known.bound is not None
    findings = cards.judge(run.spec, known)
    main = cards.main(findings)
    announced = PRESETS[run.spec.preset].illness
    title = "healthy" if main is None else cards.TITLES[main.name] + ", an illness on show" * announced
    notes = [f.name for f in findings.values() if isinstance(f, Verdict) and f.severity == Severity.NOTE]
    bound = known.bound
    cells = (
        run.spec.data, run.spec.preset, str(run.spec.epochs), with_error(bound.elbo), with_error(bound.rate), title,
        ", ".join(notes),
    )  # fmt: skip
    return Row(cells, "" if main is None or announced else f"{run.spec.preset} on {run.spec.data}: {main.sentence}")


def main() -> int:
    """Print the table; return 1 where a preset is ill that does not say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=EMBEDDED, choices=EMBEDDED)
    parser.add_argument("--preset", nargs="*", default=tuple(PRESETS), choices=tuple(PRESETS))
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--judge", action="store_true")
    options = parser.parse_args()
    wrong = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch)
        os.environ["LATENT_DATA"] = str(out)  # what is learned of this machine's pace is no use to others
        for dataset in options.data:
            for name in options.preset:
                path = folder(out, spec := recommended(name, dataset))
                if misfit(name, dataset) or (options.judge and not whole(path)):
                    continue
                row = judged(trained(path, spec))
                wrong += [row.wrong] * bool(row.wrong)
                print("|", " | ".join(row.cells), "|", flush=True)
    print("\n" + "\n".join(wrong or ["All are healthy, or say what they show."]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
