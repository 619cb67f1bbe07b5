"""Export a run's history to other tools' formats."""

from pathlib import Path

from vae.runs.run import Run


def tensorboard(run: Run, folder: Path) -> int:
    """Write the history as TensorBoard event files, replacing earlier ones; return the number of scalars.

    Tags are train/NAME and valid/NAME at the record's step; `elbo` = -distortion - rate is added if there is a rate.
    """
    from tensorboardX import SummaryWriter

    if folder.is_dir():
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
    count = 0
    began = run.meta.get("created") or (run.path / "spec.json").stat().st_mtime
    with SummaryWriter(str(folder)) as writer:
        for record in run.history:
            groups = {"train": {k: v for k, v in record.items() if k not in ("step", "valid")}}
            groups["valid"] = dict(record.get("valid") or {})  # a copy: the history is cached
            for group, values in groups.items():
                if values.get("rate") is not None and values.get("distortion") is not None:
                    values["elbo"] = -values["distortion"] - values["rate"]
                for name, value in values.items():
                    if value is not None:
                        writer.add_scalar(f"{group}/{name}", value, record["step"], began + record["seconds"])
                        count += 1
    return count
