"""JSON lines: one flat object a line."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vigie.errors import UnreadableTable
from vigie.table.declared_size import check_extent
from vigie.table.parsing.columns import check_flat

_VENDOR_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_json_lines(path: Path, *, source: str, max_rows: int, max_columns: int) -> pl.DataFrame:
    """Read a file of JSON lines; an object that lacks a key has an empty cell there.

    Args:
        path: of the file.
        source: name for messages.
        max_rows: refuse more.
        max_columns: refuse more.

    Raises:
        UnreadableTable: a line is no object.
        InputRefused: a value is a list or an object.
        TableTooLarge: it exceeds a limit.
    """
    try:
        frame = pl.read_ndjson(path, infer_schema_length=None)
    except _VENDOR_ERRORS as error:
        raise UnreadableTable(
            source,
            found="lines that are not JSON objects of the same kind",
            expected="one object a line",
            hint="export the table again as JSON lines or CSV",
        ) from error
    check_extent(source, frame.height, frame.width, max_rows=max_rows, max_columns=max_columns)
    check_flat(frame.schema, source)
    return frame
