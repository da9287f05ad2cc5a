"""Rows on one disk: more than memory holds, in chunks, and brought together in partitions.

Polars partitions the rows; a partition holds whole entities, so it is as large as its largest entity. Outputs of group
functions are written by row, so that they can be read back in the order of the table.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count as numbers
from pathlib import Path

import numpy as np
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
)
from vigie.engine.backends.spill import SpilledTable
from vigie.engine.options import Sizes
from vigie.parallel import WORKERS, in_threads

_ROW_GROUP = 8192
"""Rows that Parquet keeps together: few, so that one chunk of the table reads little of each partition."""
_COUNTS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class DiskRows:
    """Rows in chunks.

    Attributes:
        folders: file n of each holds columns of chunk n.
    """

    folders: tuple[Path, ...]

    def __len__(self) -> int:
        return sum(1 for _ in self.folders[0].iterdir())

    def chunk(self, number: int, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a chunk, or some columns of it; others that are named are ignored."""
        parts = []
        for folder in self.folders:
            path = next(folder.glob(f"{number:05}.*"))
            scan = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_ipc(path)
            names = scan.collect_schema().names()
            wanted = names if columns is None else [name for name in names if name in columns]
            if wanted:
                parts.append(scan.select(wanted).collect())
        return pl.concat(parts, how="horizontal")

    def chunks(self, columns: tuple[str, ...] | None = None) -> Iterator[pl.DataFrame]:
        """Return the chunks in the order of the table."""
        return (self.chunk(number, columns) for number in range(len(self)))


@dataclass(frozen=True)
class DiskOutput:
    """Output of a group function.

    Attributes:
        folder: a file for each partition, sorted by row.
        merged: whether a row may be in two partitions.
    """

    folder: Path
    merged: bool

    def where(self, condition: pl.Expr, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return `ROW` and the numbers of some rows, sorted by `ROW`."""
        scan = pl.scan_parquet(self.folder / "*.parquet")
        names = (name for name in scan.collect_schema() if name != BUCKET)
        wanted = [name for name in names if columns is None or name in columns]
        found = scan.filter(condition).select(wanted).collect()
        return (merge_keys(found) if self.merged else found).sort(ROW)


class DiskBackend:
    """Rows on one disk.

    Args:
        table: typed rows in chunks.
        folder: folder to work in; the caller removes it. It takes about a kilobyte a row.
        sizes: rows of a partition, and of a thread.
    """

    def __init__(self, table: SpilledTable, folder: Path, sizes: Sizes) -> None:
        self.source, self.columns, self.n_rows = table.source, table.columns, table.n_rows
        self.rows = DiskRows((table.folder,))
        self._folder, self._sizes = folder, sizes
        self._numbers = numbers()
        self._partitions: dict[str, Path] = {}

    @property
    def schema(self) -> Schema:
        """Columns and types of the rows."""
        return pl.scan_parquet(self.rows.folders[0] / "*.parquet").collect_schema()

    def collect(self, rows: DiskRows, function: ChunkFunction) -> pl.DataFrame:
        """Return what a function returns for each chunk."""
        return pl.concat([function(chunk) for chunk in rows.chunks(function.columns)])

    def count(
        self, rows: DiskRows, function: ChunkFunction, *, least: int = 1, limit: int | None = None
    ) -> pl.DataFrame:
        """Add up `count` for equal keys; some keys at a time, so that any number of them fits."""
        folder = self._new("counts")
        for number, chunk in enumerate(rows.chunks(function.columns)):
            function(chunk).write_parquet(folder / f"{number:05}.parquet", compression="lz4")
        counts = pl.scan_parquet(folder / "*.parquet")
        rounds = 1 + int(counts.select(pl.len()).collect().item()) // _COUNTS_AT_ONCE
        part = pl.struct(pl.exclude("count")).hash(seed=5) % rounds
        added = [
            add_up(counts.filter(part == number) if rounds > 1 else counts, least, limit).collect()
            for number in range(rounds)
        ]
        shutil.rmtree(folder)
        found = pl.concat(added)
        return found if limit is None else found.head(limit)

    def map_groups(self, rows: DiskRows, function: GroupFunction) -> DiskOutput:
        """Run a group function on each partition, in two threads."""
        extra = {name: self._column(rows, name) for name in function.extra}
        target, source = self._new(function.name), self._partitioned(function)

        def run(numbered: tuple[int, Path]) -> None:
            number, path = numbered
            part = pl.read_parquet(path, hive_partitioning=False)
            places = part[ROW].to_numpy()
            found = function(part.with_columns(pl.Series(name, x[places]) for name, x in extra.items()))
            found.sort(ROW).write_parquet(
                target / f"{number:05}.parquet", compression="lz4", row_group_size=_ROW_GROUP
            )

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(run, enumerate(sorted(source.rglob("*.parquet")))))
        if function.grouping_name not in self._partitions:
            shutil.rmtree(source)
        return DiskOutput(target, len(function.keys) > 1)

    def map_rows(
        self,
        rows: DiskRows,
        joined: Sequence[DiskOutput],
        function: RowFunction,
        share: Callable[[float], None] | None = None,
    ) -> DiskRows:
        """Run a row function on each chunk, in two threads that need no more room together than a chunk does."""
        target, first = self._new("rows"), 0
        for number, chunk in enumerate(rows.chunks(function.columns)):
            if share is not None:
                share(first / self.n_rows)
            mine = pl.col(ROW).is_between(first, first + chunk.height, closed="left")
            outputs = [output.where(mine, function.columns) for output in joined]
            found = self._run(chunk, outputs, function)
            found.write_ipc(target / f"{number:05}.arrow")
            first += chunk.height
        return DiskRows((*rows.folders, target) if function.extends else (target,))

    def read(self, output: DiskOutput, buckets: Sequence[int]) -> pl.DataFrame:
        """Return the output of a group function for the rows of some hash buckets."""
        return output.where(pl.col(BUCKET).is_in(buckets))

    def checkpoint(self, rows: DiskRows) -> DiskRows:
        """Return the rows, which are on disk already."""
        return rows

    def release(self, *outputs: DiskOutput) -> None:
        """Remove the files of outputs."""
        for output in outputs:
            shutil.rmtree(output.folder)

    def _run(
        self, chunk: pl.DataFrame, outputs: Sequence[pl.DataFrame], function: RowFunction
    ) -> pl.DataFrame:
        """Run a row function on the parts of a chunk, each in a thread."""
        found: dict[int, pl.DataFrame] = {}

        def run(start: int) -> None:
            part = chunk.slice(start, self._sizes.thread)
            here = pl.col(ROW).is_between(part[ROW][0], part[ROW][-1])
            found[start] = function(part, [output.filter(here) for output in outputs])

        starts = range(0, chunk.height, self._sizes.thread)
        in_threads(run, starts)
        return pl.concat([found[start] for start in starts])

    def _new(self, name: str) -> Path:
        folder = self._folder / f"{next(self._numbers):02} {name}"
        folder.mkdir()
        return folder

    def _column(self, rows: DiskRows, name: str) -> np.ndarray:
        """Return a column of all rows."""
        return np.concatenate([chunk[name].to_numpy() for chunk in rows.chunks((name,))])

    def _partitioned(self, function: GroupFunction) -> Path:
        """Return the folder of the partitions of a grouping; one is kept for the next function of the same grouping."""
        known = self._partitions.pop(function.grouping_name, None)
        if known is not None:
            return known
        target = self._new(f"partitions {function.grouping_name}")
        scan = pl.scan_parquet(self.rows.folders[0] / "*.parquet")
        partitions = max(1, round(self.n_rows * len(function.keys) / self._sizes.partition))
        function.assign(scan, partitions, ()).sink_parquet(
            pl.PartitionBy(target, key=PARTITION, include_key=False),
            mkdir=True,
            compression="lz4",
            row_group_size=_ROW_GROUP,
        )
        self._partitions[function.grouping_name] = target
        return target
