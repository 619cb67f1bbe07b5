"""Parquet and Arrow files; Parquet is brought into Arrow's form in the scratch folder, by groups of rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from vae.data.own import limits
from vae.data.own.columns_of import content
from vae.data.own.content import Content, OwnDataError
from vae.data.own.reader import Chosen, Reader

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 4_096  # rows that are in memory at once


def mapped(path: Path) -> "pa.Table":
    """Return an Arrow file, or a stream of one, as a table that is read from the disk when it is asked for."""
    import pyarrow as pa

    try:
        source = pa.memory_map(str(path))
        try:
            table = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            table = pa.ipc.open_stream(source).read_all()
        table.validate(full=table.nbytes < limits.GB)
        return table
    except (pa.ArrowException, OSError, ValueError) as error:
        raise OwnDataError(f"{path.name} cannot be read as Arrow: {_short(error)}. Save it again.") from error


def _parquet(path: Path, scratch: Path, chosen: Chosen) -> Content:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = scratch / "table.arrow"
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            if file.metadata.num_columns > limits.COLUMNS:
                raise OwnDataError(
                    f"{path.name} has {file.metadata.num_columns:,} columns, and at most {limits.COLUMNS:,} are read."
                )
            with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, file.schema_arrow) as writer:
                for batch in file.iter_batches(BLOCK, use_threads=False):
                    writer.write_batch(batch)
                    if sink.tell() > limits.UNPACKED:
                        raise OwnDataError(f"{path.name} unpacks to more than {limits.UNPACKED // limits.GB} GB.")
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise OwnDataError(f"{path.name} cannot be read as Parquet: {_short(error)}. Save it again.") from error
    return content("Parquet table", mapped(target), chosen)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160].rstrip(".") if str(error) else type(error).__name__


def _arrow(path: Path, scratch: Path, chosen: Chosen) -> Content:
    return content("Arrow table", mapped(path), chosen)


PARQUET = Reader("Parquet table", (".parquet", ".pq"), lambda path, head: head.startswith(b"PAR1"), _parquet)
ARROW = Reader(
    "Arrow table",
    (".arrow", ".feather"),
    lambda path, head: head.startswith((b"ARROW1", b"\xff\xff\xff\xff")),
    _arrow,
)
