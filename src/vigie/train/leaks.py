"""Columns that are known only afterwards or give the label away alone: found before anything is learned.

A column that nearly decides the label is questioned, not celebrated. It stays out unless the owner says that it is
known at the moment of scoring (`--keep-column`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import rankdata

from vigie.roles.inference import Roles
from vigie.train.label import Label
from vigie.train.single_column_auc import alone, emptiness

TELLING, TELLING_AP = 0.98, 0.8
"""ROC AUC and average precision that a single column has only where it knows the answer."""

EMPTY = 0.95
AFTER = 0.9
"""The ROC AUC from which a balance after the event, which is known late, is left out."""

ORDER = 0.9
_AFTERWARDS = ("balance_after", "counter_balance_after")
_SAMPLE = 100_000


@dataclass(frozen=True)
class Leak:
    """A column with a reason to leave it out.

    Attributes:
        column: its name.
        reason: why, in English.
        kept: the owner wants it all the same.
    """

    column: str
    reason: str
    kept: bool


def find(
    frame: pl.DataFrame, roles: Roles, label: Label, keep: Collection[str], seed: int
) -> tuple[Leak, ...]:
    """Every suspicious column of a labelled table.

    Args:
        frame: typed, without the label.
        roles: of its columns.
        label: of its rows.
        keep: columns the owner vouches for.
        seed: of the halves.
    """
    rows = np.flatnonzero(label.known)
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng([seed, 3]).choice(rows, _SAMPLE, replace=False))
    some, fraud = frame[rows], label.fraud[rows]
    found = []
    for item in roles.columns:
        reason = _reason(some[item.column], item.role, fraud, seed)
        if reason:
            found.append(Leak(item.column, reason, item.column in keep))
    return tuple(found)


def ordered_by_label(label: Label) -> bool:
    """Whether the rows are sorted by the label, so that their order says nothing of time."""
    rows = np.flatnonzero(label.known)
    place, fraud = rankdata(rows), label.fraud[rows]
    frauds = int(fraud.sum())
    area = (place[fraud].sum() - frauds * (frauds + 1) / 2) / max(frauds * (len(rows) - frauds), 1)
    return bool(max(area, 1 - area) >= ORDER)


def _reason(series: pl.Series, role: str, fraud: np.ndarray, seed: int) -> str:
    if role == "leak":
        return "its name says that it is known only afterwards"
    if series.null_count() == len(series) or series.n_unique() < 2:
        return ""
    if emptiness(series, fraud) >= EMPTY:
        return "it is empty, or filled, nearly exactly where there is fraud"
    area, precision = alone(series, fraud, seed)
    if area >= TELLING and precision >= TELLING_AP:
        return f"alone it tells fraud from the rest (ROC AUC {area:.3f}): too good to be known in time"
    if role == "row_id" and area >= ORDER:
        return f"a row number that tells fraud from the rest (ROC AUC {area:.3f}): the file is ordered by its label"
    if role in _AFTERWARDS and area >= AFTER:
        return f"a balance after the event that tells fraud from the rest (ROC AUC {area:.3f})"
    return ""
