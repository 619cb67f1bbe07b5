"""A group of runs on the Compare page, for experts: mean and spread over seeds, and whether one setting is better."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from ui.models import table as tables
from ui.models.group_choice import chosen_group
from ui.shared import asking, library, messages
from ui.shared.fragments import fragment
from ui.words import phrase, say, say_n
from vae.answers import compare, pool
from vae.answers.compare import Scores
from vae.answers.pool import Answer
from vae.data import DataError
from vae.runs import RunError, contest, table
from vae.runs.contest import Better, Setting
from vae.runs.student import LEVEL, Mean
from vae.runs.table import Row
from vae.spec import SpecError
from vae.spec.varied import written

ELBO, DISTORTION = "elbo", "distortion"
VERDICTS = {
    "a": phrase("**{a} is better than {b}**, for other test images and for other trainings."),
    "b": phrase("**{b} is better than {a}**, for other test images and for other trainings."),
    "models": phrase(
        "**These very models differ on the test images**, but the seeds do not say that another training would. Train "
        "more seeds."
    ),
    "": phrase("**Undecided**: other test images could turn the difference."),
}


def group() -> None:
    """Draw the part that compares the settings of a group; without a group there is none."""
    opened = chosen_group(
        say("Settings of a group, over seeds"), ":material/stacks:", "compare_group", choice="compare_group_name"
    )
    if opened is None:
        return
    part, name = opened
    with part:
        rows = table.chosen(tables.rows(), name)
        numbers = table.metrics(rows)
        if not numbers:
            st.caption(say("No run of this group has numbers yet."))
            return
        number = st.selectbox(say("Number"), numbers, key="compare_group_number")
        found = contest.settings(rows, number)
        _means(found, number)
        _question(found, name)


def title(setting: Setting) -> str:
    """Return a setting's values in words."""
    words = [f"{name} = {written(value)}" for name, value in setting.values.items()]
    return ", ".join(words) or say("all runs")


def interval(mean: Mean, sign: str = "") -> str:
    """Return a mean with its t interval; a single value has none."""
    text = f"{mean.value:{sign}.2f}"
    if np.isfinite(mean.low):
        text += f" [{mean.low:{sign}.2f}, {mean.high:{sign}.2f}]"
    return text.replace("-", "−")


def _means(found: Sequence[Setting], number: str) -> None:
    units = next((one.numbers[number].units for setting in found for one in setting.rows), "nats")
    head = [
        say("setting"), f"{number}, {messages.plain(units)}", say("spread over seeds"), say("seeds"),
    ]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for setting in found:
        mean = setting.mean
        cells = ["–", "–", "0"]
        if mean is not None:
            spread = f"{mean.sd:.2f}" if np.isfinite(mean.sd) else "–"
            cells = [messages.plain(interval(mean)), spread, str(mean.n)]
        if setting.left_out:
            cells[-1] += " " + say_n("({n} not finished)", "({n} not finished)", setting.left_out)
        lines.append("| " + " | ".join([messages.plain(title(setting)), *cells]) + " |")
    st.markdown("\n".join(lines))
    st.caption(
        say("Means over the seeds with the {level} interval of Student's t, and the standard deviation from one "
            "training to the next. Runs that were stopped early do not count.", level=f"{LEVEL:.0%}")
    )  # fmt: skip


def _question(found: Sequence[Setting], group: str) -> None:
    """Ask for two settings, and answer whether one is better."""
    ready = {title(setting): setting for setting in found if setting.rows}
    if len(ready) < 2:
        return
    st.markdown("**" + say("Is A better than B?") + "**")
    with st.container(horizontal=True, gap="small"):
        # another group has other choices, so it has widgets of its own
        a = st.selectbox("A", list(ready), key=f"compare_a_{group}")
        b = st.selectbox("B", [other for other in ready if other != a], key=f"compare_b_{group}")
    _answered(ready[a], ready[b])


def _ask(setting: Setting) -> dict[int, Answer[Scores]]:
    """Return the pool's answers by seed. Each is asked for once a session and state of the run."""
    return {
        one.run.spec.seed: asking.once(
            f"scores {one.run.path}", library.stamp(one.run.path), partial(pool.ask, compare.scores, one.run.path)
        )
        for one in setting.rows
    }


def _answered(a: Setting, b: Setting) -> None:
    """Show the answer once all images are evaluated, or why there is none."""
    if why := _unlike(a.rows[0], b.rows[0]):
        st.caption(why)
        return
    asked = [_ask(a), _ask(b)]
    if all(answer.done for answers in asked for answer in answers.values()):
        _answer(a, b, asked)
    else:
        _following(a, b)


@partial(fragment, run_every=0.5)
def _following(a: Setting, b: Setting) -> None:
    asked = [answer for setting in (a, b) for answer in _ask(setting).values()]
    done = sum(answer.done for answer in asked)
    if done == len(asked):
        st.rerun()
    st.caption(say("Evaluating every image of {n} models: {done} done …", n=len(asked), done=done))


def _unlike(one: Row, other: Row) -> str:
    """Return why the nats of two settings cannot be compared, or ""."""
    a, b = one.run.spec, other.run.spec
    if (a.data, a.shape, a.binarisation) != (b.data, b.shape, b.binarisation):
        return say("The settings have other data or pixels, so their nats cannot be compared.")
    if a.likelihood["kind"] != b.likelihood["kind"]:
        return say("The settings have another kind of likelihood, so their nats cannot be compared.")
    return ""


def _answer(a: Setting, b: Setting, asked: Sequence[dict[int, Answer[Scores]]]) -> None:
    try:
        scores = [{seed: answer.result() for seed, answer in answers.items()} for answers in asked]
        both = all(found.elbo is not None for values in scores for found in values.values())
        first, second = ({seed: _value(found, both) for seed, found in values.items()} for values in scores)
        found = contest.better(first, second)
    except (RunError, DataError, SpecError) as error:
        messages.failure(error)
        return
    _show(a, b, found, "ELBO" if both else say("−distortion"))


def _value(found: Scores, both: bool) -> Any:
    """Return what is compared [N], higher is better: the ELBO, or −distortion where one has no bound."""
    return found.elbo if both else -found.distortion


def _show(a: Setting, b: Setting, found: Better, quantity: str) -> None:
    names = {"a": messages.plain(title(a)), "b": messages.plain(title(b))}
    st.markdown(say(VERDICTS[found.verdict], **names))
    head = [say("difference A − B, paired"), f"{quantity}, nats", say("standard error"), say("pairs"), "p"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for label, mean in ((say("over test images"), found.images), (say("over seeds"), found.seeds)):
        known = np.isfinite(mean.se)
        cells = [f"{mean.se:.3f}" if known else "–", f"{mean.n:,}", f"{mean.p:.2g}" if known else "–"]
        lines.append(f"| {label} | {messages.plain(interval(mean, '+'))} | " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    st.caption(
        say("Over test images: the difference of each image, its mean over the seeds, for these very models. Over "
            "seeds: one difference for each seed that both were trained with (Student's t). A is better if both "
            "intervals lie on the same side of 0.")
    )  # fmt: skip
