"""A table's columns by role, as plain arrays: the one place that turns cells into numbers and codes.

Features ask these facts for "the amount" or "who acts" and never see a column name. Everything is computed
when first asked for. Unknown is NaN for numbers and -1 for codes.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.scoring.groups import Codes, Floats, Groups
from vigie.scoring.roles import Roles
from vigie.scoring.roles.ordinal import ordinal

HOUR, DAY = 3600.0, 86400.0
LARGEST = 1e30
"""Numbers beyond count as this: the trees see float32, and squares must not overflow."""
MONTH_STEPS = 720.0
"""A counter without a unit is read as one month of hours, the length of history most uploads have."""

ENTITY_ROLES = (
    "customer", "card", "account", "device", "ip", "email", "phone", "address", "user_agent",
    "counterparty", "zip", "city",
)  # fmt: skip
CATEGORY_ROLES = (
    "category",
    "channel",
    "currency",
    "country",
    "counter_country",
    "region",
    "city",
    "counter_city",
    "flag",
)


class Facts:
    """The typed columns of a table seen through their roles.

    Args:
        frame: (rows, columns) typed as `table.parse` leaves it.
        roles: the role of each column.
    """

    def __init__(self, frame: pl.DataFrame, roles: Roles) -> None:
        self.frame = frame
        self.roles = roles
        self.rows = frame.height
        self._groups: dict[str, Groups] = {}

    # numbers

    def number(self, role: str) -> Floats | None:
        """The best column of `role` as numbers; None where the table has none."""
        for column in self.roles.all(role):
            values = as_numbers(self.frame[column])
            if values is not None and np.isfinite(values).any():
                return values
        return None

    def numbers(self, role: str) -> list[tuple[str, Floats]]:
        """Every column of `role` that reads as numbers and is not empty, with its name."""
        found = ((column, as_numbers(self.frame[column])) for column in self.roles.all(role))
        return [(c, values) for c, values in found if values is not None and np.isfinite(values).any()]

    @cached_property
    def amount(self) -> Floats | None:
        """The main amount, without its sign: a debit of 50 is as large as a credit of 50."""
        values = self.number("amount")
        return None if values is None else np.abs(values)

    @cached_property
    def log_amount(self) -> Floats | None:
        """Logarithm of the amount, in units of the table's own median, so that no currency matters."""
        if self.amount is None:
            return None
        positive = self.amount[self.amount > 0]
        scale = float(np.median(positive)) if len(positive) else 1.0
        return np.asarray(np.log(self.amount / scale + 1e-3))

    # time

    @cached_property
    def time(self) -> Floats | None:
        """Time of each row in seconds, or in steps where the unit is unknown; unknown times take the median."""
        column = self.roles.first("time")
        if column is None:
            return None
        values = as_seconds(self.frame[column])
        if values is None or not np.isfinite(values).any():
            return None
        return np.where(np.isfinite(values), values, np.nanmedian(values))

    @cached_property
    def has_clock(self) -> bool:
        """Whether `time` is in seconds since an epoch (a clock), rather than a counter."""
        return self.time is not None and float(np.median(self.time)) > 3e8

    @cached_property
    def windows(self) -> tuple[float, float, float]:
        """One hour, one day, one week, in the unit of `time`."""
        if self.has_clock or self.time is None:
            return HOUR, DAY, 7 * DAY
        span = float(np.ptp(self.time)) or 1.0
        unit = 1.0 if 600 <= span <= 800 else span / MONTH_STEPS
        return unit, 24 * unit, 168 * unit

    @cached_property
    def hour(self) -> Floats | None:
        """Hour of the day, 0 to 24."""
        given = self.number("hour")
        if given is not None:
            top = float(np.nanmax(given))
            return np.asarray(given / 3600 if top > 2400 else given / 100 if top > 100 else given) % 24
        if self.time is None:
            return None
        if self.has_clock:
            hours = self.time % DAY / HOUR
            return hours if len(np.unique(hours[:5000])) > 1 else None
        span = float(np.ptp(self.time))
        if 600 <= span <= 800 and np.all(self.time == np.round(self.time)):
            return self.time % 24
        return (
            self.time % DAY / HOUR
            if 80_000 <= span <= 8e6 and self.rows > 1000 and span > 2 * self.rows
            else None
        )

    @cached_property
    def weekday(self) -> Floats | None:
        """Day of the week, 0 is Monday."""
        if self.has_clock and self.time is not None:
            return np.floor(self.time / DAY + 3) % 7
        return None

    def moment(self, role: str) -> Floats | None:
        """The best date column of `role`, in seconds since 1970."""
        for column in self.roles.all(role):
            values = as_seconds(self.frame[column])
            if values is not None and np.isfinite(values).any():
                return values
        return None

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
        if column is None or self.frame[column].null_count() == self.rows:
            return None
        return as_codes(self.frame[column])

    def groups(self, who: str) -> Groups | None:
        """Rows grouped by `actor`, `counterpart` or an entity role; None where the table has no such column."""
        if who not in self._groups:
            codes = {"actor": lambda: self.actor, "counterpart": lambda: self.counterpart}.get(
                who, lambda: self.codes(who)
            )()
            if codes is None:
                return None
            self._groups[who] = Groups(codes, self.time)
        return self._groups[who]

    @cached_property
    def two_sides(self) -> tuple[Codes, Codes] | None:
        """Actor and counterpart in one common numbering, where the same names appear on both sides."""
        a, b = self.roles.actor(), self.roles.counterpart()
        if a is None or b is None or a == b:
            return None
        left, right = self.frame[a].cast(pl.String), self.frame[b].cast(pl.String)
        both = pl.concat([left.rename("x"), right.rename("x")])
        codes = as_codes(both)
        source, target = codes[: self.rows], codes[self.rows :]
        shared = np.isin(source, target).mean()
        return (source, target) if shared > 0.02 else None

    # categories

    @cached_property
    def categories(self) -> list[tuple[str, Codes]]:
        """Every low-cardinality column that names a kind of thing, with its codes."""
        out = []
        for role in CATEGORY_ROLES:
            for column in self.roles.all(role):
                codes = as_codes(self.frame[column])
                distinct = int(codes.max(initial=-1)) + 1
                if 2 <= distinct <= max(20, self.rows // 5):
                    out.append((column, codes))
        return out


def as_numbers(series: pl.Series) -> Floats | None:
    """A column as float64; ordered text ("more than 30") by its order; None where it is not a quantity."""
    if series.dtype == pl.Boolean or series.dtype.is_numeric():
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(float)
        values = np.clip(values, -LARGEST, LARGEST)
        negative = values[values < 0]
        # A lone -1 among counts and ages is how many systems write "unknown".
        coded = len(negative) > 0 and bool(np.all(negative == -1)) and float(np.nanmax(values)) > 1
        return np.where(values == -1, np.nan, values) if coded else values
    if series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
        ordered = ordinal(series.cast(pl.String))
        return None if ordered is None else np.asarray(ordered, dtype=float)
    return None


def as_seconds(series: pl.Series) -> Floats | None:
    """A date or number column as seconds: dates since 1970, epoch milliseconds and finer divided down."""
    if series.dtype.is_temporal():
        if series.dtype == pl.Date:
            series = series.cast(pl.Datetime("us"))
        if isinstance(series.dtype, pl.Time | pl.Duration):
            return None
        micros = series.dt.epoch("us").cast(pl.Float64).fill_null(float("nan"))
        return np.asarray(micros.to_numpy() / 1e6)
    if series.dtype.is_numeric():
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(float)
        middle = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
        for power in (1e9, 1e6, 1e3):
            if middle / power > 3e8:
                return np.asarray(values / power)
        return values
    return None


def as_codes(series: pl.Series) -> npt.NDArray[np.int64]:
    """A column as dense integer codes in order of value, so that the order of the rows changes nothing."""
    if series.dtype == pl.String:
        # Four times as fast as ranking text: it sorts the distinct values only.
        series = series.cast(pl.Enum(series.unique().drop_nulls().sort())).to_physical()
        return series.cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64)
    codes = series.rank("dense").cast(pl.Int64) - 1
    return codes.fill_null(-1).to_numpy().astype(np.int64)
