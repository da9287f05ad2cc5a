"""Text -> numbers: decimal comma or point, thousands separators, currencies, signs.

The cheap readings come first: plain integers, then a decimal point, then a decimal comma; only a column
that none of them settles meets a regular expression. One decimal mark holds for a whole column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from vigie.table.parsing.column_names import names_money
from vigie.table.parsing.money import PlainMoney, plain_money
from vigie.table.parsing.nulls_and_booleans import is_complete

_SPACE = r"[ \u00a0\u2009\u202f]"
_CURRENCY = r"(?:[A-Z]{0,2}\p{Sc})"
"""A sign of a currency. Letters are those of a currency only where `money` finds them to be: in `F12` and `12F` they are a code."""
# Groups of three digits; also 12,34,567 as written in India.
_WHOLE = {
    ".": r"(?:\d+|\d{1,3}(?:[ \u00a0\u2009\u202f'’,]\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})",
    ",": r"(?:\d+|\d{1,3}(?:[ \u00a0\u2009\u202f'’.]\d{3})+)",
}
_BODY = {
    mark: (
        rf"[-+\u2212\u2013]?{_SPACE}?(?:{_CURRENCY}{_SPACE}?)?[-+\u2212\u2013]?"
        rf"(?:{_WHOLE[mark]}(?:[{mark}]\d*)?|[{mark}]\d+)(?:[eE][-+]?\d+)?"
        rf"{_SPACE}?(?:{_CURRENCY}|%)?-?"
    )
    for mark in (".", ",")
}
_NUMBER = {mark: rf"^(?:{body}|\({body}\))$" for mark, body in _BODY.items()}
_NEGATIVE = r"^\(|-\)?$|^[^0-9]*[-\u2212\u2013]"
_IDENTIFIER = r"^0\d+$|^\+\d{8,}$"
_TOO_LONG = r"^[+-]?\d{19,}$"
_MAYBE_THOUSANDS = {".": r"^[+-]?[1-9]\d{0,2}\.\d{3}$", ",": r"^[+-]?[1-9]\d{0,2},\d{3}$"}


_FEW = 2000
_MOST = 0.5
"""Share of the cells of a sample that must be numbers."""

_Reading = Callable[[pl.Series, bool | None], "ParsedNumbers | None"]


@dataclass(frozen=True)
class ParsedNumbers:
    """A column of numbers.

    Attributes:
        values: Int64 or Float64; what is not a finite number is null.
        mark: "." or ",", or empty when no cell has decimals.
        ambiguous: whether every mark in the column may as well separate thousands.
    """

    values: pl.Series
    mark: str
    ambiguous: bool


def parse_numbers(cells: pl.Series, sample: pl.Series, comma: bool | None = None) -> ParsedNumbers | None:
    """Return the numbers of a column, or None when one of its cells says something else.

    Digits that only name something stay text: those with leading zeros, international phone numbers and
    those too long for 64 bits.

    Args:
        cells: text; empty cells are "".
        sample: some of the cells, none of them empty: what does not read them is not tried on all.
        comma: what the other columns of the table say of the decimal mark, for a column that says nothing.
    """
    readings: tuple[_Reading, ...] = (_whole, _point, _comma, _loose, _money)
    while readings and readings[0](sample, comma) is None:
        readings = readings[1:]
    for reading in readings:
        numbers = reading(cells, comma)
        if numbers is not None:
            return None if _names_things(cells, numbers.values.dtype) else numbers
    return None


def parse_most_numbers(
    cells: pl.Series, sample: pl.Series, comma: bool | None, mark: str = ""
) -> ParsedNumbers | None:
    """Read the numbers of a column that has other cells too, which are null; None where most cells are no numbers.

    Args:
        cells: stripped text; empty cells are "".
        sample: some of the cells, none of them empty.
        comma: what the other columns of the table say of the decimal mark.
        mark: decimal mark of the column, where it is known; otherwise the one that reads more cells.
    """
    plain = plain_money(cells, sample.head(_FEW))
    if plain is not None:
        return _most_money(plain, cells, sample, comma)
    shares = {one: sample.str.contains(_NUMBER[one]).mean() for one in mark or ".,"}
    likely = [one for one, share in shares.items() if isinstance(share, float) and share > _MOST]
    if not likely:
        return None
    fits = {one: cells.str.contains(_NUMBER[one]) for one in likely}
    counts = {one: int(fit.sum()) for one, fit in fits.items()}
    best = max(likely, key=lambda one: (counts[one], (one == ",") == bool(comma)))
    some = sample.filter(sample.str.contains(_NUMBER[best]))
    return parse_numbers(_where(fits[best], cells).fill_null(""), some, comma)


def _most_money(
    plain: PlainMoney, cells: pl.Series, sample: pl.Series, comma: bool | None
) -> ParsedNumbers | None:
    bare = plain_money(sample, sample.head(_FEW))
    if bare is None:
        return None
    fits = {mark: plain.cells.str.contains(pattern) for mark, pattern in _NUMBER.items()}
    mark = max(fits, key=lambda one: (int(fits[one].sum()), (one == ",") == bool(comma)))
    kept = bare.cells.str.contains(_NUMBER[mark])
    if int(kept.sum()) <= _MOST * len(sample):
        return None
    return parse_numbers(_where(fits[mark], cells).fill_null(""), sample.filter(kept), comma)


def _names_things(cells: pl.Series, dtype: pl.DataType) -> bool:
    if names_money(cells.name):
        return False
    suspects = cells.filter(
        cells.str.starts_with("0") | cells.str.starts_with("+") | (cells.str.len_bytes() > 18)
    )
    pattern = _IDENTIFIER if dtype == pl.Int64 else f"{_IDENTIFIER}|{_TOO_LONG}"
    return bool(suspects.str.strip_chars().str.contains(pattern).any())


def _whole(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    values = cells.cast(pl.Int64, strict=False)
    return ParsedNumbers(values, "", ambiguous=False) if is_complete(cells, values) else None


def _point(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    values = _finite(cells.cast(pl.Float64, strict=False))
    if not is_complete(cells, values):
        return None
    thousands = _as_thousands(cells, ".")
    if thousands is not None and comma:
        return ParsedNumbers(thousands, "", ambiguous=True)
    return ParsedNumbers(values, ".", ambiguous=thousands is not None)


def _comma(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    if cells.str.contains(".", literal=True).any():
        return None
    values = _finite(cells.str.replace_all(",", ".", literal=True).cast(pl.Float64, strict=False))
    if not is_complete(cells, values):
        return None
    thousands = _as_thousands(cells, ",")
    if thousands is not None and not comma:
        return ParsedNumbers(thousands, "", ambiguous=True)
    return ParsedNumbers(values, ",", ambiguous=thousands is not None)


def _loose(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    stripped = cells.str.strip_chars()
    fits = {mark: stripped.str.contains(pattern) for mark, pattern in _NUMBER.items()}
    marks = [mark for mark, fit in fits.items() if is_complete(cells, _where(fit, stripped))]
    if not marks or _several_units(stripped.filter(fits[marks[0]])):
        return None
    written = any(
        bool(stripped.filter(fits[marks[0]]).str.contains(mark, literal=True).any()) for mark in ".,"
    )
    ambiguous = len(marks) == 2 and written
    mark = marks[0] if len(marks) == 1 else ("," if comma else ".")
    plain = _where(fits[mark], stripped)
    values = _finite(_unsigned(plain, mark) * _sign(plain))
    if not is_complete(cells, values):
        return None
    whole = not plain.str.contains(rf"[{mark}eE]\d|[eE][-+]").any()
    if whole and bool((values.abs().fill_null(0.0) < 2.0**53).all()):
        values = values.cast(pl.Int64)
    return ParsedNumbers(values, mark if plain.str.contains(rf"[{mark}]\d").any() else "", ambiguous)


def _money(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    """Numbers with a currency or a side that the other readings do not know."""
    sample = cells.filter(cells != "").head(_FEW)
    plain = plain_money(cells, sample)
    if plain is None:
        return None
    numbers = _plain_numbers(plain.cells, comma)
    if numbers is None or not is_complete(cells, numbers.values):
        return None
    values = numbers.values
    if plain.is_marked.any():
        size = values.abs()
        values = size.zip_with(~plain.is_debit, -size).zip_with(plain.is_marked, values)
    return ParsedNumbers(values, numbers.mark, numbers.ambiguous)


def _plain_numbers(cells: pl.Series, comma: bool | None) -> ParsedNumbers | None:
    readings: tuple[_Reading, ...] = (_whole, _point, _comma, _loose)
    return next((numbers for one in readings if (numbers := one(cells, comma)) is not None), None)


def _unsigned(plain: pl.Series, mark: str) -> pl.Series:
    """Keep the digits, the mark and the exponent; a currency may contain an E, so it goes first."""
    bare = plain.str.replace_all(_CURRENCY, "").str.replace_all(
        rf"^[^0-9{mark}]+|[^0-9eE{mark}+-]|[-)]+$", ""
    )
    return bare.str.replace_all(mark, ".", literal=True).cast(pl.Float64, strict=False)


def _sign(plain: pl.Series) -> pl.Series:
    return 1.0 - 2.0 * plain.str.contains(_NEGATIVE).cast(pl.Float64)


def _several_units(cells: pl.Series) -> bool:
    """Amounts in several currencies, or some of them percentages, are not one column of numbers."""
    currencies = cells.str.extract(f"({_CURRENCY})").drop_nulls().unique()
    percents = cells.str.contains("%", literal=True)
    return len(currencies) > 1 or bool(percents.any() and not percents.all())


def _as_thousands(cells: pl.Series, mark: str) -> pl.Series | None:
    """Whole numbers, if each mark may separate thousands; a look at a few cells tells most columns apart."""
    for some in (cells.head(200), cells):
        marked = some.filter(some.str.contains(mark, literal=True))
        if not marked.str.contains(_MAYBE_THOUSANDS[mark]).all():
            return None
    values = cells.str.replace_all(mark, "", literal=True).cast(pl.Int64, strict=False)
    return values if len(marked) and is_complete(cells, values) else None


def _finite(values: pl.Series) -> pl.Series:
    return _where(values.is_finite(), values)


def _where(condition: pl.Series, values: pl.Series) -> pl.Series:
    nothing = pl.Series(values.name, [None], dtype=values.dtype)
    return values.zip_with(condition.fill_null(value=False), nothing.new_from_index(0, len(values)))
