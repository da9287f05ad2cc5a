"""Names of columns that will not do: missing, twice the same, or data instead of names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vigie.errors import MalformedTable, TableTooLarge
from vigie.i18n.messages import msg

_ADD_A_HEADER = "add a first line with the name of each column"
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


def check_header(names: Sequence[str], *, line: int, source: str, max_columns: int) -> None:
    """Refuses a header that names no columns, too many, or two alike."""
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


def looks_like_data(names: Sequence[str]) -> bool:
    """Return whether these are values: one that no column would be called, or nothing but numbers and the like."""
    cells = [name.strip() for name in names]
    if any(_SURELY_DATA.fullmatch(cell) for cell in cells):
        return True
    return all(cell.lower() in _WORDS_OF_DATA or cell.isdecimal() for cell in cells)
