"""The scoring pipeline: from a table without labels to a prediction.

    read -> roles -> features and detectors -> match -> members -> ensemble -> calibrate -> result

Must not know where bundles are stored, and must not read settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from vigie import matching
from vigie.calibration.column_association import column_association
from vigie.engine.backend import ROW, Backend, G, R
from vigie.engine.decision import review_count
from vigie.engine.options import Options, ScoringContext, StageTimer, no_progress
from vigie.engine.output import Prediction, summarise
from vigie.engine.partitioning import features_of, related_signals_of
from vigie.engine.profiling import SampledTable, profile_table
from vigie.engine.read_warnings import read_summary
from vigie.engine.row_functions import (
    FIRST_OF_ACTOR,
    POSITION,
    ScoreAlone,
    ScoreRows,
    finish_rows,
    mark_first_of_actor,
    related_signals,
    row_features,
    row_view,
)  # fmt: skip
from vigie.engine.scorer import FittedScorer, ProfiledTable, ScoreHook, Scorer
from vigie.engine.table_matching import infer_roles, load_models, match_models
from vigie.engine.totals import SCORED, keep_budget, summarise_rows
from vigie.errors import InputRefused
from vigie.features.columns import ColumnView
from vigie.fitted_state import FittedState
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.models.model_inputs import TailScores
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


@dataclass(frozen=True)
class ScoredTable(Generic[R]):
    """A table scored by a backend.

    Attributes:
        rows: the backend's handle of rows of `vigie.engine.totals.SCORED_SCHEMA`.
        summary: roles, matches, prevalence, alerts and the rows to look at first, as plain JSON.
    """

    rows: R
    summary: dict[str, Any]


def predict(table: Table, context: ScoringContext) -> Prediction:
    """Score every row of a table in memory.

    Args:
        table: the upload.
        context: catalog, options and progress.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    return fit_table(table, context, keep=False).prediction


def predict_out_of_core(backend: Backend[R, G], context: ScoringContext) -> ScoredTable[R]:
    """Score every row of a table whose features do not fit into memory.

    The scorer is fitted on rows at random whose features come from all rows of their entities; then every row is scored.

    Args:
        backend: holds the rows.
        context: catalog, options and progress.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    timer, options = StageTimer(context.progress), context.options
    with timer("reading columns", 0.15):
        sample = profile_table(backend, context)
    with timer("gathering evidence", 0.2):
        gathered = _gather(backend, sample, timer)
    with timer("matching models", 0.55):
        scorer, by_default, summary = _fit_sample(backend, sample, gathered, options)
    rows, related = gathered.rows, gathered.related
    # The sample takes as much memory as the rows that are scored at a time, and is not needed any more.
    del sample, gathered
    with timer("scoring", 0.6):
        scored = backend.checkpoint(
            backend.map_rows(rows, related, ScoreRows(scorer), SCORED, share=timer.between(0.6, 0.95))
        )
        backend.release(*related)
        wanted = review_count(backend.n_rows) if by_default else options.alert_budget
        if wanted is not None:
            scored = keep_budget(backend, scored, wanted)
        totals = summarise_rows(backend, scored)
    read = summary.pop("read")
    summary |= totals | {"rows": backend.n_rows, "seconds": timer.seconds}
    return ScoredTable(scored, summary | {"read": read})


@dataclass(frozen=True)
class _Gathered(Generic[R, G]):
    """What is known of the rows before the scorer is fitted.

    Attributes:
        view: the sample as functions of single rows see it.
        tails: tail scores of the sample.
        rows: all rows with the output of `ScoreAlone`.
        related: the related-entity signals of all rows.
    """

    view: ColumnView
    tails: TailScores
    rows: R
    related: list[G]


def _gather(backend: Backend[R, G], sample: SampledTable, timer: StageTimer) -> _Gathered[R, G]:
    """Compute the features of all rows, their anomaly scores and the related-entity signals that come of these."""
    roles, state = sample.roles, sample.state
    view = row_view(sample.frame, roles, state.features)
    features = _map_features(backend, sample)
    read = [backend.read(output, sample.buckets) for output in features]
    tails = model_inputs.tail_scores(row_features(view, read, sample.rows[ROW]), state.scoring)
    state.scoring.mean_row_anomaly.get(lambda: float(tails.row_anomaly.mean()))
    scoring = state.scoring.fitted()
    alone = ScoreAlone(roles, state.features, scoring, sample.has_trained_model)
    rows = backend.checkpoint(
        backend.map_rows(
            backend.rows, features, alone, alone.schema, extend=True, share=timer.between(0.3, 0.5)
        )
    )
    backend.release(*features)
    functions = (related_signals_of(one, roles, state.features, scoring) for one in sample.related)
    related = [backend.map_groups(rows, function.named(sample.rows)) for function in functions]
    return _Gathered(view, tails, rows, related)


def _fit_sample(
    backend: Backend[R, G], sample: SampledTable, gathered: _Gathered[R, G], options: Options
) -> tuple[Scorer, bool, dict[str, Any]]:
    """Fit the scorer on the sample.

    Returns:
        The scorer, whether it decided the number of alerts by default, and the summary of the sample.
    """
    read = [backend.read(output, sample.buckets) for output in gathered.related]
    signals = related_signals(read, sample.rows[ROW])
    inputs = finish_rows(gathered.view, gathered.tails, signals, sample.state.scoring, options.seed)
    budget = _as_share(options.alert_budget, backend.n_rows)
    fitted = Scorer.fit(sample, inputs, replace(options, alert_budget=budget), StageTimer(no_progress))
    summary = summarise(sample.roles, sample.matched, fitted.score, fitted.decision, fitted.rows.additions)
    places = {name: number for number, name in enumerate(backend.columns)}
    summary["roles"].sort(key=lambda one: places[one["column"]])
    summary["read"] = read_summary(backend.report, sample.frame, sample.roles)
    return fitted.scorer, fitted.decision.by_default, summary


def _map_features(backend: Backend[R, G], sample: SampledTable) -> list[G]:
    """Compute the features of every grouping; some need to know which rows are the first of their actor."""
    outputs: list[G] = []
    for one in sample.groupings:
        rows = backend.rows
        if one.needs_first_of_actor:
            rows = backend.map_rows(
                rows, outputs[:1], mark_first_of_actor, FIRST_OF_ACTOR, extend=True, columns=(ROW, POSITION)
            )
        function = features_of(one, sample.roles, sample.state.features)
        outputs.append(backend.map_groups(rows, function.named(sample.rows)))
    return outputs


def _as_share(budget: float | int | None, rows: int) -> float | None:
    """Return a budget as a share of the rows, which holds for a sample too."""
    return budget if budget is None or budget < 1 else min(budget / rows, 1 - 1e-9)


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
                "{source}: found {rows:,} rows to fit a scorer to, expected at most {limit:,}",
                source=table.source,
                rows=table.typed.height,
                limit=MAX_FIT_ROWS,
            ),
            hint="take whole customers, not rows at random, until there are few enough",
        )
    done = fit_table(table, context)
    return done.fitted.scorer, done.prediction


def fit_table(
    table: Table,
    context: ScoringContext,
    *,
    keep: bool = True,
    hook: ScoreHook | None = None,
    labels: Mapping[int, bool] | None = None,
) -> FittedTable:
    """Fit a scorer on a table in memory.

    Args:
        table: the upload.
        context: catalog, options and progress.
        keep: keep what later rows need; the table's own scores do not depend on it.
        hook: changes the score of the ensemble.
        labels: row number, from 0 -> whether it is fraud, where they decide the number of alerts.
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
    profile = ProfiledTable(frame, found.roles, models, association, state, frame.height)
    fitted = Scorer.fit(profile, inputs, options, timer, hook, labels)
    additions = fitted.rows.additions
    summary = summarise(found.roles, models, fitted.score, fitted.decision, additions)
    summary |= {"read": read_summary(table.report, frame, found.roles), "seconds": timer.seconds}
    return FittedTable(profile, fitted, Prediction(table, additions, summary))
