"""What a user may say of a file instead of having it found out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read; what is not given is found out.

    Attributes:
        strict: refuse a file with lines that do not fit instead of setting these aside.
        sheet: name of the sheet of a workbook, or its number from 1.
        header_row: line of a text file or row of a sheet with the names of the columns, from 1; 0 where there is none.
        encoding: Python's name of the encoding of a text file.
        separator: the character between the cells of a text file.
        decimal: "." or ",".
    """

    strict: bool = False
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None


DEFAULTS = ReadOptions()
