"""The Train page's left side: the run that is watched, what it does now, and the buttons that steer it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.models import managing
from ui.models.owned import WORDS, own, recorded
from ui.shared import library, messages, navigation
from ui.shared.fragments import fragment
from ui.state import mode, notices, session, visitor
from ui.state.view import set_compared, set_model, view, watch, watched
from ui.train import form
from ui.train.film import film
from ui.words import phrase, say, say_n
from vae import jobs, runs
from vae.data import DataError
from vae.jobs import JobState
from vae.runs import Run, RunError, control, status
from vae.runs.control import HIGHEST_RATE, ControlError
from vae.spec import SpecError

BUSY = frozenset({"queued", "starting", "running", "finishing"})
POLL_SECONDS, WAIT_SECONDS = 0.5, 1.0
MOST_OFFERED = 12  # models to compare a trained one with


def chosen() -> Run | None:
    """Return the run that the URL names, else this visitor's newest that has not ended, else the model of the chip."""
    if name := watched():
        try:
            found = library.open_run(name)
            session.WATCHED.set(name)
            return found
        except RunError as error:
            # of a run that this session has shown it is known that there was one
            _deleted() if session.WATCHED.get() == name else messages.problem(str(error))
    unfinished = [run for run in own() if not status.current(run.path).ended]
    shown = view()
    return next(iter(unfinished), None if shown is None else shown.run)


def _deleted() -> None:
    st.info(say("This run was deleted. Choose another run or train a new one."), icon=":material/delete:")


def choose(name: str) -> None:
    """Watch another run; a finished one is also the model of every page."""
    watch(name)
    if any(run.name == name for run in [*library.usable(), *library.examples()]):
        set_model(name)


def _guarded(action: Callable[..., None]) -> Callable[..., None]:
    """Return a callback of a run's owner that saves the reason of a failure for the page."""

    def act(run: Run, *arguments: Any) -> None:
        try:
            visitor.require_mine(run)
            action(run, *arguments)
        except (RunError, SpecError, DataError, ControlError, OSError) as error:
            notices.add(str(error))

    return act


@_guarded
def play(run: Run, steps: int | None = None) -> None:
    """Resume a run, for a number of steps if given."""
    until = None if steps is None else status.current(run.path).step + steps
    jobs.play(run.path, visitor.me(), until=until)


@_guarded
def pause(run: Run) -> None:
    """Pause a run."""
    jobs.pause(run.path)


@_guarded
def stop(run: Run) -> None:
    """Stop a run, and measure it."""
    jobs.executor().stop(run.path)


@_guarded
def slower(run: Run, rate: float) -> None:
    """Resume from the last good weights with another learning rate."""
    control.ask(run.path, learning_rate=rate)
    jobs.play(run.path, visitor.me())


@_guarded
def set_rate(run: Run) -> None:
    """Change the learning rate while it trains."""
    control.ask(run.path, learning_rate=float(session.widget("train_rate").get()))


def branch_from(run: Run) -> None:
    """Turn the form into that of a branch of this run."""
    use_settings(run)
    session.BRANCH.set(run.name)
    notices.ask_redraw()


def use_settings(run: Run) -> None:
    """Fill the form from this run's settings."""
    session.BRANCH.forget()
    try:
        form.seed(run.spec)
    except (SpecError, DataError) as error:
        notices.add(str(error))


def chooser(run: Run) -> None:
    """Offer this visitor's runs and the recorded ones."""
    options = {r.name: r for r in [*own(), *recorded(), run]}

    def label(name: str) -> str:
        # nothing that changes by itself: the browser answers with the label that it knows
        found = options[name]
        if visitor.mine(found):
            return library.title(found)
        whose = say("recorded") if runs.is_shipped(found) else say("another visitor's")
        return f"{library.title(found)} · {whose}"

    session.widget("train_run").set(run.name)
    st.selectbox(
        say("Run"),
        list(options),
        format_func=label,
        key="train_run",
        on_change=lambda: choose(session.widget("train_run").get()),
        label_visibility="collapsed",
    )


def _activity(job: JobState) -> str:
    """Return how often a run is redrawn: "busy" (often), "waiting" (seldom) or "resting" (never)."""
    now = job.status.state
    return "busy" if now in BUSY else "waiting" if now in ("paused", "interrupted") else "resting"


def watching(run: Run) -> None:
    """Show the run, and redraw it while it trains."""
    activity = _activity(jobs.executor().state(run.path))
    every = {"busy": POLL_SECONDS, "waiting": WAIT_SECONDS, "resting": None}[activity]
    fragment(_watch, run_every=every)(run.path, activity)


def _watch(path: Any, activity: str) -> None:
    try:
        run = Run(path)
        run.spec  # noqa: B018 -- reading is the check
    except RunError:
        _deleted()
        return
    job = jobs.executor().state(run.path)
    if _activity(job) != activity:
        library.forget()
        if activity == "busy" and job.status.ended and visitor.mine(run) and (run.path / "codes.npz").is_file():
            set_model(run.name)  # what was just trained is what the other pages show
        st.rerun()  # another rhythm needs another fragment, and the lists say something new
    # what comes and goes has a place of its own: an element more before the film would mount it again
    with st.container(gap="small", key="train_head"):
        messages.notice(notices.take())
        _headline(run, job)
        _trouble(run, job)
    film(run, key="film", live=job.status.state in BUSY)
    if visitor.mine(run):
        _steering(run, job)
    elif not runs.is_shipped(run):
        st.caption(say("This run belongs to another visitor. You can watch it and start from its settings."))


def _headline(run: Run, job: JobState) -> None:
    """Draw one line on the run: its name, status and progress; the bar is always there, so that no button moves."""
    now = job.status
    word, hue = WORDS[now.state]
    if not visitor.mine(run) and runs.is_shipped(run):
        word, hue = phrase("Recorded"), "gray"
    facts = []
    if now.total:
        epochs = run.spec.epochs
        facts.append(say("step {step:,} of {all:,}", step=now.step, all=now.total))
        facts.append(say("epoch {epoch:,} of {all:,}", epoch=min(now.epoch + 1, epochs), all=epochs))
    if now.state == "running" and now.remaining is not None:
        facts.append(say("{duration} left", duration=form.duration(now.remaining)))
    if now.state == "queued":
        facts.append(_turn(job))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="train_headline"):
        st.badge(say(word), color=hue)  # type: ignore[arg-type]
        st.markdown(f"**{messages.plain(library.title(run))}** " + " · ".join(facts), width="stretch")
        if (now.ended or runs.is_shipped(run)) and (run.path / "codes.npz").is_file():
            _afterwards(run)
    st.progress(min(1.0, now.step / now.total) if now.total else float(now.ended or runs.is_shipped(run)))


def _afterwards(run: Run) -> None:
    """Offer what can be done with a run that has been trained."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="train_afterwards"
    ):
        for page, label, key in (
            ("explore", say("Explore it"), "explore_it"), ("diagnose", say("Diagnose it"), "diagnose_it")
        ):  # fmt: skip
            if st.button(label, key=key, type="primary" if page == "explore" else "secondary"):
                set_model(run.name)
                navigation.switch(page)
        others = {r.name: library.title(r) for r in library.usable() if r.name != run.name}
        with st.popover(say("Compare with …"), key="compare_with"):
            for name, title in list(others.items())[:MOST_OFFERED]:
                if st.button(messages.plain(title), key=f"compare_with_{name}", type="tertiary"):
                    set_model(run.name)
                    set_compared([run.name, name])
                    navigation.switch("compare")


def _turn(job: JobState) -> str:
    """Show what a waiting run waits for."""
    about = f" (~{form.duration(job.wait)})" if job.wait else ""
    if job.ahead == 0:
        return say("next in the queue") + about
    return say_n("{n} run ahead of it", "{n} runs ahead of it", job.ahead) + about


def _trouble(run: Run, job: JobState) -> None:
    """Show why a run has failed, and offer remedies."""
    now = job.status
    if now.state == "failed":
        st.error(messages.sentence(now.message or phrase("Training ended with an error.")), icon=":material/error:")
    elif now.state == "interrupted":
        st.warning(
            messages.sentence(
                now.message or phrase("The training process ended unexpectedly. The last checkpoint is kept.")
            )
        )
    elif now.message and now.state != "finishing":
        st.caption(messages.sentence(now.message))
    if now.state not in ("failed", "interrupted") or not visitor.mine(run):
        return
    with st.container(horizontal=True, gap="small"):
        if now.problem == "diverged" and now.learning_rate:
            rate = float(f"{now.learning_rate / 3:.2g}")
            label = say("Resume at learning rate {rate:g}", rate=rate)
            st.button(label, type="primary", on_click=slower, args=(run, rate))
        elif run.checkpoint is not None:
            st.button(say("Resume"), type="primary", icon=":material/play_arrow:", on_click=play, args=(run,))
        if run.checkpoint is not None:
            st.button(
                say("Finish with the last checkpoint"),
                on_click=stop,
                args=(run,),
                help=say("Encode the test images and evaluate the model."),
            )


def _rate(run: Run) -> float:
    """Return the learning rate that a run has now."""
    now = status.read(run.path)
    if now is not None and now.learning_rate is not None:
        return now.learning_rate
    rate = run.spec.learning_rate
    return float(rate if isinstance(rate, (int, float)) else rate["start"])


def _steering(run: Run, job: JobState) -> None:
    """Draw the buttons under the film."""
    now = job.status
    over = now.state in ("done", "stopped", "failed", "interrupted", "finishing")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="train_steering"):
        if now.state in ("running", "starting", "queued"):
            st.button(say("Pause"), key="pause", icon=":material/pause:", type="primary", on_click=pause, args=(run,),
                      shortcut="p", disabled=now.state == "queued")  # fmt: skip
        else:
            more = now.state == "stopped" and now.step < now.total
            st.button(say("Resume"), key="go_on", icon=":material/play_arrow:", type="primary", on_click=play,
                      args=(run,), shortcut="p", disabled=over and not more)  # fmt: skip
        paused = now.state == "paused"
        left = now.per_epoch - now.step % now.per_epoch if now.per_epoch else 1
        if mode.expert():
            st.button(say("Step"), key="step", icon=":material/skip_next:", on_click=play, args=(run, 1),
                      disabled=not paused)  # fmt: skip
            st.button(say("Epoch"), key="epoch", icon=":material/fast_forward:", on_click=play, args=(run, left),
                      disabled=not paused)  # fmt: skip
        st.button(say("Stop"), key="stop", icon=":material/stop:", on_click=stop, args=(run,), disabled=over)
        if mode.expert():
            _rate_popover(run, over)
            st.button(
                say("Branch"), key="branch", icon=":material/fork_right:", on_click=branch_from, args=(run,),
                disabled=run.checkpoint is None,
                help=say("Copy this run and continue training with changed settings."),
            )  # fmt: skip
        managing.popover(run)


def _rate_popover(run: Run, over: bool) -> None:
    with st.popover(say("Learning rate"), icon=":material/speed:", disabled=over, key="rate_popover"):
        now = say("Now {rate:.3g}.", rate=_rate(run))
        st.caption(f"{now} {say('A change takes effect at the next step and stays when the run resumes.')}")
        st.number_input(
            say("Learning rate"), 0.0, HIGHEST_RATE, _rate(run), format="%.2g", step=1e-4, key="train_rate",
            help=say("0 restores the learning rate of the settings."),
        )  # fmt: skip
        st.button(say("Apply"), key="use_rate", on_click=set_rate, args=(run,))
