"""Profile of a table that is computed out of core: roles, models and what features know of the whole, from samples.

Rows at random tell how features are distributed. All rows of some customers tell how customers behave, which
categories there are and how strongly columns are associated. Values are counted in all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl

from vigie import features, matching
from vigie.arrays import Codes
from vigie.calibration.column_association import column_association
from vigie.detectors.raw_columns import raw_columns
from vigie.engine.backend import BUCKET, ROW, Backend, G, R, Schema
from vigie.engine.options import ScoringContext
from vigie.engine.sampling import draw_sample, entity_bucket
from vigie.engine.scorer import ProfiledTable
from vigie.engine.table_matching import MatchedModels, TableRoles, infer_roles, load_models, match_models
from vigie.errors import InputRefused
from vigie.features import COUNTING, grouping, related
from vigie.features.columns import CATEGORY_ROLES
from vigie.features.grouping import ROW_LEVEL, EntityGrouping
from vigie.fitted_state import CategoryCodes, FeatureState, FittedState, ObservedCounts, ValueCounts
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.models.trained import encoders
from vigie.models.trained.model import TrainedModel
from vigie.roles.inference import Roles
from vigie.table import Table

MAX_CATEGORIES = 50_000
"""Distinct values of a column of categories; one with more holds identifiers."""
_TRIED_ROWS = 2_000


@dataclass(frozen=True)
class SampledTable(ProfiledTable):
    """Rows at random of a table, and what is known of the table.

    Attributes:
        rows: the same rows with `ROW` and `BUCKET`, in the order of their hashes.
        groupings: the groupings that give features; the actor first.
        related: those that give related-entity signals.
    """

    rows: pl.DataFrame
    groupings: tuple[EntityGrouping, ...]
    related: tuple[EntityGrouping, ...]

    @property
    def buckets(self) -> list[int]:
        """Hash buckets of the rows."""
        return self.rows[BUCKET].unique().sort().to_list()

    @property
    def has_trained_model(self) -> bool:
        """Whether a model trained on such a table votes; only such models look at features, all others at ranks."""
        return _has_trained(self.matched)


def profile_table(backend: Backend[R, G], context: ScoringContext) -> SampledTable:
    """Profile a table from samples of its rows.

    Args:
        backend: holds the rows.
        context: catalog, options and sample sizes.

    Raises:
        InputRefused: the rows are copies of a few, or there is nothing to compare.
    """
    sizes = context.sizes
    random = draw_sample(backend, sizes.sample)
    if not random.height:
        raise InputRefused(
            msg(
                "{source}: found {rows:,} rows that are copies of a few, expected rows to compare",
                source=backend.source,
                rows=backend.n_rows,
            ),
            hint="remove the copies",
        )
    found = infer_roles(_as_table(backend, random), context)
    customers = random
    actor = found.roles.actor()
    if actor is not None:
        drawn = draw_sample(backend, sizes.sample, entity_bucket(actor))
        if drawn.height >= sizes.min_customer_rows:
            customers = drawn
            found = infer_roles(_as_table(backend, customers), context)
    return _profile(backend, random, customers, found, context)


def _profile(
    backend: Backend[R, G],
    random: pl.DataFrame,
    customers: pl.DataFrame,
    found: TableRoles,
    context: ScoringContext,
) -> SampledTable:
    state = FittedState.keeping().features
    _count_categories(backend, found.roles, state)
    typed = customers.select(backend.columns)
    view, order, _ = model_inputs.canonical_view(typed, found.roles, state)
    built = features.build(view.frame, view.roles, view)
    # Fitted here, on whole customers, because the table comes in chunks afterwards.
    raw_columns(view.frame, view.roles, view)
    model_inputs.table_context(view)
    groupings, relations = grouping.groupings_of(view), related.relations(view).values()
    profile = matching.describe(view.frame, view.roles, built)
    matched = load_models(match_models(profile, found, context), context)
    encoded = _encoded_columns(view.roles, matched)
    for column in encoded:
        encoders.shown(view.frame[column], state)
    fitted = _count_values(backend, view.roles, state.fitted(), encoded, random)
    rows, frame = _sorted_by_hash(random, view.roles, fitted)
    return SampledTable(
        frame,
        view.roles,
        matched,
        column_association(typed[order], found.roles),
        FittedState(fitted, FittedState.keeping().scoring),
        rows,
        groupings,
        tuple(one for one in groupings if one.name in relations),
    )


def _as_table(backend: Backend[R, G], rows: pl.DataFrame) -> Table:
    typed = rows.select(backend.columns)
    return Table(backend.source, typed, typed)


def _sorted_by_hash(
    rows: pl.DataFrame, roles: Roles, state: FeatureState
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows in the order of their hashes, and their columns in the order of the roles."""
    columns = [column.column for column in roles.columns]
    hashes, _, _ = model_inputs.row_hashes(rows.select(columns), state)
    rows = rows.with_columns(v_hash=hashes).sort("v_hash", ROW).drop("v_hash")
    return rows, rows.select(columns)


def _has_trained(matched: MatchedModels) -> bool:
    return any(isinstance(model, TrainedModel) for model in matched.models)


def _encoded_columns(roles: Roles, matched: MatchedModels) -> tuple[str, ...]:
    """Return the columns of which a trained model may ask how often each value occurs."""
    if not _has_trained(matched):
        return ()
    return tuple(item.column for item in roles.columns if encoders.is_encoded(item.role))


def _count_categories(backend: Backend[R, G], roles: Roles, state: FeatureState) -> None:
    """Fit the categories: their values, and how many rows have each.

    Of all rows: a city in which no customer of a sample lives is not a new one.
    """
    state.rows_counted.value = float(backend.n_rows)
    for column in (column for role in CATEGORY_ROLES for column in roles.all(role)):
        counter = CountCells(column, backend.schema[column])
        counted = backend.count(backend.rows, counter, limit=MAX_CATEGORIES + 1)
        if counted.height > MAX_CATEGORIES:
            continue
        known, categories = state.columns[column], CategoryCodes.fit(counted[column])
        codes, width = categories.codes(counted[column]), len(categories.values) + 1
        known.categories.value = categories
        known.category_rows.value = np.bincount(codes + 1, counted["count"].to_numpy(), width).astype(int)
        known.category_width.value = width


def _count_values(
    backend: Backend[R, G], roles: Roles, state: FeatureState, encoded: tuple[str, ...], rows: pl.DataFrame
) -> FeatureState:
    """Return the state with counts over all rows in place of those of a sample.

    A sample of customers cannot tell them: a value that was not drawn would seem rare.
    """
    names: list[str] = []
    counter = CountValues(roles, state, encoded, ())
    counter.observe(rows.head(_TRIED_ROWS), lambda name, _: names.append(name))
    names = list(dict.fromkeys(names))
    # Values that occur once are left out; lookups default to 1.
    counted = backend.count(backend.rows, replace(counter, names=tuple(names)), least=2)
    counted = counted.sort("name", "value")
    counts = {}
    for place, name in enumerate(names):
        mine = counted.filter(pl.col("name") == place)
        counts[name] = ValueCounts(mine["value"].to_numpy(), mine["count"].cast(pl.UInt32).to_numpy())
    return state.with_counts(counts, backend.n_rows)


@dataclass(frozen=True)
class CountCells:
    """Chunk function: rows of each value of a column."""

    column: str
    dtype: pl.DataType

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it looks at."""
        return (self.column,)

    @property
    def schema(self) -> Schema:
        """Columns it returns."""
        return {self.column: self.dtype, "count": pl.Int64()}

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the counts of a chunk."""
        return rows.group_by(self.column).agg(pl.len().cast(pl.Int64).alias("count"))


@dataclass(frozen=True)
class CountValues:
    """Chunk function: rows of each value that features look up in counts over the whole table.

    Attributes:
        roles: roles of the columns.
        state: fitted state of the features.
        encoded: columns of which trained models ask how often each value occurs.
        names: names of the counts; returned as their places.
    """

    roles: Roles
    state: FeatureState
    encoded: tuple[str, ...]
    names: tuple[str, ...]
    schema: ClassVar[Schema] = {"name": pl.Int64(), "value": pl.Int64(), "count": pl.Int64()}
    columns: ClassVar[None] = None

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the counts of a chunk."""
        found = [pl.DataFrame(schema=self.schema)]

        def count(name: str, values: Codes) -> None:
            distinct, times = np.unique(values, return_counts=True)
            place = pl.lit(self.names.index(name), dtype=pl.Int64).alias("name")
            counted = pl.DataFrame({"value": distinct, "count": times}).select(place, "value", "count")
            found.append(counted.cast(pl.Int64))

        self.observe(rows, count)
        return pl.concat(found)

    def observe(self, rows: pl.DataFrame, callback: Callable[[str, Codes], None]) -> None:
        """Call a function with the name of each count and all values that are looked up in it."""
        state = replace(self.state, value_counts=ObservedCounts(self.state.value_counts, callback))
        frame = rows.select([column.column for column in self.roles.columns])
        view = grouping.column_view(ROW_LEVEL, frame, self.roles, state)
        for module in COUNTING:
            module.compute(view)
        raw_columns(view.frame, view.roles, view)
        for column in self.encoded:
            encoders.shown(rows[column], state)
