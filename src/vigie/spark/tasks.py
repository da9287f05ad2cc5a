"""What the tasks of a cluster do with rows that lie together: the same code as on one machine, on their part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes
from vigie.engine import value_counts
from vigie.engine.backend import LOT, ROW, Found, features_of, once, peers_of
from vigie.engine.disk_partitions import BUCKET, routed, whole
from vigie.engine.output import RESULT_COLUMNS
from vigie.features import grouping
from vigie.features.grouping import IS_FIRST_OF_ACTOR, EntityGrouping
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.inference import Roles
from vigie.spark.arrow_frame import Schema, packed, unpacked
from vigie.spark.model_loading import Sent

OF, TOLD, ENERGY, KEPT, KEY = "v:of", "v:told", "v:energy", "v:kept", "v:key"
"""Columns: which kind told a row; what it told, packed; suspicion; packed ranks; order of the scores."""

PARTS = 2**31
"""Rows of an entity share a number below it; Spark makes partitions of these."""

FOUND: Schema = {ROW: pl.Int64(), LOT: pl.UInt16(), TOLD: pl.Binary()}
SCORED: Schema = {
    ROW: pl.Int64(),
    **dict.fromkeys(RESULT_COLUMNS[:4], pl.Float64()),
    "risk_level": pl.String(),
    "alert": pl.Int8(),
    "reasons": pl.String(),
    KEY: pl.Int64(),
}
Told = Mapping[str, npt.NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Count:
    """How often the values occur that somebody will ask the number of."""

    roles: Roles
    state: FeatureState
    shown: tuple[str, ...]
    names: tuple[str, ...]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        found: list[pl.DataFrame] = []

        def listen(name: str, values: Codes) -> None:
            distinct, times = np.unique(values, return_counts=True)
            place = pl.lit(self.names.index(name), dtype=pl.Int64).alias("name")
            found.append(pl.DataFrame({"value": distinct, "count": times}).select(place, "value", "count"))

        value_counts.listen(self.roles, self.state, self.shown, rows, listen)
        yield from (one.cast(pl.Int64) for one in found)


@dataclass(frozen=True)
class Route:
    """The columns a kind asks for, and whose rows they are."""

    kind: EntityGrouping
    roles: Roles
    state: FeatureState
    more: tuple[str, ...] = ()

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        yield routed(rows.lazy(), self.kind, self.roles, self.state, PARTS, self.more).collect()

    def schema(self, given: Schema) -> Schema:
        """Of what it makes."""
        return dict(next(self(pl.DataFrame(schema=dict(given)))).schema)


@dataclass(frozen=True)
class Tell:
    """The features of a kind, for rows that lie together."""

    kind: EntityGrouping
    roles: Roles
    state: FeatureState

    def __call__(self, part: pl.DataFrame) -> Told:
        """(rows,) each feature."""
        return grouping.grouping_features(
            self.kind, grouping.column_view(self.kind, part, self.roles, self.state)
        )


@dataclass(frozen=True)
class TellPeers:
    """What related rows say, for rows that lie together."""

    kind: EntityGrouping
    roles: Roles
    state: FeatureState
    answers: ScoringState

    def __call__(self, part: pl.DataFrame) -> Told:
        """(rows,) each thing they say."""
        facts = grouping.column_view(self.kind, part, self.roles, self.state)
        return grouping.grouping_related_signals(self.kind, facts, part[ENERGY].to_numpy(), self.answers)


@dataclass(frozen=True)
class Pack:
    """What a kind tells, a cell for each row."""

    tell: Tell | TellPeers
    layout: Layout

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        part = whole(rows.drop(BUCKET), self.layout.kind)
        said, names = self.tell(part), self.layout.names
        if set(said) != set(names):
            raise RuntimeError(f"kind {self.layout.kind.name}: told {sorted(said)}, expected {sorted(names)}")
        matrix = np.empty((part.height, len(names)), dtype=self.layout.dtype)
        for place, name in enumerate(names):
            matrix[:, place] = said[name]
        yield part.select(ROW, LOT).with_columns(packed(matrix).alias(TOLD))


@dataclass(frozen=True)
class Layout:
    """What a kind has packed.

    Attributes:
        kind: which.
        names: of the numbers.
        dtype: of them.
    """

    kind: EntityGrouping
    names: tuple[str, ...]
    dtype: type[np.floating[Any]]

    def open(self, found: pl.DataFrame) -> pl.DataFrame:
        """`ROW` and the numbers, a row for each row."""
        numbers = unpacked(found[TOLD], self.dtype, len(self.names))
        columns = [pl.Series(name, numbers[:, place]) for place, name in enumerate(self.names)]
        open_ = found.select(ROW).with_columns(columns)
        return (once(open_) if len(self.kind.keys) > 1 else open_).sort(ROW)


@dataclass(frozen=True)
class ByRow:
    """Rows of the table, and with them what each kind told of them."""

    columns: tuple[str, ...]
    layouts: tuple[Layout, ...]
    work: Callable[[pl.DataFrame, Found], pl.DataFrame]

    def __call__(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        base = rows.filter(pl.col(OF).is_null()).select(self.columns).sort(ROW)
        found = {
            layout.kind: layout.open(rows.filter(pl.col(OF) == number))
            for number, layout in enumerate(self.layouts)
        }
        yield self.work(base, found)


def newcomers(rows: pl.DataFrame, found: Found) -> pl.Series:
    """(rows,) whether a row is the first of its actor."""
    for kind, told in found.items():
        if kind.name == "actor" and "position_actor" in told.columns:
            return rows.select(ROW).join(told, on=ROW, how="left", maintain_order="left").select(
                (pl.col("position_actor") == 0).fill_null(False).alias(IS_FIRST_OF_ACTOR)
            ).to_series()  # fmt: skip
    return pl.Series(IS_FIRST_OF_ACTOR, np.zeros(rows.height, dtype=np.bool_))


def with_newcomers(rows: pl.DataFrame, found: Found) -> pl.DataFrame:
    """The rows, told which are the first of their actor."""
    return rows.with_columns(newcomers(rows, found))


@dataclass(frozen=True)
class Suspect:
    """How suspicious rows are by themselves; keeps the ranks of their features."""

    sent: Sent
    trained: bool

    def __call__(self, rows: pl.DataFrame, found: Found) -> pl.DataFrame:
        terms = self.sent.terms
        typed = rows.select([column.column for column in terms.roles.columns])
        tails = terms.tails(features_of(terms, typed, found, rows[ROW].to_numpy()))
        kept = packed(terms.packed(tails, self.trained).T)
        return rows.with_columns(
            newcomers(rows, found), pl.Series(ENERGY, tails.row_anomaly), kept.alias(KEPT)
        )


@dataclass(frozen=True)
class Score:
    """Scores rows."""

    sent: Sent
    width: int

    def __call__(self, rows: pl.DataFrame, found: Found) -> pl.DataFrame:
        terms = self.sent.here()
        typed = rows.select([column.column for column in terms.roles.columns])
        tails = terms.unpacked(unpacked(rows[KEPT], np.float32, self.width).T)
        later = terms.later(typed, tails, peers_of(found, rows[ROW].to_numpy()))
        key = pl.Series(KEY, order_of(later.log_odds))
        return rows.select(ROW).hstack(later.additions).with_columns(key).select(list(SCORED))


def order_of(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """(rows,) whole numbers in the same order: what may be counted by its first bits."""
    bits = (numbers + 0.0).view(np.int64)
    return np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
