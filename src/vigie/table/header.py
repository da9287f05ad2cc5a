"""Names of columns that will not do: missing, twice the same, or data instead of names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vigie.errors import MalformedTable, TableTooLarge
from vigie.i18n.messages import msg

_ADD_A_HEADER = "add a line with the name of each column, or name its line with --header-row"
_SURELY_DATA = re.compile(
    r"""
      [+-]?\d+[.,]\d+(e[+-]?\d+)?                             # 9839.64, 12,50
    | -\d+                                                    # -5
    | \d{4}-\d\d?-\d\d?([T\ ].*)?                             # 2024-05-01
    | \d\d?([/.-])\d\d?\3\d{4}([T\ ].*)?                      # 01/05/2024
    | \d\d?:\d\d(:\d\d)?                                      # 13:45
    | \d{1,3}(\.\d{1,3}){3}                                   # an IPv4 address
    | [^@\s]+@[^@\s]+\.[a-z]{2,}                              # an e-mail address
    | [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}               # a UUID
    | \d{9,}                                                  # a phone, a card, an epoch
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORDS_OF_DATA = {"true", "false", "yes", "no", "oui", "non", "null", "nan", "na", "n/a", ""}


_MOST_LINES_ABOVE = 60
_FILLED_SHARE = 0.6
_SAME_KIND = 0.8
_USED_SHARE = 0.1
"""Share of the records that have a cell in a column that the header must name."""
_LEAST_BELOW = 4
_DIGIT = re.compile(r"\d")
_RULER = re.compile(r"[:+]?([*=_~#.+\-–—])\1{2,}[:+]?")


def check_header(
    names: Sequence[str], *, line: int, source: str, max_columns: int, strict: bool = True
) -> None:
    """Check that a header names columns, and not too many.

    Args:
        names: of the columns.
        line: of the header.
        source: name for messages.
        max_columns: refuse more.
        strict: refuse two columns of one name.

    Raises:
        TableTooLarge: too many columns.
        MalformedTable: values instead of names, or two columns of one name.
    """
    if len(names) > max_columns:
        hint = "remove columns, or raise VIGIE_MAX_COLUMNS"
        raise TableTooLarge(source, found=len(names), limit=max_columns, unit="columns", hint=hint)
    if looks_like_data(names):
        raise MalformedTable(
            source,
            line=line,
            found="values where the names of the columns should be",
            expected="a header",
            hint=_ADD_A_HEADER,
        )
    if strict:
        _check_unique(names, line=line, source=source)


def _check_unique(names: Sequence[str], *, line: int, source: str) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if name in seen:
            what = msg("the name {name!r}", name=name) if name else msg("no name")
            raise MalformedTable(
                source,
                line=line,
                found=msg(
                    "{what} for both column {seen} and column {number}",
                    what=what,
                    seen=seen[name],
                    number=number,
                ),
                expected="a different name for each column",
                hint="rename or remove one of them",
            )
        seen[name] = number


def no_such_line(source: str, chosen: int) -> MalformedTable:
    """Return the refusal of a header in a line that the file does not have, or not near its beginning."""
    return MalformedTable(
        source,
        line=chosen,
        found="no line of this number among the first ones",
        expected="the names of the columns",
        hint="name another line with --header-row",
    )


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names with one made up where it is missing, and a number after one that is taken."""
    taken = set(names)
    seen: set[str] = set()
    made: list[str] = []
    for position, name in enumerate(names, start=1):
        base = name if name.strip() else f"column_{position}"
        candidate, number = base, 1
        while candidate in seen or (candidate != name and candidate in taken):
            number += 1
            candidate = f"{base}_{number}"
        seen.add(candidate)
        made.append(candidate)
    return tuple(made)


def header_position(records: Sequence[Sequence[str]], usual: int) -> int | None:
    """Return which record names the columns, the first unless lines stand above it; None where the first is a row.

    Args:
        records: the first ones of a table, without blank lines.
        usual: cells that most of them have.
    """
    filled = _usual_filled(records, usual)
    least = usual - _empty_at_the_end(records, usual)
    if len(records) > 1 and len(records[0]) >= least and _is_filled(records[0], filled) and _is_row(records):
        return None
    possible = [
        position
        for position, record in enumerate(records[:_MOST_LINES_ABOVE])
        if len(record) >= least and _is_filled(record, filled) and _may_be_names(record)
    ]
    if not possible:
        return 0
    complete = (position for position in possible[1:] if _is_complete(records, position, usual))
    return possible[0] if _has_all_names(records, possible[0], usual) else next(complete, possible[0])


def is_ruler(cells: Sequence[str]) -> bool:
    """Return whether a line is drawn and not written: `*****,*****` or `-----|-----`."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(_RULER.fullmatch(cell) for cell in filled)


def _may_be_names(record: Sequence[str]) -> bool:
    return not looks_like_data(record) and not is_ruler(record)


def _used(records: Sequence[Sequence[str]], position: int, usual: int) -> dict[int, list[str]]:
    """Return the columns that the records below one use, with their cells that are not empty."""
    rows = [record for record in records[position + 1 :] if len(record) == usual]
    filled = {place: [row[place] for row in rows if row[place].strip()] for place in range(usual)}
    return {
        place: cells for place, cells in filled.items() if cells and len(cells) >= _USED_SHARE * len(rows)
    }


def _has_all_names(records: Sequence[Sequence[str]], position: int, usual: int) -> bool:
    names = records[position]
    return all(place < len(names) and names[place].strip() for place in _used(records, position, usual))


def _is_complete(records: Sequence[Sequence[str]], position: int, usual: int) -> bool:
    """Whether a record below others names more than these, all columns that are used, and has words where values follow.

    Lines above the header that are padded with separators may have as many words as a header, but not in the same places.
    """
    names, used = records[position], _used(records, position, usual)
    most_above = max(sum(bool(cell.strip()) for cell in record) for record in records[:position])
    if len(records) - position < _LEAST_BELOW or sum(bool(name.strip()) for name in names) <= most_above:
        return False
    values = [
        place
        for place, cells in used.items()
        if sum(bool(_DIGIT.search(cell)) for cell in cells) >= _SAME_KIND * len(cells)
    ]
    return (
        bool(values)
        and _has_all_names(records, position, usual)
        and not any(_DIGIT.search(names[place]) for place in values)
    )


def _usual_filled(records: Sequence[Sequence[str]], usual: int) -> int:
    """Return how many cells of a record are usually not empty."""
    counts = sorted(sum(bool(cell.strip()) for cell in record) for record in records if len(record) == usual)
    return counts[len(counts) // 2] if counts else usual


def _empty_at_the_end(records: Sequence[Sequence[str]], usual: int) -> int:
    """Return how many of the last columns are empty in every record but the first ones."""
    rows = [record for record in records[1:] if len(record) == usual]
    empty = 0
    while rows and empty < usual - 1 and not any(row[usual - 1 - empty].strip() for row in rows):
        empty += 1
    return empty


def _is_filled(record: Sequence[str], filled: int) -> bool:
    return sum(bool(cell.strip()) for cell in record) >= _FILLED_SHARE * filled


def _is_row(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record has values where the records below it have values of the same kind."""
    first, others = records[0], [record for record in records[1:] if len(record) == len(records[0])]
    kinds = [place for place, cell in enumerate(first) if _is_value(cell)]
    if not kinds or not others or not looks_like_data(first):
        return False
    alike = [sum(_is_value(other[place]) for other in others) >= _SAME_KIND * len(others) for place in kinds]
    return sum(alike) > len(kinds) / 2


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return bool(cell) and (bool(_SURELY_DATA.fullmatch(cell)) or cell.isdecimal())


def looks_like_data(names: Sequence[str]) -> bool:
    """Return whether these are values: one that no column would be called, or nothing but numbers and the like."""
    cells = [name.strip() for name in names]
    if any(_SURELY_DATA.fullmatch(cell) for cell in cells):
        return True
    return all(cell.lower() in _WORDS_OF_DATA or cell.isdecimal() for cell in cells)
