"""The columns of a table as numbers, by role."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.cells import as_numbers
from vigie.fitted_state import FeatureState
from vigie.roles.inference import Roles

_MAX_BOTH = 0.01
"""Share of the rows that may have two of the amounts where these are sides of one."""
_GRID_BITS = 20
"""Sums of amounts are exact up to 2^33 median amounts, in steps of about a millionth of one."""


class NumberColumns:
    """Numbers of a table's rows, NaN where unknown.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        state: what is known of the table.
    """

    def __init__(self, frame: pl.DataFrame, roles: Roles, state: FeatureState) -> None:
        self._frame = frame
        self._roles = roles
        self._state = state
        self._values: dict[str, Floats | None] = {}

    def of(self, column: str) -> Floats | None:
        """Return (rows,) one column; None where it is no quantity."""
        if column not in self._values:
            self._values[column] = as_numbers(self._frame[column], self._state.columns[column])
        return self._values[column]

    def all(self, role: str) -> list[tuple[str, Floats]]:
        """Return the name and the (rows,) values of every column of a role that is a quantity and not empty."""
        names = self._state.numeric_columns[role].get(
            lambda: [column for column in self._roles.all(role) if self._has_values(column)]
        )
        found = ((column, self.of(column)) for column in names)
        return [(column, values) for column, values in found if values is not None]

    def best(self, role: str) -> Floats | None:
        """Return (rows,) the best column of a role; None where the table has none."""
        return next((values for _, values in self.all(role)), None)

    def _has_values(self, column: str) -> bool:
        values = self.of(column)
        return values is not None and bool(np.isfinite(values).any())

    @cached_property
    def amount(self) -> Floats | None:
        """(rows,) the main amount without its sign: a debit of 50 is as large as a credit of 50.

        Several columns of amounts of which a row has one, such as debit and credit, are one amount.
        """
        columns = [values for _, values in self.all("amount")]
        if not columns:
            return None
        if not self.has_amount_sides:
            return np.abs(columns[0])
        total: Floats = np.nansum(np.abs(columns), axis=0)
        return np.where(np.isfinite(columns).any(axis=0), total, np.nan)

    @cached_property
    def has_amount_sides(self) -> bool:
        """Whether the columns of amounts are sides of one amount, as debit and credit are: a row has one of them."""
        columns = [values for _, values in self.all("amount")]
        if len(columns) < 2:
            return False
        return self._state.amounts.are_sides.get(lambda: _are_sides(columns), default=False)

    @cached_property
    def log_amount(self) -> Floats | None:
        """(rows,) logarithm of the amount in units of the table's median, so that the currency does not matter."""
        amount = self.amount
        return None if amount is None else np.asarray(np.log(amount / self._amount_scale + 1e-3))

    @cached_property
    def summable_amount(self) -> Floats | None:
        """(rows,) the amount rounded to a fine grid on which sums are exact, whatever their order; 0 where unknown."""
        amount = self.amount
        if amount is None:
            return None
        step = 2.0 ** np.floor(np.log2(self._amount_scale) - _GRID_BITS)
        return np.asarray(np.round(np.nan_to_num(amount) / step) * step)

    @property
    def _amount_scale(self) -> float:
        amount = self.amount
        return self._state.amounts.scale.get(lambda: 1.0 if amount is None else positive_median(amount))


def _are_sides(columns: list[Floats]) -> bool:
    """Whether hardly any row has two of the amounts, and each column has some."""
    filled = np.array([np.isfinite(values) & (values != 0) for values in columns])
    return bool((filled.sum(axis=0) > 1).mean() <= _MAX_BOTH and filled.any(axis=1).all())


def positive_median(x: Floats) -> float:
    """Return the median of the positive finite values; 1 where there are none."""
    positive = x[np.isfinite(x) & (x > 0)]
    return float(np.median(positive)) if len(positive) else 1.0
