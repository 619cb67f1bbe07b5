"""Train a sweep, on the Train page for experts: what of the form's settings is varied, how often, and what it takes."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.shared import library, messages
from ui.state import notices, session, visitor
from ui.state.view import watch
from ui.train import form
from ui.train.form import Form
from ui.words import say, say_n
from vae import jobs
from vae.data import DataError
from vae.jobs import embedded, grouped
from vae.runs import RunError, forecast, sweep
from vae.runs.forecast import Forecast
from vae.runs.sweep import SEEDS, Sweep
from vae.spec import Spec, SpecError, varied
from vae.spec.fields import Choice, Option, Sizes
from vae.spec.varied import KIND, VARIED

MOST_VARIED = 4
SUGGESTED = 3  # values that an empty field shows


def offer(made: Form) -> None:
    """Draw the part below the form, which opens; without valid settings there is nothing to vary."""
    part = st.expander(say("Train a sweep"), icon=":material/stacks:", key="sweep", on_change="rerun")
    if not part.open:
        return
    with part:
        if made.spec is None:
            st.caption(say("Correct the settings above first: a sweep varies them."))
            return
        _controls(made.spec)


def _controls(spec: Spec) -> None:
    st.caption(say("Trains the settings above with every combination of these values, as one group in the queue."))
    st.multiselect(
        say("Vary"), _offered(spec), format_func=_title, max_selections=MOST_VARIED, key="sweep_fields",
        placeholder=say("Only the seeds"),
    )  # fmt: skip
    names = [name for name in session.widget("sweep_fields", []).get() if name in _offered(spec)]
    for name in names:
        st.text_input(
            say("Values of {name}", name=name), key=f"sweep_values_{name}", placeholder=_suggested(name),
            help=say("Values with commas between them; layer sizes with dashes, such as 256-128, 64."),
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            say("Seeds"), 1, sweep.MOST_RUNS, SEEDS.default, key="sweep_seeds", width=110,
            help=say("Each setting is trained so often, with other initial weights, order and noise."),
        )  # fmt: skip
        st.text_input(say("Name of the group"), key="sweep_name", placeholder=say("Chosen for you"), width="stretch")
    st.toggle(
        say("Stop what cannot win"), key="sweep_stop",
        help=say("After a quarter and after half of its steps a run stops if its validation bound is not in the better "
                 "half of those with the same seed that came so far."),
    )  # fmt: skip
    vary = _typed(names)
    planned, problem = _planned(spec, vary) if all(vary.values()) else (None, "")
    if planned is not None:
        _estimate(planned)
    elif problem:
        messages.failure(problem)
    else:
        st.caption(say("Type the values of each."))
    count = len(planned.members) if planned else 0
    label = say_n("Queue {n} run", "Queue {n} runs", count) if planned else say("Queue the runs")
    st.button(
        label, key="sweep_queue", icon=":material/playlist_add:", on_click=_queue, args=(planned,),
        disabled=planned is None,
    )  # fmt: skip


def _offered(spec: Spec) -> list[str]:
    """Return the dotted names that these settings have, the numbers first and the kinds last."""
    here = varied.flat(spec)
    return sorted((name for name in VARIED if name in here), key=lambda name: name.endswith(f".{KIND}"))


def _title(name: str) -> str:
    return f"{say(VARIED[name][0].title)} · {name}"


def _suggested(name: str) -> str:
    """Return some values of an entry as they are typed."""
    return ", ".join(varied.written(value) for value in _usual(VARIED[name][0])[:SUGGESTED])


def _usual(option: Option) -> list[Any]:
    if isinstance(option, Choice):
        return list(option.choices)
    if isinstance(option, Sizes):
        return list(option.usual)
    return list(getattr(option, "usual", ()))


def _typed(names: list[str]) -> Mapping[str, list[Any]]:
    """Return the typed values by dotted name, empty where none is typed yet."""
    texts = {name: str(session.widget(f"sweep_values_{name}").get() or "") for name in names}
    return {name: [varied.read(name, word) for word in text.split(",") if word.strip()] for name, text in texts.items()}


def _planned(spec: Spec, vary: Mapping[str, list[Any]]) -> tuple[Sweep | None, str]:
    """Return the sweep of the controls, or None and why there is none."""
    seeds, name = session.widget("sweep_seeds", SEEDS.default).get(), session.widget("sweep_name").get()
    stop = bool(session.widget("sweep_stop", False).get())
    try:
        return sweep.plan(spec, vary, seeds, str(name or "").strip(), stop), ""
    except (SpecError, DataError, RunError) as error:
        return None, str(error)


def _estimate(planned: Sweep) -> None:
    expected: Forecast = forecast.forecast(planned.specs, jobs.executor().resources().slots, embedded.threads())
    st.markdown(
        say(
            "**About {time} here** :gray[:small[· {runs} · at most {megabytes} MB on the disk]]",
            time=form.duration(expected.seconds),
            runs=say_n("{n} run", "{n} runs", expected.runs),
            megabytes=f"{expected.size / 1e6:,.1f}",
        ),
        help=say("When nothing else trains. Validation, saving and queueing are not included."),
    )


def _queue(planned: Sweep) -> None:
    """Make and queue the group; a refusal makes nothing and is shown."""
    try:
        made = grouped.queue(planned, visitor.require())
    except (RunError, SpecError, DataError, OSError) as error:
        notices.add(str(error))
        return
    session.widget("sweep_name").set("")
    library.forget()
    watch(made[0].name)
    notices.add(
        say_n("{n} run of the group {name} waits in the queue.", "{n} runs of the group {name} wait in the queue.",
              len(made), name=planned.name),
        "success",
    )  # fmt: skip
