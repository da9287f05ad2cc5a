"""How often each value occurs in all of a long table: exact, in little memory.

A sample of customers cannot tell it: whoever is not in the sample would seem to be seen once, and rare would mean no
more than not drawn. Each piece counts for itself, on disk; then the counts are added up, some values at a time. What
occurs once is not kept: whoever is asked for it answers once anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from vigie.arrays import Codes
from vigie.detectors.raw_columns import raw_columns
from vigie.engine.profiling import SampledTable
from vigie.engine.spill import Spill, each
from vigie.features import grouping
from vigie.features.grouping import ROW_LEVEL
from vigie.features.registry import MODULES
from vigie.fitted_state import FeatureState, ObservedCounts, ValueCounts
from vigie.models.trained import encoders
from vigie.roles.inference import Roles

AT_ONCE = 4_000_000
"""Counts that are added up at a time."""

_SCHEMA = {"value": pl.Int64, "count": pl.UInt32}
Listener = Callable[[str, Codes], None]


def of_all(spill: Spill, look: SampledTable, folder: Path) -> FeatureState:
    """What the look has learned, with the counts of the whole table in place of those of its sample.

    Args:
        spill: the rows.
        look: at the table.
        folder: to work in.
    """
    folder.mkdir()
    names: dict[str, int] = {}
    for number, piece in enumerate(each(spill)):

        def write(name: str, values: Codes, number: int = number) -> None:
            place = names.setdefault(name, len(names))
            distinct, counts = np.unique(values, return_counts=True)
            found = pl.DataFrame({"value": distinct, "count": counts}, schema=_SCHEMA)
            found.write_parquet(folder / f"{place}-{number}.parquet", compression="lz4")

        listen(look.roles, look.state, look.shown, piece, write)
    totals = {name: _added(folder, place) for name, place in names.items()}
    counts = {
        name: ValueCounts(all_["value"].to_numpy(), all_["count"].to_numpy()) for name, all_ in totals.items()
    }
    return look.state.with_counts(counts, spill.rows)


def listen(
    roles: Roles, state: FeatureState, shown: Iterable[str], piece: pl.DataFrame, listener: Listener
) -> None:
    """Tells the listener, by the name of the answer, every value of a piece whose number in the table somebody will ask.

    Args:
        roles: what the columns of the table mean.
        state: what a look at it has learned.
        shown: columns of which a trained model may ask how often each value is shown.
        piece: typed rows.
        listener: told.
    """
    known = replace(state, value_counts=ObservedCounts(state.value_counts, listener))
    facts = grouping.column_view(ROW_LEVEL, piece.select([c.column for c in roles.columns]), roles, known)
    for module in MODULES:
        if module.needs_value_counts:
            module.compute(facts)
    raw_columns(facts.frame, facts.roles, facts)
    for column in shown:
        encoders.log_share(piece[column], known)


def _added(folder: Path, place: int) -> pl.DataFrame:
    """(values,) those that occur more than once, in order, and how often."""
    rows = pl.scan_parquet(folder / f"{place}-*.parquet")
    rounds = 1 + int(rows.select(pl.len()).collect().item()) // AT_ONCE
    parts = []
    for number in range(rounds):
        mine = rows.filter(pl.col("value").hash(seed=5) % rounds == number) if rounds > 1 else rows
        parts.append(mine.group_by("value").agg(pl.col("count").sum()).filter(pl.col("count") > 1).collect())
    return pl.concat(parts).sort("value")
