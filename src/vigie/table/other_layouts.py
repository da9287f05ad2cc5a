"""Text files that are no CSV and would be read as a table of one column: JSON lines, and columns of a fixed width."""

from __future__ import annotations

import re

from vigie.errors import UnreadableTable
from vigie.table.workbook_kind import is_markup, refuse_markup

_LINES = 60
_LEAST_LINES = 5
_GAPS = 2
_EXCHANGE = re.compile(rb"\s*(?:OFXHEADER:|<\?OFX|!(?:Type|Account|Option):|\{1:F01|:20:)", re.IGNORECASE)
_QUOTED_LINE = re.compile(r'"(?:[^"]|"")*"[,;]*')
_JSON = re.compile(r'\s*[\[{]\s*(?:"|\{|$)')


def refuse_other_layouts(head: bytes, source: str, *, one_column: bool) -> None:
    """Check that the first lines of a table are no other kind of file.

    Args:
        head: the first lines.
        source: name for messages.
        one_column: whether the table would have one column.

    Raises:
        UnreadableTable: they are.
    """
    if is_markup(head):
        raise refuse_markup(source)
    lines = head.decode("utf-8", errors="replace").splitlines()[:_LINES]
    if lines and _JSON.match(lines[0]) and ("}" in lines[0] or ":" in "".join(lines[:3])):
        raise json_error(source)
    if _EXCHANGE.match(head):
        raise UnreadableTable(
            source,
            found="an exchange format of banks (OFX, QIF or MT940)",
            hint="export the table as CSV, with a separator between the cells",
        )
    if one_column:
        _refuse_one_column([line for line in lines if line.strip()][:-1], source)


def _refuse_one_column(lines: list[str], source: str) -> None:
    if _are_spaced(lines):
        raise UnreadableTable(
            source,
            found="one column that looks like several, separated by spaces",
            hint="name the character between the cells with --separator, such as space",
        )
    if _are_quoted_lines(lines):
        raise UnreadableTable(
            source,
            found="lines that are quoted as a whole",
            expected="quotes around single cells",
            hint="remove the quotes at both ends of the lines, or export the table again",
        )
    if _is_fixed_width(lines):
        raise UnreadableTable(
            source,
            found="one column that looks like several, of a fixed width",
            hint="export the table as CSV, with a separator between the cells",
        )


def _are_spaced(lines: list[str]) -> bool:
    """Whether each line has as many words as the first one, which are names, and always digits in the same ones."""
    words = [line.split(" ") for line in lines]
    if len(lines) < _LEAST_LINES or {len(one) for one in words} != {len(words[0])} or len(words[0]) <= _GAPS:
        return False
    names = words[0]
    digits = {tuple(any(c.isdigit() for c in word) for word in one) for one in words[1:]}
    return (
        len(set(names)) == len(names)
        and not any(c.isdigit() for name in names for c in name)
        and len(digits) == 1
        and sum(*digits) > 1
    )


def _are_quoted_lines(lines: list[str]) -> bool:
    """Whether each line is one quoted cell that holds as many separators as the others."""
    if len(lines) < _LEAST_LINES or not all(_QUOTED_LINE.fullmatch(line) for line in lines):
        return False
    counts = ({line.count(mark) for line in lines} for mark in ";\t|,")
    return any(len(count) == 1 and count != {0} for count in counts)


def json_error(source: str) -> UnreadableTable:
    """Return the refusal of JSON that is not called JSON lines."""
    return UnreadableTable(
        source,
        found="JSON, not a table of cells",
        hint="name a file of JSON lines .jsonl, or export it as CSV",
    )


def _is_fixed_width(lines: list[str]) -> bool:
    """Whether blank columns run through all lines, at least two of them within the text."""
    if len(lines) < _LEAST_LINES:
        return False
    width = max(map(len, lines))
    blank = [all(place >= len(line) or line[place] == " " for line in lines) for place in range(width)]
    text = "".join(" " if one else "x" for one in blank).strip()
    return len(text.split()) > _GAPS and any("  " in line.strip() for line in lines)
