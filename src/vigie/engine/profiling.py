"""Profile of a table that is computed out of core: roles, models and what features know of the whole, from samples.

Rows at random tell how features are distributed. All rows of some customers tell how customers behave, which
categories there are and how strongly columns are associated. Values are counted in all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from vigie import features, matching
from vigie.arrays import Codes
from vigie.calibration.column_association import column_association
from vigie.detectors.raw_columns import raw_columns
from vigie.engine.backend import BUCKET, ROW, Backend, G, R
from vigie.engine.options import ScoringContext
from vigie.engine.sampling import draw_sample
from vigie.engine.scorer import ProfiledTable
from vigie.engine.table_matching import MatchedModels, TableRoles, infer_roles, load_models, match_models
from vigie.errors import InputRefused
from vigie.features import grouping
from vigie.features.columns import CATEGORY_ROLES
from vigie.features.grouping import ROW_LEVEL, EntityGrouping
from vigie.features.registry import MODULES
from vigie.features.related import relations
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
        has_trained_model: whether a model trained on such a table votes; others look at ranks, not at features.
    """

    rows: pl.DataFrame
    groupings: tuple[EntityGrouping, ...]
    related: tuple[EntityGrouping, ...]
    has_trained_model: bool

    @property
    def buckets(self) -> list[int]:
        """Hash buckets of the rows."""
        return self.rows[BUCKET].unique().sort().to_list()


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
    customers, found = random, infer_roles(_as_table(backend, random), context)
    actor = found.roles.actor()
    if actor is not None:
        drawn = draw_sample(backend, sizes.sample, actor)
        if drawn.height >= sizes.min_customer_rows:
            customers, found = drawn, infer_roles(_as_table(backend, drawn), context)
    return _profile(backend, random, customers.select(backend.columns), found, context)


def _profile(
    backend: Backend[R, G], random: pl.DataFrame, customers: pl.DataFrame, found: TableRoles, context: ScoringContext
) -> SampledTable:  # fmt: skip
    state = FittedState.keeping()
    _count_categories(backend, found.roles, state.features)
    view, order, _ = model_inputs.canonical_view(customers, found.roles, state.features)
    built = features.build(view.frame, view.roles, view)
    # Fitted here, on whole customers, because the table comes in chunks afterwards.
    raw_columns(view.frame, view.roles, view)
    model_inputs.table_context(view)
    groupings, related = grouping.groupings_of(view), set(relations(view).values())
    matches = match_models(matching.describe(view.frame, view.roles, built), found, context)
    matched = load_models(matches, context)
    encoded = _encoded_columns(view.roles, matched)
    for column in encoded:
        encoders.log_share(view.frame[column], state.features)
    fitted = _count_values(backend, view.roles, state.features.fitted(), encoded, random)
    columns = [column.column for column in view.roles.columns]
    hashes, _, _ = model_inputs.row_hashes(random.select(columns), fitted)
    rows = random.with_columns(v_hash=hashes).sort("v_hash", ROW).drop("v_hash")
    return SampledTable(
        rows.select(columns),
        view.roles,
        matched,
        column_association(customers[order], found.roles),
        FittedState(fitted, state.scoring),
        backend.n_rows,
        rows,
        groupings,
        tuple(one for one in groupings if one.name in related),
        bool(encoded),
    )


def _as_table(backend: Backend[R, G], rows: pl.DataFrame) -> Table:
    typed = rows.select(backend.columns)
    return Table(backend.source, typed, typed)


def _encoded_columns(roles: Roles, matched: MatchedModels) -> tuple[str, ...]:
    """Return the columns of which a model trained on such a table may ask how often each value occurs."""
    if not any(isinstance(model, TrainedModel) for model in matched.models):
        return ()
    return tuple(item.column for item in roles.columns if encoders.is_encoded(item.role))


def _count_categories(backend: Backend[R, G], roles: Roles, state: FeatureState) -> None:
    """Fit the categories: their values, and how many rows have each.

    Of all rows: a city in which no customer of a sample lives is not a new one.
    """
    state.rows_counted.value = float(backend.n_rows)
    for column in (column for role in CATEGORY_ROLES for column in roles.all(role)):
        counter = partial(_count_cells, column)
        counted = backend.count(backend.rows, counter, [column], limit=MAX_CATEGORIES + 1)
        if counted.height > MAX_CATEGORIES:
            continue
        known, categories = state.columns[column], CategoryCodes.fit(counted[column])
        codes, width = categories.codes(counted[column]), len(categories.values) + 1
        known.categories.value = categories
        known.category_rows.value = np.bincount(codes + 1, counted["count"].to_numpy(), width).astype(int)
        known.category_width.value = width


def _count_cells(column: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(column).agg(pl.len().cast(pl.Int64).alias("count"))


def _count_values(
    backend: Backend[R, G], roles: Roles, state: FeatureState, encoded: Sequence[str], rows: pl.DataFrame
) -> FeatureState:
    """Return the state with counts over all rows in place of those of a sample.

    A sample of customers cannot tell them: a value that was not drawn would seem rare.
    """
    found: list[str] = []
    _observe(roles, state, encoded, rows.head(_TRIED_ROWS), lambda name, _: found.append(name))
    names = list(dict.fromkeys(found))
    counter = partial(_count_chunk, roles, state, encoded, names)
    # Values that occur once are left out; lookups default to 1.
    counted = backend.count(backend.rows, counter, least=2).sort("name", "value")
    counts = {}
    for place, name in enumerate(names):
        mine = counted.filter(pl.col("name") == place)
        counts[name] = ValueCounts(mine["value"].to_numpy(), mine["count"].cast(pl.UInt32).to_numpy())
    return state.with_counts(counts, backend.n_rows)


def _count_chunk(
    roles: Roles, state: FeatureState, encoded: Sequence[str], names: Sequence[str], rows: pl.DataFrame
) -> pl.DataFrame:
    found = [pl.DataFrame(schema={"name": pl.Int64, "value": pl.Int64, "count": pl.Int64})]

    def count(name: str, values: Codes) -> None:
        place = pl.lit(names.index(name), dtype=pl.Int64).alias("name")
        counted = pl.Series("value", values).value_counts()
        found.append(counted.select(place, "value", pl.col("count").cast(pl.Int64)))

    if rows.height:
        _observe(roles, state, encoded, rows, count)
    return pl.concat(found)


def _observe(
    roles: Roles, state: FeatureState, encoded: Sequence[str], rows: pl.DataFrame,
    callback: Callable[[str, Codes], None],
) -> None:  # fmt: skip
    """Call a function with each name and the values of rows that features look up in counts over the whole table."""
    observed = replace(state, value_counts=ObservedCounts(state.value_counts, callback))
    frame = rows.select([column.column for column in roles.columns])
    view = grouping.column_view(ROW_LEVEL, frame, roles, observed)
    for module in MODULES:
        if module.needs_value_counts:
            module.compute(view)
    raw_columns(view.frame, view.roles, view)
    for column in encoded:
        encoders.log_share(rows[column], observed)
