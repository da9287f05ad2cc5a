"""Rows on one disk: more than memory holds, in chunks, and brought together in partitions.

Polars partitions the rows; a partition holds whole entities, so it is as large as its largest entity. Outputs of group
functions are written by row, so that they can be read back in the order of the table.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count as numbers
from pathlib import Path

import polars as pl

from vigie.engine.backend import (
    BUCKET,
    PARTITION,
    ROW,
    ChunkFunction,
    GroupFunction,
    RowFunction,
    Schema,
    add_up,
    merge_keys,
)  # fmt: skip
from vigie.engine.backends.spill import SpilledTable
from vigie.engine.options import Sizes
from vigie.parallel import WORKERS, in_threads

_ROW_GROUP = 8192
"""Rows that Parquet keeps together: few, so that one chunk of the table reads little of each partition."""


@dataclass(frozen=True)
class DiskRows:
    """Rows in chunks.

    Attributes:
        folders: file n of each holds columns of chunk n.
    """

    folders: tuple[Path, ...]

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Return the chunks in the order of the table; of columns that are named, those that there are."""
        for paths in zip(*(sorted(folder.iterdir()) for folder in self.folders), strict=True):
            parts = (_select(_scan(path), columns).collect() for path in paths)
            yield pl.concat([part for part in parts if part.width], how="horizontal")


@dataclass(frozen=True)
class DiskOutput:
    """Output of a group function.

    Attributes:
        folder: a file for each partition, sorted by row.
        merged: whether a row may be in two partitions.
    """

    folder: Path
    merged: bool

    def where(self, condition: pl.Expr, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return `ROW` and the numbers of some rows, sorted by `ROW`."""
        rows = pl.scan_parquet(self.folder / "*.parquet").filter(condition).drop(BUCKET)
        found = _select(rows, columns).collect()
        return (merge_keys(found) if self.merged else found).sort(ROW)


class DiskBackend:
    """Rows on one disk; see `vigie.engine.backend.Backend`.

    Args:
        table: typed rows in chunks.
        folder: folder to work in; the caller removes it. It takes about a kilobyte a row.
        sizes: rows of a partition, and of a thread.
    """

    def __init__(self, table: SpilledTable, folder: Path, sizes: Sizes) -> None:
        self.source, self.columns, self.n_rows = table.source, table.columns, table.n_rows
        self.report = table.report
        self.rows = DiskRows((table.folder,))
        self._table, self._folder, self._sizes = table.folder / "*.parquet", folder, sizes
        self._numbers = numbers()
        self._partitions: dict[str, Path] = {}

    @property
    def schema(self) -> Schema:
        return pl.scan_parquet(self._table).collect_schema()

    def collect(
        self, rows: DiskRows, function: ChunkFunction, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        return pl.concat([function(chunk) for chunk in rows.chunks(columns)])

    def count(
        self, rows: DiskRows, function: ChunkFunction, columns: Sequence[str] | None = None, *, least: int = 1,
        limit: int | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        """Count two parts of a chunk at a time, and add up some keys at a time, so that any number of them fits."""
        folder = self._new_folder("counts")
        for number, chunk in enumerate(rows.chunks(columns)):
            self._in_parts(chunk, function).write_parquet(folder / f"{number:05}.parquet", compression="lz4")
        counts = pl.scan_parquet(folder / "*.parquet")
        rounds = 1 + int(counts.select(pl.len()).collect().item()) // self._sizes.counts
        turn = pl.struct(pl.exclude("count")).hash(seed=5) % rounds
        parts = (counts.filter(turn == number) if rounds > 1 else counts for number in range(rounds))
        found = pl.concat([add_up(part, least, limit).collect() for part in parts])
        shutil.rmtree(folder)
        return found if limit is None else found.head(limit)

    def map_groups(self, rows: DiskRows, function: GroupFunction) -> DiskOutput:
        """Run the function on two partitions at a time."""
        extra = [
            pl.concat([chunk[name].rechunk() for chunk in rows.chunks((name,))]) for name in function.extra
        ]
        target, source = self._new_folder(function.name), self._partitioned(function)

        def run(numbered: tuple[int, Path]) -> None:
            number, path = numbered
            part = pl.read_parquet(path, hive_partitioning=False)
            found = function(part.with_columns(column.gather(part[ROW]) for column in extra))
            path = target / f"{number:05}.parquet"
            found.sort(ROW).write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP)

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(run, enumerate(sorted(source.rglob("*.parquet")))))
        if function.grouping not in self._partitions:
            shutil.rmtree(source)
        return DiskOutput(target, len(function.keys) > 1)

    def map_rows(
        self, rows: DiskRows, joined: Sequence[DiskOutput], function: RowFunction, schema: Schema, *,
        extend: bool = False, columns: Sequence[str] | None = None, share: Callable[[float], None] | None = None,
    ) -> DiskRows:  # fmt: skip
        """Run the function on two parts of a chunk at a time, which together need no more memory than a chunk."""
        target, first = self._new_folder("rows"), 0
        for number, chunk in enumerate(rows.chunks(columns)):
            if share is not None:
                share(first / self.n_rows)
            mine = pl.col(ROW).is_between(first, first + chunk.height, closed="left")
            run = partial(_run_with, function, [output.where(mine, columns) for output in joined])
            self._in_parts(chunk, run).write_ipc(target / f"{number:05}.arrow")
            first += chunk.height
        return DiskRows((*rows.folders, target) if extend else (target,))

    def read(self, output: DiskOutput, buckets: Sequence[int]) -> pl.DataFrame:
        return output.where(pl.col(BUCKET).is_in(buckets))

    def checkpoint(self, rows: DiskRows) -> DiskRows:
        return rows

    def release(self, *outputs: DiskOutput) -> None:
        for output in outputs:
            shutil.rmtree(output.folder)

    def _in_parts(self, chunk: pl.DataFrame, function: ChunkFunction) -> pl.DataFrame:
        """Run the function on two parts of a chunk at a time; return what it returns, in the order of the parts."""
        found: dict[int, pl.DataFrame] = {}

        def run(start: int) -> None:
            found[start] = function(chunk.slice(start, self._sizes.thread))

        starts = range(0, max(chunk.height, 1), self._sizes.thread)
        in_threads(run, starts)
        return pl.concat([found[start] for start in starts])

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / f"{next(self._numbers):02} {name}"
        folder.mkdir()
        return folder

    def _partitioned(self, function: GroupFunction) -> Path:
        """Return the folder of the partitions of a grouping; it is kept for the next function of the same grouping."""
        known = self._partitions.pop(function.grouping, None)
        if known is not None:
            return known
        target = self._new_folder(f"partitions {function.grouping}")
        partitions = max(1, round(self.n_rows * len(function.keys) / self._sizes.partition))
        function.assign(pl.scan_parquet(self._table), partitions, ()).sink_parquet(
            pl.PartitionBy(target, key=PARTITION, include_key=False),
            mkdir=True,
            compression="lz4",
            row_group_size=_ROW_GROUP,
        )
        self._partitions[function.grouping] = target
        return target


def _run_with(function: RowFunction, outputs: Sequence[pl.DataFrame], part: pl.DataFrame) -> pl.DataFrame:
    """Run a row function on consecutive rows, with the outputs of group functions for these among others."""
    here = pl.col(ROW).is_between(part[ROW][0], part[ROW][-1])
    return function(part, [output.filter(here) for output in outputs])


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_ipc(path)


def _select(rows: pl.LazyFrame, columns: Sequence[str] | None) -> pl.LazyFrame:
    names = rows.collect_schema().names()
    return rows if columns is None else rows.select([name for name in names if name in columns])
