"""Related-entity signals: how anomalous the other rows of the same actor, counterparty or shared entity are."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups
from vigie.fitted_state import ScoringState
from vigie.roles.definitions import role_names

RELATED_SIGNALS = tuple(
    f"peers_{relation}_{span}"
    for relation in ("actor", "counterpart", "shared")
    for span in ("day", "week", "all", "max")
)
RECENT_RELATED = tuple(name for name in RELATED_SIGNALS if name.endswith(("_day", "_week")))
"""Those of the rows around the time of a row."""

_PRIOR_ROWS = 2.0
"""Rows that the table's mean counts for when the mean of the other rows is estimated."""


def related_signals(view: ColumnView, anomaly: Floats, state: ScoringState) -> dict[str, Floats]:
    """Return (rows,) each of `RELATED_SIGNALS`, NaN where there are no related rows.

    Args:
        view: the table, or rows of it with all rows that are related to them.
        anomaly: (rows,) anomaly score of each row, in nats.
        state: what is known of the table.
    """
    out = dict.fromkeys(RELATED_SIGNALS, np.full(view.n_rows, np.nan))
    for relation, entity in relations(view).items():
        groups = view.entities.groups(entity)
        if groups is not None:
            signals = _signals_of_others(view, groups, anomaly, state)
            out |= {f"peers_{relation}_{span}": values for span, values in signals.items()}
    return out


def relations(view: ColumnView) -> dict[str, str]:
    """Return relation -> the entity of the table that makes it; the shared entity is the first that repeats."""
    has_repeats = view.entities.has_repeats
    shared = next(filter(has_repeats, role_names(lambda role: role.shared)), "")
    found = {"actor": "actor", "counterpart": "counterpart", "shared": shared}
    return {relation: entity for relation, entity in found.items() if entity and has_repeats(entity)}


def _signals_of_others(
    view: ColumnView, groups: Groups, anomaly: Floats, state: ScoringState
) -> dict[str, Floats]:
    mean = state.mean_row_anomaly.get(lambda: float(anomaly.mean()))
    mean_of_others = groups.leave_one_out_mean(anomaly, mean, _PRIOR_ROWS)
    out = {
        "all": np.where(groups.count() > 1, mean_of_others, np.nan),
        "max": groups.leave_one_out_max(anomaly),
    }
    if view.times.values is not None:
        for span, width in (("day", view.times.windows.day), ("week", view.times.windows.week)):
            total = groups.window(width, width, anomaly) - anomaly
            n = groups.window(width, width) - 1
            out[span] = np.where(n > 0, (total + mean) / (n + 1), np.nan)
    return out
