"""What the owner of a world kept of it: which columns, in what form, under what names."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.engine.balances import Ledger
from vigie.simulator.engine.columns import COLUMNS, Column
from vigie.simulator.engine.derived_columns import View
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Bools, Events
from vigie.simulator.engine.names import Namer

# how much of the usual each kind of owner keeps
_RICHNESS = {"bare": 0.2, "plain": 0.8, "rich": 1.8, "derived": 0.6, "profile": 0.6, "signals": 1.5}
_SHARES = (0.21, 0.37, 0.28, 0.05, 0.05, 0.04)
_IDENTITIES = frozenset(
    {"time", "customer", "counterparty", "both_sides", "device", "ip", "card", "account", "email", "phone"}
)
# owners who give no history: ready-made features, a profile of the order, or only warnings
_TYPICAL = {
    "derived": frozenset(
        {"distance", "ratio", "distance_last", "hour", "repeat_retailer", "online", "strong"}
    ),
    "profile": frozenset({"account_age", "method_age", "method", "items", "hour", "kind", "weekend"}),
    "signals": frozenset(
        {
            "usual",
            "declined",
            "declined_flag",
            "foreign",
            "high_risk_country",
            "chargebacks",
            "chargeback_sum",
        }
    ),
}


def observe(
    scene: Scene, events: Events, ledger: Ledger, label: Bools
) -> tuple[pl.DataFrame, dict[str, str], dict[str, float | str]]:
    """Write the table: its frame, the role of each column, and what was decided.

    Args:
        scene: the world.
        events: sorted by time.
        ledger: balances of the events.
        label: the recorded truth, which some risk signals have seen a part of.
    """
    namer = Namer(scene.rng)
    richness = str(scene.rng.choice(list(_RICHNESS), p=_SHARES))
    view = View(scene, events, ledger, label, trusting=richness in _TYPICAL)
    columns: list[Column] = []
    for key in _chosen(scene, richness):
        columns += _named(scene, key, COLUMNS[key][1](view))
    if scene.rng.random() < 0.3:
        columns = [columns[i] for i in scene.rng.permutation(len(columns))]
    series: list[pl.Series] = []
    roles: dict[str, str] = {}
    for role, concept, values in columns:
        name = namer.name(role, concept)
        series.append(_holes(scene, role, values).alias(name))
        roles[name] = role
    return (
        pl.DataFrame(series),
        roles,
        {"richness": richness, "language": namer.language, "scale": view.scale},
    )


def _chosen(scene: Scene, richness: str) -> list[str]:
    """Keys of the columns this owner keeps."""
    rng, spec = scene.rng, scene.spec
    factor = _RICHNESS[richness]
    chosen = []
    for key, (usual, _) in COLUMNS.items():
        p = spec.show.get(key, usual)
        if key in spec.core:
            p = max(p, 0.93)
        elif key not in ("time", "customer", "counterparty", "amount"):
            p = min(p * factor, 0.95)
        if richness in _TYPICAL:
            typical = key in _TYPICAL[richness]
            p = 0.85 if typical else 0.07 if key in _IDENTITIES else p * 0.5 if richness == "profile" else p
        if rng.random() < p:
            chosen.append(key)
    if "both_sides" in chosen:
        chosen = [key for key in chosen if key not in ("customer", "counterparty")]
    return chosen or ["amount"]


def _named(scene: Scene, key: str, columns: list[Column]) -> list[Column]:
    """Columns under the concept the domain prefers."""
    options = scene.spec.concepts
    result = []
    for role, concept, values in columns:
        choice = options.get(concept or role)
        name = str(scene.rng.choice(choice)) if choice else "" if concept == "kind" else concept
        result.append((role, name, values))
    return result


def _holes(scene: Scene, role: str, values: pl.Series | NDArray[Any]) -> pl.Series:
    """Empty cells at random in some of the lesser columns."""
    series = values if isinstance(values, pl.Series) else pl.Series(np.ascontiguousarray(values))
    chance = 0.015 if role in ("time", "customer", "counterparty", "amount", "row_id") else 0.07
    if scene.rng.random() > chance:
        return series
    empty = scene.rng.random(len(series)) < scene.rng.uniform(0.005, 0.4)
    frame = pl.DataFrame({"value": series, "empty": empty})
    return frame.select(pl.when(~pl.col("empty")).then(pl.col("value")))["value"]
