"""Inspection job: roles of the columns and matching models, from a sample of the upload."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from vigie.app import Upload, remembered_options, uploads
from vigie.engine import members, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.engine.read_warnings import roles_without_values
from vigie.errors import InputRefused
from vigie.jobs.context import JobContext, ProgressCallback
from vigie.jobs.upload_sample import Sample, read_sample, read_whole, store_set_aside
from vigie.stores.base import join

HEAD_ROWS = 20
_MAX_CELL = 500
_MIN_SIMILARITY = 0.5
_QUALITY = ((0.8, "good"), (0.65, "fair"), (0.0, "weak"))


def inspect_upload(context: JobContext, upload: Upload, progress: ProgressCallback) -> dict[str, Any]:
    """Inspect an upload.

    Returns:
        Columns of the upload to update: state, rows, columns, inspection, mapping.

    Raises:
        InputRefused: the whole table is refused; a sample alone refuses nothing.
    """
    progress("reading", 0.1)
    sample = read_sample(context, upload)
    try:
        return _inspect(context, upload, sample, progress)
    except InputRefused:
        if sample.table.frame.height == sample.rows:
            raise
        return _inspect(context, upload, read_whole(context, upload, sample.options), progress)


def _inspect(
    context: JobContext, upload: Upload, sample: Sample, progress: ProgressCallback
) -> dict[str, Any]:
    names = sample.table.frame.columns
    _store_head(context, upload, sample.table.frame)
    store_set_aside(context, upload, sample.table)
    _remember_options(context, upload, sample)
    known, saved = _known(upload.mapping, names), None
    if not known:
        saved = uploads.find_mapping(context.engine, upload.owner_id, sample.digest)
        known = _known(saved or {}, names)
    mapping = {c: r for c, r in known.items() if c not in roles_without_values(sample.table.typed, known)}
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
        "read_options": sample.options.to_json(),
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
            "remembered": bool(saved),
            "options_remembered": sample.remembered,
            "seconds": profile.seconds,
        },
    }


def _known(mapping: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    return {column: role for column, role in mapping.items() if column in columns}


def quality(matches: list[dict[str, Any]]) -> str:
    """Return the quality of the best match: `good`, `fair`, `weak` or `none`."""
    usable = [match["similarity"] for match in matches if match["similarity"] > _MIN_SIMILARITY]
    return next(word for least, word in _QUALITY if usable[0] >= least) if usable else "none"


def _store_head(context: JobContext, upload: Upload, frame: pl.DataFrame) -> None:
    """Store the first rows for the page; in the store, since the database holds no cells."""
    shown = frame.head(HEAD_ROWS).cast(pl.String, strict=False)
    rows = [[_shortened(cell) for cell in row] for row in shown.iter_rows()]
    document = {"columns": frame.columns, "rows": rows}
    context.store.put(join(upload.folder, uploads.HEAD_FILE), json.dumps(document).encode())


def _remember_options(context: JobContext, upload: Upload, sample: Sample) -> None:
    """Keep the options that the owner chose for the next table with these columns."""
    if upload.read_options is not None and not sample.remembered:
        remembered_options.remember(context.engine, upload.owner_id, sample.digest, sample.options.to_json())


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
