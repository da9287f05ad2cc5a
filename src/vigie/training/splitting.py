"""Rows to train on, rows held out for evaluation, and folds to tune parameters on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features.cells import as_codes
from vigie.features.columns import ColumnView
from vigie.roles.inference import Roles

Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.bool_]

HELD_OUT = 0.2
MIN_FRAUDS = 15
"""Frauds, and other labelled rows, that each side of a split needs."""

LAST_SHARES = (0.2, 0.3, 0.4, 0.5)
MIN_FRAUDS_TO_TUNE = 60
"""Parameters are tuned on the last part of the time, the smallest of these shares with so many frauds; where none has them, on
folds."""

FOLDS = 3


@dataclass(frozen=True)
class Split:
    """Positions of rows by purpose.

    Attributes:
        train: rows to train on.
        holdout: rows held out, in the order of time where there is one.
        by: `time`, `customer` or `chance`.
    """

    train: Rows
    holdout: Rows
    by: str


def split(frame: pl.DataFrame, roles: Roles, fraud: Labels, known: Labels, seed: int) -> Split:
    """Hold out the last fifth of the time, else a fifth of the customers, else a fifth of the rows.

    Args:
        frame: typed.
        roles: of its columns.
        fraud: (rows,) the label.
        known: (rows,) whether it is known.
        seed: of what is drawn.
    """
    times = event_times(frame, roles)
    rng = np.random.default_rng([seed, 17])
    if times is not None:
        order = np.argsort(times, kind="stable")
        cut = round((1 - HELD_OUT) * len(order))
        found = Split(order[:cut], order[cut:], "time")
        if _has_enough(found, fraud, known):
            return found
    customers = customer_ids(frame, roles)
    if customers is not None:
        held = rng.random(int(customers.max(initial=0)) + 1) < HELD_OUT
        found = Split(np.flatnonzero(~held[customers]), np.flatnonzero(held[customers]), "customer")
        if _has_enough(found, fraud, known):
            return found
    held = np.zeros(len(fraud), dtype=bool)
    for rows in (np.flatnonzero(fraud), np.flatnonzero(~fraud)):
        held[rng.permutation(rows)[: max(1, round(HELD_OUT * len(rows)))]] = True
    return Split(np.flatnonzero(~held), np.flatnonzero(held), "chance")


def folds(
    times: npt.NDArray[np.float64] | None, customers: Rows | None, fraud: Labels, seed: int
) -> list[tuple[Rows, Rows]]:
    """Return (fit, validate) positions to tune on: the last part of the time, or folds by customer.

    A model scores the future; trees may do well on other customers of the same weeks and badly later.

    Args:
        times: (rows,) seconds; None where there is no time.
        customers: (rows,) customer numbers; None where there are none.
        fraud: (rows,) the label.
        seed: of what is drawn.
    """
    if times is not None:
        order = np.argsort(times, kind="stable")
        for share in LAST_SHARES:
            cut = round((1 - share) * len(order))
            if min(fraud[order[:cut]].sum(), fraud[order[cut:]].sum()) >= MIN_FRAUDS_TO_TUNE:
                return [(np.sort(order[:cut]), np.sort(order[cut:]))]
    rng = np.random.default_rng([seed, 19])
    if customers is not None:
        part = rng.integers(0, FOLDS, int(customers.max(initial=0)) + 1)[customers]
        if min(fraud[part == i].sum() for i in range(FOLDS)) < 5:
            customers = None
    if customers is None:
        part = np.zeros(len(fraud), dtype=np.int64)
        for rows in (np.flatnonzero(fraud), np.flatnonzero(~fraud)):
            part[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(FOLDS)]


def event_times(frame: pl.DataFrame, roles: Roles) -> npt.NDArray[np.float64] | None:
    """Return the (rows,) times in seconds; None where the table has none."""
    time = ColumnView(frame, roles).times.values
    return None if time is None or len(np.unique(time[:10_000])) < 10 else time


def customer_ids(frame: pl.DataFrame, roles: Roles) -> Rows | None:
    """Return the (rows,) customer numbers; None where nearly every row has another customer."""
    column = roles.actor()
    if column is None:
        return None
    codes = as_codes(frame[column])
    unknown = codes < 0
    codes[unknown] = codes.max(initial=-1) + 1 + np.arange(int(unknown.sum()))
    return codes if len(np.unique(codes)) < 0.8 * len(codes) else None


def sample_customers(frame: pl.DataFrame, roles: Roles, max_rows: int, seed: int) -> Rows | None:
    """Draw whole customers with about `max_rows` rows together; None where the table has no more.

    Features of customers need all of their rows. Without customers, single rows are drawn.
    """
    if frame.height <= max_rows:
        return None
    rng = np.random.default_rng([seed, 31])
    customers = customer_ids(frame, roles)
    if customers is None:
        return np.sort(rng.choice(frame.height, max_rows, replace=False))
    return np.flatnonzero((rng.random(int(customers.max()) + 1) < max_rows / frame.height)[customers])


def _has_enough(found: Split, fraud: Labels, known: Labels) -> bool:
    return all(
        min(fraud[rows].sum(), known[rows].sum() - fraud[rows].sum()) >= MIN_FRAUDS
        for rows in (found.train, found.holdout)
    )
