"""Label leaks: columns that are known only after the event, or that nearly decide the label alone.

They are excluded unless the owner states that they are known at the time of scoring (`--keep-column`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import rankdata

from vigie.roles.inference import Roles
from vigie.training.labels import Label
from vigie.training.single_column_auc import best_rule_auc, emptiness_auc

LEAK_AUC, LEAK_PRECISION = 0.98, 0.8
"""ROC AUC and average precision of a single column from which it is a leak."""

EMPTINESS_AUC = 0.95
"""The same for whether its cells are empty."""

LATE_BALANCE_AUC = 0.9
"""ROC AUC from which a balance after the event, which is known late, is a leak."""

ORDERED_AUC = 0.9
"""ROC AUC of the row number from which the rows are ordered by the label."""

_AFTERWARDS = ("balance_after", "counter_balance_after")
_SAMPLE = 100_000


@dataclass(frozen=True)
class Leak:
    """A column with a reason to leave it out.

    Attributes:
        column: its name.
        reason: why, in English.
        kept: whether the owner keeps it all the same.
    """

    column: str
    reason: str
    kept: bool


def find_leaks(
    frame: pl.DataFrame, roles: Roles, label: Label, keep: Collection[str], seed: int
) -> tuple[Leak, ...]:
    """Return the suspicious columns of a labelled table.

    Args:
        frame: typed, without the label.
        roles: of its columns.
        label: of its rows.
        keep: columns to mark as kept.
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
    """Return whether the rows are sorted by the label, in which case their order says nothing about time."""
    rows = np.flatnonzero(label.known)
    place, fraud = rankdata(rows), label.fraud[rows]
    frauds = int(fraud.sum())
    area = (place[fraud].sum() - frauds * (frauds + 1) / 2) / max(frauds * (len(rows) - frauds), 1)
    return bool(max(area, 1 - area) >= ORDERED_AUC)


def _reason(series: pl.Series, role: str, fraud: np.ndarray, seed: int) -> str:
    if role == "leak":
        return "its name says that it is known only afterwards"
    if series.null_count() == len(series) or series.n_unique() < 2:
        return ""
    if emptiness_auc(series, fraud) >= EMPTINESS_AUC:
        return "it is empty, or filled, nearly exactly where there is fraud"
    area, precision = best_rule_auc(series, fraud, seed)
    if area >= LEAK_AUC and precision >= LEAK_PRECISION:
        return f"alone it tells fraud from the rest (ROC AUC {area:.3f}): too good to be known in time"
    if role == "row_id" and area >= ORDERED_AUC:
        return f"a row number that tells fraud from the rest (ROC AUC {area:.3f}): the file is ordered by its label"
    if role in _AFTERWARDS and area >= LATE_BALANCE_AUC:
        return f"a balance after the event that tells fraud from the rest (ROC AUC {area:.3f})"
    return ""
