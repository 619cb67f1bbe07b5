"""The folders of runs, the user's and those shipped with the project: list, find and create runs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vae.data import data_root
from vae.runs import files
from vae.runs.run import Run, RunError
from vae.spec import Spec

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Broken:
    """An unreadable run folder, with the reason."""

    name: str
    path: Path
    reason: str


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
        for path in sorted(p.parent for p in folder.glob("[!.]*/spec.json")):
            if path.name in found:
                continue
            try:
                run = Run(path)
                run.spec, run.metrics  # noqa: B018 -- reading is the check
                found[path.name] = run
            except RunError as error:
                found[path.name] = Broken(path.name, path, str(error))
    return [found[name] for name in sorted(found)]


def find(name: str, folders: Iterable[Path] | None = None) -> Run:
    """Return the run of a name; raises RunError, which lists the names. Paths outside the folders are refused."""
    folders = list(folders if folders is not None else roots())
    if NAME.fullmatch(name):
        for folder in folders:
            if (folder / name / "spec.json").is_file():
                return Run(folder / name)
    known = [r.name for r in library(folders)]
    raise RunError(f"There is no model {name!r} here. Known models: {', '.join(known) or 'none'}.")


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
