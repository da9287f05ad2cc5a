"""What reading a table found: the record that every report, page and JSON document is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vigie.i18n.messages import Message

FIRST_LINES = 20
"""Numbers of lines set aside that a report lists."""
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
class SetAsideLine:
    """A line of the file that is not among the rows.

    Attributes:
        line: its number, from 1, as an editor counts.
        reason: `cells` (too many or too few), `quote`, `header` (repeated), `table` (a second one), `total`, `units`, `ruler`, `footer`,
            `page` (its number) or `heading` (of a group of rows).
        text: the line as it is in the file; never in a report.
    """

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class ReadReport:
    """How a table was read, and what of it was not understood.

    Attributes:
        columns: columns with cells that are not values.
        set_aside: lines that are not among the rows.
        encoding: of a text file.
        separator: of a text file.
        header_line: line or row of the names of the columns, from 1; 0 where the file has none; None where it cannot differ.
        renamed: columns whose name is missing or taken: (position from 1, name in the file, name here).
        sheet: the sheet of a workbook that was read.
        other_sheets: the others.
        notes: other things that were found, as messages.
    """

    columns: tuple[ColumnReport, ...] = ()
    set_aside: tuple[SetAsideLine, ...] = ()
    encoding: str = ""
    separator: str = ""
    header_line: int | None = None
    renamed: tuple[tuple[int, str, str], ...] = ()
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    notes: tuple[Message, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dump`; without the text of a line, which may hold personal data."""
        reasons = Counter(one.reason for one in self.set_aside)
        return {
            "columns": [column.to_json() for column in self.columns],
            "set_aside": {
                "count": len(self.set_aside),
                "first_lines": [one.line for one in self.set_aside[:FIRST_LINES]],
                "reasons": dict(sorted(reasons.items())),
            },
            "encoding": self.encoding or None,
            "separator": self.separator or None,
            "header_line": self.header_line,
            "renamed": [
                {"position": position, "name": name, "renamed_to": new}
                for position, name, new in self.renamed
            ],
            "sheet": self.sheet or None,
            "other_sheets": list(self.other_sheets),
        }

    def to_record(self) -> dict[str, Any]:
        """Return all of it as an object for `json.dump`, with the texts of lines, for another process."""
        return asdict(self) | {"notes": [note.to_json() for note in self.notes]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ReadReport:
        """Read what `to_record` returned."""
        columns = tuple(
            ColumnReport(**{**one, "unreadable": _cell_count(one["unreadable"])}) for one in record["columns"]
        )
        return cls(
            **{
                **record,
                "columns": columns,
                "set_aside": tuple(SetAsideLine(**one) for one in record["set_aside"]),
                "renamed": tuple((place, name, new) for place, name, new in record["renamed"]),
                "other_sheets": tuple(record["other_sheets"]),
                "notes": tuple(Message.from_json(note) for note in record["notes"]),
            }
        )


def _cell_count(record: Mapping[str, Any]) -> CellCount:
    return CellCount(record["count"], tuple(record["first_rows"]))


NOTHING_TO_REPORT = ReadReport()
"""Of a table whose reading left nothing to say."""
