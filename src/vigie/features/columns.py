"""A table's columns by role, as plain arrays: the one place that turns cells into numbers and codes.

Features ask these view for "the amount" or "who acts" and never see a column name. Everything is computed
when first asked for. Unknown is NaN for numbers and -1 for codes.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes, Floats, time_ranks
from vigie.features.cells import as_codes, as_numbers, column_hash
from vigie.features.groups import Groups
from vigie.features.time_units import (
    CLOCK,
    DAY,
    HOUR,
    SOME_YEAR,
    as_seconds,
    dated,
    day_of,
    hours_of,
    months_of,
)
from vigie.fitted_state import CategoryCodes, FeatureState
from vigie.roles.definitions import category_roles, role_names
from vigie.roles.inference import Roles

GRID_BITS = 20
"""Sums of amounts are exact while they stay below 2^33 usual amounts, in steps of a millionth of one."""
SPREAD = 1001
"""How many of the known times, in their order, stand for those of rows that have none."""
MONTH_STEPS = 720.0
"""A counter without a unit is read as one month of hours, the length of history most uploads have."""

ENTITY_ROLES = role_names(lambda role: role.entity)
CATEGORY_ROLES = category_roles()


class ColumnView:
    """The typed columns of a table seen through their roles.

    Args:
        frame: (rows, columns) typed as `table.parse` leaves it.
        roles: the role of each column.
        state: what the table says as a whole, where that is known already.
        complete: where these are only some rows of the table, whose rows are all here: `actor`, `counterpart`, an
            entity role or `account`, and `row` for what each row tells alone; None where the table is whole.
        first_of_actor: (rows,) 1 where a row is the first of its actor, else 0; for rows whose actors are not complete.
        partition: (rows,) from 0; entities of different partitions are different, whatever their cells.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        roles: Roles,
        state: FeatureState | None = None,
        complete: AbstractSet[str] | None = None,
        first_of_actor: Floats | None = None,
        partition: Codes | None = None,
    ) -> None:
        self.frame = frame
        self.roles = roles
        self.rows = frame.height
        self.state = state or FeatureState()
        self._complete = complete
        self._first_of_actor = first_of_actor
        self._partition = partition
        self._groups: dict[str, Groups] = {}
        self._codes: dict[str, Codes] = {}
        self._numbers: dict[str, Floats | None] = {}
        self._seconds: dict[str, Floats | None] = {}
        self.known_hashes: dict[str, Codes] = {}

    def cell_hashes(self, column: str) -> Codes:
        """(rows,) a fingerprint of each cell of a column, empty ones too."""
        if column not in self.known_hashes:
            self.known_hashes[column] = self.frame[column].hash(seed=0).to_numpy().view(np.int64)
        return self.known_hashes[column]

    # numbers

    def as_numbers(self, column: str) -> Floats | None:
        """One column as numbers; None where it is not a quantity."""
        if column not in self._numbers:
            self._numbers[column] = as_numbers(self.frame[column], self.state.columns[column])
        return self._numbers[column]

    def number(self, role: str) -> Floats | None:
        """The best column of `role` as numbers; None where the table has none."""
        return next((values for _, values in self.numbers(role)), None)

    def numbers(self, role: str) -> list[tuple[str, Floats]]:
        """Every column of `role` that reads as numbers and is not empty, with its name."""
        names = self.state.numeric_columns[role].get(
            lambda: [c for c in self.roles.all(role) if self._tells(c)]
        )
        found = ((column, self.as_numbers(column)) for column in names)
        return [(c, values) for c, values in found if values is not None]

    def _tells(self, column: str) -> bool:
        values = self.as_numbers(column)
        return values is not None and bool(np.isfinite(values).any())

    @cached_property
    def amount(self) -> Floats | None:
        """The main amount, without its sign: a debit of 50 is as large as a credit of 50."""
        values = self.number("amount")
        return None if values is None else np.abs(values)

    @cached_property
    def summable_amount(self) -> Floats | None:
        """The amount on a grid so fine that nobody sees it, on which sums do not depend on what was summed before."""
        amount = self.amount
        if amount is None:
            return None
        step = 2.0 ** np.floor(np.log2(self._amount_scale) - GRID_BITS)
        return np.asarray(np.round(np.nan_to_num(amount) / step) * step)

    @property
    def _amount_scale(self) -> float:
        amount = self.amount
        return self.state.amounts.scale.get(lambda: 1.0 if amount is None else middle(amount))

    @cached_property
    def log_amount(self) -> Floats | None:
        """Logarithm of the amount, in units of the table's own median, so that no currency matters."""
        amount = self.amount
        if amount is None:
            return None
        return np.asarray(np.log(amount / self._amount_scale + 1e-3))

    # time

    @cached_property
    def time(self) -> Floats | None:
        """Time of each row in seconds, or in steps where the unit is unknown; unknown times are some of the known ones."""
        values = self._stated
        if not self.state.time.is_known.get(lambda: values is not None and bool(np.isfinite(values).any())):
            return None
        if values is None:
            raise ValueError("a time without seconds")
        spread = self.state.time.sample.get(lambda: _spread(values))
        known = values if self._dated.all() else np.where(self._dated, values, self._drawn(spread))
        hour = self._given_hour
        if hour is None or not self.state.time.is_midnight.get(
            lambda: spread[SPREAD // 2] > CLOCK and not (known % DAY).any()
        ):
            return known
        # The date in one column and the time of day in another; noon where nobody says.
        return known + np.where(np.isfinite(hour), hour, 12.0) * HOUR

    @cached_property
    def _dated(self) -> npt.NDArray[np.bool_]:
        """(rows,) whether the table says when."""
        return np.zeros(self.rows, dtype=bool) if self._stated is None else np.isfinite(self._stated)

    def _drawn(self, spread: Floats) -> Floats:
        """(rows,) a time for each row by its cells: rows without one must not seem to come all at once."""
        return np.asarray(spread[(self.row_hashes >> np.uint64(32)) * np.uint64(SPREAD) >> np.uint64(32)])

    @cached_property
    def row_hashes(self) -> npt.NDArray[np.uint64]:
        """(rows,) a fingerprint of each row, by its cells alone, as `evidence.own_order` has it."""
        total = np.zeros(self.rows, dtype=np.uint64)
        for column in (item.column for item in self.roles.columns):
            cells = self.cell_hashes(column).view(np.uint64)
            total += cells * np.uint64(self.state.columns[column].hash.get(partial(column_hash, cells)) | 1)
        return total

    @cached_property
    def _stated(self) -> Floats | None:
        """(rows,) what the column of the time says, else the date that its parts make together; NaN where unknown."""
        column = self.roles.first("time")
        if column is not None:
            return as_seconds(self.frame[column], self.state.columns[column])
        month, day, year = self.roles.first("month"), self.number("day"), self.number("year")
        if day is None:
            return None
        months: Floats | None = np.ones(self.rows)
        # Days beyond 31 are those of the year, whatever month stands beside them.
        if month is not None and self.state.time.max_day.get(lambda: float(np.nanmax(day))) <= 31:
            text = self.frame[month].dtype == pl.String
            months = months_of(self.frame[month]) if text else self.as_numbers(month)
        return None if months is None else dated(SOME_YEAR if year is None else year, months, day)

    @cached_property
    def time_ranks(self) -> Codes | None:
        """Place of each row in time."""
        return None if self.time is None else time_ranks(self.time)

    @cached_property
    def has_clock(self) -> bool:
        """Whether `time` is in seconds since an epoch (a clock), rather than a counter."""
        time = self.time
        return time is not None and self.state.time.has_clock.get(lambda: float(np.median(time)) > CLOCK)

    @cached_property
    def span(self) -> float:
        """From the first to the last time."""
        time = self.time
        return 0.0 if time is None else self.state.time.span.get(lambda: float(np.ptp(time)))

    @cached_property
    def windows(self) -> tuple[float, float, float]:
        """One hour, one day, one week, in the unit of `time`."""
        if self.has_clock or self.time is None:
            return HOUR, DAY, 7 * DAY
        if self.day > 0:
            return self.day / 24, self.day, 7 * self.day
        span = self.span or 1.0
        unit = 1.0 if 600 <= span <= 800 else span / MONTH_STEPS
        return unit, 24 * unit, 168 * unit

    @cached_property
    def day(self) -> float:
        """How many units of a counter are a day, told by the hours that people keep; 0 where it shows none."""
        time = self.time
        return 0.0 if time is None else self.state.time.day_length.get(lambda: day_of(time))

    @cached_property
    def _given_hour(self) -> Floats | None:
        given = self.number("hour")
        return None if given is None else hours_of(given, self.state.time.max_hour)

    @cached_property
    def hour(self) -> Floats | None:
        """Hour of the day, 0 to 24; NaN where unknown."""
        if self._given_hour is not None:
            return self._given_hour
        hours = self._hour_of_time
        return hours if hours is None or self._dated.all() else np.where(self._dated, hours, np.nan)

    @cached_property
    def _hour_of_time(self) -> Floats | None:
        time = self.time
        if time is None:
            return None
        if self.has_clock:
            hours = time % DAY / HOUR
            return (
                hours if self.state.time.hours_differ.get(lambda: len(np.unique(hours[:5000])) > 1) else None
            )
        if self.day > 0:
            return time % self.day / self.day * 24
        if 600 <= self.span <= 800 and self.state.time.is_whole.get(
            lambda: bool(np.all(time == np.round(time)))
        ):
            return time % 24
        seconds = 80_000 <= self.span <= 8e6
        if seconds and self.state.time.is_dense.get(lambda: self.rows > 1000 and self.span > 2 * self.rows):
            return time % DAY / HOUR
        return None

    @cached_property
    def weekday(self) -> Floats | None:
        """Day of the week, 0 is Monday."""
        if self.has_clock and self.time is not None:
            return np.floor(self.time / DAY + 3) % 7
        return None

    def date(self, role: str) -> Floats | None:
        """The best date column of `role`, in seconds since 1970."""
        known = {
            column: as_seconds(self.frame[column], self.state.columns[column])
            for column in self.roles.all(role)
        }
        best = self.state.date_column[role].get(
            lambda: next((c for c, x in known.items() if x is not None and np.isfinite(x).any()), ""),
        )
        return known.get(best)

    # entities

    def codes(self, role: str) -> Codes | None:
        """The best column of `role` as integer codes; None where the table has none, or only empty ones."""
        return self._entity(self.roles.first(role))

    @cached_property
    def actor(self) -> Codes | None:
        """Who acts, as codes."""
        return self._entity(self.roles.actor())

    @cached_property
    def counterpart(self) -> Codes | None:
        """Who is on the other side, as codes."""
        return self._entity(self.roles.counterpart())

    def _entity(self, column: str | None) -> Codes | None:
        if column is None:
            return None
        if not self.state.columns[column].has_values.get(lambda: self.frame[column].null_count() < self.rows):
            return None
        if column not in self._codes:
            self._codes[column] = self._by_partition(as_codes(self.frame[column]), self._partition)
        return self._codes[column]

    @staticmethod
    def _by_partition(codes: Codes, partition: Codes | None) -> Codes:
        if partition is None:
            return codes
        return np.where(codes < 0, codes, codes + partition * (codes.max() + 1))

    def has_all_rows_of(self, who: str) -> bool:
        """Whether all rows are here of whoever these rows show as `who`."""
        return self._complete is None or who in self._complete

    def groups(self, who: str) -> Groups | None:
        """Rows grouped by `actor`, `counterpart` or an entity role; None where the table has no such column.

        None as well where other rows of the same ones are elsewhere.
        """
        if who not in self._groups:
            codes = self._who(who) if self.has_all_rows_of(who) else None
            if codes is None:
                return None
            groups = Groups(codes, self.time, self.time_ranks)
            # Whether customers come back is a question to the whole table, not to a few of its rows.
            groups.repeats = self.state.entities.repeats[who].get(lambda: groups.repeats)
            self._groups[who] = groups
        return self._groups[who]

    def has_repeats(self, who: str) -> bool:
        """Whether the table has such a column and its entities come back, also where their rows are elsewhere."""
        return self.state.entities.repeats[who].get(lambda: self._repeats(who), default=False)

    def _repeats(self, who: str) -> bool:
        codes = self._who(who)
        return codes is not None and Groups(codes).repeats

    def _who(self, who: str) -> Codes | None:
        if who == "actor":
            return self.actor
        return self.counterpart if who == "counterpart" else self.codes(who)

    @cached_property
    def is_first_of_actor(self) -> Floats:
        """(rows,) 1 where the row is the first of its actor, else 0."""
        if self._first_of_actor is not None:
            return self._first_of_actor
        actor = self.groups("actor")
        if actor is None:
            raise ValueError("a table without actors, or without all of their rows")
        return np.asarray(actor.position() == 0, dtype=np.float64)

    @cached_property
    def shared_ids(self) -> tuple[Codes, Codes] | None:
        """Actor and counterpart in one common numbering, where the same names appear on both sides."""
        a, b = self.roles.actor(), self.roles.counterpart()
        if a is None or b is None or a == b:
            return None
        left, right = self.frame[a].cast(pl.String), self.frame[b].cast(pl.String)
        both = pl.concat([left.rename("x"), right.rename("x")])
        partition = None if self._partition is None else np.tile(self._partition, 2)
        codes = self._by_partition(as_codes(both), partition)
        source, target = codes[: self.rows], codes[self.rows :]
        shared = self.state.entities.has_shared_ids.get(lambda: bool(np.isin(source, target).mean() > 0.02))
        return (source, target) if shared else None

    # categories

    @cached_property
    def categories(self) -> list[tuple[str, Codes]]:
        """Every low-cardinality column that names a kind of thing, with codes that are the same for any rows."""
        columns = [c for role in CATEGORY_ROLES for c in self.roles.all(role)]
        few = self.state.category_columns.get(lambda: [c for c in columns if self._is_category(c)])
        return [(column, self._category_codes(column)) for column in few]

    def _category_codes(self, column: str) -> Codes:
        cells = self.frame[column]
        return self.state.columns[column].categories.get(lambda: CategoryCodes.fit(cells)).codes(cells)

    def _is_category(self, column: str) -> bool:
        distinct = self.frame[column].drop_nulls().n_unique()
        return 2 <= distinct <= max(20, self.rows // 5)


def _spread(values: Floats) -> Floats:
    """(SPREAD,) from the first to the last of what is known, each as it stands there."""
    known = np.sort(values[np.isfinite(values)])
    return known[np.linspace(0, len(known) - 1, SPREAD).astype(np.int64)]


def middle(x: Floats) -> float:
    """Median of what is finite and positive, as a scale; 1 where nothing is."""
    positive = x[np.isfinite(x) & (x > 0)]
    return float(np.median(positive)) if len(positive) else 1.0
