"""Time as the cells have it: dates and numbers to seconds, hours of the day, and the day that a counter without a unit keeps.

Must not know what a column means, nor who acts.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.fitted_state import ColumnState, Statistic
from vigie.table.months import month_of

HOUR, DAY = 3600.0, 86400.0
CLOCK = 3e8
"""Seconds beyond are since 1970, those below are counted from some beginning of their own."""
DAYS = (DAY, 1440.0, 24.0)
"""A day in the units that counters have: seconds, minutes, hours."""
SOME_YEAR = 2001.0
"""Of days and months whose year nobody tells: one without a leap day, later than `CLOCK`. Its January, where nobody tells the month."""
RHYTHM, TREND, FEWEST_DAYS = 0.1, 0.3, 2.0
"""How far the rows lean to one side of the clock (0 not at all, 1 all at one moment) where people keep hours; what a trend
alone makes them lean over one day, over more days so much less; and how many days it takes to tell."""


def as_seconds(series: pl.Series, state: ColumnState | None = None) -> Floats | None:
    """A date or number column as seconds: dates since 1970, epoch milliseconds and finer divided down.

    Args:
        series: the column.
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
        unit = (state or ColumnState()).epoch_divisor.get(lambda: _unit(values))
        return values if unit == 1.0 else np.asarray(values / unit)
    return None


def _unit(values: Floats) -> float:
    """What to divide a number by that may be an epoch in milliseconds or finer."""
    usual = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
    return next((power for power in (1e9, 1e6, 1e3) if usual / power > CLOCK), 1.0)


def months_of(series: pl.Series) -> Floats:
    """(rows,) 1 to 12 for the names of months; NaN for any other text."""
    numbers = {word: month_of(word) for word in series.drop_nulls().unique().to_list()}
    months = series.replace_strict(numbers, default=None, return_dtype=pl.Float64)
    return months.fill_null(float("nan")).to_numpy().astype(float)


def dated(year: Floats | float, month: Floats, day: Floats) -> Floats:
    """(rows,) midnight of a day told in parts, in seconds since 1970; NaN where a part is missing.

    Args:
        year: `SOME_YEAR` where nobody tells.
        month: 1 to 12.
        day: of the month; of the year where all months are 1.
    """
    months = (np.asarray(year) - 1970) * 12 + month - 1
    known = np.isfinite(months) & np.isfinite(day)
    first = np.where(known, months, 0).astype("datetime64[M]").astype("datetime64[D]").astype(float)
    return np.where(known, (first + day - 1) * DAY, np.nan)


def hours_of(values: Floats, largest: Statistic[float]) -> Floats:
    """(rows,) hours of the day, 0 to 24, of a column that counts hours, seconds, or writes 14:35:10 as 143510 or 1435.

    Args:
        values: (rows,) NaN where unknown.
        largest: of the column.
    """
    top = largest.get(lambda: float(np.nanmax(values)))
    if top > DAY:
        values = values // 10_000 + values // 100 % 100 / 60 + values % 100 / 3600
    elif top > 2400:
        values = values / 3600
    elif top > 100:
        values = values // 100 + values % 100 / 60
    return np.asarray(values % 24)


def day_of(time: Floats) -> float:
    """How many units of a counter are a day, told by the hours that people keep; 0 where the rows keep none.

    Source: mean resultant length of angles, K. V. Mardia, P. E. Jupp, "Directional Statistics", 2000.

    Args:
        time: (rows,) a counter in an unknown unit, finite.
    """
    passed, found, best = time - time.min(), 0.0, 0.0
    for day in DAYS:
        days = float(passed.max()) / day
        if days < FEWEST_DAYS:
            continue
        lean = float(np.abs(np.exp(2j * np.pi * passed / day).mean()))
        # What so few rows show by chance comes on top.
        if lean > max(best, RHYTHM + TREND / days + 2 / np.sqrt(len(time))):
            found, best = day, lean
    return found
