"""The fields of the address: what is written reads back, and any text is a value or a sentence."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ui.shared.navigation import BY_NAME
from ui.state import handmade, permalink, texts
from ui.state.field import Field
from ui.state.lasso import Step
from ui.state.permalink import FIELDS
from ui.state.subject import Subject
from ui.words.languages import LANGUAGES
from vae.geometry.kinds import KINDS

VAE = Subject("mine", 3, 10, 500, tuple(KINDS), ("prior", "aggregate", "mixture", "flow"))
AUTOENCODER = Subject("ae", 1, 0, 7, ("line", "slerp", "geodesic"), ("aggregate", "mixture", "flow", "standard"))
SUBJECTS = some.sampled_from([VAE, AUTOENCODER])
NAMES = some.text("abcdefghij-0123456789", min_size=1, max_size=20)


def numbers(low: float = -texts.LIMIT, high: float = texts.LIMIT) -> Any:
    """Numbers of three decimals, as the address has them."""
    return some.integers(round(low * 1000), round(high * 1000)).map(lambda n: n / 1000)


def points(subject: Subject) -> Any:
    return some.tuples(*[numbers()] * subject.latent)


def halves(subject: Subject) -> Any:
    t = some.integers(5, 300).map(lambda n: n / 100)
    return some.builds(texts.Half, some.sampled_from(subject.sources), t, some.booleans())


def boxes() -> Any:
    pairs = some.tuples(numbers(), numbers()).filter(lambda two: two[0] < two[1])
    return some.tuples(pairs, pairs).map(lambda two: (*two[0], *two[1]))


def lassos() -> Any:
    corners = some.lists(some.tuples(numbers(), numbers()), min_size=3, max_size=9).map(tuple)
    hidden = some.sets(some.integers(0, 12), max_size=3).map(lambda found: tuple(sorted(found)))
    plane = some.sampled_from(["", "pca", "3,7", "tsne"])
    drawn = some.builds(Step, some.sampled_from(["New", "Add", "Subtract"]), corners, hidden, plane)
    named = some.text(min_size=1, max_size=20).map(lambda name: Step("Named", name=name))
    first = some.just(Step("All")) | named | some.builds(Step, some.just("New"), corners, hidden, plane)
    return some.just(()) | some.tuples(first, some.lists(drawn, max_size=3)).map(lambda two: (two[0], *two[1]))


def planes(subject: Subject) -> Any:
    dimensions = some.permutations(range(1, subject.latent + 1)).map(lambda p: f"{p[0]},{p[1]}")
    return some.sampled_from(["", "pca", "tsne", "umap"]) | dimensions if subject.latent > 2 else some.just("pca")


def examples(subject: Subject) -> Any:
    """Drawings and rows as `make` gives them."""
    levels = some.lists(some.integers(0, handmade.LEVELS), min_size=6, max_size=6)
    drawings = levels.map(lambda found: np.array(found, np.float32).reshape(1, 2, 3) / handmade.LEVELS)
    reals = some.lists(some.floats(-1e6, 1e6, width=32), min_size=1, max_size=5)
    rows = reals.map(lambda found: np.array(found, np.float32))
    return some.builds(handmade.make, drawings | rows, points(subject))


def maybe(number: int) -> Any:
    return some.none() | some.integers(0, number - 1) if number else some.none()


def values(field: Field[Any], subject: Subject) -> Any:
    """The values that a field can have for a model."""
    known = {
        permalink.MODEL: NAMES,
        permalink.PLANE: planes(subject),
        permalink.PIN: some.none() | points(subject),
        permalink.LABEL: maybe(subject.labels),
        permalink.IMAGE: maybe(subject.codes),
        permalink.HANDMADE: some.none() | examples(subject),
        permalink.LANGUAGE: some.sampled_from(["", *LANGUAGES]),
        permalink.RUN: NAMES,
        permalink.FILM: some.none() | some.integers(0, permalink.LAST_STEP - 1),
        permalink.CHAPTER: some.none() | some.integers(1, permalink.CHAPTERS),
        permalink.SLIDERS: some.sampled_from(["", "4.1:9", "2.1:12,6.2:45", "6.1:0.25", "1.1:-3"]),
        permalink.LESSON: NAMES,
        permalink.STEP: NAMES,
        permalink.FOLLOW: some.just("") | some.from_regex(texts.CODE, fullmatch=True),
        permalink.HIDE: some.sets(some.sampled_from(permalink.HIDEABLE)).map(
            lambda left: tuple(name for name in permalink.HIDEABLE if name in left)
        ),
        permalink.COMPARED: some.lists(NAMES, max_size=4, unique=True).map(tuple),
        permalink.COLOUR: some.sampled_from(["class", "gap", "column:my column, 2"]),
        permalink.PATH: some.none()
        | some.lists(points(subject), min_size=texts.FEWEST, max_size=texts.MOST).map(tuple),
        permalink.KIND: some.sampled_from(subject.kinds),
        permalink.SHOWN: some.lists(some.booleans(), min_size=len(subject.kinds), max_size=len(subject.kinds))
        .filter(any)
        .map(lambda on: tuple(k for k, shown in zip(subject.kinds, on, strict=True) if shown)),
        permalink.SHOW: some.sampled_from(permalink.SHOWS),
        permalink.LEFT: halves(subject),
        permalink.RIGHT: halves(subject),
        permalink.SEED: some.integers(0, texts.LARGEST_SEED),
        permalink.BOX: some.none() | boxes(),
        permalink.LASSO: lassos(),
        permalink.SEEN: some.none() | boxes(),
        permalink.SPACING: some.sampled_from(permalink.SPACINGS),
        permalink.SIDE: some.sampled_from(permalink.SIDES),
    }
    return known.get(field, some.booleans())


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
@settings(deadline=None)
@given(subject=SUBJECTS, data=some.data())
def test_written_value_reads_back(field, subject, data):
    value = data.draw(values(field, subject))
    assert field.read(field.write(value), subject) == (value, "")


# texts near to what the parsers know, and anything at all
PIECES = some.sampled_from(
    [
        "prior",
        "aggregate",
        "pca",
        "line",
        "1",
        "-1",
        "0.5",
        "nan",
        "inf",
        "1e9",
        ",",
        ";",
        ":",
        "²",
        "９",
        "mean",
        "",
        " ",
    ]
)
ANY = some.text(max_size=60) | some.lists(PIECES, max_size=12).map("".join)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
@settings(deadline=None)
@given(subject=SUBJECTS, text=ANY)
def test_any_text_reads_to_a_value_or_a_message(field, subject, text):
    value, refused = field.read(text, subject)
    assert isinstance(refused, str) and len(refused) < 400
    if refused:
        assert value == field.usual(subject)
    # what was read is a value that can be written
    assert field.read(field.write(value), subject) == (value, "") or value in (field.usual(subject), ())


def test_fields_have_names_of_their_own_and_known_pages():
    assert len({field.name for field in FIELDS}) == len(FIELDS)
    assert all(set(field.pages) <= set(BY_NAME) for field in FIELDS)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (permalink.PIN, "1,2", "The link's point z = “1,2” does not fit: mine needs 3 numbers with commas between "
         "them. No point is pinned; click on the map to pin one."),
        (permalink.LABEL, "10", "The link's label “10” does not fit: mine has the labels 0 to 9."),
        (permalink.IMAGE, "500", "The link's image “500” does not exist: mine has 500 codes, from 0."),
        (permalink.PLANE, "4,1", "mine has no plane “4,1”. Choose 'pca' or two different dimensions from 1 to 3, such "
         "as plane=1,2. Showing the default plane."),
        (permalink.PATH, "1,2", "The link's path does not fit: mine needs 2 to 12 waypoints of 3 numbers, such as "
         "path=0.5,0.5,0.5;0.5,0.5,0.5. Showing another one."),
        (permalink.BOX, "2,1,0,1", ""),
        (permalink.LASSO, "n:1,2,3", "The link's selection “n1,2,3” cannot be read. No point is selected; use Lasso on "
         "the map to select some."),
        (permalink.KIND, "worm", ""),
    ],
)  # fmt: skip
def test_refused_text_is_said(field, text, said):
    assert field.read(text, VAE) == (field.usual(VAE), said)
