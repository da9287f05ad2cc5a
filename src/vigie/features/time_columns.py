"""The time of the rows of a table: from a time column, a date and an hour, or a date in parts."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes, Floats, time_ranks
from vigie.features.cell_hashes import CellHashes
from vigie.features.number_columns import NumberColumns
from vigie.features.time_units import (
    DAY,
    DEFAULT_YEAR,
    HOUR,
    MIN_EPOCH_SECONDS,
    as_seconds,
    day_length,
    hours_of_day,
    month_numbers,
    seconds_of_date,
)
from vigie.fitted_state import FeatureState
from vigie.roles.inference import Roles

_TIME_QUANTILES = 1001
"""How many of the known times, in their order, may stand for an unknown one."""
_MONTH_HOURS = 720.0
"""A counter without a unit is read as one month, the length of history that most tables have."""


class Windows(NamedTuple):
    """Lengths of time in the unit of a table's times."""

    hour: float
    day: float
    week: float


class TimeColumns:
    """Times of a table's rows.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        state: what is known of the table.
        numbers: the same table's numbers.
        hashes: the hashes of the same rows.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        roles: Roles,
        state: FeatureState,
        numbers: NumberColumns,
        hashes: CellHashes,
    ) -> None:
        self._frame = frame
        self._roles = roles
        self._state = state
        self._numbers = numbers
        self._hashes = hashes

    @cached_property
    def values(self) -> Floats | None:
        """(rows,) finite times in seconds, or in steps of an unknown unit; None where the table has no time.

        Rows without a time get one of the known times, by their hash.
        """
        stated, fitted = self._stated, self._state.time
        is_known = fitted.is_known.get(lambda: stated is not None and bool(np.isfinite(stated).any()))
        if not is_known:
            return None
        if stated is None:
            raise ValueError("the fitted table has a time, these rows have no time column")
        quantiles = fitted.sample.get(lambda: _quantiles(stated))
        times = stated if self._is_stated.all() else np.where(self._is_stated, stated, self._drawn(quantiles))
        hour = self._stated_hour
        if hour is None or not fitted.is_midnight.get(
            lambda: quantiles[_TIME_QUANTILES // 2] > MIN_EPOCH_SECONDS and not (times % DAY).any()
        ):
            return times
        # The date in one column and the hour in another; noon where the hour is unknown.
        return times + np.where(np.isfinite(hour), hour, 12.0) * HOUR

    @cached_property
    def _stated(self) -> Floats | None:
        """(rows,) the time column, else the date that year, month and day make; NaN where unknown."""
        column = self._roles.first("time")
        if column is not None:
            return as_seconds(self._frame[column], self._state.columns[column])
        day, year = self._numbers.best("day"), self._numbers.best("year")
        if day is None:
            return None
        months = self._months(day)
        return (
            None if months is None else seconds_of_date(DEFAULT_YEAR if year is None else year, months, day)
        )

    def _months(self, day: Floats) -> Floats | None:
        """Return (rows,) 1 to 12; 1 where there is no month, or days count from the beginning of the year."""
        column = self._roles.first("month")
        if column is None or self._state.time.max_day.get(lambda: float(np.nanmax(day))) > 31:
            return np.ones(len(day))
        is_text = self._frame[column].dtype == pl.String
        return month_numbers(self._frame[column]) if is_text else self._numbers.of(column)

    @cached_property
    def _is_stated(self) -> npt.NDArray[np.bool_]:
        """(rows,) whether the table has a time for the row."""
        return np.zeros(self._frame.height, bool) if self._stated is None else np.isfinite(self._stated)

    def _drawn(self, quantiles: Floats) -> Floats:
        """Return (rows,) one of the quantiles for each row, so that rows without a time are not simultaneous."""
        high_bits, n = self._hashes.rows >> np.uint64(32), np.uint64(_TIME_QUANTILES)
        return np.asarray(quantiles[high_bits * n >> np.uint64(32)])

    @cached_property
    def ranks(self) -> Codes | None:
        """(rows,) position of each row in the order of time."""
        return None if self.values is None else time_ranks(self.values)

    @cached_property
    def is_epoch(self) -> bool:
        """Whether times are seconds since 1970, rather than a counter."""
        times = self.values
        if times is None:
            return False
        return self._state.time.has_clock.get(lambda: float(np.median(times)) > MIN_EPOCH_SECONDS)

    @cached_property
    def span(self) -> float:
        """Time from the first row to the last."""
        times = self.values
        return 0.0 if times is None else self._state.time.span.get(lambda: float(np.ptp(times)))

    @cached_property
    def day_length(self) -> float:
        """Length of a day in the unit of a counter, by its daily rhythm; 0 where it has none."""
        times = self.values
        return 0.0 if times is None else self._state.time.day_length.get(lambda: day_length(times))

    @cached_property
    def windows(self) -> Windows:
        """One hour, one day and one week in the unit of the times."""
        if self.is_epoch or self.values is None:
            return Windows(HOUR, DAY, 7 * DAY)
        if self.day_length > 0:
            return Windows(self.day_length / 24, self.day_length, 7 * self.day_length)
        hour = 1.0 if self._spans_a_month_of_hours else (self.span or 1.0) / _MONTH_HOURS
        return Windows(hour, 24 * hour, 168 * hour)

    @property
    def _spans_a_month_of_hours(self) -> bool:
        return 600 <= (self.span or 1.0) <= 800

    @cached_property
    def hour(self) -> Floats | None:
        """(rows,) hour of the day in [0, 24]; NaN where unknown, None where the table has none."""
        if self._stated_hour is not None:
            return self._stated_hour
        hours = self._hour_of_time
        return hours if hours is None or self._is_stated.all() else np.where(self._is_stated, hours, np.nan)

    @cached_property
    def _stated_hour(self) -> Floats | None:
        hours = self._numbers.best("hour")
        return None if hours is None else hours_of_day(hours, self._state.time.max_hour)

    @cached_property
    def _hour_of_time(self) -> Floats | None:
        times, fitted = self.values, self._state.time
        if times is None:
            return None
        if self.is_epoch:
            hours = times % DAY / HOUR
            return hours if fitted.hours_differ.get(lambda: len(np.unique(hours[:5000])) > 1) else None
        if self.day_length > 0:
            return times % self.day_length / self.day_length * 24
        is_whole = self._spans_a_month_of_hours and fitted.is_whole.get(
            lambda: bool(np.all(times == np.round(times)))
        )
        if is_whole:
            return times % 24
        n_rows = self._frame.height
        is_seconds = 80_000 <= self.span <= 8e6 and fitted.is_dense.get(
            lambda: n_rows > 1000 and self.span > 2 * n_rows
        )
        return times % DAY / HOUR if is_seconds else None

    def date(self, role: str) -> Floats | None:
        """Return (rows,) the best date column of a role, in seconds since 1970."""
        dates = {c: as_seconds(self._frame[c], self._state.columns[c]) for c in self._roles.all(role)}
        best = self._state.date_column[role].get(
            lambda: next((c for c, x in dates.items() if x is not None and np.isfinite(x).any()), "")
        )
        return dates.get(best)


def _quantiles(times: Floats) -> Floats:
    """Return (_TIME_QUANTILES,) known times from the first to the last."""
    known = np.sort(times[np.isfinite(times)])
    return known[np.linspace(0, len(known) - 1, _TIME_QUANTILES).astype(np.int64)]
