"""A first look at a long table: what its columns mean, which models fit, and what features need to know of the whole.

Two samples, both drawn by lot. Rows at random say how features are spread. All rows of some customers say what a
customer's habit is like, what categories there are, how strong pools are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigie import features, matching
from vigie.calibration.column_association import column_association
from vigie.detectors.raw_columns import raw_columns
from vigie.engine.backend import LOT, Rows
from vigie.engine.options import ScoringContext
from vigie.engine.spill import drawn, lot_of
from vigie.engine.table_matching import MatchedModels, TableRoles, infer_roles, load_models, match_models
from vigie.errors import InputRefused
from vigie.features import grouping
from vigie.features import related as related_signals
from vigie.features.columns import CATEGORY_ROLES
from vigie.features.grouping import EntityGrouping
from vigie.fitted_state import CategoryCodes, FeatureState, FittedState
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.models.base import ReferenceModel
from vigie.models.trained import encoders
from vigie.models.trained.model import TrainedModel
from vigie.roles.inference import Roles
from vigie.table import Table

SAMPLE_ROWS = 100_000
"""Rows of each sample."""

MAX_CATEGORIES = 50_000
"""Of a column that names kinds of things; with more, it names the things."""

MIN_CUSTOMER_ROWS = 2_000
"""Customers' rows that still say something; below, rows at random are taken."""


@dataclass(frozen=True)
class SampledTable:
    """What is known of a long table before its features are.

    Attributes:
        random: rows at random, typed.
        roles: what the columns mean, in the table's own order.
        kinds: which rows have to be brought together.
        related: by whom rows are related, a part of `kinds`.
        state: what features need to know of the whole.
        association: strongest association between two columns, from 0 to 1.
        matched: the models that vote.
    """

    random: pl.DataFrame
    roles: Roles
    kinds: tuple[EntityGrouping, ...]
    related: tuple[EntityGrouping, ...]
    state: FeatureState
    association: float
    matched: MatchedModels

    @property
    def typed(self) -> pl.DataFrame:
        """The rows at random, without their numbers and lots, their columns in the order of the roles."""
        return self.random.select([column.column for column in self.roles.columns])

    @property
    def trained(self) -> bool:
        """Whether a model was trained on such a table: only it looks at features themselves, all others see ranks."""
        return any(isinstance(model, TrainedModel) for model in self.matched.models)

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of which a trained model may ask how often each value is shown."""
        return _shown(self.roles, self.matched.models)


def profile_table(table: Rows, context: ScoringContext) -> SampledTable:
    """Looks at the samples.

    Args:
        table: its rows.
        context: catalog and options.
    """
    random = _drawn(table, pl.col(LOT))
    if not random.height:
        raise InputRefused(
            msg(
                "{source}: found {rows:,} rows that are copies of a few, expected rows to compare",
                source=table.source,
                rows=table.rows,
            ),
            hint="remove the copies",
        )
    found = infer_roles(_named(table, random), context)
    customers = _customers(table, found.roles, random)
    if customers is not random:
        found = infer_roles(_named(table, customers), context)
    return _looked(table, random, customers, found, context)


def _looked(
    table: Rows,
    random: pl.DataFrame,
    customers: pl.DataFrame,
    found: TableRoles,
    context: ScoringContext,
) -> SampledTable:
    state = FittedState.keeping().features
    _count_categories(table, found.roles, state)
    facts, order, _ = model_inputs.canonical_view(customers.select(table.columns), found.roles, state)
    built = features.build(facts.frame, facts.roles, facts)
    # Asked now, so that the answers are there when the table comes in pieces.
    raw_columns(facts.frame, facts.roles, facts)
    model_inputs.table_context(facts)
    found_kinds, related = grouping.groupings_of(facts), related_signals.relations(facts).values()
    profile = matching.describe(facts.frame, facts.roles, built)
    matched = load_models(match_models(profile, found, context), context)
    for column in _shown(facts.roles, matched.models):
        encoders.log_share(facts.frame[column], state)
    return SampledTable(
        random,
        facts.roles,
        found_kinds,
        tuple(kind for kind in found_kinds if kind.name in related),
        state.fitted(),
        column_association(customers.select(table.columns)[order], found.roles),
        matched,
    )


def _shown(roles: Roles, models: Iterable[ReferenceModel]) -> tuple[str, ...]:
    """Columns of which a model that was trained on such a table may ask how often each value is shown."""
    if not any(isinstance(model, TrainedModel) for model in models):
        return ()
    return tuple(item.column for item in roles.columns if encoders.is_encoded(item.role))


def _count_categories(table: Rows, found: Roles, state: FeatureState) -> None:
    """Fit the categories: their values, and how many rows have each.

    Of all rows: a city in which no customer of a sample lives is not a new one.
    """
    state.rows_counted.value = float(table.rows)
    for column in (column for role in CATEGORY_ROLES for column in found.all(role)):
        rows = table.values(column)
        if rows.height <= MAX_CATEGORIES:
            known, categories = state.columns[column], CategoryCodes.fit(rows[column])
            codes, width = categories.codes(rows[column]), len(categories.values) + 1
            counts = np.bincount(codes + 1, rows["len"].to_numpy(), width).astype(int)
            known.categories.value, known.category_rows.value, known.category_width.value = (
                categories,
                counts,
                width,
            )


def _customers(table: Rows, found: Roles, random: pl.DataFrame) -> pl.DataFrame:
    actor = found.actor()
    if actor is None:
        return random
    customers = _drawn(table, lot_of(actor))
    return customers if customers.height >= MIN_CUSTOMER_ROWS else random


def _drawn(table: Rows, lot: pl.Expr) -> pl.DataFrame:
    return table.of_lots(lot, drawn(table.sizes(lot), SAMPLE_ROWS))


def _named(table: Rows, rows: pl.DataFrame) -> Table:
    typed = rows.select(table.columns)
    return Table(table.source, typed, typed)
