"""A first look at a long table: what its columns mean, which models fit, and what features need to know of the whole.

Two samples, both drawn by lot. Rows at random say how features are spread. All rows of some customers say what a
customer's habit is like, what categories there are, how strong pools are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vigie import predict
from vigie.artifacts.bundle import Bundle
from vigie.catalog import Catalog, Match
from vigie.errors import InputRefused
from vigie.long.spill import LOT, ROW, Spill, counted, drawn, lot_of
from vigie.phrases import say
from vigie.predict import Open, Options
from vigie.predict.voters import Model
from vigie.scoring import anomaly, evidence, features, kinds, matching, reference
from vigie.scoring.coherence import coherence
from vigie.scoring.facts import CATEGORY_ROLES
from vigie.scoring.kinds import Kind
from vigie.scoring.learned import Learned
from vigie.scoring.matching import TableProfile
from vigie.scoring.roles import Roles
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
        learned: what features need to know of the whole.
        profile: what it was matched by.
        tied: strongest tie between two columns, in [0, 1].
        matches: the models that will vote.
        models: opened.
        bundles: their bundles.
    """

    random: pl.DataFrame
    roles: Roles
    kinds: tuple[Kind, ...]
    related: tuple[Kind, ...]
    learned: Learned
    profile: TableProfile
    tied: float
    matches: tuple[Match, ...]
    models: tuple[Model, ...]
    bundles: tuple[Bundle, ...]


def look(spill: Spill, catalog: Catalog, open_bundle: Open, options: Options) -> Look:
    """Looks at the samples.

    Args:
        spill: the rows.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
    """
    random = _drawn(spill, pl.col(LOT))
    if not random.height:
        raise InputRefused(
            say(
                "{source}: found {rows:,} rows that are copies of a few, expected rows to compare",
                source=spill.source,
                rows=spill.rows,
            ),
            hint="remove the copies",
        )
    found, at_home = predict.understand(_table(spill, random), catalog, options)
    customers = _customers(spill, found, random)
    if customers is not random:
        found, at_home = predict.understand(_table(spill, customers), catalog, options)
    return _looked(spill, random, customers, found, catalog, open_bundle, options, at_home)


def _looked(
    spill: Spill,
    random: pl.DataFrame,
    customers: pl.DataFrame,
    found: Roles,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    at_home: predict.AtHome,
) -> Look:
    learned = Learned(_categories(spill, found)).open()
    facts, order, _ = evidence.arranged(customers.select(spill.columns), found, learned)
    built = features.build(facts.frame, facts.roles, facts)
    # Asked now, so that the answers are there when the table comes in pieces.
    anomaly.raw_matrix(facts.frame, facts.roles, facts)
    evidence.context(facts)
    found_kinds, related = kinds.of(facts), evidence.relatives(facts).values()
    profile = matching.describe(facts.frame, facts.roles, built)
    matches = predict.proposed(profile, catalog, options, at_home)
    bundles = tuple(open_bundle(match.entry) for match in matches)
    return Look(
        random,
        facts.roles,
        found_kinds,
        tuple(kind for kind in found_kinds if kind.name in related),
        Learned(learned.kept),
        profile,
        coherence(customers.select(spill.columns)[order], found),
        matches,
        tuple(reference.from_parts(bundle.booster, bundle.features) for bundle in bundles),
        bundles,
    )


def _categories(spill: Spill, found: Roles) -> dict[str, Any]:
    """What a table would answer of its categories: their values, and how many rows have each.

    Of all rows: a city that no customer of a sample lives in is not a new one.
    """
    known = Learned()
    answers: dict[str, Any] = {"rows counted": float(spill.rows)}
    for column in (column for role in CATEGORY_ROLES for column in found.all(role)):
        rows = spill.scan().group_by(column).len().collect(engine="streaming")
        if rows.height <= MOST_VALUES:
            codes = known.codes(column, rows[column])
            width = len(known.kept[f"words {column}"]) + 1
            answers[f"rows with {column}"] = np.bincount(codes + 1, rows["len"].to_numpy(), width).astype(int)
            answers[f"width {column}"] = width
    return answers | known.kept


def _customers(spill: Spill, found: Roles, random: pl.DataFrame) -> pl.DataFrame:
    actor = found.actor()
    if actor is None:
        return random
    customers = _drawn(spill, lot_of(actor))
    return customers if customers.height >= FEWEST else random


def _drawn(spill: Spill, lot: pl.Expr) -> pl.DataFrame:
    chosen = drawn(counted(spill.scan(), lot), SAMPLE)
    return spill.scan().filter(lot.is_in(chosen)).collect(engine="streaming").sort(ROW)


def _table(spill: Spill, rows: pl.DataFrame) -> Table:
    typed = rows.select(spill.columns)
    return Table(spill.source, typed, typed)
