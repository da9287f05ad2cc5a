"""The scoring pipeline: from a table without labels to a prediction.

    read -> roles -> features and detectors -> match -> members -> ensemble -> calibrate -> result

Must not know where bundles are stored, and must not read settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from vigie import matching
from vigie.calibration.column_association import column_association
from vigie.engine.options import ScoringContext, StageTimer
from vigie.engine.output import Prediction, summarise
from vigie.engine.scorer import FittedScorer, ProfiledTable, ScoreHook, Scorer
from vigie.engine.table_matching import infer_roles, load_models, match_models
from vigie.errors import InputRefused
from vigie.fitted_state import FittedState
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.table import Table

MAX_FIT_ROWS = 200_000
"""Rows of a table from which a scorer that can be stored is fitted; larger tables have to be sampled first."""


@dataclass(frozen=True)
class FittedTable:
    """A table and the scorer fitted on it.

    Attributes:
        profile: roles, models and fitted state of the table.
        fitted: the scorer, and what was computed of the rows.
        prediction: the scores of the table.
    """

    profile: ProfiledTable
    fitted: FittedScorer
    prediction: Prediction


def predict(table: Table, context: ScoringContext) -> Prediction:
    """Score every row of a table.

    Args:
        table: the upload.
        context: catalog, options and progress.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    return fit_table(table, context, keep=False).prediction


def fit(table: Table, context: ScoringContext) -> tuple[Scorer, Prediction]:
    """Fit a scorer that can be stored, and score the table by it.

    Args:
        table: the upload; at most `MAX_FIT_ROWS` rows.
        context: catalog, options and progress.

    Raises:
        InputRefused: the table has too many rows, nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    if table.typed.height > MAX_FIT_ROWS:
        raise InputRefused(
            msg(
                "{source}: found {rows:,} rows to make a plan from, expected at most {limit:,}",
                source=table.source,
                rows=table.typed.height,
                limit=MAX_FIT_ROWS,
            ),
            hint="take whole customers, not rows at random, until there are few enough",
        )
    done = fit_table(table, context)
    return done.fitted.scorer, done.prediction


def fit_table(
    table: Table, context: ScoringContext, *, keep: bool = True, hook: ScoreHook | None = None
) -> FittedTable:
    """Fit a scorer on a table in memory.

    Args:
        table: the upload.
        context: catalog, options and progress.
        keep: keep what later rows need; the table's own scores do not depend on it.
        hook: changes the score of the ensemble.
    """
    timer, frame, options = StageTimer(context.progress), table.typed, context.options
    state = FittedState.keeping() if keep else FittedState()
    with timer("reading columns", 0.05):
        found = infer_roles(table, context)
    with timer("gathering evidence", 0.15):
        inputs = model_inputs.build_inputs(frame, found.roles, seed=options.seed, state=state)
    with timer("matching models", 0.6):
        association = column_association(frame[inputs.order], found.roles)
        matches = match_models(matching.describe(frame, found.roles, inputs.features), found, context)
    with timer("fetching models", 0.65):
        models = load_models(matches, context)
    profile = ProfiledTable(frame, found.roles, models, association, state)
    fitted = Scorer.fit(profile, inputs, options, timer, hook)
    additions = fitted.rows.additions
    summary = summarise(found.roles, models, fitted.score, fitted.decision, additions)
    return FittedTable(profile, fitted, Prediction(table, additions, summary | {"seconds": timer.seconds}))
