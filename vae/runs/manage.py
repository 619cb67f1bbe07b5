"""Manage runs: create within limits, branch, rename, delete and restore, and export as a zip."""

import io
import math
import os
import re
import shutil
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

from vae import data
from vae.runs import control, files, film, folders, machine, pace, quota, resume, status
from vae.runs.run import Run, RunError
from vae.spec import Spec, SpecError, cost

TITLE, NOTE = 120, 10_000  # characters
MOST_WEIGHTS = 50_000_000
MOST_VALUES = 2**31  # limit of decoded values per step: 8 GiB of float32
MOST_HOURS = 72.0
TRASH_DAYS = 7.0
DELETED = re.compile(r"\.[0-9a-f]{32}$")  # ends the name of a folder in the trash, so that each is another
LEAVE_OUT = (
    *("state.pt", "previous.pt", "worker.lock", "control.json", "status.json", "live.npz", "job.json", "worker.log"),
)


def limits(spec: Spec, n: int) -> None:
    """Raise SpecError, with the remedy, if a spec needs more than a shared machine can provide."""
    weights = cost.parameters(spec)
    if weights > MOST_WEIGHTS:
        raise SpecError(
            f"The networks have {weights:,} weights; at most {MOST_WEIGHTS:,} are trained here. Make them narrower."
        )
    values = spec.batch * spec.samples * math.prod(spec.shape)
    if values > MOST_VALUES:
        raise SpecError(
            f"A batch of {spec.batch} with {spec.samples} samples decodes {values:,} values a step, more than "
            f"{MOST_VALUES:,}. Use a smaller batch or fewer samples."
        )
    memory(spec, n)
    hours = pace.seconds(spec, n) / 3600
    if hours > MOST_HOURS:
        raise SpecError(
            f"This would take about {hours:,.0f} hours, and a run may take {MOST_HOURS:.0f}. Use fewer epochs, fewer "
            "examples or smaller networks."
        )


def memory(spec: Spec, n: int, most: float | None = None) -> None:
    """Raise SpecError if training on n examples needs more than `most` bytes (None: a run's part of the machine)."""
    most = machine.run_memory() if most is None else most
    pixel = 4 if len(spec.shape) == 1 else 1
    needed = cost.step_bytes(spec) + 2 * pixel * n * math.prod(spec.shape)
    if needed > most:
        raise SpecError(
            f"This would take about {needed / 1e9:,.1f} GB of memory, and a run may take {most / 1e9:,.1f} GB here. "
            "Use a smaller batch, fewer samples, narrower networks or fewer examples."
        )


def check(spec: Spec) -> int:
    """Return the number of training examples; raises SpecError or DataError if the run could not start or finish."""
    description = data.describe(spec.data)
    if not data.available(spec.data):
        raise data.DataError(
            f"{description.title} is not on this machine yet: fetch it first (`python -m vae fetch {spec.data}`)."
        )
    n = data.train_size(spec.data, spec.size)
    if tuple(description.shape) != spec.shape:
        raise SpecError(f"{description.title} has examples of shape {list(description.shape)}, not {list(spec.shape)}.")
    data.check_likelihood(spec.likelihood, description.empty(), spec.binarisation)
    classes = len(description.classes)
    if spec.condition is not None and not 0 < classes <= spec.labels:
        if not classes:
            raise data.DataError(
                f"The model is conditioned on {spec.labels} labels, and {description.title} has no labels. "
                "Choose other data, or no condition."
            )
        raise data.DataError(
            f"The model is conditioned on {spec.labels} labels, and {description.title} has {classes} classes. "
            f"Choose other data, or {classes} classes."
        )
    limits(spec, n)
    return n


def _name(spec: Spec) -> str:
    """Return a new folder's name; a preset's name from an uploaded JSON is cleaned, so that it is no path."""
    return re.sub(r"[^a-z0-9-]", "", f"{spec.preset}-{spec.data}"[:60]).strip("-") + f"-{uuid.uuid4().hex[:6]}"


def _describe(run: Run, **changes: Any) -> Run:
    # read again: another tab, or the line above, may have changed it
    files.write_json(run.path / "meta.json", Run(run.path).meta | changes)
    return Run(run.path)


def create(
    spec: Spec, owner: str, title: str = "", folder: Path | None = None, group: dict[str, Any] | None = None
) -> Run:
    """Create a run folder, ready to train; if it raises SpecError, DataError or QuotaError, nothing was created.

    `group` is the entry of a run that belongs to one, see vae.runs.groups: the quota is checked for all of its runs
    together, before the first (vae.runs.sweep).
    """
    check(spec)
    if group is None:
        quota.check(owner)
    run = folders.create((folder or folders.user_runs()) / _name(spec), spec)
    command = f"python -m vae train {run.name}"
    about = {"title": title.strip()[:TITLE], "owner": owner, "created": time.time(), "command": command}
    return _describe(run, **about, **({} if group is None else {"group": group}))


def branch(run: Run, owner: str, name: str = "", command: str = "", **changes: Any) -> Run:
    """Return a new run that goes on from another's last checkpoint, or from its weights if it has no checkpoint.

    `name` is the new folder's name and `command` the one that trains it, if they are not the usual ones. Raises
    RunError while the other run trains, if it has nothing to go on from or if the name is taken; SpecError if the
    changes need other weights; QuotaError. Then nothing was created.
    """
    if status.current(run.path).state in ("running", "starting", "finishing"):
        raise RunError(f"{run.title} is training: pause it, then branch from where it stands.")
    if not run.resumable:
        raise RunError(
            f"{run.title} has neither a checkpoint nor weights to continue from. Train it again from its settings."
        )
    spec = resume.changed(run, changes)
    check(spec)
    quota.check(owner)
    folder = run.path.parent if _own(run) else folders.user_runs()
    made = folders.create(folder / (name or _name(spec)), spec)
    try:
        return _branched(run, made, owner, command, "learning_rate" in changes)
    except BaseException:
        shutil.rmtree(made.path, ignore_errors=True)
        raise


def _branched(run: Run, made: Run, owner: str, command: str, own_rate: bool) -> Run:
    """Copy what training goes on from into a new folder, and describe it."""
    if run.checkpoint is not None:
        shutil.copyfile(run.checkpoint, made.path / "state.pt")
    for file in ("history.jsonl", "model.safetensors"):
        if (run.path / file).is_file():
            shutil.copyfile(run.path / file, made.path / file)
    (made.path / "film").mkdir(exist_ok=True)
    for frame in [film.file(run.path, s) for s in film.steps(run.path)] + [run.path / "film" / "still.npz"]:
        if frame.is_file():
            shutil.copyfile(frame, made.path / "film" / frame.name)
    if own_rate:
        control.ask(made.path, learning_rate=0.0)  # the checkpoint may hold another learning rate, set by the user
    step = resume.steps_done(run)
    origin = {"run": run.name, "step": step}
    title = f"{run.title}, branch"[:TITLE]
    command = resume.with_command(run, command or f"python -m vae train {made.name}", step)
    return _describe(made, title=title, owner=owner, created=time.time(), parent=origin, command=command)


def _own(run: Run) -> bool:
    return not folders.is_shipped(run)


def rename(run: Run, title: str) -> Run:
    """Change a run's displayed title; the folder's name, and so every link to it, stays the same."""
    folders.changeable(run)
    return _describe(run, title=re.sub(r"\s+", " ", title).strip()[:TITLE])


def annotate(run: Run, note: str) -> Run:
    """Save a note with a run."""
    folders.changeable(run)
    return _describe(run, note=note[:NOTE])


def trash() -> Path:
    """The folder of deleted runs, which is not listed."""
    return folders.user_runs() / ".trash"


def delete(run: Run) -> str:
    """Move a run to the trash and return the name of its place there, with which it can be restored.

    Raises RunError while it trains, for shipped runs, and if it is not there any more: then the trash is unchanged.
    """
    folders.changeable(run)
    if status.held(run.path):
        raise RunError(f"{run.title} is training. Stop it first, then delete it.")
    trash().mkdir(parents=True, exist_ok=True)
    target = trash() / f"{run.name}.{uuid.uuid4().hex}"
    try:
        os.replace(run.path, target)
    except FileNotFoundError:
        raise RunError(f"{run.title} is not there any more: it was deleted or renamed elsewhere.") from None
    (target / "deleted").touch()
    return target.name


def restore(name: str) -> Run:
    """Restore a deleted run, given by the name of its place in the trash, or the last one that had a run's name.

    Raises RunError if it is not in the trash, or if its name is taken: then it stays in the trash.
    """
    source = _deleted(name)
    if source is None:
        raise RunError(f"There is no deleted run {name!r} to bring back.")
    target = folders.user_runs() / DELETED.sub("", source.name)
    if target.exists():
        raise RunError(f"A run {target.name!r} is there again. Delete it before you bring the old one back.")
    os.replace(source, target)
    (target / "deleted").unlink(missing_ok=True)
    return Run(target)


def _deleted(name: str) -> Path | None:
    """Return a run's folder in the trash, the last one of several with the same name, or None."""
    if not folders.NAME.fullmatch(DELETED.sub("", name)):
        return None
    if DELETED.search(name):
        return trash() / name if (trash() / name).is_dir() else None
    same = [path for path in trash().glob("*/") if DELETED.sub("", path.name) == name]
    return max(same, key=_deleted_at, default=None)


def _deleted_at(path: Path) -> float:
    mark = path / "deleted"
    return mark.stat().st_mtime if mark.exists() else 0.0


def empty_trash(days: float = TRASH_DAYS) -> None:
    """Remove the runs that were deleted at least `days` days ago."""
    for path in trash().glob("*/"):
        mark = path / "deleted"
        if mark.exists() and time.time() - mark.stat().st_mtime > days * 86400:
            shutil.rmtree(path, ignore_errors=True)


def archive(run: Run) -> bytes:
    """Return the run as a zip, without the checkpoint and other files that only a trainer needs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in sorted(run.path.rglob("*")):
            inside = file.relative_to(run.path)
            # what a link points to is none of the run's, and may be anything that this process can read
            if any((run.path / part).is_symlink() for part in (inside, *inside.parents[:-1])):
                continue
            if file.is_file() and inside.name not in LEAVE_OUT and not inside.name.startswith("."):
                kind = zipfile.ZIP_STORED if file.suffix in (".npz", ".safetensors") else zipfile.ZIP_DEFLATED
                bundle.write(file, f"{run.name}/{inside}", kind)
    return buffer.getvalue()


def parent(run: Run) -> str:
    """Return, in words, the run and step that a branch comes from, or ""."""
    origin = run.meta.get("parent")
    return f"branched from {origin['run']} at step {origin['step']:,}" if isinstance(origin, dict) else ""
