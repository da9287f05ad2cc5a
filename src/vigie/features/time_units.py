"""Time as cells have it: dates and numbers to seconds, hours of the day, the length of a day in a counter.

Must not know what a column means.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.fitted_state import ColumnState, Statistic
from vigie.table.parsing.months import month_of

HOUR, DAY = 3600.0, 86400.0
MIN_EPOCH_SECONDS = 3e8
"""Larger times are seconds since 1970, smaller ones a counter."""
DEFAULT_YEAR = 2001.0
"""Year of dates without one; not a leap year, and later than `MIN_EPOCH_SECONDS`."""

_DAY_LENGTHS = (DAY, 1440.0, 24.0)
"""A day in the units that counters have: seconds, minutes, hours."""
_MIN_RHYTHM = 0.1
"""Mean resultant length of the times of day (0 uniform, 1 all the same) from which on rows have a daily rhythm."""
_TREND = 0.3
"""What a trend alone may add to it over one day; over n days a share of 1 / n."""
_MIN_DAYS = 2.0


def as_seconds(series: pl.Series, state: ColumnState | None = None) -> Floats | None:
    """Return (rows,) seconds of a date or number column, NaN where empty; None for other types.

    Dates become seconds since 1970; numbers that are milliseconds since 1970 or finer are divided, others stay.

    Args:
        series: (rows,) the column.
        state: what is known of the column.
    """
    if series.dtype.is_temporal():
        if series.dtype == pl.Date:
            series = series.cast(pl.Datetime("us"))
        if isinstance(series.dtype, pl.Time | pl.Duration):
            return None
        micros = series.cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
        return np.asarray(micros.to_numpy() / 1e6)
    if series.dtype.is_numeric():
        values = series.cast(pl.Float64).to_numpy()
        divisor = (state or ColumnState()).epoch_divisor.get(lambda: _epoch_divisor(values))
        return values if divisor == 1.0 else np.asarray(values / divisor)
    return None


def _epoch_divisor(values: Floats) -> float:
    """Return the units per second of numbers that may be an epoch in milliseconds or finer."""
    median = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
    return next((unit for unit in (1e9, 1e6, 1e3) if median / unit > MIN_EPOCH_SECONDS), 1.0)


def month_numbers(series: pl.Series) -> Floats:
    """Return (rows,) 1 to 12 for the names of months; NaN for other texts."""
    numbers = {word: month_of(word) for word in series.drop_nulls().unique().to_list()}
    months = series.replace_strict(numbers, default=None, return_dtype=pl.Float64)
    return months.fill_null(float("nan")).to_numpy().astype(float)


def seconds_of_date(year: Floats | float, month: Floats, day: Floats) -> Floats:
    """Return (rows,) midnight of dates in parts, in seconds since 1970; NaN where a part is missing.

    Args:
        year: (rows,) or one for all rows.
        month: (rows,) 1 to 12.
        day: (rows,) of the month; of the year where all months are 1.
    """
    months = (np.asarray(year) - 1970) * 12 + month - 1
    known = np.isfinite(months) & np.isfinite(day)
    first = np.where(known, months, 0).astype("datetime64[M]").astype("datetime64[D]").astype(float)
    return np.where(known, (first + day - 1) * DAY, np.nan)


def hours_of_day(values: Floats, max_value: Statistic[float]) -> Floats:
    """Return (rows,) hours in [0, 24) of a column of hours, of seconds, or of numbers such as 1435 or 143510.

    Args:
        values: (rows,) NaN where unknown.
        max_value: of the column.
    """
    top = max_value.get(lambda: float(np.nanmax(values)))
    if top > DAY:
        values = values // 10_000 + values // 100 % 100 / 60 + values % 100 / 3600
    elif top > 2400:
        values = values / 3600
    elif top > 100:
        values = values // 100 + values % 100 / 60
    return np.asarray(values % 24)


def day_length(times: Floats) -> float:
    """Return the length of a day in the unit of a counter, by the daily rhythm of the rows; 0 where they have none.

    Source: mean resultant length of angles, K. V. Mardia, P. E. Jupp, "Directional Statistics", 2000.

    Args:
        times: (rows,) finite.
    """
    passed, found, strongest = times - times.min(), 0.0, 0.0
    for length in _DAY_LENGTHS:
        n_days = float(passed.max()) / length
        if n_days < _MIN_DAYS:
            continue
        rhythm = float(np.abs(np.exp(2j * np.pi * passed / length).mean()))
        by_chance = 2 / np.sqrt(len(times))
        if rhythm > max(strongest, _MIN_RHYTHM + _TREND / n_days + by_chance):
            found, strongest = length, rhythm
    return found
