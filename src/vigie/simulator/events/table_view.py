"""The finished events of a table, in time order, with their truth and the quantities that columns are written from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.events.balances import Ledger
from vigie.simulator.events.environment import Environment
from vigie.simulator.events.event_rows import Events
from vigie.simulator.sampling import DAY, Bools, Floats, Ints

Cells = pl.Series | NDArray[Any]
Column = tuple[str, str, Cells]
"""Role, concept within the role, and (rows,) cells."""


class TableView:
    """Events and their truth; derived quantities are computed once, when a column needs them.

    Args:
        env: the environment.
        events: sorted by time.
        ledger: balances of both sides.
        label: (rows,) the recorded truth.
        strong_signals: whether risk signals see most of the frauds, as where the owner keeps little else.
    """

    def __init__(
        self, env: Environment, events: Events, ledger: Ledger, label: Bools, *, strong_signals: bool = False
    ) -> None:
        self.env, self.events, self.ledger, self.label = env, events, ledger, label
        self.rng = env.rng
        self.currency_scale = env.currency_scale
        decimals = env.rng.choice((2, 0, 4, 1), p=(0.8, 0.12, 0.04, 0.04))
        self.decimals = int(decimals) if env.currency_scale > 20 else max(int(decimals), 2)
        self.start = float(env.rng.integers(1_400_000_000, 1_780_000_000)) // DAY * DAY
        # Drawn once per table: the share of the frauds that risk signals see.
        self.signal_recall = 0.85 if strong_signals else float(env.rng.choice((0.1, 0.4, 0.8)))

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.events)

    @cached_property
    def order(self) -> Ints:
        """Positions sorted by customer, then time."""
        return np.argsort(self.events.customer, kind="stable")

    @cached_property
    def first_of_customer(self) -> Bools:
        """In the order by customer: True at each customer's first event."""
        customer = self.events.customer[self.order]
        changes: Bools = np.r_[True, customer[1:] != customer[:-1]]
        return changes

    def to_time_order(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values in the order by customer as they stand in the order of time."""
        result = np.empty_like(values)
        result[self.order] = values
        return result

    def recent(self, seconds: float) -> Ints:
        """Count the customer's events in the `seconds` up to each event, itself included."""
        return self.to_time_order(np.arange(len(self)) - self._window_start(seconds) + 1)

    def recent_sum(self, seconds: float) -> Floats:
        """Sum the customer's amounts in the `seconds` up to each event, itself included."""
        total = np.r_[0.0, np.cumsum(self.events.amount[self.order])]
        return self.to_time_order(total[1:] - total[self._window_start(seconds)])

    def _window_start(self, seconds: float) -> Ints:
        group = np.cumsum(self.first_of_customer) * (4.0 * self.env.span + 4 * 730 * DAY)
        key = group + self.events.t[self.order]
        return np.searchsorted(key, key - seconds)

    @cached_property
    def earlier_mean(self) -> Floats:
        """Mean of the customer's earlier amounts; the customer's level where there is none."""
        e, customers = self.events, self.env.customers
        amount = e.amount[self.order]
        begin = np.flatnonzero(self.first_of_customer)
        group = np.cumsum(self.first_of_customer) - 1
        before = np.cumsum(amount) - amount
        position = np.arange(len(self)) - begin[group]
        habit = np.exp(self.env.log_amount.mean() + customers.habit[e.customer[self.order]])
        mean = np.where(position > 0, (before - before[begin[group]]) / np.maximum(position, 1), habit)
        return self.to_time_order(np.maximum(mean, 1e-9))

    @cached_property
    def usual_amount(self) -> Floats:
        """The customer's usual amount, which the owner knows from before the table."""
        habit: Floats = np.exp(self.env.log_amount.mean() + self.env.customers.habit[self.events.customer])
        return habit * self.rng.lognormal(0, 0.2, len(self))

    @cached_property
    def pair_seen(self) -> Bools:
        """Whether the customer dealt with this counterparty earlier in the table, or before it."""
        key = self.events.customer * (1 << 32) + self.events.counterparty
        _, first = np.unique(key, return_index=True)
        seen = np.ones(len(self), dtype=bool)
        seen[first] = False
        return seen | self.events.known

    @cached_property
    def new_device(self) -> Bools:
        """Whether the device is not the customer's usual one."""
        counterparty: Bools = self.events.device != self.env.customers.device[self.events.customer]
        return counterparty

    @cached_property
    def km_from_home(self) -> Floats:
        """Kilometres from the customer's home; thousands abroad."""
        e, customers = self.events, self.env.customers
        km = _kilometres(customers.lat[e.customer], customers.lon[e.customer], e.lat, e.lon)
        return km + (e.country > 0) * self.rng.uniform(300, 9000, len(e))

    @cached_property
    def km_from_last(self) -> Floats:
        """Kilometres from the customer's previous event, 0 for the first."""
        e, order = self.events, self.order
        lat, lon = e.lat[order], e.lon[order]
        km = _kilometres(lat, lon, np.r_[lat[:1], lat[:-1]], np.r_[lon[:1], lon[:-1]])
        return self.to_time_order(np.where(self.first_of_customer, 0.0, km))

    @property
    def weekday(self) -> Ints:
        """Day of the week of each event, 0 to 6."""
        return ((self.start + self.events.t) // DAY).astype(np.int64) % 7

    @property
    def home_city(self) -> Ints:
        """Index of the customer's home city."""
        return self.env.customers.city[self.events.customer]

    @property
    def years(self) -> Floats:
        """Age of the customer at the beginning of the table."""
        return self.env.customers.years[self.events.customer]

    @property
    def account_days(self) -> Floats:
        """Age of the customer's account at each event, in days."""
        return self.env.customers.age_days[self.events.customer] + self.events.t / DAY

    def money(self, amount: Floats) -> Floats:
        """Return amounts in the table's currency, rounded."""
        return np.round(amount * self.currency_scale, self.decimals)

    def signal_strength(self) -> Floats:
        """Draw the strength of one risk signal on each row: noise, and a random lift on some of the frauds."""
        lifted = self.label & (self.rng.random(len(self)) < self.rng.uniform(0, 1) * self.signal_recall * 1.2)
        return self.rng.normal(0, 1, len(self)) + lifted * self.rng.uniform(0.5, 3.5)

    def flagged(self, rate: float, signal: Floats | None = None) -> Bools:
        """Draw a flag that a share `rate` of the legitimate rows has, and rows with a strong signal more often."""
        signal = self.signal_strength() if signal is None else signal
        return signal > (np.quantile(signal[~self.label], 1 - rate) if (~self.label).any() else 0)


def _kilometres(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    dlat, dlon = np.radians(lat2 - lat1), np.radians(lon2 - lon1)
    a = np.sin(dlat / 2) ** 2 + np.cos(np.radians(lat1)) * np.cos(np.radians(lat2)) * np.sin(dlon / 2) ** 2
    km: Floats = 12742 * np.arcsin(np.sqrt(np.clip(a, 0, 1)))
    return km


ColumnWriter = Callable[[TableView], list[Column]]
"""Writes one or a few related columns."""


def one_column(role: str, cells: Callable[[TableView], Cells], concept: str = "") -> ColumnWriter:
    """Return the writer of a single column; the concept is the role where empty."""
    return lambda view: [(role, concept or role, cells(view))]
