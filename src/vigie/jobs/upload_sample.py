"""The rows that an upload is inspected by, and the options that it is read with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vigie.app import Upload, remembered_options, uploads
from vigie.errors import InputRefused
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext
from vigie.stores.base import join
from vigie.table import ReadOptions, Table, parse
from vigie.table.isolated import read_head
from vigie.table.writing import set_aside_csv

SAMPLE_ROWS = 5_000
_MAX_TRIED = 5
"""Remembered options that are tried; each costs a reading of the sample."""


@dataclass(frozen=True)
class Sample:
    """Some rows of an upload.

    Attributes:
        table: the rows.
        rows: number of rows of the upload; an estimate unless `exact`.
        options: how it was read.
        remembered: whether the options are those of an earlier table.
    """

    table: Table
    rows: int
    exact: bool
    options: ReadOptions
    remembered: bool = False

    @property
    def digest(self) -> str:
        """Digest of the columns."""
        return uploads.columns_digest(self.table.frame.columns)


def read_sample(context: JobContext, upload: Upload) -> Sample:
    """Read rows of an upload as its owner chose, else as an earlier table with the same columns was read.

    Raises:
        InputRefused: the whole table is refused; a sample alone refuses nothing.
    """
    if upload.read_options is not None:
        return _read(context, upload, ReadOptions.from_json(upload.read_options))
    found = _try(context, upload, ReadOptions())
    for digest, options in _candidates(context, upload, found):
        tried = _try(context, upload, options)
        if isinstance(tried, Sample) and tried.digest == digest:
            return replace(tried, remembered=True)
    if isinstance(found, InputRefused):
        raise found
    return found


def options_of(context: JobContext, upload: Upload) -> ReadOptions:
    """Return how an upload is read; one that was not inspected yet is tried as the inspection tries it."""
    if upload.read_options is None and upload.state == "received":
        return read_sample(context, upload).options
    return ReadOptions.from_json(upload.read_options or {})


def read_whole(context: JobContext, upload: Upload, options: ReadOptions) -> Sample:
    """Read all rows of an upload."""
    with upload_files.local_copy(context, upload) as path:
        table = upload_files.read_table(context, path, upload.name, options)
    return Sample(table, table.frame.height, exact=True, options=options)


def store_set_aside(context: JobContext, upload: Upload, table: Table) -> None:
    """Store the lines of the file that are not among the rows, or remove those of an earlier reading."""
    key = join(upload.folder, uploads.SET_ASIDE_FILE)
    if table.report.set_aside:
        context.store.put(key, set_aside_csv(table.report.set_aside))
    else:
        context.store.delete(key)


def _candidates(
    context: JobContext, upload: Upload, found: Sample | InputRefused
) -> Iterator[tuple[str, ReadOptions]]:
    """Yield remembered options worth a try, with the digest of the columns that they must lead to."""
    remembered = remembered_options.list_for(context.engine, upload.owner_id)
    was_read = isinstance(found, Sample)
    same = [one for one in remembered if isinstance(found, Sample) and one.columns_digest == found.digest]
    for one in same or remembered[:_MAX_TRIED]:
        options = ReadOptions.from_json(one.read_options)
        # Numbered columns tell nothing: any table with as many columns has them.
        if same or not was_read or options.header_row != 0:
            yield one.columns_digest, options


def _try(context: JobContext, upload: Upload, options: ReadOptions) -> Sample | InputRefused:
    try:
        return _read(context, upload, options)
    except InputRefused as error:
        return error


def _read(context: JobContext, upload: Upload, options: ReadOptions) -> Sample:
    with upload_files.csv_head(context, upload, options) as found:
        if found is not None:
            path, factor = found
            try:
                table = upload_files.read_table(context, path, upload.name, options)
            except InputRefused:
                table = None  # the cut may be the cause; only the whole file is refused
            if table is not None:
                rows = table.frame.height
                return Sample(
                    _first_rows(table), max(rows, round(rows * factor)), exact=False, options=options
                )
    if upload.extension in {".parquet", ".pq"}:
        with upload_files.local_copy(context, upload) as path:
            rows, frame = read_head(path, SAMPLE_ROWS)
        if frame is not None and rows > frame.height and frame.width <= context.settings.max_columns:
            return Sample(Table(upload.name, frame, parse(frame)), rows, exact=True, options=options)
    whole = read_whole(context, upload, options)
    return Sample(_first_rows(whole.table), whole.rows, exact=True, options=options)


def _first_rows(table: Table) -> Table:
    if table.frame.height <= SAMPLE_ROWS:
        return table
    head, typed = table.frame.head(SAMPLE_ROWS), table.typed.head(SAMPLE_ROWS)
    return Table(table.source, head, typed, table.dialect, table.report)
