"""How the cells of a column are spelled, before anything is read in them: foreign digits and wrappings of spreadsheets."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# The zeros of the decimal digits of other scripts: Arabic-Indic, Persian, N'Ko, Indic scripts, Thai, Khmer, full width …
_ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10,
)  # fmt: skip
_FROM = [chr(zero + digit) for zero in _ZEROS for digit in range(10)] + ["٫", "٬", "－", "＋", "．", "，"]
_TO = [str(digit) for _ in _ZEROS for digit in range(10)] + [".", ",", "-", "+", ".", ","]
_FOREIGN = r"[\p{Nd}&&[^0-9]]"
_MARKS = r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\u200b]"
_FORMULA = r'^="(.*)"$'
_APOSTROPHE = r"^'(.*)$"
_QUOTED = "^(?:[“”„‟«](.*)[“”‟»]|‘(.*)’|'(.*)')$"
_FEW = 200
_MOST = 0.5


@dataclass(frozen=True)
class Spelling:
    """What has to be undone in the cells of a column.

    Attributes:
        foreign_digits: digits of another script.
        invisible: marks of direction, or other characters without width.
        formula: cells such as `="0012"`.
        apostrophe: cells that begin with `'`, which tells a spreadsheet that they are text.
        quoted: cells between quotation marks that separate nothing, such as `“12.50”`.
    """

    foreign_digits: bool = False
    invisible: bool = False
    formula: bool = False
    apostrophe: bool = False
    quoted: bool = False

    def plain(self, cells: pl.Series) -> pl.Series:
        """Return the cells as they would be spelled without."""
        if self.invisible:
            cells = cells.str.replace_all(_MARKS, "").str.strip_chars()
        if self.formula:
            cells = cells.str.replace(_FORMULA, "${1}").str.strip_chars()
        if self.quoted:
            cells = cells.str.replace(_QUOTED, "${1}${2}${3}").str.strip_chars()
        if self.apostrophe:
            cells = cells.str.replace(_APOSTROPHE, "${1}").str.strip_chars()
        return cells.str.replace_many(_FROM, _TO) if self.foreign_digits else cells


def spelling_of(sample: pl.Series) -> Spelling:
    """Return how some cells are spelled, none of them empty."""
    few = sample.head(_FEW)
    return Spelling(
        bool(few.str.contains(_FOREIGN).any()),
        bool(few.str.contains(_MARKS).any()),
        _mostly(few, _FORMULA),
        _mostly(few, _APOSTROPHE),
        _mostly(few, _QUOTED),
    )


def _mostly(cells: pl.Series, pattern: str) -> bool:
    share = cells.str.contains(pattern).mean()
    return isinstance(share, float) and share > _MOST
