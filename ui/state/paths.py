"""What the Paths page shows of a model: waypoints, kinds of path, and whether the map shows the magnification."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ui.state import session, texts
from ui.state.field import keep
from ui.state.permalink import FIRST_KINDS, KIND, MAGNIFIED, PATH, SHOWN
from ui.state.subject import Subject
from ui.state.texts import Waypoints
from vae.runs import Codes, Run


@dataclass(frozen=True)
class PathView:
    """The waypoints, the kind that is current, the kinds that are shown, and whether the map shows the magnification.

    `own` says that the waypoints are not the first ones, so that the address names them; `serial` counts the changes
    that did not come from the browser's hand, which it must take over.
    """

    waypoints: Waypoints
    kind: str = FIRST_KINDS[0]
    shown: tuple[str, ...] = FIRST_KINDS
    magnified: bool = False
    own: bool = False
    serial: int = 0

    def array(self) -> np.ndarray:
        """Return the waypoints [K + 1, d]."""
        return np.array(self.waypoints, np.float64)


def defaults(codes: Codes) -> Waypoints:
    """Return three default waypoints: codes near three classes' centres, far apart, ordered as a short path."""
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


def view(run: Run, codes: Codes) -> tuple[PathView, list[str]]:
    """Return the paths view from address and session, and a sentence on what was refused."""
    subject = Subject.of(run)
    before = _before(run) or PathView(defaults(codes))
    asked, problem = PATH.value(subject)
    found = replace(before, shown=SHOWN.value(subject)[0], magnified=MAGNIFIED.value(subject)[0])
    # the address has three decimals: waypoints that it says as they are keep all their digits
    if asked is not None and PATH.write(asked) != PATH.write(before.waypoints):
        found = replace(found, waypoints=asked, own=True, serial=found.serial + 1)
    elif asked is None and found.own and not problem:  # forgotten: a lesson's step or a leader shows the first path
        found = replace(found, waypoints=defaults(codes), own=False, serial=found.serial + 1)
    kind = KIND.value(subject)[0]
    shown = tuple(k for k in subject.kinds if k in found.shown or k == kind)
    found = replace(found, shown=shown, kind=kind)
    _keep(run, found)
    return found, [problem] * bool(problem)


def _before(run: Run) -> PathView | None:
    """Return what was shown of this model, if its latent space has the same dimension."""
    model, found = session.PATH.get() or ("", None)
    fits = found is not None and model == run.name and len(found.waypoints[0]) == run.spec.latent
    return found if fits else None


def _keep(run: Run, found: PathView) -> None:
    session.PATH.set((run.name, found))
    waypoints = found.waypoints if found.own else None
    keep({PATH: waypoints, KIND: found.kind, SHOWN: found.shown, MAGNIFIED: found.magnified}, Subject.of(run))


def change(run: Run, **changes: Any) -> None:
    """Change the view on the server; the browser then takes the new waypoints."""
    found = _before(run)
    if found is not None:
        _keep(run, replace(found, serial=found.serial + 1, **changes))


def handle_event(run: Run, event: object) -> None:
    """Apply a browser's message; invalid parts of it change nothing."""
    found = _before(run)
    if found is None or not isinstance(event, dict):
        return
    subject = Subject.of(run)
    text, kind, shown = event.get("path"), event.get("kind"), event.get("shown")
    if isinstance(text, str) and (waypoints := texts.waypoints(text, subject.latent)) is not None:
        found = replace(found, waypoints=waypoints, own=found.own or waypoints != found.waypoints)
    if kind in subject.kinds:
        found = replace(found, kind=kind)
    if isinstance(shown, list):
        found = replace(found, shown=tuple(k for k in subject.kinds if k in shown or k == found.kind))
    _keep(run, found)
