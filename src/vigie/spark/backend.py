"""The passes of a long table over a cluster; see `vigie.engine.backend`.

Rows are brought together by shuffles, once for each kind of entity, and back to their row by another. What each pass
leaves is written down where all machines reach it: a lost machine costs the part it was working on and no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from pyspark.sql import functions as fn

from vigie.engine.backend import LOT, ROW, Found, Rows
from vigie.engine.disk_partitions import BUCKET, whole
from vigie.engine.fitted_scorer import Terms
from vigie.engine.options import Options
from vigie.engine.profiling import SampledTable
from vigie.engine.value_counts import listen
from vigie.features.grouping import IS_FIRST_OF_ACTOR, EntityGrouping
from vigie.fitted_state import ColumnState, FeatureState, FittedStatistic, ValueCounts
from vigie.spark import tasks
from vigie.spark.aggregates import Counted
from vigie.spark.arrow_frame import Frames, Schema, stacked
from vigie.spark.model_loading import Sent
from vigie.spark.numbered_input import Typed
from vigie.spark.tasks import ENERGY, FOUND, KEPT, OF, SCORED, ByRow, Layout, Tell, TellPeers

_TRIED = 2_000
"""Rows that tell which features there will be."""


@dataclass(frozen=True)
class Room:
    """Where a cluster works.

    Attributes:
        work: a folder that all machines reach, as Spark names it.
        part: rows of a partition, about.
        strict: whether a bundle needs a signature.
    """

    work: str
    part: int
    strict: bool


class Cluster:
    """Rows on many machines.

    Args:
        rows: typed.
        options: what the user asked for.
        room: to work in.
    """

    def __init__(self, rows: Typed, options: Options, room: Room) -> None:
        self._rows, self._options, self._room = rows, options, room
        self._found: dict[EntityGrouping, tuple[Layout, Frames]] = {}
        self._said: dict[EntityGrouping, tuple[Layout, Frames]] = {}

    @property
    def table(self) -> Rows:
        return self._rows

    def counts(self, look: SampledTable) -> FeatureState:
        names: list[str] = []
        listen(look.roles, look.state, look.shown, look.random, lambda name, _: names.append(name))
        names = list(dict.fromkeys(names))
        schema = {"name": pl.Int64(), "value": pl.Int64(), "count": pl.Int64()}
        work = tasks.Count(look.roles, look.state, look.shown, tuple(names))
        found = self._rows.frames.map(work, schema)
        total = found.df.groupBy(found.at("name"), found.at("value")).agg(
            fn.sum(found.at("count")).alias("_2")
        )
        often = Frames(total.filter(fn.col("_2") > 1).toDF("_0", "_1", "_2"), schema).collect()
        counts = {}
        for place, name in enumerate(names):
            mine = often.filter(pl.col("name") == place).sort("value")
            counts[name] = ValueCounts(mine["value"].to_numpy(), mine["count"].cast(pl.UInt32).to_numpy())
        return look.state.with_counts(counts, self._rows.rows)

    def features(self, look: SampledTable) -> None:
        self._seen = look
        for kind in look.kinds:
            rows = self._rows.frames
            if kind.needs_first_of_actor:
                actor = {k: found for k, found in self._found.items() if k.name == "actor"}
                rows = self._by_row(
                    rows, actor, tasks.with_newcomers, {**rows.schema, IS_FIRST_OF_ACTOR: pl.Boolean()}
                )
            tell = tasks.Tell(kind, look.roles, look.state)
            self._found[kind] = self._told("features", tell, rows, ())

    def told(self, lots: Iterable[int]) -> Found:
        return _of_lots(self._found, lots)

    def suspicion(self, terms: Terms) -> None:
        schema = {
            **self._rows.frames.schema,
            IS_FIRST_OF_ACTOR: pl.Boolean(),
            ENERGY: pl.Float64(),
            KEPT: pl.Binary(),
        }
        work = tasks.Suspect(self._send(terms), self._seen.trained)
        self._width = len(terms.told) * (2 if self._seen.trained else 1)
        self._suspect = self._by_row(self._rows.frames, self._found, work, schema).written(
            self._at("suspicion")
        )

    def peers(self, terms: Terms) -> None:
        for kind in self._seen.related:
            tell = tasks.TellPeers(kind, terms.roles, terms.features, terms.answers)
            self._said[kind] = self._told("peers", tell, self._suspect, (ENERGY,))

    def said(self, lots: Iterable[int]) -> Found:
        return _of_lots(self._said, lots)

    def score(self, terms: Terms) -> dict[str, Any]:
        work = tasks.Score(self._send(terms), self._width)
        scored = self._by_row(self._suspect, self._said, work, SCORED).written(self._at("scored"))
        counted = Counted(scored, self._options.alert_budget, self._rows.rows)
        self._scored = counted.alerted
        return counted.summary()

    def scored(self) -> Frames:
        """What there is to add to each row, once all are scored."""
        return self._scored

    def _told(
        self, what: str, tell: Tell | TellPeers, rows: Frames, more: tuple[str, ...]
    ) -> tuple[Layout, Frames]:
        """What a kind tells of rows that are brought together for it, written down."""
        kind = tell.kind
        taken = (*more, IS_FIRST_OF_ACTOR) if kind.needs_first_of_actor else more
        route = tasks.Route(kind, self._seen.roles, _hashes(self._seen.state), taken)
        # What it will tell is tried on a few rows at random: the same of any rows of the table.
        tried = self._seen.random.head(_TRIED).with_columns(
            pl.lit(False).alias(IS_FIRST_OF_ACTOR), pl.lit(0.0).alias(ENERGY)
        )
        part = whole(next(route(tried)).drop(BUCKET), kind)
        told = tell(part)
        dtype = np.float32 if what == "features" else np.float64
        layout = Layout(kind, tuple(sorted(told)), dtype)
        there = rows.map(route, route.schema(rows.schema)).together(BUCKET, self._parts(len(kind.keys)))
        found = there.map(tasks.Pack(tell, layout), FOUND, whole=True)
        return layout, found.written(self._at(what, kind.name))

    def _by_row(
        self, rows: Frames, found: dict[EntityGrouping, tuple[Layout, Frames]], work: Any, schema: Schema
    ) -> Frames:
        """Rows and what was found of them, brought together by their numbers."""
        with_kind = [
            Frames(frames.df.withColumn("_3", fn.lit(number).cast("byte")), {**FOUND, OF: pl.Int8()})
            for number, (_, frames) in enumerate(found.values())
        ]
        base = Frames(
            rows.df.withColumn(f"_{len(rows.schema)}", fn.lit(None).cast("byte")),
            {**rows.schema, OF: pl.Int8()},
        )
        layouts = tuple(layout for layout, _ in found.values())
        both = stacked([base, *with_kind]).together(ROW, self._parts(1))
        return both.map(ByRow(tuple(rows.schema), layouts, work), schema, whole=True)

    def _send(self, terms: Terms) -> Sent:
        light = tuple(replace(member, model=None) for member in terms.members)  # type: ignore[arg-type]
        sent = replace(terms, members=light)
        entries = tuple(match.entry for match in self._seen.matched.matches) if light else ()
        return Sent(sent, entries, self._room.strict)

    def _parts(self, copies: int) -> int:
        return max(1, round(self._rows.rows * copies / self._room.part))

    def _at(self, *names: str) -> str:
        return "/".join((self._room.work, *names))


def _of_lots(found: dict[EntityGrouping, tuple[Layout, Frames]], lots: Iterable[int]) -> Found:
    wanted = list(lots)
    chosen = {}
    for kind, (layout, frames) in found.items():
        mine = Frames(frames.df.filter(frames.at(LOT).isin(wanted)), frames.schema)
        chosen[kind] = layout.open(mine.collect())
    return chosen


def _hashes(state: FeatureState) -> FeatureState:
    """The hashes of the columns, which row hashes take: the rest may be large."""
    sent = FeatureState()
    for name, column_hash in state.column_hashes().items():
        sent.columns[name] = ColumnState(hash=FittedStatistic(column_hash))
    return sent.fitted()
