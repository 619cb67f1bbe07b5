"""A table's columns by their use: numbers, words, the label, the split, or left out with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vae.data.columns import UNIT
from vae.data.own import limits
from vae.data.own.cells import distinct, is_number, is_text, numbers
from vae.data.own.content import Choice
from vae.data.own.splits_given import UNKNOWN, of_word

if TYPE_CHECKING:
    import pyarrow as pa

NUMBER, WORDS, LABEL, SPLIT, OUT = "number", "words", "label", "split", "out"
USES = {
    NUMBER: "numbers, standardised",
    WORDS: "words, a column of 0 and 1 for each",
    LABEL: "the label",
    SPLIT: "the split",
    OUT: "left out",
}
LABELS = (
    "label",
    "labels",
    "y",
    "target",
    "targets",
    "class",
    "classes",
    "digit",
    "species",
    "category",
    "variety",
    "kind",
)
INDICES = ("", "id", "index", "idx", "unnamed: 0", "__index_level_0__", "row", "column 1")
SPLIT_NAMES = ("split", "part", "partition", "set", "subset", "fold")
WRONG = 0.05  # share of cells up to which words in a column of numbers count as missing
FEW = 20  # different whole numbers up to which a column can be the label


@dataclass(frozen=True)
class Use:
    """What a column is used for, what else it can be used for, and why; `words` are its different words, if few.

    `constant` says that every row has the same number.
    """

    name: str
    use: str
    uses: tuple[str, ...]
    reason: str
    words: tuple[str, ...] = ()
    margin: float | None = None
    constant: bool = False

    @property
    def choice_name(self) -> str:
        """The name of its choice."""
        return f"column:{self.name}"

    def choice(self) -> Choice:
        """Return it as a choice that can be corrected."""
        return Choice(
            self.choice_name, self.name, self.use, {use: USES[use] for use in self.uses}, self.margin, self.reason
        )


def unit(name: str) -> tuple[str, str]:
    """Return a column's name without its unit, and the unit: "mass (kg)" is in kg."""
    found = UNIT.search(name)
    return (UNIT.sub("", name) or name, found[1]) if found else (name, "")


def _of(name: str, column: "pa.ChunkedArray", decimal: str) -> Use:
    """Return what a column looks like, without regard to the others."""
    few = distinct(column, limits.CLASSES)
    if few is not None and not few:
        return Use(name, OUT, (OUT,), "every cell is empty")
    if not is_number(column.type) and not is_text(column.type) and few is None:
        return Use(name, OUT, (OUT,), f"it holds {column.type}")
    if is_number(column.type) or is_text(column.type):
        values, wrong = numbers(column, decimal)
        known = np.isfinite(values)
        if wrong.sum() <= WRONG * (wrong.sum() + known.sum()) and known.any():
            return _number(name, values, int(wrong.sum()), few)
    if few is None:
        return Use(name, OUT, (OUT,), f"it has more than {limits.CLASSES:,} different words, such as names")
    if len(few) == 1:
        return Use(name, OUT, (OUT,), f"every row says “{few[0][:30]}”")
    if all(of_word(word) != UNKNOWN for word in few) and name.lower() in SPLIT_NAMES:
        return Use(name, SPLIT, (SPLIT, OUT), "it names the splits", few)
    if len(few) <= limits.WORDS:
        return Use(name, WORDS, (WORDS, LABEL, OUT), f"{len(few)} different words: {', '.join(few[:4])[:60]}", few)
    return Use(name, OUT, (OUT, LABEL), f"{len(few):,} different words would be as many columns", few)


def _number(name: str, values: "np.ndarray", wrong: int, few: tuple[str, ...] | None) -> Use:
    known = values[np.isfinite(values)]
    whole = bool((known == np.round(known)).all())
    reason = f"{known.min():g} to {known.max():g}"
    empty = len(values) - len(known) - wrong
    if empty:
        reason = f"{reason}; {empty:,} cells are empty"
    if wrong:
        reason = f"{reason}; {wrong:,} cells are no numbers and count as missing"
    if known.min() == known.max():
        return Use(name, OUT, (OUT, NUMBER), f"every row has {known[0]:g}", constant=not empty + wrong)
    rows = len(known) == len(values) and whole and (np.diff(known) == 1).all()
    if rows and name.lower() in INDICES:
        return Use(name, OUT, (OUT, NUMBER), "it counts the rows")
    other = (NUMBER, *((WORDS,) if few and len(few) <= limits.WORDS else ()), *((LABEL,) if few and whole else ()), OUT)
    return Use(name, NUMBER, other, reason, few or () if whole else ())


def uses(table: "pa.Table", decimal: str, asked: Callable[[str, Mapping[str, str]], str]) -> list[Use]:
    """Return the use of each column; `asked` returns a correction by the name of a choice, "" for none."""
    found = [_of(name, table.column(name), decimal) for name in table.column_names]
    found = _with_label(found, table.num_rows, asked)
    made = []
    for one in found:
        choice = one.choice()
        corrected = asked(choice.name, choice.choices)
        made.append(one if not corrected else replace(one, use=corrected, margin=None))
    labels = [one.name for one in made if one.use == LABEL]
    if len(labels) > 1:  # the corrected one is the label, and the one that was guessed is not
        said = [name for name in labels if asked(f"column:{name}", USES) == LABEL] or labels
        made = [
            one
            if one.use != LABEL or one.name == said[-1]
            else Use(one.name, OUT, one.uses, "another column is the label", one.words)
            for one in made
        ]
    return made


def _with_label(found: list[Use], n: int, asked: Callable[[str, Mapping[str, str]], str]) -> list[Use]:
    """Make the column the label that is named so, or else the last one, or the only one, of few words."""
    if any(asked(f"column:{one.name}", USES) == LABEL for one in found):
        return found
    able = [one for one in found if LABEL in one.uses and 1 < len(one.words) <= min(limits.CLASSES, max(2, n // 2))]
    named = [one for one in able if unit(one.name)[0].strip().lower() in LABELS]
    worded = [one for one in able if one.use == WORDS]
    if named:
        label, margin, reason = named[0], 3.0, "its name says so"
    elif worded and (worded[-1] is found[-1] or len(worded) == 1):
        label, margin, reason = worded[-1], 1.2, "it is the last column of words"
    else:
        return found
    new = Use(label.name, LABEL, label.uses, f"{reason}; {len(label.words)} classes", label.words, margin)
    return [new if one is label else one for one in found]
