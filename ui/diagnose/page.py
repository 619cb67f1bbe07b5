"""The Diagnose page's parts: the diagnosis, and a card for each question: a sentence, a chart, why, what to do."""

from collections.abc import Mapping
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from ui.diagnose import gathering, worst
from ui.diagnose.charts import CHART
from ui.diagnose.gathering import Known
from ui.diagnose.views import VIEWS
from ui.shared import frame, glossary, library, messages, navigation
from ui.shared.fragments import fragment
from ui.state import mode, notices, session
from ui.state.view import set_model
from ui.train import form
from ui.words import phrase, say, say_n
from ui.words.speaking import language
from vae.answers import pool
from vae.data import DataError
from vae.diagnosis import cards, kept
from vae.diagnosis.evidence import PARTS, QUICK, Evidence
from vae.diagnosis.verdict import Absent, Finding, Remedy, Severity, Verdict
from vae.runs import Run
from vae.spec import SpecError

COLUMNS = 3
POLL = 0.7  # seconds between two looks at what is measured
BADGES = {
    Severity.PASSED: phrase(":green-badge[:material/check: passed]"),
    Severity.NOTE: phrase(":orange-badge[:material/priority_high: note]"),
    Severity.PROBLEM: phrase(":red-badge[:material/error: problem]"),
}
NEWS = {
    "bound": phrase("the bound"),
    "decoder": phrase("which dimensions the decoder uses"),
    "likelihood": phrase("the calibration of p(x\\|z)"),
    "width": phrase("the calibration of q"),
    "overfitting": phrase("the bound on training and on new images"),
    "reconstruction": phrase("reconstructions"),
    "holes": phrase("holes"),
    "surgery": phrase("what the rate is spent on"),
    "gap": phrase("the gap of the bound"),
    "tails": phrase("the tails of the importance weights"),
    "simulated": phrase("q on the model's own images"),
    "samples": phrase("samples against data"),
    "memorised": phrase("whether samples are copies"),
    "statistics": phrase("statistics of samples"),
    "strange": phrase("strange images"),
}


def report(run: Run) -> None:
    """Draw the diagnosis and all cards; draw them again at intervals while something is being measured."""
    found = gathering.known(run)
    if found.waiting:
        pool.warm()
        _following(run)
    else:
        _at_rest(run)


@partial(fragment, run_every=POLL)
def _following(run: Run) -> None:
    found = gathering.known(run)
    if not found.waiting:
        st.rerun()
    _draw(run, found)


@fragment
def _at_rest(run: Run) -> None:
    found = gathering.known(run)
    if found.waiting:  # the run has changed since the page was drawn
        st.rerun()
    _draw(run, found)


def _draw(run: Run, found: Known) -> None:
    findings = cards.judge(run.spec, found.evidence)
    _headline(run, found, findings)
    present = [name for name, finding in findings.items() if not isinstance(finding, Absent) and _shown(name, finding)]
    free = -len(present) % COLUMNS
    for start in range(0, len(present), COLUMNS):
        row = present[start : start + COLUMNS]
        last = len(row) < COLUMNS
        columns = st.columns([1] * len(row) + [free] * last, gap="small")
        for column, name in zip(columns, row, strict=False):
            with column:
                _card(run, name, findings[name], found)
        if last:
            with columns[-1]:
                worst.worst(run, found.evidence)
    if not free:
        worst.worst(run, found.evidence)
    with frame.passing():
        _left_out(findings)
    absent = {name: f for name, f in findings.items() if isinstance(f, Absent) and _shown(name, f)}
    if absent:
        with st.container(border=True, key="diagnosis_absent", gap="xsmall"):
            st.markdown(f"**{say('Checks that do not apply to this model')}**")
            lines = [f"{say(cards.CARDS[name].title)}: {say(finding.reason)}" for name, finding in absent.items()]
            st.caption("  \n".join(lines))


def _shown(name: str, finding: Finding) -> bool:
    """Return whether a check is shown: a researcher's only to experts, or where it has found something."""
    found = isinstance(finding, Verdict) and finding.severity != Severity.PASSED
    return found or mode.expert() or not cards.CARDS[name].research


def _left_out(findings: Mapping[str, Finding]) -> None:
    """Name the passed checks that are not shown."""
    names = [say(cards.CARDS[n].title) for n, f in findings.items() if isinstance(f, Verdict) and not _shown(n, f)]
    if names:
        checks = messages.plain(", ".join(names))
        st.caption(say("Also passed, and shown under Expert: {checks}.", checks=checks))


def _headline(run: Run, found: Known, findings: Mapping[str, Finding]) -> None:
    """Draw the diagnosis in one line, a button for its remedy, and the progress of the measurements."""
    said = [f for f in findings.values() if isinstance(f, Verdict)]
    worst = cards.main(findings)
    notes = sum(f.severity == Severity.NOTE for f in said)
    with st.container(border=True, key="diagnosis", gap="xsmall"):
        if worst is not None:
            st.markdown(f"## {say(BADGES[Severity.PROBLEM])} {say(cards.TITLES[worst.name])}")
            st.markdown(messages.plain(say(worst.sentence)))
            _remedies(run, worst.remedies, "main")
        elif found.waiting:
            st.markdown(f"## {say('No fault found so far')}")
        else:
            extra = f" {say_n('{n} note below.', '{n} notes below.', notes)}" if notes else ""
            st.markdown(f"## {say(BADGES[Severity.PASSED])} {say('No fault found in this model')}")
            st.markdown(say("{count} checks, none failed.", count=len(said)) + extra)
        if found.waiting:
            total = len(PARTS) - len(QUICK)
            done = total - len(found.waiting)
            now = say(NEWS[found.waiting[0]])
            text = say("{done} of {all} parts computed · now: {now}", done=done, all=total, now=now)
            st.progress(done / total, text)
        for text in dict.fromkeys(found.failed.values()):
            st.caption(f":material/cloud_off: {messages.plain(say(text))}")
    _examples(run)


def _examples(run: Run) -> None:
    """Offer the unhealthy examples, each of which shows one fault."""
    examples = {entry.name: library.title(entry) for entry in library.examples()}
    if not examples:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="diagnosis_examples"):
        st.caption(say("Examples with a fault:"), width="content")
        for name, title in examples.items():
            st.button(
                title, key=f"example_{name}", type="tertiary", disabled=name == run.name, on_click=_look, args=(name,)
            )


def _look(name: str) -> None:
    set_model(name)
    notices.ask_redraw()


def _remedies(run: Run, remedies: tuple[Remedy, ...], key: str) -> None:
    """Offer each remedy as a button that opens the Train page with this model's settings and the change."""
    if not remedies:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"remedies_{key}"):
        st.caption(say("Train again with:"), width="content")
        for k, remedy in enumerate(remedies):
            if st.button(
                say(remedy.label), key=f"remedy_{key}_{k}", icon=":material/model_training:",
                help=say("Opens Train with this model's settings and the change: {why}.", why=say(remedy.why)),
            ):  # fmt: skip
                try:
                    form.seed(remedy.applied(run.spec))
                except (SpecError, DataError) as error:
                    messages.failure(error)
                    return
                session.BRANCH.forget()
                navigation.switch("train")


def _card(run: Run, name: str, finding: Finding, found: Known) -> None:
    """Draw one card: its verdict, its evidence, why, and what to do."""
    card = cards.CARDS[name]
    with st.container(border=True, key=f"card_{name}", gap="xsmall", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small"):
            st.markdown(f"**{messages.plain(say(card.title))}**", width="stretch", help=glossary.meaning(card.title))
            if isinstance(finding, Verdict):
                st.markdown(say(BADGES[finding.severity]), width="content")
        if not isinstance(finding, Verdict):
            _pending(card, found)
        else:
            st.markdown(messages.plain(say(finding.sentence)))
        _evidence(run, name, found.evidence)
        if isinstance(finding, Verdict) and (finding.why or finding.remedies):
            with st.expander(say("Why, and what to do"), key=f"why_{name}"):
                st.markdown(messages.plain(say(finding.why)))
                _remedies(run, finding.remedies, name)


def _pending(card: cards.Card, found: Known) -> None:
    if any(part in found.failed for part in card.needs):
        st.caption(say("This check cannot be computed, for the reason above."))
    else:
        st.caption(say("Computing …"))


@st.cache_resource(max_entries=64, show_spinner=False)
def _figure(
    card: str, digest: str, there: tuple[bool, ...], spoken: str, _run: Run, _known: Evidence
) -> go.Figure | None:
    """Return a card's chart in a language, the same object for the same evidence: drawing it again costs nothing."""
    return VIEWS[card].figure(_run, _known)


def _evidence(run: Run, name: str, known: Evidence) -> None:
    """Draw a card's evidence, of what is known."""
    view = VIEWS[name]
    needs = dict.fromkeys((*cards.CARDS[name].needs, "gap"))
    there = tuple(getattr(known, part) is not None for part in needs)
    figure = _figure(name, kept.digest(run.path), there, language(), run, known)
    if figure is not None:
        st.plotly_chart(figure, key=f"chart_{name}", config=CHART, alt=say(view.alt))
    view.below(run, known)
