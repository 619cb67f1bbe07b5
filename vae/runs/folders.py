"""The folders of runs, the user's and those shipped with the project: list, find and create runs."""

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vae.data import data_root
from vae.runs import files
from vae.runs.run import Run, RunError
from vae.runs.stamp import Stamp, stamp
from vae.spec import Spec

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
NAMELESS = (
    "No link can name this folder. Rename it: at most 80 lower-case letters, digits, dots, dashes and underscores, "
    "the first a letter or a digit."
)
SUGGESTED = 12  # names that an error lists
LISTED = ("spec.json", "metrics.json", "meta.json")  # what a list shows of a run


@dataclass(frozen=True)
class Broken:
    """An unreadable run folder, with the reason."""

    name: str
    path: Path
    reason: str


@cache  # each list of runs asks, and a link in the path costs a look at every folder above
def shipped() -> Path:
    """The folder of the models shipped with the project: `models` in a checkout, next to this file when installed."""
    here = Path(__file__).resolve()
    installed = here.with_name("shipped")
    return installed if installed.is_dir() else here.parents[2] / "models"


def examples() -> Path:
    """The folder of the shipped examples of faulty models, which show typical failures of training."""
    return shipped() / "unhealthy"


def is_shipped(run: Run) -> bool:
    """Return whether a run is shipped with the project; such runs are never changed."""
    return run.path.resolve().parent in (shipped().resolve(), examples().resolve())


def changeable(run: Run) -> Run:
    """Return a run that may be changed; raises RunError for one that comes with the project."""
    if is_shipped(run):
        raise RunError(f"{run.name} comes with the project and stays as it is. Branch from it, or train your own.")
    return run


def user_runs() -> Path:
    """The folder of the runs trained on this machine."""
    return data_root() / "runs"


def roots() -> tuple[Path, ...]:
    """The folders that are searched for runs, in this order: the user's, the shipped models, the faulty examples."""
    return user_runs(), shipped(), examples()


def library(folders: Iterable[Path] | None = None) -> list[Run | Broken]:
    """Return all runs of the folders (default: `roots()`), sorted by name; unreadable folders as Broken."""
    found: dict[str, Run | Broken] = {}
    for folder in folders if folders is not None else roots():
        for entry in _seen.entries(folder):
            found.setdefault(entry.name, entry)
    return [found[name] for name in sorted(found)]


def _folders(folder: Path) -> list[str]:
    """Return the paths of the folders in a folder, without hidden ones; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []


def _read(path: Path) -> Run | Broken:
    """Return a run whose spec, metrics and metadata have been read, or why it cannot be used."""
    name = path.name
    try:
        run = Run(path)
        name = run.name
        if not NAME.fullmatch(path.name):
            raise RunError(NAMELESS)
        run.spec, run.metrics, run.meta  # noqa: B018 -- reading is the check
        return run
    except RunError as error:
        return Broken(name, path, str(error))
    except Exception as error:  # one run that nobody foresaw must not take the list of all down
        return Broken(
            name, path, f"Reading it failed with {type(error).__name__}: {error}. Repair or remove its files."
        )


class _Seen:
    """What was read of each run folder, which is read again only when its files have changed."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, tuple[Stamp, Run | Broken]]] = {}  # by folder and path

    def entries(self, folder: Path) -> list[Run | Broken]:
        """Return the runs of a folder, objects of the caller's own."""
        before, now = self.known.get(str(folder), {}), dict[str, tuple[Stamp, Run | Broken]]()
        for path in _folders(folder):
            version = stamp(path, LISTED)
            if version.startswith(LISTED[0]):  # a folder without a spec is no run
                known = before.get(path)
                now[path] = known if known is not None and known[0] == version else (version, _read(Path(path)))
        self.known[str(folder)] = now
        return [found if isinstance(found, Broken) else found.copy() for _, found in now.values()]


_seen = _Seen()


def find(name: str, folders: Iterable[Path] | None = None) -> Run:
    """Return the run of a name; raises RunError, which lists the names. Paths outside the folders are refused."""
    folders = list(folders if folders is not None else roots())
    if NAME.fullmatch(name):
        for folder in folders:
            if (folder / name / "spec.json").is_file():
                return Run(folder / name)
    known = [r.name for r in library(folders)]
    near = difflib.get_close_matches(name[:80], known, SUGGESTED, 0.0) if len(known) > SUGGESTED else known
    shown, names, more = name if len(name) <= 80 else f"{name[:80]}…", ", ".join(near), len(known) - len(near)
    if more:
        raise RunError(f"There is no model {shown!r} here. Known models: {names} and {more:,} more.")
    raise RunError(f"There is no model {shown!r} here. Known models: {names or 'none'}.")


def open_run(run: str | Path | Run) -> Run:
    """Return a run, given as a run, a name or a folder's path; raises RunError if there is none."""
    if isinstance(run, Run):
        return run
    if isinstance(run, Path) or "/" in run or Path(run, "spec.json").is_file():
        return Run(run)
    return find(run)


def create(path: Path, spec: Spec) -> Run:
    """Create a run folder with a spec; raises RunError if the folder already holds a run."""
    if (path / "spec.json").exists():
        raise RunError(f"{path} holds a run already. Resume it with --resume, or choose another name.")
    path.mkdir(parents=True, exist_ok=True)
    files.write(path / "spec.json", spec.to_json())
    return Run(path)
