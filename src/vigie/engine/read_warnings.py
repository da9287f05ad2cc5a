"""What of a table was not understood, in words: the part `read` of a summary.

The table's own report counts cells; here the roles of the columns tell which of it matters most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from vigie.errors import InputRefused
from vigie.i18n.messages import Message, msg
from vigie.roles.column_stats import column_stats
from vigie.roles.inference import ROLES, Roles
from vigie.roles.label_columns import label_columns
from vigie.roles.name_lexicon import word_set
from vigie.table.parsing.column_names import names_money, names_time
from vigie.table.report import ColumnReport, ReadReport

_NUMBER_CHECKS = word_set(
    "money money_or_number income number count distance latitude longitude duration age hour"
)
_TIME_CHECKS = frozenset({"time", "date", "birth"})


def read_summary(report: ReadReport, typed: pl.DataFrame, roles: Roles) -> dict[str, Any]:
    """Return the report as plain JSON, with its warnings, the gravest first, and the columns that look like labels.

    Args:
        report: of the table.
        typed: the table, or rows of it.
        roles: of its columns.
    """
    warnings = [
        *(_warning(severity, "", text, hint) for severity, text, hint in _where_the_table_is(report)),
        *(_warning("error", column, text, hint) for column, text, hint in _without_values(typed, roles)),
        *(_warning("warning", column.column, _unreadable(column)) for column in report.columns),
    ]
    warnings.sort(key=lambda warning: warning["severity"] != "error")
    return report.to_json() | {"warnings": warnings, "labels": label_columns(typed, roles)}


def _where_the_table_is(report: ReadReport) -> Iterator[tuple[str, Message, Message | None]]:
    """Yield what had to be decided before the cells: header, sheet, lines set aside."""
    if report.header_line == 0:
        yield (
            "error",
            msg(
                "the first line holds values, not names: the columns are called column_1, column_2 and so on"
            ),
            msg("add a first line with the name of each column, or name the line with --header-row"),
        )
    elif report.header_line is not None and report.header_line > 1:
        yield "note", msg("the names of the columns are in line {line:,}", line=report.header_line), None
    if report.sheet and report.other_sheets:
        yield (
            "warning",
            msg(
                "read the sheet {sheet}; other sheets: {others}",
                sheet=report.sheet,
                others=", ".join(report.other_sheets),
            ),
            msg("choose another one with --sheet"),
        )
    for note in report.notes:
        yield "warning", note, None
    named = [(name, new) for _, name, new in report.renamed if name.strip()]
    for name, new in named:
        yield (
            "warning",
            msg("two columns are called {name}: one is called {new} here", name=name, new=new),
            None,
        )
    yield from _lines_set_aside(report)


_REASONS = {
    "cells": msg("too many or too few cells"),
    "quote": msg("a quote out of place"),
    "header": msg("the header again"),
    "table": msg("a second table"),
    "total": msg("a total or a balance"),
    "units": msg("units of the columns"),
    "ruler": msg("a line that is drawn, not written"),
    "footer": msg("a text below the table"),
    "page": msg("the number of a page"),
    "heading": msg("the name of a group of rows"),
}


def _lines_set_aside(report: ReadReport) -> Iterator[tuple[str, Message, Message | None]]:
    for reason, text in _REASONS.items():
        lines = [one.line for one in report.set_aside if one.reason == reason]
        if len(lines) == 1:
            yield "warning", msg("line {line:,} is set aside: {reason}", line=lines[0], reason=text), None
        elif lines:
            values = {"count": len(lines), "line": lines[0], "reason": text}
            yield (
                "warning",
                msg("{count:,} lines are set aside, the first is line {line:,}: {reason}", **values),
                None,
            )


def _warning(severity: str, column: str, text: Message, hint: Message | None = None) -> dict[str, Any]:
    return {
        "severity": severity,
        "column": column,
        "text": str(text),
        "message": text.to_json(),
        "hint": hint.to_json() if hint else None,
    }


def _unreadable(column: ColumnReport) -> Message:
    cells = column.unreadable
    values = {
        "column": column.column,
        "count": cells.count,
        "filled": column.filled,
        "row": cells.first_rows[0],
    }
    if column.read_as == "text":
        if column.expected == "number":
            return msg(
                "{column} is read as text: {count:,} of {filled:,} cells are no numbers, first in row {row:,}",
                **values,
            )
        return msg(
            "{column} is read as text: {count:,} of {filled:,} cells are no dates or times, first in row {row:,}",
            **values,
        )
    if column.expected == "number":
        if cells.count == 1:
            return msg("{column}: 1 of {filled:,} cells is not a number, in row {row:,}", **values)
        return msg("{column}: {count:,} of {filled:,} cells are not numbers, first in row {row:,}", **values)
    if cells.count == 1:
        return msg("{column}: 1 of {filled:,} cells is not a date or a time, in row {row:,}", **values)
    return msg(
        "{column}: {count:,} of {filled:,} cells are not dates or times, first in row {row:,}", **values
    )


def _without_values(typed: pl.DataFrame, roles: Roles) -> Iterator[tuple[str, Message, Message]]:
    """Yield the columns that are named as the amount or the time and give none, where no other column does."""
    if not roles.all("amount"):
        for series in typed:
            if names_money(series.name) and _is_silent(series):
                yield (
                    series.name,
                    msg("{column} is named as an amount, but no number was found in it", column=series.name),
                    msg(
                        "correct its cells, or name another column with --role amount=COLUMN; --decimal sets the decimal mark"
                    ),
                )
    if not roles.all("time"):
        for series in typed:
            if names_time(series.name) and _is_silent(series) and not _is_part(roles, series.name):
                yield (
                    series.name,
                    msg(
                        "{column} is named as a date or a time, but none was found in it", column=series.name
                    ),
                    msg("correct its cells, or name another column with --role time=COLUMN"),
                )


def _is_silent(series: pl.Series) -> bool:
    return series.dtype == pl.String or series.null_count() == len(series)


def _is_part(roles: Roles, column: str) -> bool:
    return roles.of(column).role in {"hour", "weekday", "month", "day", "year", "age", "birth", "opened"}


def check_chosen_roles(typed: pl.DataFrame, chosen: Mapping[str, str], source: str) -> None:
    """Check that the columns whose role was chosen have values of such a role.

    Raises:
        InputRefused: a column has none.
    """
    for column, expected in roles_without_values(typed, chosen).items():
        raise InputRefused(
            msg(
                "{source}, column {column!r}: found no cell that can be read, expected {expected}",
                source=source,
                column=column,
                expected=expected,
            ),
            hint="correct the cells of the column, or give the role to another column",
        )


def roles_without_values(typed: pl.DataFrame, chosen: Mapping[str, str]) -> dict[str, Message]:
    """Return the columns that have no value of the role that was chosen for them, and what the role needs."""
    found: dict[str, Message] = {}
    for column, role in chosen.items():
        check, series = ROLES[role].check if role in ROLES else "", typed[column]
        if check in _NUMBER_CHECKS and series.dtype == pl.String:
            stats = column_stats(series.to_frame())[column]
            if not (stats.is_ordinal or stats.pattern == "clock" or check in {"age", "duration"}):
                found[column] = msg("numbers, as the role {role!r} needs", role=role)
        elif check in _TIME_CHECKS and series.dtype == pl.String:
            found[column] = msg("dates or times, as the role {role!r} needs", role=role)
        elif check and series.null_count() == len(series):
            found[column] = msg("values, as the role {role!r} needs", role=role)
    return found
