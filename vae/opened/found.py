"""One thing that was found out about a model: its value, how sure it is, who says so, and what else it could be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DATA, FILE, ONLY, ANSWER = "the data", "the file", "nothing else fits", "you"

ANSWERS = {
    "layout": "How the model wants the axes: NCHW, NHWC, flat.",
    "input": "The range that the model takes: unit, symmetric, bytes, standardised, or a table's units or columns.",
    "output": "What the decoder gives: unit, logits, symmetric, bytes, standardised.",
    "mean": "Which output is the mean of q(z|x): first or second.",
    "second": "What the second output is: sigma, 'log sigma', variance or 'log variance'.",
    "likelihood": "What it was trained with: bernoulli or normal.",
    "scale": "The σ of a Normal likelihood, in the units of the data as they are kept.",
    "beta": "The weight of the rate that it was trained with.",
}


@dataclass(frozen=True)
class Found:
    """An answer. `choices` are all values with their titles, {} for a number; `margin` is how many times worse the
    next one fits, None where that is not measured; `ask`: please confirm it, since the margin is thin.
    """

    name: str
    title: str
    value: str
    choices: Mapping[str, str] = field(default_factory=dict)
    margin: float | None = None
    confirmed_by: str = ""
    ask: bool = False
    sentence: str = ""

    @property
    def shown(self) -> str:
        """The value in words."""
        return self.choices.get(self.value, self.value)

    @property
    def bar(self) -> str:
        """The margin in words."""
        if self.confirmed_by == ANSWER:
            return "your choice"
        if not self.choices and self.confirmed_by == DATA:
            return self.sentence + (": please check" if self.ask else "")
        if self.margin is not None:
            times = f"{min(self.margin, 999):.1f}× better"
            return f"{times}: please check" if self.ask else times
        if self.ask:
            return "cannot be measured"
        return {FILE: "the file says so", ONLY: "nothing else fits"}.get(self.confirmed_by, "")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name, "title": self.title, "value": self.value, "shown": self.shown,
            "choices": dict(self.choices), "margin": self.margin, "confirmed_by": self.confirmed_by, "ask": self.ask,
            "sentence": self.sentence, "bar": self.bar,
        }  # fmt: skip
