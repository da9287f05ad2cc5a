"""Folders of CSV and Parquet files at any URL, read and written by the tasks of a cluster.

Each file is read by one task with the code of the command line: encodings, delimiters, quotes over several lines, and the
same errors. Files in a cloud are read through Vigie's own stores, because Spark's package has no client for them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import InputRefused, NotFound, UsageRefused
from vigie.spark import errors
from vigie.spark.arrow_frame import SparkFrame
from vigie.stores.base import Location
from vigie.stores.open import connect, locate, open_location
from vigie.table import CsvFormat, chunks, write_chunks
from vigie.table.chunks import ChunkedTable
from vigie.table.options import DEFAULTS, ReadLimits, ReadOptions

_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_COLUMNAR = (".parquet", ".pq")
_READABLE = "files named .csv, .csv.gz, .tsv, .txt or .parquet"
_INSPECTED = {"file": pl.Int64(), "described": pl.String()}
_WIDER: dict[type[pl.DataType], pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
    pl.UInt64: pl.Decimal(20, 0),
}


@dataclass(frozen=True)
class Folder:
    """Files that make up one table.

    Attributes:
        location: where they are.
        keys: their names in it, in the order of the rows.
        source: name of the table in messages.
        max_columns: refuse more.
        reading: what the user says of the files.
    """

    location: Location
    keys: tuple[str, ...]
    source: str
    max_columns: int
    reading: ReadOptions = DEFAULTS

    @contextmanager
    def open(self, number: int) -> Iterator[ChunkedTable]:
        """One of the files, here."""
        key = self.keys[number]
        with tempfile.TemporaryDirectory(prefix="vigie-") as name:
            path, folder = Path(self.location.bucket, key), Path(name)
            if self.location.kind != "local":
                path = folder / f"fetched{''.join(Path(key).suffixes[-2:])}"
                with path.open("wb") as out:
                    out.writelines(open_location(self.location).stream(key))
            opened = chunks.open_chunked(
                path,
                folder,
                source=key,
                limits=ReadLimits(sys.maxsize, self.max_columns, sys.maxsize),
                # The tasks of a cluster have no place to write lines that are set aside to; rows must not be lost unseen.
                options=replace(self.reading, strict=True),
            )
            with opened as table:
                yield table


@dataclass(frozen=True)
class Read:
    """A table that was read.

    Attributes:
        df: its rows, in order; text for a CSV.
        dialect: of the first file, where it is a CSV.
    """

    df: DataFrame
    dialect: CsvFormat | None


def find(url: str, *, max_columns: int, reading: ReadOptions = DEFAULTS) -> Folder:
    """Return the files at a URL: one file, or those of a folder whose names do not begin with `_` or a dot."""
    place = locate(url)
    name = url.rstrip("/").rpartition("/")[2]
    if place.kind == "local":
        path = Path(place.bucket)
        if not path.exists():
            raise NotFound("file or folder", url)
        keys = (
            [path.name]
            if path.is_file()
            else [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        )
        place = Location("local", str(path.parent if path.is_file() else path))
    elif name.lower().endswith((*_TEXT, *_COLUMNAR)):
        place, keys = Location(place.kind, place.bucket, place.prefix.rpartition("/")[0]), [name]
    else:
        keys = [head.key for head in open_location(place).list()]
    keys = sorted(key for key in keys if not any(part[0] in "_." for part in key.split("/")))
    _refuse(keys, name)
    return Folder(place, tuple(keys), name, max_columns, reading)


def _refuse(keys: list[str], source: str) -> None:
    kinds = {key.lower().endswith(_COLUMNAR) for key in keys}
    odd = [key for key in keys if not key.lower().endswith((*_TEXT, *_COLUMNAR))]
    if odd or len(kinds) != 1:
        what = f"{odd[0]!r}" if odd else "CSV beside Parquet" if keys else "no file"
        raise InputRefused(
            f"{source}: found {what}, expected {_READABLE}, of one kind", hint="keep other files elsewhere"
        )
    if any("=" in part for key in keys for part in key.split("/")[:-1]):
        raise InputRefused(
            f"{source}: found folders that hold values of a column (name=value), expected all columns in the files",
            hint="read them with spark.read and give the rows to vigie.spark.predict",
        )


def read(session: SparkSession, folder: Folder) -> Read:
    """Inspect every file and return a frame that reads them, one task per file.

    Raises:
        InputRefused: a file has other columns than the first, or is no table.
    """
    with errors.to_driver():
        tasks = session.range(0, len(folder.keys), 1, len(folder.keys)).toDF("_0")
        inspected = (
            SparkFrame(tasks, {"file": pl.Int64()}).map(_Inspect(folder), _INSPECTED).collect().sort("file")
        )
    described = [json.loads(text) for text in inspected["described"]]
    for key, one in zip(folder.keys, described, strict=True):
        if one["columns"] != described[0]["columns"]:
            raise InputRefused(
                f"{key}: found other columns than in {folder.keys[0]}, expected the same in the same order",
                hint="score tables of different columns one by one",
            )
    with folder.open(0) as first:
        empty = _plain(next(first.chunks()).clear())
        dialect = first.dialect
    plain = empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    kinds = from_arrow_schema(plain, prefer_timestamp_ntz=True)
    return Read(tasks.mapInArrow(_ReadFile(folder, to_arrow_schema(kinds, timezone="UTC")), kinds), dialect)


def _plain(piece: pl.DataFrame) -> pl.DataFrame:
    """Return the cells in types that Spark has."""
    wider = [pl.col(name).cast(_WIDER[type(t)]) for name, t in piece.schema.items() if type(t) in _WIDER]
    words = [
        pl.col(name).cast(pl.String)
        for name, t in piece.schema.items()
        if type(t) in (pl.Categorical, pl.Enum)
    ]
    return piece.with_columns(*wider, *words)


@dataclass(frozen=True)
class _Inspect:
    folder: Folder

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        for number in rows["file"]:
            with self.folder.open(number) as table:
                first = next(table.chunks())
                described = json.dumps(
                    {"columns": [[name, str(dtype)] for name, dtype in first.schema.items()]}
                )
            yield pl.DataFrame({"file": [number], "described": [described]}, schema=_INSPECTED)


@dataclass(frozen=True)
class _ReadFile:
    folder: Folder
    target: pa.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with errors.from_task():
            for number in (number for batch in batches for number in batch.column(0).to_pylist()):
                with self.folder.open(number) as table:
                    for piece in table.chunks():
                        for part in piece.iter_slices(20_000):
                            rows = _plain(part).to_arrow(compat_level=pl.CompatLevel.oldest())
                            yield from rows.cast(self.target).to_batches()


@dataclass(frozen=True)
class Target:
    """Where predictions go.

    Attributes:
        url: of a folder.
        extension: `.csv`, `.csv.gz` or `.parquet`.
    """

    url: str
    extension: str


def check(target: Target) -> None:
    """Check that predictions can be written, before any work.

    Raises:
        UsageRefused: the folder is not empty.
    """
    if next(iter(connect(target.url).list()), None) is not None:
        raise UsageRefused(
            f"cannot write {target.url.rpartition('/')[2]!r}: the folder is not empty",
            hint="name a new folder",
        )


def write(df: DataFrame, target: Target, dialect: CsvFormat | None) -> int:
    """Write scored rows in their order, one file per task, and return the number of files.

    Args:
        df: the upload's columns, then the result columns.
        target: folder and format.
        dialect: how the upload was written, where it is text.
    """
    with errors.to_driver():
        made = df.mapInArrow(_WriteFile(target, dialect), "part long, rows long")
        files = made.collect()
    connect(target.url).put("_SUCCESS", b"")
    return len(files)


@dataclass(frozen=True)
class _WriteFile:
    """Writes a partition to a file; the name is that of the partition, so a repeated task writes the same file."""

    target: Target
    dialect: CsvFormat | None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with errors.from_task():
            context = TaskContext.get()
            if context is None:
                raise RuntimeError("a file is written by a task only")
            first = next((batch for batch in batches if batch.num_rows), None)
            if first is None:
                return
            number, rows = context.partitionId(), 0

            def pieces() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
                nonlocal rows
                for batch in chain([first], batches):
                    rows += batch.num_rows
                    yield _halves(batch)

            columns = first.schema.names[: -len(RESULT_COLUMNS)]
            with tempfile.TemporaryDirectory(prefix="vigie-") as name:
                path = Path(name, f"part-{number:05}{self.target.extension}")
                write_chunks(pieces(), columns, self.dialect, path, Path(name))
                connect(self.target.url).put(path.name, path)
            yield pa.RecordBatch.from_arrays([pa.array([number]), pa.array([rows])], ["part", "rows"])


def _halves(batch: pa.RecordBatch) -> tuple[pl.DataFrame, pl.DataFrame]:
    frame = pl.DataFrame(pl.from_arrow(batch))
    width = frame.width - len(RESULT_COLUMNS)
    ours = frame[:, width:]
    ours.columns = list(RESULT_COLUMNS)
    return frame[:, :width], ours
