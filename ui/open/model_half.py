"""The model on page Open: its drop zone, what was found out about it, how it redraws examples, and Open."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from ui.open import found_rows, opening, samples
from ui.open.opening import BroughtModel
from ui.shared import messages, navigation
from ui.shared.fragments import fragment
from ui.state import session
from ui.words import phrase, say, say_n
from vae.data.own import limits
from vae.opened import missing

FORMATS = phrase(
    "ONNX (encoder and decoder, or one file), weights by name (.pth, .ckpt, .safetensors) alone or with our spec.json, "
    "folders of pythae, of diffusers and of this app, packed as .zip; or codes alone (.npz with mean, scale, labels)."
)
LINE = re.compile(r"\bvae (?:check|open) .*$")  # what an error says to type
MB = 10**6
IMAGE = 56  # pixels of a side


def zone() -> None:
    """Draw the drop zone, or the model that was dropped."""
    made = opening.current()
    if made is None:
        st.file_uploader(
            say("Model: drop its files here"),
            accept_multiple_files=True,
            key=session.MODEL_ZONE.get(),
            on_change=opening.taken_upload,
            max_upload_size=limits.UPLOAD // limits.MB,
            help=say(FORMATS),
        )
        more = say("Pickled networks and programs are opened on your own computer: `vae open FILE`")
        st.caption(f"{say(FORMATS)} {more}")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium", key="open_model_zone"):
        st.markdown(f":material/draft: **{messages.plain(made.title)}**", width="content")
        st.markdown(messages.plain(_summary(made)), width="content")
        st.space("stretch")
        st.button(say("Change"), key="open_model_change", on_click=opening.forget)


def _summary(made: BroughtModel) -> str:
    size = f"{made.size / MB:.1f} MB"
    found = made.found
    if found is None or "latents" not in found:
        return f"{say('Model')} · {size}"
    numbers = say_n("1 latent number", "{n:,} latent numbers", found["latents"])
    return f"{say(found['title'])} · {size} · {numbers}"


def rest() -> None:
    """Draw what was found out about the model that was dropped, and the buttons that open it."""
    made = opening.current()
    if made is None:
        return
    if page := opening.finished():
        navigation.switch(page)
    if made.opening is not None:
        _opening(made)
        return
    _data(made)
    if made.looking is not None:
        _looking(made)
    if made.error:
        _refused(made)
    if made.found is None:
        return
    if choice := made.found.get("choice"):
        _choice(choice)
    else:
        _found(made, made.found)


def _data(made: BroughtModel) -> None:
    offered = opening.offered(made)
    session.widget(opening.DATA_KEY).update(made.data)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            say("Look at it with"), offered, key=opening.DATA_KEY, on_change=opening.choose_data, width=320,
            format_func=lambda name: _begun(name) if name in (opening.FILE, opening.NONE) else name,
        )  # fmt: skip
        if opening.FILE in offered and made.data != opening.FILE:
            st.button(say("Use the dropped file"), key="open_model_use", on_click=opening.use_dropped)


def _begun(text: str) -> str:
    """Return a text as the beginning of a line, in the reader's language."""
    said = say(text)
    return said[:1].upper() + said[1:]


@partial(fragment, run_every=0.4)
def _looking(made: BroughtModel) -> None:
    """Show what is being done, and redraw the page when that ends."""
    if made.looking is None or made.looking.done:
        st.rerun()
    else:
        st.caption(f":material/hourglass_top: {messages.sentence(_begun(made.looking.what))} …")


@partial(fragment, run_every=0.4)
def _opening(made: BroughtModel) -> None:
    """Show how far the opening is, with a button that cancels; when it ends, redraw the page."""
    work = made.opening
    if work is None or work.done:
        st.rerun()
    else:
        text = f"{messages.sentence(_begun(work.what))} …"
        messages.working(work.share, text, say("Cancel"), work.cancel, key="open_model_cancel")


def _refused(made: BroughtModel) -> None:
    """Draw why the model is not opened, and the line to type instead, where there is one."""
    with st.container(border=True, key="open_model_refused"):
        st.markdown(f":red-badge[:material/error: {say('Not opened')}]")
        line = LINE.search(made.error)
        text = made.error if line is None else made.error[: line.start()]
        st.markdown(messages.sentence(text))
        if line is not None:
            st.code(line.group(0), language=None)
        if made.answers or made.options:
            st.button(say("Undo your choices"), key="open_model_undo", on_click=opening.undo)


def _choice(choice: Mapping[str, Any]) -> None:
    """Draw the choice that a file leaves."""
    name, key = str(choice["option"]), f"open_option_{choice['option']}"
    with st.container(border=True, key="open_model_choice"):
        st.markdown(messages.sentence(choice["text"]))
        if choice["candidates"]:
            st.selectbox(
                name, choice["candidates"], index=None, key=key, on_change=opening.option, args=(name, key),
                placeholder=say("Choose an option"),
            )  # fmt: skip
        else:
            st.text_input(name, key=key, on_change=opening.option, args=(name, key), width=320)


def _found(made: BroughtModel, found: Mapping[str, Any]) -> None:
    left, right = st.columns([1.9, 1], gap="medium")
    with left, st.container(border=True, key="open_model_found"):
        st.header(say("What was found"), anchor=False)
        if found["run"] and missing.MODEL not in found["missing"]:
            st.markdown(say("A run of this app: it opens as it is."))
        found_rows.draw(list(found["found"]), opening.answer)
        if found["found"]:
            st.caption(
                say("The bar says how much better this reading fits than the next. Change any, the pictures follow.")
            )
        for note in found["notes"]:
            st.caption(f":material/info: {messages.sentence(note)}")
        for word in found.get("missing", ()):
            st.caption(f":material/info: {messages.sentence(missing.SENTENCES[word])}")
        _bottlenecks(found)
    with right, st.container(border=True, key="open_model_examples"):
        st.header(say("Does it look right?"), anchor=False)
        _examples(found)
        ready = made.looking is None and not made.error
        st.button(
            say("Open"), type="primary", key="open_model_open", on_click=opening.start, args=("explore",),
            width="stretch", disabled=not ready, icon=":material/arrow_forward:",
        )  # fmt: skip
        st.button(
            say("Open and diagnose"), key="open_model_diagnose", on_click=opening.start, args=("diagnose",),
            width="stretch", disabled=not ready or made.data == opening.NONE,
        )  # fmt: skip


def _bottlenecks(found: Mapping[str, Any]) -> None:
    """Draw which value of one file is the code, where there are several."""
    several = found.get("candidates", {}).get("bottlenecks", ())
    if len(several) < 2:
        return
    titles = {one["name"]: f"{one['name']} {one['shape']}" for one in several}
    key = "open_option_bottleneck"
    st.selectbox(
        say("The code"), list(titles), index=None, key=key, format_func=lambda name: titles.get(name, name),
        on_change=opening.option, args=("bottleneck", key), placeholder=say("Choose another value as the code"),
    )  # fmt: skip


def _examples(found: Mapping[str, Any]) -> None:
    """Draw examples above and their reconstructions below, and say how close they are."""
    if not found.get("originals"):
        st.caption(say("Nothing is redrawn: that takes data, an encoder and a decoder."))
        return
    for part, edge in (("originals", "#8886"), ("redrawn", "#d95d00")):
        drawn = _images(found[part], edge) if found["image"] else _rows(found[part], edge)
        style = "display:flex;gap:6px;flex-wrap:wrap;margin-bottom:6px"
        st.html(f"<div style='{style}' class='open-{part}'>{drawn}</div>")
    st.caption(say("Original above, redrawn below"))
    error, variance = found["error"], found["variance"]
    if not error:
        return
    times = variance / error
    if times < 1:
        st.markdown(f":orange-badge[:material/warning: {say('Please check')}]")
        st.markdown(say("Redrawn examples are further from the originals than the average example is."))
    else:
        st.markdown(f":green-badge[:material/check: {say('Reads well')}]")
        closer = say(
            "Redrawn examples are {times:.1f} times closer to the originals than the average example is.", times=times
        )
        st.markdown(closer)


def _images(urls: Sequence[str], edge: str) -> str:
    style = f"width:{IMAGE}px;height:{IMAGE}px;object-fit:contain;image-rendering:pixelated;border:2px solid {edge}"
    alt = escape(say("an example"), quote=True)
    return "".join(f"<img src='{escape(url, quote=True)}' style='{style}' alt='{alt}'>" for url in urls)


def _rows(rows: Sequence[Sequence[float]], edge: str) -> str:
    """Return rows of numbers as bars, upwards for positive ones."""
    most = max((abs(v) for row in rows for v in row), default=1.0) or 1.0
    made = []
    for row in rows:
        width = IMAGE / max(1, len(row))
        bars = "".join(
            f"<rect x='{i * width:.2f}' width='{max(width * 0.8, 0.5):.2f}' y='{min(28, 28 - 26 * v / most):.2f}' "
            f"height='{abs(26 * v / most):.2f}' fill='currentColor'/>"
            for i, v in enumerate(row)
        )
        made.append(f"<svg width='{IMAGE}' height='{IMAGE}' style='border:2px solid {edge}' role='img'>{bars}</svg>")
    return "".join(made)


def examples() -> None:
    """Draw the examples of models, within a row."""
    for name, sample in samples.MODELS.items():
        with st.container(border=True, width=230, gap="xsmall"):
            st.markdown(f"**{say(sample.title)}**")
            st.caption(say(sample.sentence))
            with st.container(horizontal=True, gap="small"):
                st.button(say("Try it"), key=f"open_try_model_{name}", on_click=opening.try_sample, args=(name,))
                st.download_button(
                    say("Download"), sample.content, sample.file, key=f"open_sample_model_{name}",
                    icon=":material/download:", on_click="ignore",
                )  # fmt: skip
