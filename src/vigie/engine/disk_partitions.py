"""Rows brought together on one disk: once for each kind of entity, in pieces that memory holds.

Polars partitions the rows; each part is sorted and told by the same code as a whole table. What was found is written
with the number of its row, so that it can be read back in the order of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine.backend import LOT, ROW, once
from vigie.engine.spill import Spill
from vigie.features import grouping
from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES, ColumnView
from vigie.features.grouping import (
    IS_FIRST_OF_ACTOR,
    RECEIVER,
    ROW_HASH,
    SENDER,
    SENDER_RECEIVER,
    EntityGrouping,
)
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.inference import Roles
from vigie.table.chunks import CHUNK_ROWS

PART = 250_000
"""Rows of a part, about: one entity is never divided, so a part is as large as its largest."""

WORKERS = 2
_GROUP = 8192
"""Rows that Parquet keeps together: few, so that one piece of the table reads little of each part."""

BUCKET = "v:bucket"
Told = dict[str, npt.NDArray[np.float32]]


class Passes:
    """The parts of a table.

    Args:
        spill: its rows.
        roles: what its columns mean.
        state: what features need to know of the whole.
        folder: to work in.
    """

    def __init__(self, spill: Spill, roles: Roles, state: FeatureState, folder: Path) -> None:
        self._spill = spill
        self._roles = roles
        self._state = state
        self._folder = folder

    def gather(self, kind: EntityGrouping) -> None:
        """Writes the rows of the table in parts that hold all rows of each entity."""
        rows = self._spill.scan()
        parts = max(1, round(self._spill.rows * len(kind.keys) / PART))
        target = pl.PartitionBy(self._folder / "parts" / kind.name, key=BUCKET, include_key=False)
        routed(rows, kind, self._roles, self._state, parts).sink_parquet(
            target, mkdir=True, compression="lz4", row_group_size=_GROUP
        )

    def features(self, kind: EntityGrouping, newcomer: npt.NDArray[np.bool_] | None) -> None:
        """Computes the features of a kind that was gathered.

        Args:
            kind: what to compute.
            newcomer: (rows of the table,) whether a row is the first of its actor, where the kind asks for it.
        """

        def tell(part: pl.DataFrame) -> Mapping[str, npt.NDArray[np.floating]]:
            return grouping.grouping_features(kind, self._facts(kind, part, newcomer))

        self._each(kind, "features", newcomer, tell)

    def peers(
        self,
        kind: EntityGrouping,
        newcomer: npt.NDArray[np.bool_] | None,
        energy: npt.NDArray[np.float64],
        answers: ScoringState,
    ) -> None:
        """What related rows say, for a kind whose rows were gathered.

        Args:
            kind: what relates them.
            newcomer: as for `features`.
            energy: (rows of the table,) suspicion of each row by itself.
            answers: of the table as a whole, about suspicion.
        """

        def tell(part: pl.DataFrame) -> Mapping[str, npt.NDArray[np.floating]]:
            facts = self._facts(kind, part, newcomer)
            return grouping.grouping_related_signals(kind, facts, energy[part[ROW].to_numpy()], answers)

        self._each(kind, "peers", newcomer, tell)

    def of_lots(self, what: str, kind: EntityGrouping, lots: Iterable[int]) -> pl.DataFrame:
        """What was told of the rows of some lots, by row."""
        return self._read(what, kind, pl.col(LOT).is_in(list(lots)))

    def of_piece(self, what: str, kind: EntityGrouping, number: int) -> pl.DataFrame:
        """What was told of the rows of one piece of the table, by row."""
        return self._read(
            what, kind, pl.col(ROW).is_between(number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS, closed="left")
        )

    def column(self, kind: EntityGrouping, name: str) -> npt.NDArray[np.float32] | None:
        """(rows of the table,) one feature; None where the kind does not tell it."""
        rows = self._scan("features", kind)
        if name not in rows.collect_schema():
            return None
        out = np.full(self._spill.rows, np.nan, dtype=np.float32)
        for batch in rows.select(ROW, name).collect_batches():
            out[batch[ROW].to_numpy()] = batch[name].to_numpy()
        return out

    def _facts(
        self, kind: EntityGrouping, part: pl.DataFrame, newcomer: npt.NDArray[np.bool_] | None
    ) -> ColumnView:
        if kind.needs_first_of_actor and newcomer is not None:
            part = part.with_columns(pl.Series(IS_FIRST_OF_ACTOR, newcomer[part[ROW].to_numpy()]))
        return grouping.column_view(kind, part, self._roles, self._state)

    def _each(
        self,
        kind: EntityGrouping,
        what: str,
        newcomer: npt.NDArray[np.bool_] | None,
        tell: Callable[[pl.DataFrame], Mapping[str, npt.NDArray[np.floating]]],
    ) -> None:
        target = self._folder / what / kind.name
        target.mkdir(parents=True)

        def one(numbered: tuple[int, Path]) -> None:
            number, path = numbered
            part = whole(pl.read_parquet(path, hive_partitioning=False), kind)
            said = {
                name: values.astype(np.float32) if what == "features" else values
                for name, values in tell(part).items()
            }
            found = part.select(ROW, LOT).with_columns(
                **{name: pl.Series(values) for name, values in said.items()}
            )
            found.sort(ROW).write_parquet(
                target / f"{number:05}.parquet", compression="lz4", row_group_size=_GROUP
            )

        parts = sorted((self._folder / "parts" / kind.name).rglob("*.parquet"))
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(one, enumerate(parts)))

    def _read(self, what: str, kind: EntityGrouping, some: pl.Expr) -> pl.DataFrame:
        found = self._scan(what, kind).filter(some).collect()
        return (once(found) if len(kind.keys) > 1 else found).sort(ROW)

    def _scan(self, what: str, kind: EntityGrouping) -> pl.LazyFrame:
        return pl.scan_parquet(self._folder / what / kind.name / "*.parquet")


def routed(
    rows: pl.LazyFrame,
    kind: EntityGrouping,
    roles: Roles,
    state: FeatureState,
    parts: int,
    more: Iterable[str] = (),
) -> pl.LazyFrame:
    """The columns a kind asks for, whoever is shown as a fingerprint, and the part of each row; once for each key.

    Args:
        rows: of the table, with `ROW` and `LOT`.
        kind: what brings them together.
        roles: what the columns mean.
        state: what is known of the table as a whole.
        parts: how many.
        more: columns to take along.
    """
    kept = (pl.col(name) for name in (ROW, LOT, *more))
    columns = [*kept, _prints(roles, state).alias(ROW_HASH), *_slim(kind.columns, roles)]
    there, row = [], pl.col(ROW).cast(pl.UInt64)
    for number, name in enumerate(kind.keys):
        key = pl.col(name)
        # Whoever is unknown is nobody's company: spread, or all of them would be one part.
        bucket = pl.when(key.is_null()).then(row).otherwise(key.cast(pl.String).hash(seed=1)) % parts
        sides = [pl.lit(number == 0).alias(SENDER), pl.lit(number == 1).alias(RECEIVER)]
        here = sides if kind.name == SENDER_RECEIVER else []
        there.append(rows.select(*columns, *here, bucket.cast(pl.UInt32).alias(BUCKET)))
    return pl.concat(there)


def _prints(roles: Roles, state: FeatureState) -> pl.Expr:
    """As `evidence.own_order`: the fingerprint of a row by its cells."""
    odd = {column.column: state.columns[column.column].hash.require() | 1 for column in roles.columns}
    return reduce(
        lambda one, other: one + other,
        (pl.col(n).hash(seed=0) * pl.lit(m & (2**64 - 1), dtype=pl.UInt64) for n, m in odd.items()),
    )


def _slim(columns: Iterable[str], roles: Roles) -> Iterator[pl.Expr]:
    for name in columns:
        role = roles.of(name).role
        if role in ENTITY_ROLES and role not in CATEGORY_ROLES:
            shown = pl.col(name).cast(pl.String).hash(seed=0).reinterpret(signed=True)
            yield pl.when(pl.col(name).is_not_null()).then(shown).alias(name)
        else:
            yield pl.col(name)


def whole(part: pl.DataFrame, kind: EntityGrouping) -> pl.DataFrame:
    """A part in the order of the fingerprints; a row that came as sender and as receiver is there once."""
    if kind.name == SENDER_RECEIVER:
        both = [pl.col(side).any().over(ROW) for side in (SENDER, RECEIVER)]
        part = part.with_columns(both).unique(ROW, keep="any")
    return part.sort(ROW_HASH, ROW)
