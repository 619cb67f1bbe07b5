"""The evaluation table of the chosen model on the Models page: saved with the run, or measured now, part by part."""

from functools import partial
from typing import Any

import streamlit as st

from ui.shared import library, messages
from ui.shared.fragments import fragment
from ui.state import session, visitor
from ui.words import phrase, say
from vae import data, runs
from vae.answers import models, pool
from vae.answers.models import PARTS
from vae.answers.pool import Answer
from vae.data import DataError
from vae.runs import Run, RunError
from vae.spec import SpecError

TITLES = {
    "bounds": phrase("bounds"),
    "truth": phrase("exact values"),
    "information": phrase("information"),
    "codes": phrase("codes"),
}
CLASS = "distortion of "
FIRST = {  # the rows that a part may begin with
    "log_px": "truth",
    "log_px_ais": "truth",
    "mutual_information": "information",
    "information_plain": "information",
    "active_units": "codes",
}


def _answers() -> dict[str, list[Answer[list[dict[str, Any]]]]]:
    return session.EVALUATIONS.kept()


def wanted(run: Run) -> bool:
    """Return whether this session has asked for a run's table."""
    return str(run.path) in _answers()


def _ask(run: Run) -> None:
    _answers()[str(run.path)] = [pool.ask(models.table, run.path, name) for name in PARTS]


def _stop(run: Run) -> None:
    for answer in _answers().pop(str(run.path), []):
        answer.drop()


@fragment
def evaluation(run: Run) -> None:
    """Show the table, or a button that measures it; a visitor's own run keeps its table."""
    with st.container(key="evaluation", gap="small"):
        st.markdown(f"## {say('Evaluation')}")
        try:
            rows = run.evaluation
        except RunError as error:
            messages.failure(error)
            rows = []
        answers = _answers().get(str(run.path))
        if answers is not None and not all(answer.done for answer in answers):
            _following(run)
            return
        if answers is not None:
            try:
                rows = [row for answer in answers for row in answer.result()]
            except (RunError, DataError, SpecError) as error:
                messages.failure(error)
        if rows:
            _show(rows)
        _offer(run, bool(rows))


def _offer(run: Run, again: bool) -> None:
    try:
        here = data.available(run.spec.data)
    except DataError:
        here = False
    if not here:
        if not again:
            st.caption(say("The evaluation needs the data, which are not on this machine."))
        return
    label = say("Evaluate again") if again else say("Evaluate")
    st.button(
        label, icon=":material/query_stats:", key="evaluate", on_click=_ask, args=(run,),
        help=say(
            "Computes bounds up to K = 5,000, log p(x), amortisation and approximation gap, mutual information, and "
            "class accuracy of the codes. Takes about 30 s."
        ),
    )  # fmt: skip


@partial(fragment, run_every=0.7)
def _following(run: Run) -> None:
    """Show how many parts are measured; save them when all are, and redraw the page."""
    answers = _answers().get(str(run.path), [])
    done = [answer.done for answer in answers]
    if all(done):
        _keep(run, answers)
        st.rerun()
    now = say(TITLES[PARTS[done.index(False)]])
    text = say("{done} of {all} parts · now: {now}", done=sum(done), all=len(done), now=now)
    messages.working(sum(done) / len(done), text, say("Stop"), _stop, key="evaluate_stop", args=(run,))


def _keep(run: Run, answers: list[Answer[list[dict[str, Any]]]]) -> None:
    """Save the table in the run if it is the visitor's own; other runs are unchanged."""
    if not visitor.mine(run) or runs.is_shipped(run):
        return
    try:
        runs.keep_evaluation(run, [row for answer in answers for row in answer.result()])
    except (RunError, DataError, SpecError, OSError):
        return  # the page shows the reason with the answers
    library.forget()


def _value(row: dict[str, Any]) -> str:
    """Return a row's value with its standard error and unit; counts have neither."""
    digits = 0 if row["units"] == "units" else 3 if row["units"] in ("share", "bits") else 2
    spread = f" ± {row['se']:.{digits}f}" if row["se"] else ""
    unit = "" if row["units"] == "share" else f" {messages.plain(say(row['units']))}"
    return (f"{row['value']:.{digits}f}".replace("-", "−") + spread + unit).replace(" ", "\N{NO-BREAK SPACE}")


def _show(rows: list[dict[str, Any]]) -> None:
    lines = [say("| quantity | value ± standard error | examples | note |"), "|---|---|---|---|"]
    begun = set()
    for row in rows:
        part = FIRST.get(row["name"])
        if part is not None and part not in begun:
            begun.add(part)
            title = say(TITLES[part])
            lines.append(f"| **{title[0].upper()}{title[1:]}** | | | |")
        if not row["name"].startswith(CLASS):
            # a bar would end the table's cell
            symbol = row["symbol"].replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("$", "")
            note = messages.plain(say(row["note"] or row["name"].replace("_", " ")))
            lines.append(f"| ${symbol}$ | {_value(row)} | {row['n']:,} | :small[{note}] |")
    st.markdown("\n".join(lines))
    classes = [row for row in rows if row["name"].startswith(CLASS)]
    if classes:
        with st.expander(say("Reconstruction error by class")):
            table = [say("| class | distortion ± standard error | examples |"), "|---|---|---|"]
            table += [
                f"| {messages.plain(row['name'].removeprefix(CLASS))} | {_value(row)} | {row['n']:,} |"
                for row in classes
            ]
            st.markdown("\n".join(table))
