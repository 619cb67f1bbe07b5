"""An example made by hand: in the address as a whole, and shown as long as its code is pinned."""

import numpy as np
import pytest

from ui.state import handmade
from ui.state.handmade import HANDMADE, Handmade
from ui.state.subject import Subject

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 3, 3), (3, 8, 8), (1, 64, 64)])
def test_a_drawing_comes_back_within_half_a_level(shape):
    values = RNG.uniform(-0.2, 1.2, shape)
    found = handmade.make(values, (0.12345, -2.0))
    again, refused = HANDMADE.read(HANDMADE.write(found), Subject())
    assert again == found and not refused
    assert np.abs(again.array - np.clip(values, 0, 1)).max() <= 0.5 / handmade.LEVELS + 1e-6
    assert again.z == (0.123, -2.0) and again.array.shape == shape


def test_a_row_comes_back():
    row = np.array([1.25, -3e-5, 12345.678, 0], np.float32)
    again = handmade.parse(handmade.text(handmade.make(row, (1.0,))), Subject())
    assert np.allclose(again.array, row, rtol=1e-5)


def test_a_drawn_digit_is_short_enough_for_a_link():
    values = np.zeros((1, 28, 28))
    values[0, 6:22, 12:16] = RNG.uniform(0.5, 1, (16, 4))
    found = handmade.make(values, (0.0, 0.0))
    assert handmade.linked(found) and len(handmade.text(found)) < 400
    assert not handmade.linked(handmade.make(RNG.uniform(0, 1, (3, 64, 64)), (0.0, 0.0)))


def test_texts_that_are_no_example_are_refused():
    good = handmade.text(handmade.make(np.ones((1, 4, 4)), (0.0, 1.0)))
    shape, body, z = good.split("~")
    bomb = handmade.text(handmade.make(np.zeros((1, 400, 400)), (0.0,))).split("~")[1]
    for wrong in (
        f"{shape}~{body}", f"1x4x5~{body}~{z}", f"4x4~{body}~{z}", f"{shape}~{body[:-6]}~{z}", f"{shape}~!!~{z}",
        f"{shape}~{body}~nan", f"1x99999x99999~{body}~{z}", f"{shape}~{bomb}~{z}", "2~1,nan~0", "2~1~0", "0~~0",
    ):  # fmt: skip
        found, refused = HANDMADE.read(wrong, Subject())
        assert found is None and "Draw it again" in refused, wrong


def test_it_is_shown_while_its_code_is_pinned():
    found = handmade.make(np.ones((1, 4, 4)), (0.5, 1.0))
    assert handmade.fits(found, (1, 4, 4), (0.5, 1.0)) and handmade.fits(found, (1, 4, 4), None)
    assert not handmade.fits(found, (1, 4, 4), (0.5, 1.001))
    assert not handmade.fits(found, (1, 8, 8), (0.5, 1.0))


def test_each_has_a_number_below_zero():
    one, other = (Handmade((1,), (v,), (0.0,)) for v in (1.0, 2.0))
    assert one.number < 0 and other.number < 0 and one.number != other.number
