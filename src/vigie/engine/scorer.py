"""The scorer: what a table taught about scoring rows, and the scores of rows by it.

A scorer is fitted on the model inputs of a table. It holds the table's fitted statistics (medians, ranks, forests) and
its members. Asked for the rows that it was fitted on, it returns the scores that they were given, to the last bit; later
rows are scored with the same statistics. Features of a customer, a counterparty or a device are computed from the rows
that are passed, so recent rows of the same entities belong in the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigie.calibration.false_alerts import reference_rows
from vigie.engine.decision import Decision, ReviewedReference, decide, fit_decision, review_count
from vigie.engine.members import (
    EnsembleMember,
    apply_leader,
    calibrator_of,
    ensemble_score,
    uncalibrated_leader,
    weigh_unrecognised,
)
from vigie.engine.model_documents import reading_documents
from vigie.engine.options import Options, StageTimer
from vigie.engine.output import ScoredRows, scored_rows
from vigie.engine.scorer_io import StoredScorer
from vigie.engine.table_matching import MatchedModels
from vigie.ensemble.combination import EnsembleScore, MemberVote
from vigie.errors import UnknownColumn
from vigie.fitted_state import FittedState
from vigie.models import model_inputs
from vigie.models.model_inputs import ModelInputs
from vigie.roles.inference import Roles
from vigie.table import Table

_DATETIME = pl.Datetime("us")


@dataclass(frozen=True)
class ProfiledTable:
    """Rows that a scorer is fitted on, and what is known of them before they are scored.

    Attributes:
        frame: (rows, columns) typed rows.
        roles: roles of the columns.
        matched: the models that vote.
        association: strongest association between two columns, from 0 to 1.
        state: fitted state of the table so far; fitting adds to it.
        n_rows: rows of the whole table, of which these may be a sample.
    """

    frame: pl.DataFrame
    roles: Roles
    matched: MatchedModels
    association: float
    state: FittedState
    n_rows: int


ScoreHook = Callable[[ProfiledTable, ModelInputs, Sequence[MemberVote], EnsembleScore], EnsembleScore]
"""Changes the score of the ensemble by what else is known of the rows, such as labels."""


@dataclass(frozen=True)
class FittedScorer:
    """A scorer, and what was computed of the rows that it was fitted on.

    Attributes:
        scorer: the scorer; complete only where the state keeps what later rows need.
        inputs: model inputs of the rows.
        votes: votes of the members.
        score: score of the ensemble, rows in the order of `inputs`.
        decision: the decision on the rows, in the same order.
        rows: the result columns, rows in the order of the table.
    """

    scorer: Scorer
    inputs: ModelInputs
    votes: tuple[MemberVote, ...]
    score: EnsembleScore
    decision: Decision
    rows: ScoredRows


class Scorer(StoredScorer):
    """What is needed to score rows as one table was scored: small, and the same on every machine."""

    @classmethod
    def fit(
        cls,
        table: ProfiledTable,
        inputs: ModelInputs,
        options: Options,
        timer: StageTimer,
        hook: ScoreHook | None = None,
        labels: Mapping[int, bool] | None = None,
    ) -> FittedScorer:
        """Fit a scorer on the model inputs of a table.

        Args:
            table: the rows, their roles and models.
            inputs: model inputs of the rows.
            options: what the user chose.
            timer: measures the stages.
            hook: changes the score of the ensemble.
            labels: row number of the table, from 0 -> whether it is fraud; they decide the number of alerts where the
                user bounds the share of false ones.
        """
        matched, state = table.matched, table.state.scoring
        with timer("scoring", 0.7):
            fitted = []
            for model in zip(matched.matches, matched.bundles, matched.models, strict=True):
                with reading_documents(model[0].entry.name):
                    fitted.append(EnsembleMember.fit(*model, table.frame, table.roles, inputs))
            fitted = weigh_unrecognised(fitted)
            members, votes = tuple(m for m, _ in fitted), tuple(vote for _, vote in fitted)
            score = ensemble_score(inputs, votes, options.seed, state)
            if hook is not None:
                score = hook(table, inputs, votes, score)
        with timer("calibrating", 0.85):
            calibrator = calibrator_of(matched.bundles, votes)
            score, odds = apply_leader(score, votes, calibrator, state)
            decision, state.thresholds.value = fit_decision(
                score,
                table.association,
                calibrator,
                options.expected_fraud_rate,
                options.alert_budget,
                odds,
                uncalibrated_leader(members, votes, calibrator),
                table.n_rows,
                _reviewed(table, inputs, options, labels or {}),
            )
        with timer("wording reasons", 0.9):
            rows = scored_rows(inputs, score, decision, options)
        scorer = cls(table.frame.schema, table.roles, options, members, calibrator, table.state.fitted())
        return FittedScorer(scorer, inputs, votes, score, decision, rows)

    def score(self, rows: pl.DataFrame, only: Sequence[int] | None = None) -> pl.DataFrame:
        """Return the (rows, 7) result columns of rows, in their order.

        Args:
            rows: columns of the fitted table, in any order; missing ones are empty. For a single transaction, its own
                row and earlier rows of its customer, counterparty or device.
            only: row numbers from 0 to score, where the others are their history: the same scores, sooner.

        Raises:
            UnknownColumn: the fitted table has no such column.
        """
        return self.score_many([(rows, range(rows.height) if only is None else only)])[0]

    def score_many(self, requests: Sequence[tuple[pl.DataFrame, Sequence[int]]]) -> list[pl.DataFrame]:
        """Score several requests in little more time than one takes; rows of one are not history of another.

        Args:
            requests: rows and the row numbers to score, as `score` takes them.

        Returns:
            For each request what `score` returns.
        """
        frames = [self.typed(rows) for rows, _ in requests]
        starts = np.cumsum([0, *(frame.height for frame in frames)])
        only = np.concatenate(
            [np.asarray(o, dtype=np.int64) + at for at, (_, o) in zip(starts[:-1], requests, strict=True)]
        )
        apart = (
            np.repeat(np.arange(len(frames)), [frame.height for frame in frames]) if len(frames) > 1 else None
        )
        frame = pl.concat(frames)
        every_row = len(frames) == 1 and np.array_equal(only, np.arange(frame.height))
        inputs = model_inputs.build_inputs(
            frame,
            self.roles,
            seed=self.options.seed,
            state=self.state,
            only=None if every_row else only,
            partition=apart,
        )
        additions = self.score_inputs(frame if every_row else frame[only], inputs).additions
        ends = np.cumsum([len(o) for _, o in requests])
        return [additions[int(end) - len(o) : int(end)] for end, (_, o) in zip(ends, requests, strict=True)]

    def score_inputs(self, frame: pl.DataFrame, inputs: ModelInputs) -> ScoredRows:
        """Score rows whose model inputs are known.

        Args:
            frame: (rows, columns) typed as the fitted table was.
            inputs: model inputs of these rows.
        """
        options, state = self.options, self.state.scoring
        votes = [member.vote(frame, inputs) for member in self.members]
        score = ensemble_score(inputs, votes, options.seed, state)
        score, odds = apply_leader(score, votes, self.calibrator, state)
        decision = decide(
            score, self.calibrator, options.expected_fraud_rate, state.thresholds.require(), odds
        )
        return scored_rows(inputs, score, decision, options)

    def score_table(self, table: Table, only: Sequence[int] | None = None) -> pl.DataFrame:
        """Return the (rows, 7) result columns of an upload.

        Args:
            table: the upload. Where the fitted table had text its cells are taken as text, so that identifiers made of
                digits keep their zeros.
            only: row numbers from 0 to score, where the others are their history.

        Raises:
            UnknownColumn: the fitted table has no such column.
        """
        columns = []
        for name in table.typed.columns:
            cells = table.frame[name]
            if self.schema.get(name) == pl.String and cells.dtype == pl.String:
                columns.append(cells.set(cells.str.strip_chars() == "", None))
            else:
                columns.append(table.typed[name])
        return self.score(pl.DataFrame(columns), only)

    def typed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the columns and types of the fitted table.

        Raises:
            UnknownColumn: the fitted table has no such column.
        """
        for name in rows.columns:
            if name not in self.schema:
                raise UnknownColumn(name, self.schema)
        columns = []
        for name, dtype in self.schema.items():
            cells = rows[name] if name in rows.columns else pl.Series(name, [None] * rows.height, dtype=dtype)
            columns.append(_cast(cells, dtype))
        return pl.DataFrame(columns)


def _reviewed(
    table: ProfiledTable, inputs: ModelInputs, options: Options, labels: Mapping[int, bool]
) -> ReviewedReference | None:
    """Return what is known of the rows of the reference; None where the user does not bound the share of false alerts."""
    if options.max_false_alerts is None:
        return None
    labelled, fraud = (np.zeros(table.frame.height, dtype=bool) for _ in range(2))
    labelled[list(labels)] = True
    fraud[[row for row, is_fraud in labels.items() if is_fraud]] = True
    return ReviewedReference(
        options.max_false_alerts,
        reference_rows(inputs.row_hashes, review_count(table.n_rows)),
        labelled[inputs.order],
        fraud[inputs.order],
    )


def _cast(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    if cells.dtype == dtype:
        return cells
    if cells.dtype == pl.String and dtype == _DATETIME:
        return cells.str.to_datetime(time_unit="us", strict=False)
    return cells.cast(dtype, strict=False)
