"""Which rows a model learns from, which choose its parameters, and which judge it once."""

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
ENOUGH = 15
"""Frauds a part of the rows needs to judge anything by."""

LAST = (0.2, 0.3, 0.4, 0.5)
ENOUGH_TO_CHOOSE = 60
"""Parameters are chosen by the last part of the time, the smallest of these shares that has so many frauds; where none
has, by folds."""

FOLDS = 3


@dataclass(frozen=True)
class Split:
    """Rows by what they are for.

    Attributes:
        learn: rows to learn from.
        judge: rows held out, in the order of time where there is one.
        how: `time`, `customer` or `chance`.
    """

    learn: Rows
    judge: Rows
    how: str


def split(
    frame: pl.DataFrame, roles: Roles, fraud: Labels, known: Labels, seed: int, *, time: bool = True
) -> Split:
    """Holds out the last fifth of the time, else a fifth of the customers, else a fifth of the rows.

    Args:
        frame: typed.
        roles: of its columns.
        fraud: (rows,) the label.
        known: (rows,) whether it is known.
        seed: of what is drawn.
        time: whether the time may be used.
    """
    when = moments(frame, roles) if time else None
    rng = np.random.default_rng([seed, 17])
    if when is not None:
        order = np.argsort(when, kind="stable")
        cut = round((1 - HELD_OUT) * len(order))
        found = Split(order[:cut], order[cut:], "time")
        if _enough(found, fraud, known):
            return found
    groups = customers(frame, roles)
    if groups is not None:
        held = rng.random(int(groups.max(initial=0)) + 1) < HELD_OUT
        found = Split(np.flatnonzero(~held[groups]), np.flatnonzero(held[groups]), "customer")
        if _enough(found, fraud, known):
            return found
    held = np.zeros(len(fraud), dtype=bool)
    for rows in (np.flatnonzero(fraud), np.flatnonzero(~fraud)):
        held[rng.permutation(rows)[: max(1, round(HELD_OUT * len(rows)))]] = True
    return Split(np.flatnonzero(~held), np.flatnonzero(held), "chance")


def folds(
    when: npt.NDArray[np.float64] | None, groups: Rows | None, fraud: Labels, seed: int
) -> list[tuple[Rows, Rows]]:
    """Parts to choose parameters by, of the rows given: the last part of the time, or folds by customer.

    Next month is what a model is for: trees may do well on other customers of the same weeks and badly later.

    Args:
        when: (rows,) moments; None where there is no time.
        groups: (rows,) customers; None where there are none.
        fraud: (rows,) the label.
        seed: of what is drawn.
    """
    if when is not None:
        order = np.argsort(when, kind="stable")
        for share in LAST:
            cut = round((1 - share) * len(order))
            if min(fraud[order[:cut]].sum(), fraud[order[cut:]].sum()) >= ENOUGH_TO_CHOOSE:
                return [(np.sort(order[:cut]), np.sort(order[cut:]))]
    rng = np.random.default_rng([seed, 19])
    if groups is not None:
        part = rng.integers(0, FOLDS, int(groups.max(initial=0)) + 1)[groups]
        if min(fraud[part == i].sum() for i in range(FOLDS)) < 5:
            groups = None
    if groups is None:
        part = np.zeros(len(fraud), dtype=np.int64)
        for rows in (np.flatnonzero(fraud), np.flatnonzero(~fraud)):
            part[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(FOLDS)]


def moments(frame: pl.DataFrame, roles: Roles) -> npt.NDArray[np.float64] | None:
    """(rows,) when each row happened, or None where the table does not say."""
    time = ColumnView(frame, roles).times.values
    return None if time is None or len(np.unique(time[:10_000])) < 10 else time


def customers(frame: pl.DataFrame, roles: Roles) -> Rows | None:
    """(rows,) number of each row's customer, or None where customers do not come back."""
    column = roles.actor()
    if column is None:
        return None
    codes = as_codes(frame[column])
    unknown = codes < 0
    codes[unknown] = codes.max(initial=-1) + 1 + np.arange(int(unknown.sum()))
    return codes if len(np.unique(codes)) < 0.8 * len(codes) else None


def whole_customers(frame: pl.DataFrame, roles: Roles, most: int, seed: int) -> Rows | None:
    """Rows of so many customers, drawn whole, that they are about `most`; None where the table is small enough.

    Habits and related rows need all rows of a customer; without customers single rows are drawn.
    """
    if frame.height <= most:
        return None
    rng = np.random.default_rng([seed, 31])
    share = most / frame.height
    groups = customers(frame, roles)
    if groups is None:
        return np.sort(rng.choice(frame.height, most, replace=False))
    return np.flatnonzero((rng.random(int(groups.max()) + 1) < share)[groups])


def _enough(found: Split, fraud: Labels, known: Labels) -> bool:
    for rows in (found.learn, found.judge):
        here = known[rows]
        if fraud[rows].sum() < ENOUGH or (here.sum() - fraud[rows].sum()) < ENOUGH:
            return False
    return True
