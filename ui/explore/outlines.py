"""Which codes a selection holds that the address describes by the lassos that made it."""

from collections.abc import Mapping

import numpy as np

from ui.shared import figures
from ui.state import lasso, planes
from ui.state.lasso import Corners, Steps
from ui.words import say
from vae.geometry import embedding
from vae.geometry.plane import Bent
from vae.runs import Codes, Run


class OutlineError(ValueError):
    """A selection that cannot be made again here; the message says why."""


def within(corners: Corners, u: np.ndarray) -> np.ndarray:
    """Return which of the points u [N, 2] lie in a polygon, by the number of its edges to the right of each.

    The same arithmetic as `contains` in polygon.js, so that a point on an edge falls on the same side.
    """
    x, y = u[:, 0].astype(np.float64), u[:, 1].astype(np.float64)
    inside = np.zeros(len(u), bool)
    previous = corners[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        for (xa, ya), (xb, yb) in zip(corners, (previous, *corners[:-1]), strict=True):
            if ya != yb:
                inside ^= ((ya > y) != (yb > y)) & (x < (xb - xa) * (y - ya) / (yb - ya) + xa)
    return inside


def indices(run: Run, codes: Codes, steps: Steps, named: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the sorted indices of the codes that the steps select; raises OutlineError.

    `named` are the saved selections. Lassos are on the map as it is drawn: places in single precision, hidden classes
    left out.
    """
    chosen = np.zeros(len(codes), bool)
    for step in steps:
        if step.how == lasso.ALL:
            chosen[:] = True
        elif step.how == lasso.NAMED:
            if step.name not in named:
                raise OutlineError(
                    say(
                        "The link's selection “{name}” was saved in another session. Ask for its file, and open that "
                        "under Selections.",
                        name=step.name[:60],
                    )
                )
            chosen[named[step.name]] = True
        else:
            held = within(step.corners, _places(run, codes, step.plane))
            for k, (_, index) in enumerate(figures.groups(codes)):
                if k in step.hidden:
                    held[index] = False
            if step.how == lasso.NEW:
                chosen[:] = held
            elif step.how == lasso.ADD:
                chosen |= held
            else:
                chosen &= ~held
    return np.flatnonzero(chosen)


def _places(run: Run, codes: Codes, name: str) -> np.ndarray:
    """Return the codes' places on a map, as the browser has them."""
    ground, refused = planes.choose_map(run, codes, name)
    if refused:
        raise OutlineError(say("The link's selection was made on another map: {why}", why=say(refused)))
    if name in embedding.METHODS and not isinstance(ground, Bent):
        raise OutlineError(
            say(
                "The link's selection was made on the {map} map, which is not made yet. Choose it, and open the link "
                "again.",
                map=embedding.TITLES[name],
            )
        )
    return ground.to_plane(codes.means.astype(np.float64)).astype("<f4")
