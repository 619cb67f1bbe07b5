"""Bytes as a bad copy or a hostile hand leaves them, drawn by hypothesis."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as some

EDGES = (200, 2000, 10**9)  # bytes from the beginning or the end within which most of the damage lies
LARGE = b"\xff\xff\xff\x7f"  # the largest whole number of 32 bits


def damaged(whole: bytes, draw: Callable[[Any], Any]) -> bytes:
    """Return the bytes with one to four flips, cuts, insertions or large numbers."""
    content = bytearray(whole)
    for _ in range(draw(some.integers(1, 4))):
        if not content:
            break
        place = draw(some.integers(0, min(len(content), draw(some.sampled_from(EDGES))) - 1))
        place = len(content) - 1 - place if draw(some.booleans()) else place
        act = draw(some.sampled_from(["flip", "flip", "flip", "cut", "put", "large"]))
        if act == "flip":
            content[place] ^= 1 << draw(some.integers(0, 7))
        elif act == "cut":
            del content[place:]
        elif act == "put":
            content[place:place] = draw(some.binary(min_size=1, max_size=8))
        else:
            content[place : place + 4] = LARGE
    return bytes(content)
