"""What reading a table found: the record that every report, page and JSON document is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIRST_ROWS = 5
"""Row numbers that are kept of the cells of a kind."""


@dataclass(frozen=True)
class CellCount:
    """How many cells of a column are of a kind, and where the first are.

    Attributes:
        count: cells.
        first_rows: numbers of the first rows that have one, from 1; at most `FIRST_ROWS`.
    """

    count: int = 0
    first_rows: tuple[int, ...] = ()

    def plus(self, other: CellCount, *, offset: int = 0) -> CellCount:
        """Add the count of the rows that begin after `offset` rows."""
        later = tuple(row + offset for row in other.first_rows)
        return CellCount(self.count + other.count, (self.first_rows + later)[:FIRST_ROWS])

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dump`."""
        return {"count": self.count, "first_rows": list(self.first_rows)}


@dataclass(frozen=True)
class ColumnReport:
    """How a column was read, where not all of its cells are values.

    Attributes:
        column: its name.
        read_as: `number`, `time` or `text`.
        expected: `number` or `time`: what most of its cells are.
        filled: cells that are not empty.
        unreadable: cells without a value of the kind that is expected; they are empty for the scores.
        placeholders: how many of these are a word or a sign for nothing, such as a dash.
    """

    column: str
    read_as: str
    expected: str
    filled: int
    unreadable: CellCount = CellCount()
    placeholders: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dump`."""
        return {
            "column": self.column,
            "read_as": self.read_as,
            "expected": self.expected,
            "filled": self.filled,
            "unreadable": self.unreadable.to_json(),
            "placeholders": self.placeholders,
        }


@dataclass(frozen=True)
class ReadReport:
    """How a table was read, and what of it was not understood.

    Attributes:
        columns: columns with cells that are not values.
    """

    columns: tuple[ColumnReport, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dump`."""
        return {"columns": [column.to_json() for column in self.columns]}


NOTHING_TO_REPORT = ReadReport()
"""Of a table whose reading was not watched, or left nothing to say."""
