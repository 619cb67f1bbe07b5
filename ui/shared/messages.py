"""Messages on missing or broken things: the problem, its reason, and one action."""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from ui.shared import fetching, library
from ui.shared.fragments import fragment
from ui.state.view import set_model
from ui.words import phrase, say
from vae import data
from vae.runs import SHOWN_LABEL, Run
from vae.runs.run import CODES_ONLY
from vae.spec import Spec

AUTOENCODER = phrase(
    "This model is a plain autoencoder. It gives each image one point and has no prior. "
    "Rings, rate and a bound on log p(x) do not exist for it."
)
NO_MODEL = phrase(
    "There is no model on this machine yet. Train one in about half a minute, then reload this page: "
    "`python -m vae train vae --data digits`"
)

NO_FILM = phrase("No run has been recorded on this machine yet. Press Train to record the first one.")

# in one line: brackets are dead without square ones, a colon before a space, a dash or a dot behind its first word
LIVE = re.compile(r"[\\`*_\[\]<>|$~&]|:(?=\S)|(?<=www)\.")
STARTS = re.compile(r"[#+-]|\d+[.)]")  # of a heading or a list
HEADING = re.compile(r"#{1,4} ")
CODE = re.compile(r"(?<!`)(`[^`]+`)(?!`)")


def other_prior(spec: Spec) -> str:
    """Return why the map of a model with another prior than N(0, I) has no rings."""
    return say("The prior of this model {differs}, so the map shows no rings of N(0, I).", differs=spec.other_prior)


def plain(text: str) -> str:
    """Return typed text with Markdown escaped."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>$:~" else c for c in text)


def sentence(text: object) -> str:
    """Return a message in the reader's language with Markdown escaped, except the `code` in it: names and typed texts
    may be part of it."""
    line = " ".join(say(str(text)).split())
    parts = CODE.split(line)
    last = len(parts) - 1
    escaped = "".join(part if i % 2 else _escaped(part, before_code=i < last) for i, part in enumerate(parts))
    start = STARTS.match(escaped)
    return escaped if start is None else f"{start[0][:-1]}\\{start[0][-1]}{escaped[start.end() :]}"


def _escaped(text: str, before_code: bool) -> str:
    """Return a text with Markdown escaped; the code behind it counts as its next character."""
    return LIVE.sub(r"\\\g<0>", f"{text}x").removesuffix("x") if before_code else LIVE.sub(r"\\\g<0>", text)


def problem(text: str) -> None:
    """Show which value was refused, and what is shown instead."""
    st.warning(sentence(text), icon=":material/link_off:")


def warning(text: str) -> None:
    """Show what is allowed and will not come out as it was set."""
    st.warning(sentence(text), icon=":material/warning:")


def failure(error: object) -> None:
    """Show a file that cannot be used, with its remedy; the rest of the page is drawn."""
    st.error(sentence(error), icon=":material/error:")


def data_missing(run: Run) -> None:
    """Show that the run's images are missing, why, and what to do."""
    name = run.spec.data
    if run.meta.get(CODES_ONLY):
        text = say("These are codes without a model and without their data: no images can be shown.")
        st.caption(f":material/help: {text}")
        return
    shown = say("Showing its saved codes and reconstructions.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="data_missing"):
        try:
            title, here = data.describe(name).title, data.available(name)
        except data.DataError as error:
            st.caption(f":material/help: {sentence(error)} {say('Showing the saved codes and reconstructions.')}")
            here = True
        else:
            if here:
                why = say(
                    "The {title} files on this machine differ from the images that this model encoded.", title=title
                )
            else:
                why = say("{title} is not on this machine.", title=title)
            st.caption(f":material/cloud_off: {why} {shown}", width="content")
        if not here:
            download(name)
        if run.name != "digits-vae-2d" and any(r.name == "digits-vae-2d" for r in library.usable()):
            st.button(
                say("Use the bundled digits model"),
                type="tertiary",
                icon=":material/swap_horiz:",
                key="use_digits",
                on_click=set_model,
                args=("digits-vae-2d",),
            )


def download(name: str) -> None:
    job = fetching.job(name)
    if job is not None and job.running:
        _progress(name)
        return
    if job is not None and not job.succeeded:
        failed = say("The download of {name} failed.", name=plain(name))
        st.error(f"{failed} {sentence(job.last_line)}", icon=":material/wifi_off:")
    label = say("Download ({size})", size=fetching.size(name))
    if st.button(label, type="tertiary", icon=":material/download:", key="download_data"):
        fetching.start(name, sys.executable)
        st.rerun()


@partial(fragment, run_every=0.7)
def _progress(name: str) -> None:
    """Show a download's progress, and redraw the page when it ends."""
    job = fetching.job(name)
    if job is None or not job.running:
        st.rerun()
        return
    st.caption(f":material/downloading: {sentence(job.last_line or phrase('Connecting …'))}", width="content")


def working(
    share: float, text: str, label: str, end: Callable[..., Any], *, key: str, args: tuple[Any, ...] = ()
) -> None:
    """Show how far a work is, from 0 to 1, beside a button that calls `end`."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key=f"{key}_progress"):
        st.progress(share, text)
        st.button(label, type="tertiary", key=key, on_click=end, args=args)


def class_name(classes: Sequence[str], label: int) -> str:
    """Return a label's name with Markdown escaped."""
    return plain(classes[label] if label < len(classes) else str(label))


def thinned(drawn: int, total: int) -> str:
    """Return the sentence for a map that does not draw all codes."""
    return say(
        "{drawn:,} of {total:,} codes are drawn, evenly spaced in the data's order; "
        "you can select only drawn codes. Computed numbers use all codes.",
        drawn=drawn,
        total=total,
    )


def conditional(classes: Sequence[str], label: int | None) -> str:
    """Return the sentence for a conditional decoder: under which label it decodes."""
    name = class_name(classes, SHOWN_LABEL if label is None else label)
    return say(
        "This model is conditional. The decoder gets the code and a label; here the label is “{name}” for every point.",
        name=name,
    )


def lowered(text: str) -> str:
    """Return Markdown whose headings are two levels lower, so that a page has one of the first; code stays as it is."""
    lines, fenced = [], False
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        lines.append(f"##{line}" if HEADING.match(line) and not fenced else line)
    return "\n".join(lines)


def notice(kept: tuple[str, str] | None) -> None:
    """Show what a callback has left to be said: its kind, "error" or "success", and its text."""
    if kept is not None:
        (st.error if kept[0] == "error" else st.success)(sentence(kept[1]))
