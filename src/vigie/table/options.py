"""What a user may say of a file instead of having it found out, and how large a table may be."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.settings import MAX_TABLE_BYTES


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

    Raises:
        UsageRefused: a value is none of these.
    """

    strict: bool = False
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        """Check what no file can be read with."""
        if self.encoding is not None and not is_encoding(self.encoding):
            raise UsageRefused(
                msg("encoding: found {value!r}, expected the name of an encoding", value=self.encoding),
                hint="such as utf-8 or cp1250",
            )
        if self.separator is not None and not is_separator(self.separator):
            raise UsageRefused(
                msg("separator: found {value!r}, expected one ASCII character", value=self.separator),
                hint="such as ; or a tab",
            )
        if self.decimal not in {None, ".", ","}:
            raise UsageRefused(
                msg("decimal mark: found {value!r}, expected . or ,", value=self.decimal),
                hint="leave it out to have it found",
            )

    def to_json(self) -> dict[str, Any]:
        """Return what is chosen as an object for `json.dump`; it is empty where all is found out."""
        default = asdict(DEFAULTS)
        return {name: value for name, value in asdict(self).items() if value != default[name]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ReadOptions:
        """Read what `to_json` returned, or what a user chose; a separator may be given by its name.

        Raises:
            UsageRefused: a value is none that a file can be read with.
        """
        chosen = {name: value for name, value in record.items() if value is not None and value != ""}
        if "separator" in chosen:
            chosen["separator"] = named_separator(chosen["separator"])
        options = cls(**chosen)
        if options.encoding is None:
            return options
        return replace(options, encoding=codecs.lookup(options.encoding).name)


_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


def named_separator(text: str) -> str:
    """Return the separator of a name such as `tab`; a text that is no name is returned as it is."""
    return _SEPARATORS.get(text.lower(), text)


_NO_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Encodings of host names and of literals in programs; a file in one of them takes a time that grows with its square."""


def is_encoding(name: str) -> bool:
    """Return whether Python knows an encoding of text by this name."""
    try:
        "".encode(name)
        return codecs.lookup(name).name not in _NO_FILES
    except (LookupError, ValueError):
        return False


def is_separator(text: str) -> bool:
    """Return whether a text may stand between cells: one ASCII character, no quote and no line end."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n'


DEFAULTS = ReadOptions()


@dataclass(frozen=True)
class ReadLimits:
    """How large a table may be; a larger one is refused.

    Attributes:
        max_rows: rows.
        max_columns: columns.
        max_bytes: bytes, counted after decompression.
    """

    max_rows: int = 50_000_000
    max_columns: int = 2_000
    max_bytes: int = MAX_TABLE_BYTES
