"""Inspection job: roles of the columns and matching models, from a sample of the upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from vigie.app import Upload, uploads
from vigie.engine import members, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.engine.read_warnings import roles_without_values
from vigie.errors import InputRefused
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext, ProgressCallback
from vigie.stores.base import join
from vigie.table import Table, parse
from vigie.table.isolated import read_head

SAMPLE_ROWS = 5_000
HEAD_ROWS = 20
_MAX_CELL = 500
_MIN_SIMILARITY = 0.5
_QUALITY = ((0.8, "good"), (0.65, "fair"), (0.0, "weak"))


@dataclass(frozen=True)
class Sample:
    """Some rows of an upload, with the number of rows of the upload; an estimate unless `exact`."""

    table: Table
    rows: int
    exact: bool


def inspect_upload(context: JobContext, upload: Upload, progress: ProgressCallback) -> dict[str, Any]:
    """Inspect an upload.

    Returns:
        Columns of the upload to update: state, rows, columns, inspection, mapping.

    Raises:
        InputRefused: the whole table is refused; a sample alone refuses nothing.
    """
    progress("reading", 0.1)
    sample = _read_sample(context, upload)
    try:
        return _inspect(context, upload, sample, progress)
    except InputRefused:
        if sample.table.frame.height == sample.rows:
            raise
        return _inspect(context, upload, _read_whole(context, upload), progress)


def _inspect(
    context: JobContext, upload: Upload, sample: Sample, progress: ProgressCallback
) -> dict[str, Any]:
    names = sample.table.frame.columns
    _store_head(context, upload, sample.table.frame)
    mapping, saved = dict(upload.mapping), None
    if not mapping:
        saved = uploads.find_mapping(context.engine, upload.owner_id, uploads.columns_digest(names))
        mapping = saved or {}
    known = {column: role for column, role in mapping.items() if column in names}
    mapping = {c: r for c, r in mapping.items() if c not in roles_without_values(sample.table.typed, known)}
    options = Options(top=5, minimum=0.3, roles=mapping, reasons=False)
    scoring = ScoringContext(context.catalog, context.open_bundle, options, progress)
    profile = table_matching.match(sample.table, scoring)
    matches = [_match(match) for match in profile.matches]
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
            "roles": profile.roles.to_json(),
            "labels": profile.read["labels"],
            "read": profile.read,
            "matches": matches,
            "quality": quality(matches),
            "remembered": saved is not None,
            "seconds": profile.seconds,
        },
    }


def quality(matches: list[dict[str, Any]]) -> str:
    """Return the quality of the best match: `good`, `fair`, `weak` or `none`."""
    usable = [match["similarity"] for match in matches if match["similarity"] > _MIN_SIMILARITY]
    return next(word for least, word in _QUALITY if usable[0] >= least) if usable else "none"


def _read_sample(context: JobContext, upload: Upload) -> Sample:
    with upload_files.csv_head(context, upload) as found:
        if found is not None:
            path, factor = found
            try:
                table = upload_files.read_table(context, path, upload.name)
            except InputRefused:
                table = None  # the cut may be the cause; only the whole file is refused
            if table is not None:
                rows = table.frame.height
                return Sample(_first_rows(table), max(rows, round(rows * factor)), exact=False)
    if upload.extension in {".parquet", ".pq"}:
        with upload_files.local_copy(context, upload) as path:
            rows, frame = read_head(path, SAMPLE_ROWS)
        if frame is not None and rows > frame.height and frame.width <= context.settings.max_columns:
            return Sample(Table(upload.name, frame, parse(frame)), rows, exact=True)
    whole = _read_whole(context, upload)
    return Sample(_first_rows(whole.table), whole.rows, exact=True)


def _read_whole(context: JobContext, upload: Upload) -> Sample:
    with upload_files.local_copy(context, upload) as path:
        table = upload_files.read_table(context, path, upload.name)
    return Sample(table, table.frame.height, exact=True)


def _first_rows(table: Table) -> Table:
    if table.frame.height <= SAMPLE_ROWS:
        return table
    head, typed = table.frame.head(SAMPLE_ROWS), table.typed.head(SAMPLE_ROWS)
    return Table(table.source, head, typed, table.dialect, table.report)


def _store_head(context: JobContext, upload: Upload, frame: pl.DataFrame) -> None:
    """Store the first rows for the page; in the store, since the database holds no cells."""
    shown = frame.head(HEAD_ROWS).cast(pl.String, strict=False)
    rows = [[_shortened(cell) for cell in row] for row in shown.iter_rows()]
    document = {"columns": frame.columns, "rows": rows}
    context.store.put(join(upload.folder, uploads.HEAD_FILE), json.dumps(document).encode())


def _shortened(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= _MAX_CELL else cell[:_MAX_CELL] + "…"


def _match(match: Any) -> dict[str, Any]:
    return {
        "name": match.entry.name,
        "version": match.entry.version,
        "domain": match.entry.domain,
        "similarity": match.similarity,
        "skill": members.skill(match.entry),
        "evidence": [reason.to_json() for reason in match.reasons],
    }
