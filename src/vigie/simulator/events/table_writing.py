"""Write a table as its owner keeps it: which columns, in what form, under what names."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.column_names import ColumnNamer
from vigie.simulator.events.balances import Ledger
from vigie.simulator.events.columns import COLUMNS
from vigie.simulator.events.environment import Environment
from vigie.simulator.events.event_rows import Events
from vigie.simulator.events.table_view import Column, TableView
from vigie.simulator.sampling import Bools

# Kind of owner -> factor on the usual probability of a column, and how common such owners are.
_OWNERS = {"bare": 0.2, "plain": 0.8, "rich": 1.8, "derived": 0.6, "profile": 0.6, "signals": 1.5}
_OWNER_SHARES = (0.21, 0.37, 0.28, 0.05, 0.05, 0.04)
_IDENTITIES = frozenset(
    {"time", "customer", "counterparty", "both_sides", "device", "ip", "card", "account", "email", "phone"}
)
_ALWAYS_LIKELY = ("time", "customer", "counterparty", "amount")
# Owners who keep no history: ready-made features, a profile of the order, or risk signals only.
_TYPICAL = {
    "derived": ("distance", "ratio", "distance_last", "hour", "repeat_retailer", "online", "strong"),
    "profile": ("account_age", "method_age", "method", "items", "hour", "event_type", "weekend"),
    "signals": (
        "usual",
        "declined",
        "declined_flag",
        "foreign",
        "high_risk_country",
        "chargebacks",
        "chargeback_sum",
    ),
}


def write_table(
    env: Environment, events: Events, ledger: Ledger, label: Bools
) -> tuple[pl.DataFrame, dict[str, str], dict[str, float | str]]:
    """Return the frame of a table, the role of each column by name, and the parameters drawn.

    Args:
        env: the environment.
        events: sorted by time.
        ledger: balances of the events.
        label: (rows,) the recorded truth, a part of which some risk signals see.
    """
    namer = ColumnNamer(env.rng)
    owner = str(env.rng.choice(list(_OWNERS), p=_OWNER_SHARES))
    view = TableView(env, events, ledger, label, strong_signals=owner in _TYPICAL)
    columns: list[Column] = []
    for key in _choose_columns(env, owner):
        columns += _choose_concepts(env, COLUMNS[key][1](view))
    if env.rng.random() < 0.3:
        columns = [columns[i] for i in env.rng.permutation(len(columns))]
    series: list[pl.Series] = []
    roles: dict[str, str] = {}
    for role, concept, values in columns:
        name = namer.name(role, concept)
        series.append(_empty_some(env, role, values).alias(name))
        roles[name] = role
    parameters: dict[str, float | str] = {"owner": owner, "language": namer.language}
    return pl.DataFrame(series), roles, parameters | {"scale": view.currency_scale}


def _choose_columns(env: Environment, owner: str) -> list[str]:
    """Draw the keys of the columns that this kind of owner keeps."""
    rng, settings = env.rng, env.settings
    chosen = []
    for key, (usual, _) in COLUMNS.items():
        p = settings.column_rates.get(key, usual)
        if key in settings.core_columns:
            p = max(p, 0.93)
        elif key not in _ALWAYS_LIKELY:
            p = min(p * _OWNERS[owner], 0.95)
        if owner in _TYPICAL:
            typical = key in _TYPICAL[owner]
            p = 0.85 if typical else 0.07 if key in _IDENTITIES else p * 0.5 if owner == "profile" else p
        if rng.random() < p:
            chosen.append(key)
    if "both_sides" in chosen:
        chosen = [key for key in chosen if key not in ("customer", "counterparty")]
    return chosen or ["amount"]


def _choose_concepts(env: Environment, columns: list[Column]) -> list[Column]:
    """Replace the concept of a column by one that the domain prefers."""
    result = []
    for role, concept, values in columns:
        options = env.settings.column_concepts.get(concept or role)
        name = str(env.rng.choice(options)) if options else "" if concept == "event_type" else concept
        result.append((role, name, values))
    return result


def _empty_some(env: Environment, role: str, values: pl.Series | NDArray[Any]) -> pl.Series:
    """Empty random cells of some columns, of the important ones rarely."""
    series = values if isinstance(values, pl.Series) else pl.Series(np.ascontiguousarray(values))
    if env.rng.random() > (0.015 if role in (*_ALWAYS_LIKELY, "row_id") else 0.07):
        return series
    empty = env.rng.random(len(series)) < env.rng.uniform(0.005, 0.4)
    frame = pl.DataFrame({"value": series, "empty": empty})
    return frame.select(pl.when(~pl.col("empty")).then(pl.col("value")))["value"]
