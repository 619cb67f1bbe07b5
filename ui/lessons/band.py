"""The band between head and page in which a lesson is played: a question, a prediction, what to do, and the reveal."""

import streamlit as st

from ui.lessons import form
from ui.lessons.form import Lesson, LessonError, Step
from ui.shared import messages
from ui.shared.navigation import BY_NAME, Page
from ui.state import address, session
from ui.state.field import keep
from ui.state.permalink import FIELDS, LESSON, NOTES, STEP
from ui.state.subject import Subject
from ui.words import say

FOLLOWING = (LESSON.name, STEP.name, NOTES.name)  # what stays in the address from step to step
UNSURE = -1  # the choice "Not sure: show me"
LETTERS = "ABCDEFGH"


def current() -> tuple[Lesson, int] | None:
    """Return the lesson of the address and the number of its step; None without one. Raises LessonError."""
    name = LESSON.value(Subject())[0]
    if not name:
        return None
    lesson = form.read(name)
    return lesson, lesson.place(STEP.value(Subject())[0])


def enter() -> None:
    """Forget what an earlier step has left, when another one begins: its link says all that is shown."""
    try:
        found = current()
    except LessonError:
        return
    here = "" if found is None else f"{found[0].lesson}/{found[0].steps[found[1]].id}"
    if here and here != session.LESSON_STEP.get():
        link = found[0].steps[found[1]].link if found else {}
        for one in FIELDS:
            if one.name not in link and one.name not in FOLLOWING and address.get(one.name) is None:
                session.remembered(one.name).forget()
    session.LESSON_STEP.set(here)


def band(page: Page) -> None:
    """Draw the lesson's step, if the address names a lesson."""
    try:
        found = current()
    except LessonError as error:
        messages.problem(str(error))
        return
    if found is None:
        return
    lesson, k = found
    keep({LESSON: lesson.lesson, STEP: lesson.steps[k].id}, Subject())
    with st.container(border=True, gap="xsmall", key="lesson"):
        _head(lesson, k)
        step = lesson.steps[k]
        if page.name != step.page:
            st.caption(say("This step is on the page {page}.", page=say(BY_NAME[step.page].title)))
        _prediction(lesson, step)
        if NOTES.value(Subject())[0]:
            _notes(step)


def _head(lesson: Lesson, k: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        text = say(
            "**Lesson: {title}** · step {step} of {steps} · minute {minute:g} of {minutes:g}",
            title=messages.plain(lesson.title),
            step=k + 1,
            steps=len(lesson.steps),
            minute=lesson.steps[k].at,
            minutes=lesson.minutes,
        )
        st.caption(f":material/school: {text}", width="stretch")
        _turn(lesson, k)
        st.button(say("Leave"), icon=":material/close:", key="lesson_leave", type="tertiary", on_click=_leave)


def _leave() -> None:
    keep({LESSON: "", STEP: "", NOTES: False}, Subject())
    session.LESSON_STEP.forget()


def _prediction(lesson: Lesson, step: Step) -> None:
    """Offer the choices; after one was made, show which is right, why the chosen one is not, and the reveal."""
    answers = session.LESSON_ANSWERS.kept()
    place = f"{lesson.lesson}/{step.id}"
    chosen = answers.get(place)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{step.ask}**", width="stretch")
        if chosen is None:
            for i, choice in enumerate(step.choices):
                st.button(
                    f"**{LETTERS[i]}** {choice.text}", key=f"lesson_choice_{i}", on_click=_choose, args=(place, i),
                    help=say("Choose before you try it. Nothing is graded."),
                )  # fmt: skip
            st.button(
                say("Not sure: show me"), key="lesson_unsure", type="tertiary", on_click=_choose, args=(place, UNSURE)
            )
            return
        st.button(say("Choose again"), key="lesson_again", type="tertiary", on_click=_choose, args=(place, None))
    right = next(i for i, choice in enumerate(step.choices) if choice.right)
    st.markdown(f":green-badge[:material/check: {LETTERS[right]}] {step.choices[right].text}")
    if chosen not in (right, UNSURE):
        st.markdown(
            say(
                "You chose {letter}. :gray[The idea behind it: {idea}]",
                letter=LETTERS[chosen],
                idea=step.choices[chosen].misconception,
            )
        )
    st.markdown(f":material/touch_app: **{say('Try it:')}** {step.do}")
    st.markdown(step.revealed())


def _choose(place: str, answer: int | None) -> None:
    answers = session.LESSON_ANSWERS.kept()
    if answer is None:
        answers.pop(place, None)
    else:
        answers[place] = answer


def link(lesson: Lesson, step: Step, label: str, icon: str, notes: bool = False) -> None:
    """Draw a link that opens a step: its page with all that its link says."""
    query = dict(step.link) | {LESSON.name: lesson.lesson, STEP.name: step.id} | ({NOTES.name: "1"} if notes else {})
    st.page_link(BY_NAME[step.page].script, label=label, icon=icon, query_params=query)


def _turn(lesson: Lesson, k: int) -> None:
    notes = NOTES.value(Subject())[0]
    if k:
        link(lesson, lesson.steps[k - 1], say("Back"), ":material/arrow_back:", notes)
    link(lesson, lesson.steps[k], say("This step's view"), ":material/restart_alt:", notes)
    if k + 1 < len(lesson.steps):
        link(lesson, lesson.steps[k + 1], say("Next"), ":material/arrow_forward:", notes)


def _notes(step: Step) -> None:
    """Show what only the teacher sees."""
    said = {
        say("View."): step.view,
        say("Say."): step.note.say,
        say("Usual mistakes."): step.note.goes_wrong,
        say("Ask next."): step.note.ask_next,
    }
    with st.expander(say("Teacher's notes"), icon=":material/co_present:"):
        st.markdown("  \n".join(f"**{title}** {text}" for title, text in said.items()))


def offer() -> None:
    """Offer all lessons of this machine."""
    with st.popover(say("Lessons"), key="lessons_popover"):
        for name in form.names():
            try:
                lesson = form.read(name)
            except LessonError as error:
                st.caption(messages.sentence(error))
            else:
                label = say("{title} ({minutes:g} min)", title=lesson.title, minutes=lesson.minutes)
                link(lesson, lesson.steps[0], label, ":material/school:")
                st.caption(messages.plain(lesson.audience))
