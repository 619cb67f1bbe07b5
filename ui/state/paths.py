"""What the Paths page shows: waypoints, kinds and the map's colours, in the URL so that a link reproduces the screen.

The URL leads; the session remembers the same where the URL is silent, for the model that they belong to.
"""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from ui.state import address
from ui.state import view as state
from vae.geometry.kinds import KINDS
from vae.runs import Codes, Run

PATH, KIND, SHOWN, MAGNIFIED = "path", "kind", "kinds", "magnification"  # names in the URL
NAMES = (PATH, KIND, SHOWN, MAGNIFIED)
FEWEST, MOST = 2, 12  # waypoints
FIRST = ("line", "geodesic")  # the kinds that are shown before anybody chose
KEY = "view_paths"

Waypoints = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PathView:
    """The waypoints, the kind that is current, the kinds that are shown, and whether the map shows the magnification.

    `own` says that the waypoints are not the first ones, so that the URL names them; `serial` counts the changes that
    did not come from the browser's hand, which it must take over.
    """

    waypoints: Waypoints
    kind: str = FIRST[0]
    shown: tuple[str, ...] = FIRST
    magnified: bool = False
    own: bool = False
    serial: int = 0

    def array(self) -> np.ndarray:
        """Return the waypoints [K + 1, d]."""
        return np.array(self.waypoints, np.float64)


def offered(run: Run) -> list[str]:
    """Return the kinds of path that this model has."""
    known = run.spec.probabilistic and run.spec.normal_posterior
    return [name for name, kind in KINDS.items() if known or not kind.densities]


def defaults(codes: Codes) -> Waypoints:
    """Return three waypoints for the first look: codes near three classes' centres, far apart, in a short order."""
    means = codes.means.astype(np.float64)
    if codes.labels is not None and len(np.unique(codes.labels)) >= 3:
        centres = np.stack([np.median(means[codes.labels == k], axis=0) for k in np.unique(codes.labels)])
    else:
        centres = means[np.unique(np.linspace(0, len(means) - 1, 50).round().astype(int))]
    between = np.linalg.norm(centres[:, None] - centres, axis=-1)
    chosen = list(np.unravel_index(between.argmax(), between.shape))
    third = int(between[chosen].min(0).argmax())
    # the middle one is the one whose two ways are shortest together
    three = [*(int(k) for k in chosen), third]
    middle = min(three, key=lambda k: between[k, three].sum())
    ends = [k for k in three if k != middle] or [middle]
    order = [ends[0], middle, ends[-1]]
    near = [means[np.square(means - centres[k]).sum(1).argmin()] for k in order]
    return tuple(tuple(round(float(v), 3) for v in z) for z in near)


def parse(text: str, latent: int) -> Waypoints | None:
    """Return the waypoints of "x,y;x,y;…", or None if they are none of a latent space of that dimension."""
    parts = text.split(";")
    if not FEWEST <= len(parts) <= MOST:
        return None
    points = tuple(state.parse_pin(part, latent) for part in parts)
    return tuple(p for p in points if p is not None) if all(p is not None for p in points) else None


def shown_as_text(waypoints: Waypoints) -> str:
    """Return waypoints as they stand in the URL, three decimals each."""
    return ";".join(state.format_pin(z) for z in waypoints)


def view(run: Run, codes: Codes) -> tuple[PathView, list[str]]:
    """Return what URL and session ask for, and in words what was refused."""
    kept = _kept(run)
    start = kept or PathView(defaults(codes))
    asked = {name: st.query_params.get(name) for name in NAMES}
    if kept is None and KEY in st.session_state and asked[PATH] == st.session_state[KEY][2]:
        asked = dict.fromkeys(NAMES)  # the address still says what was shown of another model
    problems: list[str] = []
    found = start
    if asked[PATH] is not None and asked[PATH] != shown_as_text(start.waypoints):
        waypoints = parse(asked[PATH], run.spec.latent)
        if waypoints is None:
            problems.append(
                f"The link's path does not fit: {run.name} needs {FEWEST} to {MOST} waypoints of {run.spec.latent} "
                "numbers, such as path="
                + ";".join([",".join(["0.5"] * run.spec.latent)] * 2)
                + ". Showing another one."
            )
        else:
            found = replace(found, waypoints=waypoints, own=True, serial=found.serial + 1)
    kinds = offered(run)
    if asked[SHOWN] is not None:
        found = replace(found, shown=tuple(k for k in kinds if k in asked[SHOWN].split(",")))
    if asked[KIND] in kinds:
        found = replace(found, kind=str(asked[KIND]))
    if asked[MAGNIFIED] is not None:
        found = replace(found, magnified=asked[MAGNIFIED] == "1")
    shown = tuple(k for k in kinds if k in found.shown or k == found.kind) or ("line",)
    found = replace(found, shown=shown, kind=found.kind if found.kind in shown else shown[0])
    keep(run, found)
    return found, problems


def _kept(run: Run) -> PathView | None:
    name, found, _ = st.session_state.get(KEY, ("", None, ""))
    return found if name == run.name else None


def keep(run: Run, found: PathView) -> None:
    """Make session and URL say what is shown; the URL stays short where everything is as at first."""
    text = shown_as_text(found.waypoints)
    st.session_state[KEY] = (run.name, found, text)
    wanted = {
        PATH: text if found.own else "",
        KIND: found.kind if found.kind != FIRST[0] else "",
        SHOWN: ",".join(found.shown) if found.shown != FIRST else "",
        MAGNIFIED: "1" if found.magnified else "",
    }
    address.say(wanted)


def change(run: Run, **changes: object) -> None:
    """Change what is shown from the server's side: the browser takes over the waypoints."""
    found = _kept(run)
    if found is not None:
        keep(run, replace(found, serial=found.serial + 1, **changes))  # type: ignore[arg-type]


def hear(run: Run, said: object) -> None:
    """Take over what the browser reports, which may be anything: browsers are not ours."""
    found = _kept(run)
    if found is None or not isinstance(said, dict):
        return
    kinds = offered(run)
    text, kind, shown = said.get("path"), said.get("kind"), said.get("shown")
    if isinstance(text, str) and (waypoints := parse(text, run.spec.latent)) is not None:
        found = replace(found, waypoints=waypoints, own=found.own or waypoints != found.waypoints)
    if kind in kinds:
        found = replace(found, kind=kind)
    if isinstance(shown, list):
        found = replace(found, shown=tuple(k for k in kinds if k in shown or k == found.kind))
    keep(run, found)
