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
from vigie.bundles.bundle import Bundle
from vigie.calibration.column_association import column_association
from vigie.catalog import Catalog, Match
from vigie.detectors.raw_columns import raw_columns
from vigie.engine import pipeline
from vigie.engine.backend import LOT, Rows
from vigie.engine.members import Model
from vigie.engine.pipeline import Open, Options
from vigie.engine.spill import drawn, lot_of
from vigie.errors import InputRefused
from vigie.features import grouping
from vigie.features import related as related_signals
from vigie.features.columns import CATEGORY_ROLES
from vigie.features.grouping import EntityGrouping
from vigie.fitted_state import CategoryCodes, FeatureState, FittedState
from vigie.i18n.messages import msg
from vigie.matching import TableProfile
from vigie.models import model_inputs, reference
from vigie.models.trained import encoders
from vigie.models.trained.model import TrainedModel
from vigie.roles.inference import Roles
from vigie.table import Table

SAMPLE = 100_000
"""Rows of each sample."""

MOST_VALUES = 50_000
"""Of a column that names kinds of things; with more, it names the things."""

FEWEST = 2_000
"""Customers' rows that still say something; below, rows at random are taken."""


@dataclass(frozen=True)
class Look:
    """What is known of a long table before its features are.

    Attributes:
        random: rows at random, typed.
        roles: what the columns mean, in the table's own order.
        kinds: which rows have to be brought together.
        related: by whom rows are related, a part of `kinds`.
        state: what features need to know of the whole.
        profile: what it was matched by.
        tied: strongest tie between two columns, in [0, 1].
        matches: the models that will vote.
        models: opened.
        bundles: their bundles.
    """

    random: pl.DataFrame
    roles: Roles
    kinds: tuple[EntityGrouping, ...]
    related: tuple[EntityGrouping, ...]
    state: FeatureState
    profile: TableProfile
    tied: float
    matches: tuple[Match, ...]
    models: tuple[Model, ...]
    bundles: tuple[Bundle, ...]

    @property
    def typed(self) -> pl.DataFrame:
        """The rows at random, without their numbers and lots, their columns in the order of the roles."""
        return self.random.select([column.column for column in self.roles.columns])

    @property
    def trained(self) -> bool:
        """Whether a model was trained on such a table: only it looks at features themselves, all others see ranks."""
        return any(isinstance(model, TrainedModel) for model in self.models)

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of which a trained model may ask how often each value is shown."""
        return _shown(self.roles, self.models)


def look(table: Rows, catalog: Catalog, open_bundle: Open, options: Options) -> Look:
    """Looks at the samples.

    Args:
        table: its rows.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
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
    found, at_home = pipeline.understand(_named(table, random), catalog, options)
    customers = _customers(table, found, random)
    if customers is not random:
        found, at_home = pipeline.understand(_named(table, customers), catalog, options)
    return _looked(table, random, customers, found, catalog, open_bundle, options, at_home)


def _looked(
    table: Rows,
    random: pl.DataFrame,
    customers: pl.DataFrame,
    found: Roles,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    at_home: pipeline.AtHome,
) -> Look:
    state = FittedState.keeping().features
    _count_categories(table, found, state)
    facts, order, _ = model_inputs.canonical_view(customers.select(table.columns), found, state)
    built = features.build(facts.frame, facts.roles, facts)
    # Asked now, so that the answers are there when the table comes in pieces.
    raw_columns(facts.frame, facts.roles, facts)
    model_inputs.table_context(facts)
    found_kinds, related = grouping.groupings_of(facts), related_signals.relations(facts).values()
    profile = matching.describe(facts.frame, facts.roles, built)
    matches = pipeline.proposed(profile, catalog, options, at_home)
    bundles = tuple(open_bundle(match.entry) for match in matches)
    models = tuple(reference.from_parts(bundle.booster, bundle.features) for bundle in bundles)
    for column in _shown(facts.roles, models):
        encoders.shown(facts.frame[column], state)
    return Look(
        random,
        facts.roles,
        found_kinds,
        tuple(kind for kind in found_kinds if kind.name in related),
        state.fitted(),
        profile,
        column_association(customers.select(table.columns)[order], found),
        matches,
        models,
        bundles,
    )


def _shown(roles: Roles, models: Iterable[Model]) -> tuple[str, ...]:
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
        if rows.height <= MOST_VALUES:
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
    return customers if customers.height >= FEWEST else random


def _drawn(table: Rows, lot: pl.Expr) -> pl.DataFrame:
    return table.of_lots(lot, drawn(table.sizes(lot), SAMPLE))


def _named(table: Rows, rows: pl.DataFrame) -> Table:
    typed = rows.select(table.columns)
    return Table(table.source, typed, typed)
