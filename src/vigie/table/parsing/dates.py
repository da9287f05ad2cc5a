"""Text -> moments: ISO 8601 and the common ways to write a day, naive and in UTC.

The first cells of a column propose formats; all cells decide. Between 03/04 and 04/03 the whole column
decides, and the day comes first where it does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from vigie.table.parsing.date_spelling import respell_dates
from vigie.table.parsing.nulls_and_booleans import is_complete, is_missing

DATETIME = pl.Datetime("us")

_TIME = re.compile(
    r"(?P<gap>T|:|[ ]{1,2}|,[ ])(?P<hour>\d{1,2}):\d{2}(?P<seconds>:\d{2}(?P<fraction>[.,]\d{1,9})?)?(?P<half>[ ]?[AaPp][Mm])?"
    r"(?P<zonegap>[ ]?)(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_DAYS = (
    (re.compile(r"(?P<y>\d{4})(?P<s>[-/.])\d{1,2}(?P=s)\d{1,2}"), "{y}{s}%m{s}%d"),
    (re.compile(r"\d{1,2}(?P<s>[-/.])\d{1,2}(?P=s)(?P<y>\d{4}|\d{2})"), "%d{s}%m{s}{y}"),
    (re.compile(r"\d{1,2}(?P<s>[- /]?)[A-Za-z]{3}(?P=s)(?P<y>\d{4}|\d{2})"), "%d{s}%b{s}{y}"),
    (re.compile(r"\d{1,2}(?P<s>[- /])[A-Za-z]{4,9}(?P=s)(?P<y>\d{4})"), "%d{s}%B{s}{y}"),
    (re.compile(r"(?P<y>\d{4})(?P<s>-)W\d{2}-[1-7]"), "%G{s}W%V{s}%u"),
    (re.compile(r"[A-Za-z]{3} \d{1,2}(?P<s>,? )(?P<y>\d{4})"), "%b %d{s}{y}"),
    (re.compile(r"[A-Za-z]{4,9} \d{1,2}(?P<s>,? )(?P<y>\d{4})"), "%B %d{s}{y}"),
)
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_SIX_DIGITS = {
    "%y%m%d": re.compile(r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
    "%d%m%y": re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}"),
}
_EIGHT_DIGITS = {
    "%Y%m%d": re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
    "%d%m%Y": re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2}"),
    "%m%d%Y": re.compile(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d{2}"),
}
"""Where several fit, the first of them is taken."""
_WHOLE_DATE = r"^(?:19|20)\d{6}(?:\d{4}|\d{6})?$"
_SERIAL_NAME = re.compile(r"date|fecha|^data|[ _]data|datum|jour", re.IGNORECASE)
_SERIAL = r"^\d{5}(?:[.,]\d+)?$"
_MIDNIGHT = r"([T ])24:00((?::00)?)"
"""The end of a day."""
_FIRST_SERIAL, _LAST_SERIAL = 29_221.0, 54_789.0
"""From 1980 to 2050."""
_SERIAL_EPOCH = -2_209_161_600_000_000
"""Microseconds from 1970 to 1899-12-30."""
_MONTHS = (
    "jan|ene|f[eé]v|feb|mar|m[aä]r|a[pbv]r|ma[iy]|ju[inl]|aug|ago|ao[uû]|sep|set|o[ck]t|out|nov|d[eé][cz]|dic"
)
_ODD_DATE = (
    rf"(?i)\d.{{0,5}}\b(?:{_MONTHS})|\d(?:{_MONTHS})|\b(?:{_MONTHS})\pL{{0,7}}\.?[\s/-]+\d|^\d{{8}}[T\s_-]+\d|^\d{{4}}\.\s?\d|年"
    r"|\d\s*[-–|@_,]\s*\d{1,2}[:h]|\d{2}\D{1,12}\d{1,2}[h.:]\d{2}|\d[:.]\d{2}.*(?:\s[\pL/]+|[ap]\.?\s?m\.?|[\])]|[+-]\d)$"
    r"|^\pL{2,9}\.?,?\s+\d{1,2}[/.-]\d|\d\s?h\s?\d|^\d{4}-\d{2}-\d{2}-\d{2}\.\d"
)
_FEW_CELLS = 200
_DATE_NAME = re.compile(
    r"date|fecha|^data|_data|jour|^day|^dt|_dt|^dob|_dob|birth|naiss|nasc|nacim|time|heure|hora|stamp|_on$|_at$",
    re.IGNORECASE,
)
_MOST_FORMATS = 4
_FEW = 2000
_MOST = 0.5
"""Share of the cells of a sample that must be dates."""
_FIRST_YEAR = 1000
_CLOCK = re.compile(r"\d{1,2}[:h]\d{2}(?P<seconds>:\d{2}(?:\.\d{1,9})?)?(?P<half> ?[AaPp][Mm])?")
_WHOLE_CLOCK = rf"^(?:{_CLOCK.pattern}|\d{{4}}|\d{{6}})$"
_PLAIN_CLOCK = {"%H:%M:%S%.f", "%H:%M"}
_COMPACT_CLOCK = {4: "%H%M", 6: "%H%M%S"}
_CLOCK_NAME = re.compile(r"time|hour|heure|hora|^hr|_hr|tm$|hms|hhmm", re.IGNORECASE)


@dataclass(frozen=True)
class ParsedDates:
    """A column of moments.

    Attributes:
        values: Datetime in microseconds, naive, in UTC.
        month_first: None unless the days are written in digits with the year last.
    """

    values: pl.Series
    month_first: bool | None


def parse_dates(cells: pl.Series, sample: pl.Series, *, month_first: bool = False) -> ParsedDates | None:
    """Return the moments of a column, or None when one of its cells is no date.

    Args:
        cells: text; empty cells are "". The name of the series counts: eight digits are a day only in a
            column that is called one.
        sample: some of the cells, none of them empty.
        month_first: try mm/dd before dd/mm, because another column of the table is written so.
    """
    found = _parse_formats(cells, _formats(sample), month_first)
    if found is None and _may_respell(sample) and _formats(respell_dates(sample.head(_FEW_CELLS))):
        formats = _formats(respell_dates(sample))
        found = _parse_formats(respell_dates(cells), formats, month_first) if formats else None
    if found is None:
        numbers = parse_date_numbers(cells, sample)
        return None if numbers is None else ParsedDates(numbers, None)
    return found


def _parse_formats(cells: pl.Series, formats: list[str], month_first: bool) -> ParsedDates | None:
    if not formats:
        return None
    numeric = any(fmt.startswith(("%d/%m", "%d-%m")) for fmt in formats)
    orders = sorted({False, numeric}, reverse=month_first)
    for order in orders:
        values = _parse_all(cells, [_swap(fmt) for fmt in formats] if order else formats, swapped=order)
        if values is not None:
            return ParsedDates(values, order if numeric else None)
    return None


def parse_most_dates(
    cells: pl.Series, sample: pl.Series, *, month_first: bool | None = None
) -> ParsedDates | None:
    """Read the moments of a column that has other cells too, which are null; None where most cells are no dates.

    Args:
        cells: stripped text; empty cells are "".
        sample: some of the cells, none of them empty.
        month_first: whether mm/dd; None takes what reads more cells, the day first where both read as many.
    """
    few = sample.head(_FEW)
    shown = _shown_formats(few)
    if shown.total() <= _MOST * len(few) and _may_respell(few):
        cells, few = respell_dates(cells), respell_dates(few)
        shown = _shown_formats(few)
    if shown.total() <= _MOST * len(few):
        return None
    formats = [fmt for fmt, _ in shown.most_common(_MOST_FORMATS)]
    numeric = any(fmt.startswith(("%d/%m", "%d-%m")) for fmt in formats)
    orders = ((False, True) if month_first is None else (month_first,)) if numeric else (False,)
    read = {order: _parse(cells, [_swap(fmt) for fmt in formats] if order else formats) for order in orders}
    read = {order: values.set(values.dt.year() < _FIRST_YEAR, None) for order, values in read.items()}
    best = min(orders, key=lambda order: (read[order].null_count(), order))
    return ParsedDates(read[best], best if numeric else None)


def _shown_formats(cells: pl.Series) -> Counter[str]:
    compact, digits = _compact_formats(cells)
    return Counter(filter(None, (_format_of(cell, compact, digits) for cell in cells.to_list())))


def _may_respell(sample: pl.Series) -> bool:
    """Return whether cells may be dates in another spelling: they have digits, and letters or a time with dots."""
    few = sample.head(_FEW_CELLS)
    share = few.str.contains(_ODD_DATE).mean()
    return isinstance(share, float) and share > _MOST


def parse_date_numbers(cells: pl.Series, sample: pl.Series) -> pl.Series | None:
    """Days since 1899-12-30, as spreadsheets count them, in a column that is called a date; None for other numbers."""
    if not _SERIAL_NAME.search(cells.name) or not sample.str.contains(_SERIAL).all():
        return None
    days = cells.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    low, high = days.min(), days.max()
    if not is_complete(cells, days) or not isinstance(low, float) or not isinstance(high, float):
        return None
    if low < _FIRST_SERIAL or high > _LAST_SERIAL:
        return None
    micros = (days * 86_400_000_000 / 1e6).round().cast(pl.Int64) * 1_000_000 + _SERIAL_EPOCH
    return micros.cast(DATETIME)


def parse_whole_dates(numbers: pl.Series) -> pl.Series | None:
    """Whole numbers such as 20240103 or 202401031358 in a column that is called a date; None for other numbers."""
    filled = numbers.drop_nulls()
    if not _DATE_NAME.search(numbers.name) or not len(filled):
        return None
    cells = numbers.cast(pl.String).fill_null("")
    few = cells.filter(cells != "").head(_FEW_CELLS)
    if not few.str.contains(_WHOLE_DATE).all():
        return None
    dates = parse_dates(cells, few)
    return None if dates is None or dates.values.null_count() != numbers.null_count() else dates.values


def parse_times_of_day(cells: pl.Series) -> pl.Series | None:
    """Parse times of day such as 13:45, 13h45, 1:45 PM or 13:45:10 -> seconds since midnight, Int64.

    The name of the series counts: 134510 and 0915 are a time only in a column that is called one.
    """
    compact = bool(_CLOCK_NAME.search(cells.name))
    formats = {
        _clock_format(cell, compact) for cell in cells.head(200).to_list() if cell and not is_missing(cell)
    }
    if not formats or "" in formats:
        return None
    if formats & _PLAIN_CLOCK:
        formats |= _PLAIN_CLOCK
    text = cells.str.replace("h", ":", literal=True)
    values = pl.Series(cells.name, [None], dtype=pl.Time).new_from_index(0, len(cells))
    for fmt in sorted(formats):
        values = values.fill_null(text.str.to_time(fmt, strict=False))
    return values.cast(pl.Int64) // 1_000_000_000 if is_complete(cells, values) else None


def parse_most_times_of_day(cells: pl.Series, sample: pl.Series) -> pl.Series | None:
    """Read the times of day of a column that has other cells too, which are null; None where most cells are none."""
    compact = bool(_CLOCK_NAME.search(cells.name))
    shown = pl.Series([bool(_clock_format(cell, compact)) for cell in sample.to_list()], dtype=pl.Boolean)
    if int(shown.sum()) <= _MOST * len(sample):
        return None
    fits = cells.str.contains(_WHOLE_CLOCK)
    return parse_times_of_day(cells.set(~fits, ""))


def _clock_format(cell: str, compact: bool) -> str:
    if compact and cell.isdecimal():
        return _COMPACT_CLOCK.get(len(cell), "")
    clock = _CLOCK.fullmatch(cell)
    if not clock:
        return ""
    if half := clock["half"]:
        return ("%I:%M:%S" if clock["seconds"] else "%I:%M") + half[:-2] + "%p"
    return "%H:%M:%S%.f" if clock["seconds"] else "%H:%M"


def _parse_all(cells: pl.Series, formats: list[str], *, swapped: bool) -> pl.Series | None:
    """Parse all cells; those that the formats of the sample leave may have another one."""
    values = _parse(cells, formats)
    if not is_complete(cells, values):
        left = cells.filter(values.is_null() & (cells.str.strip_chars() != ""))
        more = _formats(left.head(_FEW))
        if not more:
            return None
        values = values.fill_null(_parse(cells, [_swap(fmt) for fmt in more] if swapped else more))
    return values if is_complete(cells, values) and _plausible(values) else None


def _swap(fmt: str) -> str:
    """Month first instead of day first, where both are digits and the year is last."""
    if not fmt.startswith(("%d/%m", "%d-%m")):
        return fmt
    return fmt.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")


def _formats(sample: pl.Series) -> list[str]:
    """Return the formats that the cells are written in, the most frequent first; empty when a cell has none."""
    compact, digits = _compact_formats(sample)
    found: Counter[str] = Counter()
    for cell in map(str.strip, sample.to_list()):
        if is_missing(cell):
            continue
        fmt = _format_of(cell, compact, digits)
        if not fmt or len(found) > _MOST_FORMATS:
            return []
        found[fmt] += 1
    return [fmt for fmt, _ in found.most_common()]


def _compact_formats(sample: pl.Series) -> tuple[bool, dict[int, str]]:
    """Return whether digits alone may be a date, by the name of the column; and by their number the format of a date without separators."""
    compact = bool(_DATE_NAME.search(sample.name))
    formats = {6: _six_digits(sample), 8: _eight_digits(sample) if compact else ""}
    return compact, {length: fmt for length, fmt in formats.items() if fmt}


def _eight_digits(sample: pl.Series) -> str:
    cells = [cell for cell in sample.to_list() if len(cell) == 8]
    fits = {
        fmt: sum(bool(pattern.fullmatch(cell)) for cell in cells) for fmt, pattern in _EIGHT_DIGITS.items()
    }
    best = max(fits, key=lambda fmt: fits[fmt])
    return best if fits[best] > _MOST * len(sample) else ""


def _six_digits(sample: pl.Series) -> str:
    """Return the format of dates of six digits, yymmdd or ddmmyy, in a column that is called a date; empty for others."""
    if not _SERIAL_NAME.search(sample.name):
        return ""
    cells = sample.to_list()
    fits = {fmt: sum(bool(pattern.fullmatch(cell)) for cell in cells) for fmt, pattern in _SIX_DIGITS.items()}
    best = max(fits.values(), default=0)
    if best <= _MOST * len(cells):
        return ""
    likely = [fmt for fmt, fit in fits.items() if fit == best]
    # Where both fit, the years are those that differ least.
    return min(likely, key=lambda fmt: len({cell[:2] if fmt == "%y%m%d" else cell[4:6] for cell in cells}))


def _format_of(cell: str, compact: bool, digits: Mapping[int, str]) -> str:
    if (fmt := digits.get(len(cell), "")) and (_SIX_DIGITS | _EIGHT_DIGITS)[fmt].fullmatch(cell):
        return fmt
    if compact and len(cell) in _COMPACT and cell.isdecimal() and cell.startswith(("19", "20")):
        return _COMPACT[len(cell)]
    for pattern, template in _DAYS:
        if day := pattern.match(cell):
            year = "%Y" if len(day["y"]) == 4 else "%y"
            fmt = template.format(s=day["s"], y=year)
            rest = cell[day.end() :]
            if not rest:
                return fmt
            if time := _TIME.fullmatch(rest):
                return fmt + _time_format(time)
    return ""


def _time_format(time: re.Match[str]) -> str:
    fmt = time["gap"] + ("%I" if time["half"] else "%H") + ":%M"
    fmt += ":%S%.f" if time["seconds"] else ""
    fmt += time["half"][:-2] + "%p" if time["half"] else ""
    return fmt + (time["zonegap"] + "%#z" if time["zone"] else "")


def _parse(cells: pl.Series, formats: list[str]) -> pl.Series:
    text = cells.str.strip_chars()
    if any("%#z" in fmt for fmt in formats):
        text = text.str.replace(r"(?:UTC|GMT)$", "Z")
    if any("%.f" in fmt for fmt in formats):
        text = text.str.replace(r"(:\d{2}),(\d)", "${1}.${2}")
    values = pl.Series(cells.name, [None], dtype=DATETIME).new_from_index(0, len(cells))
    for fmt in formats:
        read = text.str.to_datetime(fmt, time_unit="us", strict=False)
        if "%#z" in fmt:
            read = read.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        values = values.fill_null(read) if fmt != formats[0] else read
    return _with_ends_of_days(values, text, formats)


def _with_ends_of_days(values: pl.Series, text: pl.Series, formats: list[str]) -> pl.Series:
    """Read 24:00 as the beginning of the next day, in the cells that have no value yet."""
    if not values.null_count():
        return values
    ends = values.is_null() & text.str.contains(_MIDNIGHT)
    if not ends.any():
        return values
    begins = _parse(text.set(~ends, "").str.replace(_MIDNIGHT, "${1}00:00${2}"), formats)
    return values.zip_with(~ends, begins + pl.Series([timedelta(days=1)]))


def _plausible(values: pl.Series) -> bool:
    """Return whether the years are plausible; a year of one or two digits means that the format is wrong."""
    years = values.dt.year()
    low = years.min()
    return isinstance(low, int) and low >= _FIRST_YEAR
