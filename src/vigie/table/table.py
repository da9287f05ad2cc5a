"""What a table is."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vigie.table.report import NOTHING_TO_REPORT, ReadReport


@dataclass(frozen=True)
class CsvFormat:
    """How the uploaded CSV was written, so that the predictions can be written alike.

    Attributes:
        encoding: Python's name of the encoding of the file.
        separator: one character.
        decimal: "." or ",", as the majority of the columns with decimals have it.
        bom: whether the file began with a byte order mark.
        names: names of the columns in the file, where they are not those of the table: some may be missing or the same.
    """

    encoding: str
    separator: str
    decimal: str
    bom: bool
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """An upload.

    Attributes:
        source: what the user calls it, for messages.
        frame: the cells as uploaded, all text for a CSV (an empty cell is ""), never altered.
        typed: the same columns in the same order, as `parse` understands them; empty cells are null.
        dialect: None unless the upload was a CSV.
        report: how it was read, and what of it was not understood.
    """

    source: str
    frame: pl.DataFrame
    typed: pl.DataFrame
    dialect: CsvFormat | None = None
    report: ReadReport = NOTHING_TO_REPORT
