"""What the columns of an upload mean and which models fit, from a sample: fast, and refused only by the whole file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vigie.app import Upload, uploads
from vigie.engine import members, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.errors import InputRefused
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext
from vigie.stores.base import join
from vigie.table import Table, parse, read

SAMPLE_ROWS = 5_000
HEAD_ROWS = 20
_LONGEST_CELL = 500
_QUALITY = ((0.8, "good"), (0.65, "fair"), (0.0, "weak"))


@dataclass(frozen=True)
class Sample:
    """Some rows of an upload; `rows` are how many it has, exactly or about."""

    table: Table
    rows: int
    exact: bool


def inspect(bench: JobContext, upload: Upload, told: Callable[[str, float], None]) -> dict[str, Any]:
    """Looks at an upload.

    Returns:
        What changes on it: state, rows, columns, inspection, mapping.
    """
    told("reading", 0.1)
    sample = _sample(bench, upload)
    try:
        return _judged(bench, upload, sample, told)
    except InputRefused:
        if sample.table.frame.height == sample.rows:
            raise
        # The first rows say nothing: only the whole table refuses.
        return _judged(bench, upload, _whole(bench, upload), told)


def _judged(
    bench: JobContext, upload: Upload, sample: Sample, told: Callable[[str, float], None]
) -> dict[str, Any]:
    names = sample.table.frame.columns
    _keep_head(bench, upload, sample.table.frame)
    mapping, known = dict(upload.mapping), None
    if not mapping:
        known = uploads.find_mapping(bench.engine, upload.owner_id, uploads.columns_digest(names))
        mapping = known or {}
    options = Options(top=5, minimum=0.3, roles=mapping, reasons=False)
    context = ScoringContext(bench.catalog, bench.open_bundle, options, told)
    look = table_matching.match(sample.table, context)
    matches = [_match(match) for match in look.matches]
    return {
        "state": "ready",
        "rows": sample.rows,
        "rows_exact": sample.exact,
        "columns": len(names),
        "mapping": mapping,
        "error": None,
        "inspection": {
            "rows": sample.rows,
            "rows_exact": sample.exact,
            "columns": names,
            "sample_rows": sample.table.frame.height,
            "roles": look.roles.to_json(),
            "matches": matches,
            "quality": quality(matches),
            "remembered": known is not None,
            "seconds": look.seconds,
        },
    }


def quality(matches: list[dict[str, Any]]) -> str:
    """The match in one word: `good`, `fair`, `weak` or `none`."""
    usable = [match["similarity"] for match in matches if match["similarity"] > 0.5]
    return next(word for least, word in _QUALITY if usable[0] >= least) if usable else "none"


def limited(bench: JobContext, path: Path, name: str) -> Table:
    """The whole table, within the limits of the settings."""
    limits = bench.settings
    return read(path, source=name, max_rows=limits.max_rows, max_columns=limits.max_columns)


def _sample(bench: JobContext, upload: Upload) -> Sample:
    with upload_files.head(bench, upload) as found:
        if found is not None:
            path, times = found
            try:
                table = limited(bench, path, upload.name)
            except InputRefused:
                table = None  # it may be the cut that is wrong: only the whole file refuses
            if table is not None:
                return Sample(
                    _some(table), max(table.frame.height, round(table.frame.height * times)), exact=False
                )
    if upload.extension in {".parquet", ".pq"}:
        with upload_files.whole(bench, upload) as path:
            rows, frame = _parquet_head(path)
        if frame is not None and rows > frame.height and frame.width <= bench.settings.max_columns:
            return Sample(Table(upload.name, frame, parse(frame)), rows, exact=True)
    every = _whole(bench, upload)
    return Sample(_some(every.table), every.rows, exact=True)


def _whole(bench: JobContext, upload: Upload) -> Sample:
    with upload_files.whole(bench, upload) as path:
        table = limited(bench, path, upload.name)
    return Sample(table, table.frame.height, exact=True)


def _parquet_head(path: Path) -> tuple[int, pl.DataFrame | None]:
    """How many rows there are and the first of them; nothing for what is better left to the reader of whole files."""
    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    try:
        if any(dtype.is_nested() or dtype == pl.Binary for dtype in lazy.collect_schema().dtypes()):
            return 0, None
        return int(lazy.select(pl.len()).collect().item()), lazy.head(SAMPLE_ROWS).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return 0, None


def _some(table: Table) -> Table:
    if table.frame.height <= SAMPLE_ROWS:
        return table
    return Table(table.source, table.frame.head(SAMPLE_ROWS), table.typed.head(SAMPLE_ROWS), table.dialect)


def _keep_head(bench: JobContext, upload: Upload, frame: pl.DataFrame) -> None:
    """The first rows for the page; in the store with the upload, for cells are never kept in the database."""
    shown = frame.head(HEAD_ROWS).cast(pl.String, strict=False)
    rows = [[_short(cell) for cell in row] for row in shown.iter_rows()]
    document = {"columns": frame.columns, "rows": rows}
    bench.store.put(join(upload.folder, "head.json"), json.dumps(document).encode())


def _short(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= _LONGEST_CELL else cell[:_LONGEST_CELL] + "…"


def _match(match: Any) -> dict[str, Any]:
    return {
        "name": match.entry.name,
        "version": match.entry.version,
        "domain": match.entry.domain,
        "similarity": match.similarity,
        "skill": members.skill(match.entry),
        "evidence": [reason.to_json() for reason in match.evidence],
    }
