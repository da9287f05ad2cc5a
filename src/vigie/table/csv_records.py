"""The reader of records of Python's csv module, without its limit of 131,072 characters per cell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Protocol

_MAX_CELL = 2**31 - 1
"""Characters of a cell; the largest limit that the module takes on every system."""


class RecordReader(Protocol):
    """Iterates over records."""

    @property
    def line_num(self) -> int:
        """Return the number of lines read so far."""

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def read_records(lines: Iterable[str], separator: str, *, spaced: bool = False) -> RecordReader:
    """Return a reader of the records in `lines`; a cell may have any length.

    Args:
        lines: text with its line ends.
        separator: one character.
        spaced: whether separators are followed by a space that belongs to no cell.
    """
    # The limit is one for the process; it is never lowered, since another thread may be reading.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    return csv.reader(lines, delimiter=separator, skipinitialspace=spaced)
