"""What is said of a model that cannot be opened, and of one that leaves a choice."""

from collections.abc import Sequence


class OpenError(Exception):
    """A model that cannot be opened; the message says what, why and what to do."""


class ChoiceNeededError(OpenError):
    """A model that leaves a choice: give one of `candidates` as the option `option`."""

    def __init__(self, text: str, option: str, candidates: Sequence[str]) -> None:
        super().__init__(text)
        self.option, self.candidates = option, tuple(candidates)
