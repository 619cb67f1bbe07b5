"""Conversions between texts of the address and values: pure functions, None for a text of another form."""

import math
import re
from dataclasses import dataclass

from ui.state.subject import Subject
from ui.words import say
from vae.geometry import embedding

LIMIT = 1e3  # a coordinate further out than this is a slip of the hand: float32 decoders overflow later
FEWEST, MOST = 2, 12  # waypoints of a path
COLDEST, HOTTEST = 0.05, 3.0  # temperatures that the sliders reach
LARGEST_SEED = 10**9
LONGEST_NUMBER = 11  # digits
DECIMALS = 3  # of a coordinate in the address
LONGEST_SLIDERS = 200
CODE = re.compile(r"[A-Za-z0-9_-]{16}", re.ASCII)  # of a leader, whom others follow
SLIDERS = re.compile(r"(\d\.\d:-?\d{1,6}(\.\d{1,6})?)(,\d\.\d:-?\d{1,6}(\.\d{1,6})?)*", re.ASCII)
MOST_NAMES = 5  # of models: one more than are compared at once

Point = tuple[float, ...]
Waypoints = tuple[Point, ...]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Half:
    """One of the two grids of samples: its source, temperature, and whether it shows samples of p(x|z), not means."""

    source: str
    t: float = 1.0
    noisy: bool = False

    def __str__(self) -> str:
        return f"{self.source},{self.t:g},{'sample' if self.noisy else 'mean'}"


def whole(text: str) -> int | None:
    """Return a whole number, 0 or greater."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def below(text: str, limit: int) -> int | None:
    """Return a whole number, 0 or greater, below a limit."""
    found = whole(text)
    return found if found is not None and found < limit else None


def whole_text(number: int | None) -> str:
    """Return a whole number; "" for none."""
    return "" if number is None else str(number)


def numbers(text: str) -> list[float] | None:
    """Return numbers with commas between them, all finite and within LIMIT."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return found if all(math.isfinite(v) and abs(v) <= LIMIT for v in found) else None


def rounded(text: str) -> list[float] | None:
    """Return the same, with the three decimals that the address has of them."""
    found = numbers(text)
    return None if found is None else [round(v, DECIMALS) + 0.0 for v in found]


def point(text: str, latent: int) -> Point | None:
    """Return a point of a latent space of that dimension, "0.5,1.25"."""
    found = rounded(text)
    return tuple(found) if found is not None and len(found) == latent else None


def point_text(z: Point | None) -> str:
    """Return a point with three decimals; "" for none."""
    return ",".join(f"{value:.3f}" for value in z) if z else ""


def waypoints(text: str, latent: int) -> Waypoints | None:
    """Return the waypoints of "x,y;x,y;…"."""
    parts = text.split(";")
    if not FEWEST <= len(parts) <= MOST:
        return None
    found = [point(part, latent) for part in parts]
    return tuple(z for z in found if z is not None) if all(z is not None for z in found) else None


def waypoints_text(found: Waypoints | None) -> str:
    """Return waypoints with three decimals each; "" for none."""
    return ";".join(point_text(z) for z in found or ())


def plane(text: str, subject: Subject) -> str | None:
    """Return a plane of a latent space: "pca", two dimensions counted from 1 ("3,7"), or a map that bends ("tsne")."""
    if text == "pca" or (text in embedding.METHODS and subject.latent > 2):
        return text
    return text if pair(text, subject.latent) is not None else None


def pair(text: str, latent: int) -> tuple[int, int] | None:
    """Return two different dimensions counted from 0, of a text that counts from 1."""
    try:
        i, j = (int(part) - 1 for part in text.split(","))
    except ValueError:
        return None
    return (i, j) if 0 <= i < latent and 0 <= j < latent and i != j else None


def half(text: str, subject: Subject) -> Half | None:
    """Return a grid of "source,temperature,mean"; a temperature out of reach is 1."""
    source, _, rest = text.partition(",")
    temperature, _, pixels = rest.partition(",")
    if source not in subject.sources:
        return None
    found = numbers(temperature)
    t = found[0] if found is not None and len(found) == 1 and COLDEST <= found[0] <= HOTTEST else 1.0
    return Half(source, t, pixels == "sample")


def box(text: str) -> Box | None:
    """Return a rectangle of the plane, x0 < x1 and y0 < y1, of "x0,x1,y0,y1"."""
    found = rounded(text)
    if found is None or len(found) != 4 or not (found[0] < found[1] and found[2] < found[3]):
        return None
    return found[0], found[1], found[2], found[3]


def box_text(found: Box | None) -> str:
    """Return a rectangle with three decimals; "" for none."""
    return "" if found is None else ",".join(f"{v:.3f}" for v in found)


def sliders(text: str, subject: Subject) -> str | None:
    """Return moved sliders, "4.1:9,6.2:45"; None for another form."""
    return text if len(text) <= LONGEST_SLIDERS and SLIDERS.fullmatch(text) else None


def code(text: str) -> str | None:
    """Return a leader's code; None for another form."""
    return text if CODE.fullmatch(text) else None


def names(text: str) -> tuple[str, ...]:
    """Return names with commas between them, each once, and no more than are needed to say that there are too many."""
    return tuple(dict.fromkeys(filter(None, text.split(",", MOST_NAMES)[:MOST_NAMES])))


def quoted(text: str) -> str:
    """Return typed text in quotation marks, shortened and with Markdown escaped."""
    return say("“{text}”", text="".join(c for c in text if c.isalnum() or c in " .,+-_")[:40])
