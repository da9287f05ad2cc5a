"""Related-entity signals: what other rows of the same customer, counterparty or device score."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups
from vigie.fitted_state import ScoringState
from vigie.roles.definitions import role_names

RELATED_SIGNALS = tuple(
    f"peers_{who}_{span}"
    for who in ("actor", "counterpart", "shared")
    for span in ("day", "week", "all", "max")
)
RECENT_RELATED = tuple(name for name in RELATED_SIGNALS if name.endswith(("_day", "_week")))
"""Of these, what is said of the rows around the moment of a row."""


def related_signals(view: ColumnView, energy: Floats, state: ScoringState) -> dict[str, Floats]:
    """What the other rows of the same customer, counterparty, and device or ip say, for each row.

    Args:
        view: the table, or rows of it whose related rows are all here.
        energy: (rows,) suspicion of each row, in nats.
        state: what is known of the table as a whole.
    """
    nothing = np.full(view.rows, np.nan)
    out = dict.fromkeys(RELATED_SIGNALS, nothing)
    for who, entity in relations(view).items():
        groups = view.groups(entity)
        if groups is not None:
            others = _others(view, groups, energy, state)
            out |= {f"peers_{who}_{span}": values for span, values in others.items()}
    return out


def relations(view: ColumnView) -> dict[str, str]:
    """Whom rows are related by, as `PEERS` says it, and the entity of the table that it is."""
    shared = next((role for role in role_names(lambda role: role.shared) if view.has_repeats(role)), "")
    found = {"actor": "actor", "counterpart": "counterpart", "shared": shared}
    return {who: entity for who, entity in found.items() if entity and view.has_repeats(entity)}


def _others(view: ColumnView, groups: Groups, energy: Floats, state: ScoringState) -> dict[str, Floats]:
    overall = state.mean_row_anomaly.get(lambda: float(energy.mean()))
    out = {"all": groups.leave_one_out_mean(energy, overall, 2.0), "max": groups.leave_one_out_max(energy)}
    out["all"] = np.where(groups.count() > 1, out["all"], np.nan)
    if view.time is not None:
        for span, width in (("day", view.windows[1]), ("week", view.windows[2])):
            total = groups.window(width, width, energy) - energy
            n = groups.window(width, width) - 1
            out[span] = np.where(n > 0, (total + overall) / (n + 1), np.nan)
    return out
