"""The table's own columns as numbers, whatever their roles."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.roles.inference import ColumnRole, Roles


def raw_columns(frame: pl.DataFrame, roles: Roles, facts: ColumnView | None = None) -> Floats:
    """Return (rows, columns): numbers as they are, identifiers by their hash, categories by log frequency.

    Identifiers are hashed to [0, 1): rows that share one lie close in that column, a tree can cut them out, and it does
    not matter whether they are written as numbers or as text. How often they occur is in the features already.
    Unknown values become the median; columns that do not vary are left out.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        facts: of this table, where it is known already.
    """
    facts = facts or ColumnView(frame, roles)
    used = [item for item in roles.columns if not item.definition.ignored]
    numbers: dict[str, Floats] = {}

    def read(item: ColumnRole) -> None:
        name = item.column
        values = _hashed(frame[name]) if item.definition.identifier else facts.numbers.of(name)
        if values is None:
            # Empty cells are a value here: their number may matter.
            values = np.log(facts.state.value_counts.of(f"cells {name}", facts.hashes.of(name)))
        median = facts.state.columns[name].median.get(partial(_median, values))
        if np.isfinite(median):
            numbers[name] = np.where(np.isfinite(values), values, median)

    in_threads(read, used, enough=frame.height >= ROWS_PER_THREAD)
    columns = [numbers[item.column] for item in used if item.column in numbers]
    return np.stack(columns, axis=1) if columns else np.zeros((frame.height, 0))


def _hashed(cells: pl.Series) -> Floats:
    """Return (rows,) a number in [0, 1) for each identifier, NaN where it is empty."""
    hashes = cells.cast(pl.String).hash(seed=0).to_numpy()
    # 24 bits, which single precision holds.
    numbers = (hashes >> np.uint64(40)).astype(float) / 2**24
    return np.where(cells.is_null().to_numpy(), np.nan, numbers)


def _median(values: Floats) -> float:
    """Return the median; NaN where the values do not differ, or there are none."""
    spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
    return float(np.nanmedian(values)) if spread > 0 else float("nan")
