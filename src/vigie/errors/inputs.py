"""Errors of files and values that Vigie refuses to guess."""

from __future__ import annotations

from collections.abc import Iterable

from vigie.errors.base import InputRefused, nearest_names
from vigie.i18n.messages import as_message, msg


class UnreadableTable(InputRefused):
    """The file is not a table that Vigie reads."""

    def __init__(
        self, source: str, *, found: str, expected: str = "a CSV, Parquet or Excel table", hint: str = ""
    ) -> None:
        message = msg(
            "{source}: found {found}, expected {expected}",
            source=source,
            found=as_message(found),
            expected=as_message(expected),
        )
        super().__init__(message, hint=hint)
        self.source = source


class MalformedTable(InputRefused):
    """One line of the table is malformed; `line` counts from 1 in the file."""

    def __init__(self, source: str, *, line: int, found: str, expected: str, hint: str = "") -> None:
        message = msg(
            "{source}, line {line}: found {found}, expected {expected}",
            source=source,
            line=line,
            found=as_message(found),
            expected=as_message(expected),
        )
        super().__init__(message, hint=hint)
        self.source = source
        self.line = line


class TableTooLarge(InputRefused):
    """The table exceeds a limit of the settings in rows, columns or bytes."""

    def __init__(self, source: str, *, found: int, limit: int, unit: str, hint: str = "") -> None:
        message = msg(
            "{source}: found {found:,} {unit}, expected at most {limit:,}",
            source=source,
            found=found,
            unit=as_message(unit),
            limit=limit,
        )
        super().__init__(message, hint=hint)
        self.found = found
        self.limit = limit


class TooLargeToOpen(TableTooLarge):
    """The process that opened the file reached its limit of memory, time or output; `what` says which."""

    def __init__(self, source: str, what: str) -> None:
        expected = {
            "memory": msg("one that needs less memory than this machine has for it"),
            "time": msg("one that is read in less time"),
            "output": msg("one that unpacks to fewer bytes"),
        }[what]
        message = msg(
            "{source}: found a file that is too large to open, expected {expected}",
            source=source,
            expected=expected,
        )
        InputRefused.__init__(
            self, message, hint=msg("split the table, export it as CSV, or raise VIGIE_MAX_TABLE_BYTES")
        )
        self.what = what


class ForeignModelRefused(InputRefused):
    """A third-party model that cannot be read safely or converted exactly; `names` are what was refused."""

    def __init__(
        self, file: str, *, found: str, expected: str = "", names: Iterable[str] = (), hint: str = ""
    ) -> None:
        message = (
            msg(
                "{file}: found {found}, expected {expected}",
                file=file,
                found=as_message(found),
                expected=as_message(expected),
            )
            if expected
            else msg("{file}: found {found}", file=file, found=as_message(found))
        )
        super().__init__(message, hint=hint)
        self.file = file
        self.names = tuple(names)


class UnknownColumn(InputRefused):
    """The table has no column of that name."""

    def __init__(self, column: str, columns: Iterable[str]) -> None:
        known = list(columns)
        super().__init__(
            msg("no column {column!r} in the table", column=column),
            hint=nearest_names(column, known, "columns"),
        )
        self.column = column
