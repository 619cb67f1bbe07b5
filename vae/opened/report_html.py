"""report.html of a check: the run's page, which decodes without a server, with the check's own sections."""

import base64
import html
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae.diagnosis import cards
from vae.diagnosis.evidence import Evidence
from vae.opened.checking import Report
from vae.opened.to_run import Brought
from vae.page.html import Section, page
from vae.page.verdicts import judgement

ABSENT = {"absent": "does not apply"}


def report_page(brought: Brought, evidence: Evidence, report: Report) -> str:
    """Return the page as HTML; no request leaves it. Raises RunError."""
    verdict = "passed" if report.success else "failed"
    more = [
        Section("Numbers", _numbers(report)),
        *([Section("How it was read", _found(brought))] if brought.found is not None else []),
        Section("Where it comes from", _origin(report)),
    ]
    made = page(
        brought.run,
        title=f"{report.model}: {verdict}",
        judgement=judgement(cards.judge(brought.run.spec, evidence)),
        more=more,
    )
    return made.html


def _e(text: object) -> str:
    return html.escape(str(text))


def _numbers(report: Report) -> str:
    """Return all numbers of a check as a table."""
    rows = []
    for one in report.results:
        value = "–" if one.value is None else f"{one.value:.4g}".replace("-", "−")
        if one.standard_error:
            value += f" ± {one.standard_error:.2g}"
        bounds = ", ".join(f"{key} {bound:g}" for key, bound in one.threshold.items())
        count = f"{one.n:,}" if one.n else ""
        rows.append(
            f"<tr><td>{_e(one.title)}</td><td>{_e(value)} {_e(one.units)}</td><td>{count}</td>"
            f"<td>{_e(bounds)}</td><td>{ABSENT.get(one.verdict, one.verdict)}</td></tr>"
        )
    head = "<tr><th>Number</th><th>Value</th><th>Examples</th><th>Threshold</th><th>Verdict</th></tr>"
    return f"<p>{_e(report.headline)}</p><table>{head}{''.join(rows)}</table>"


def _found(brought: Brought) -> str:
    """Return what was found out as a table, and how well examples are redrawn."""
    assert brought.found is not None
    rows = "".join(
        f"<tr><td>{_e(one.title)}</td><td>{_e(one.shown)}</td><td>{_e(one.bar)}</td></tr>"
        for one in brought.found.found
    )
    said = closeness(brought.found.error, brought.found.variance)
    head = "<tr><th>What</th><th>Value</th><th>How sure</th></tr>"
    return f"<p>{_e(said)}</p><table>{head}{rows}</table>"


def closeness(error: float | None, variance: float) -> str:
    """Return in a sentence how close reconstructions are to their originals, "" where nothing is redrawn."""
    if not error or not math.isfinite(error):
        return ""
    if variance < error:
        return "Redrawn examples are further from the originals than the average example is."
    return f"Redrawn examples are {variance / error:.1f} times closer to the originals than the average example is."


def _origin(report: Report) -> str:
    files = ", ".join(map(str, report.origin.get("files", ())))
    notes = "".join(f"<li>{_e(note)}</li>" for note in report.notes)
    looked = f"<p>Measured on the data {_e(report.data)}, in nats per example with one standard error.</p>"
    return f"<p>{_e(files)}</p>{looked}" + (f"<ul>{notes}</ul>" if notes else "")


def data_url(image: NDArray[np.float32]) -> str:
    """Return an image [C, H, W] in [0, 1] as a data URL."""
    full = np.round(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    full = full[0] if len(full) != 3 else np.moveaxis(full, 0, -1)
    buffer = io.BytesIO()
    Image.fromarray(full).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
