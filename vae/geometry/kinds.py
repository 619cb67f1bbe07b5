"""The kinds of path, without torch: the app shows their names, `routes` computes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of path: its title, a sentence, whether its steps are equal in pixels (else in z), and whether it needs
    the aggregate posterior."""

    title: str
    about: str
    in_pixels: bool = False
    densities: bool = False


KINDS = {
    "line": Kind("linear", "(1 − t) a + t b from each waypoint to the next, in equal steps of z"),
    "slerp": Kind("slerp (great circle)", "arcs of great circles around 0, in equal steps of z"),
    "geodesic": Kind("geodesic", "minimum energy under the pull-back metric JᵀJ of the decoder's mean", in_pixels=True),
    "data": Kind("through the data", "minimum energy; a step costs more where log q(z) is low", densities=True),
}
