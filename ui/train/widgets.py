"""The widgets of the form, one for each field of `ui.train.spec_fields.Values`; values outlive a change of page.

The widgets' own state is the truth. Only callbacks write to it, and only what differs: to write a value again while
somebody types into the next field would take those letters back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.state import session
from ui.train import fitting
from ui.train.schedule_figure import schedule_figure
from ui.train.spec_fields import (
    CONSTANT,
    CURVES,
    FIXED,
    LABELS,
    NONE,
    SCHEDULES,
    Values,
    entry,
    parse_sizes,
    sizes_text,
    to_values,
)
from ui.words import phrase, say
from vae.spec import Spec
from vae.spec.choices import ROLES, TERMS
from vae.spec.fields import STEPS, WARM_UP, Choice, Option, Scalar, Sizes
from vae.spec.kinds import Kind
from vae.spec.schedules import Number

PREFIX = "form_"
NUMBER_WIDTH = 116  # pixels: seven digits and the two steppers
CHART = {"displayModeBar": False}
WORDS = {
    **{
        "dynamic": phrase("Dynamic"),
        "static": phrase("Static"),
        "none": phrase("None"),
        "best": phrase("Best validation objective"),
        "last": phrase("Last step"),
    },
    **{"relu": "ReLU", "leaky_relu": "Leaky ReLU", "elu": "ELU", "silu": "SiLU", "gelu": "GELU", "mish": "Mish"},
    **{"softplus": "Softplus", "tanh": "tanh", "sigmoid": "Sigmoid"},
}


def key(field: str) -> str:
    """Return the session's key of a field."""
    return PREFIX + field


def base() -> Spec:
    """Return the spec that the values were last filled from."""
    found = session.FORM_SPEC.get()
    assert found is not None  # spec_form fills it before anything is read
    return found


def fill(spec: Spec, values: Values | None = None) -> None:
    """Fill the widgets from a spec, or with other values that return to it; call it before any widget is drawn."""
    session.FORM_SPEC.set(spec)
    write(to_values(spec) if values is None else values)


def read() -> Values:
    """Return the widgets' values; an unknown kind, which only a forged message can have, is replaced."""
    usual = to_values(base())
    values = {name: session.widget(key(name), value).get() for name, value in usual.items()}
    for name, role in ROLES.items():
        if values[name] not in role.kinds and not (values[name] == NONE and role.optional):
            values[name] = usual[name]
    values["terms"] = [name for name in values["terms"] or () if name in TERMS]
    if values["condition"] not in (NONE, LABELS):
        values["condition"] = usual["condition"]
    return values


def write(values: Values) -> None:
    """Write these values into the widgets."""
    for name, value in values.items():
        session.widget(key(name)).update(value)


def followed(name: str) -> None:
    """Change the values that depend on the choice that was just made by hand."""
    write(fitting.follow(read(), name))


@dataclass(frozen=True)
class Fields:
    """Draws the widgets of fields; `locked` are entries that stay as they are, `steps` is the length of the run."""

    values: Values
    disabled: bool = False
    locked: frozenset[str] = frozenset()
    steps: int = 1

    def off(self, field: str) -> bool:
        """Return whether a field cannot be changed now."""
        return self.disabled or entry(field) in self.locked

    def _common(self, field: str) -> dict[str, Any]:
        return {"key": key(field), "disabled": self.off(field), "persist_state": "session"}

    def select(
        self,
        field: str,
        label: str,
        choices: Mapping[str, str],
        help: str,
        on_change: Callable[[str], None] | None = followed,
        **place: Any,
    ) -> None:
        """Draw a choice of one of `choices`, name -> title."""
        st.selectbox(
            label,
            list(choices),
            format_func=lambda name: choices.get(name, name),
            help=help,
            on_change=on_change,
            args=(field,) if on_change else None,
            **self._common(field),
            **place,
        )

    def role(self, role: str, offered: tuple[str, ...], title: str = "") -> Kind | None:
        """Draw the fitting kinds of a role and the chosen one's options; nothing where there is no choice."""
        label, sentence, table = ROLES[role].title, ROLES[role].sentence, ROLES[role].kinds
        if not offered:
            return None
        chosen = table.get(self.values[role])
        names = {name: say(table[name].title if name in table else phrase("None")) for name in offered}
        help = f"{say(sentence)} {say(chosen.sentence) if chosen else ''}"
        self.select(role, title or say(label), names, help)
        if chosen is not None and chosen.by_hand:
            self._options(role, chosen.options)
        return chosen

    def _options(self, role: str, options: Mapping[str, Option]) -> None:
        """Draw a kind's options: choices of words side by side, each number in a row of its own."""
        words = {name: option for name, option in options.items() if not isinstance(option, Scalar)}
        if words:
            with st.container(horizontal=True, wrap=False, gap="small"):
                for name, word in words.items():
                    self.option(f"{role}_{name}", word)
        for name, option in options.items():
            if name not in words:
                self.option(f"{role}_{name}", option)

    def option(self, field: str, option: Option) -> None:
        """Draw one option of a kind."""
        if isinstance(option, Scalar):
            self.scalar(field, option)
        elif isinstance(option, Sizes):
            self.sizes(field, option)
        elif isinstance(option, Choice):
            choices = {c: say(WORDS.get(c, c)) for c in option.choices}
            self.select(field, say(option.title), choices, say(option.sentence), None)

    def choice(self, field: str, option: Choice, offered: tuple[str, ...]) -> None:
        """Draw a choice of words from a table."""
        words = {word: say(WORDS.get(word, word)) for word in offered}
        self.words(field, say(option.title), words, say(option.sentence))

    def words(
        self,
        field: str,
        label: str,
        words: Mapping[str, str],
        help: str,
        on_change: Callable[[str], None] | None = None,
    ) -> None:
        """Draw a choice of a few words, name -> title, side by side."""
        st.segmented_control(
            label,
            list(words),
            format_func=lambda word: words.get(word, word),
            required=True,
            help=help,
            on_change=on_change,
            args=(field,) if on_change else None,
            **self._common(field),
        )

    def terms(self, offered: tuple[str, ...]) -> None:
        """Draw the terms that can be subtracted from the objective, and the weights of the chosen ones."""
        st.pills(
            say("Penalties"),
            offered,
            selection_mode="multi",
            format_func=lambda name: say(TERMS[name].title),
            help=say("Subtracted from the objective, each with its weight.")
            + "".join(f" {say(TERMS[name].title)}: {say(TERMS[name].sentence)}" for name in offered),
            **self._common("terms"),
        )
        for name in self.values["terms"]:
            for option_name, option in TERMS[name].options.items():
                if isinstance(option, Scalar):
                    self.scalar(f"terms_{name}_{option_name}", option, say(TERMS[name].title))

    def sizes(self, field: str, option: Sizes) -> None:
        """Draw a choice of usual layer sizes, and a field for any others."""
        usual = [sizes_text(sizes) for sizes in option.usual]
        mine = self.values[field]
        if field.startswith("decoder") and "widths" in field:
            usual = [sizes_text(reversed(sizes)) for sizes in option.usual]
        st.selectbox(
            say(option.title),
            usual if mine in usual else [mine, *usual],
            accept_new_options=True,
            help=say(option.sentence),
            on_change=_tidy,
            args=(field,),
            **self._common(field),
        )

    def scalar(self, field: str, scalar: Scalar, label: str = "") -> None:
        """Draw a number: its word or schedule where it may have one, then a slider with a field for any other value."""
        label, help = label or say(scalar.title), say(scalar.sentence)
        if scalar.words:
            words = {word: say(title) for word, title in {**scalar.words, FIXED: phrase("Fixed")}.items()}
            self.words(f"{field}_word", label, words, help)
            if self.values[f"{field}_word"] == FIXED:
                self._slider(field, scalar, label, bare=True)
        elif scalar.scheduled:
            shapes = {shape: say(CURVES.get(shape, shape)).capitalize() for shape in SCHEDULES}
            self.words(f"{field}_shape", label, shapes, help, followed)
            if self.values[f"{field}_shape"] == CONSTANT:
                self._slider(field, scalar, label, bare=True)
            else:
                self._schedule(field, scalar)
        elif scalar.usual:
            self._slider(field, scalar, label)
        else:
            self.number(field, scalar, label)

    def number(self, field: str, scalar: Scalar, label: str = "", placeholder: str = "", **place: Any) -> None:
        """Draw a field for a number."""
        st.number_input(
            label or say(scalar.title),
            value=None,
            step=1 if scalar.whole else _step(self.values[field]),
            format="%d" if scalar.whole else "%g",
            placeholder=placeholder or None,
            help=say(scalar.sentence) or None,
            **self._common(field),
            **place,
        )

    def pair(self, *fields: tuple[str, Scalar, str, str]) -> None:
        """Draw numbers side by side: each a field, its description, a label and what stands in it while empty."""
        with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="bottom"):
            for field, scalar, label, placeholder in fields:
                self.number(field, scalar, label, placeholder)

    def _slider(self, field: str, scalar: Scalar, label: str, bare: bool = False) -> None:
        """Draw a slider over the usual values and the present one, beside a field for any value: the two agree.

        `bare` leaves out the label, which stands above already.
        """
        value, slider = self.values[field], f"{field}_slider"
        stops = {_text(stop): stop for stop in scalar.usual}
        if scalar.problem(value) == "" and value is not None:
            stops.setdefault(_text(value), value)
            nearest = _text(value)
        else:
            finite = value if isinstance(value, int | float) and value == value else scalar.usual[0]
            nearest = min(stops, key=lambda text: abs(stops[text] - finite))
        ordered = sorted(stops, key=lambda text: stops[text])
        session.widget(key(slider)).update(nearest)

        def slid() -> None:
            chosen = stops.get(session.widget(key(slider)).get(), value)
            session.widget(key(field)).set(chosen if chosen is None or not scalar.whole else int(chosen))

        with st.container(horizontal=True, wrap=False, gap="medium", vertical_alignment="bottom"):
            st.select_slider(
                label,
                ordered,
                help=None if bare else say(scalar.sentence),
                label_visibility="collapsed" if bare else "visible",
                on_change=slid,
                **self._common(slider),
            )
            # required, so that no cross to clear it takes the place of its digits
            self.number(field, scalar, label, label_visibility="collapsed", width=NUMBER_WIDTH, required=True)

    def _schedule(self, field: str, scalar: Scalar) -> None:
        ends = Scalar("", "", 0, scalar.low, scalar.high)
        self.pair((f"{field}_start", ends, say("Start"), ""), (f"{field}_stop", ends, say("Stop"), ""))
        self.pair(
            (f"{field}_steps", STEPS, "", say("{count:,}, all", count=self.steps)), (f"{field}_warmup", WARM_UP, "", "")
        )

    def drawn(self, field: str, title: str, number: Number, hue: str) -> None:
        """Draw the fields of a number's schedule."""
        st.plotly_chart(
            schedule_figure(title, number, self.steps, hue),
            key=key(f"{field}_figure"),
            config=CHART,
            alt=say("{title} over the {steps:,} steps of the run.", title=title, steps=self.steps),
        )


def _tidy(field: str) -> None:
    """Write typed layer sizes in the usual form; unreadable text stays, so that it can be corrected."""
    typed = session.widget(key(field))
    sizes = parse_sizes(typed.get() or "")
    typed.set(sizes_text(sizes) if isinstance(sizes, list) else sizes)


def _text(value: float) -> str:
    return f"{value:,g}" if abs(value) < 1e6 else f"{value:.3g}"


def _step(value: Any) -> float:
    """Return the step of a number field that suits the number's size."""
    size = abs(value) if isinstance(value, int | float) and value == value else 0
    return next((10.0**power for power in range(-6, 4) if size < 10.0 ** (power + 1)), 1e4) if size else 0.01
